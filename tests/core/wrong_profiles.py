"""A valid profile as text, and wrong ones with what is said of each."""

from __future__ import annotations

import re

from neuromorph.profiles.load import folder

VALID = (folder() / "loihi1.toml").read_text("utf-8")


def spoilt(path: str, line: str, *, of: str = VALID) -> str:
    """The profile with another line in the table of one field, in place of its like."""
    key = line.partition("=")[0].strip()
    head, mark, tail = of.partition(f"[{path}]")
    return head + mark + re.sub(rf"(?m)^{key} = .*$", lambda _: line, tail, count=1)


def without(path: str, key: str) -> str:
    """The profile without one key of one field's table."""
    head, mark, tail = VALID.partition(f"[{path}]")
    return head + mark + re.sub(rf"(?m)^{key} = .*\n", "", tail, count=1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def at(path: str) -> str:
    """``mine.toml:line`` of a field's table."""
    return f"mine.toml:{line_of(VALID, f'[{path}]')}"


def top(old: str, new: str) -> str:
    return VALID.replace(old, new, 1)


NEURONS = "a whole number, 1 to 1099511627776 (neurons)"
ENERGY = "a number, 0.01 to 100000 (pJ)"

SYNTAX = [
    ("no value", "schema_version =\n",
     "mine.toml:1:17: this is not valid TOML; found Invalid value"),
    ("duplicate key", 'schema_version = 1\nname = "a"\nname = "b"\n',
     "mine.toml:3:11: this is not valid TOML; found Cannot overwrite a value"),
    ("duplicate table", 'schema_version = 1\n[core.neurons]\n[core.neurons]\n',
     "mine.toml:3:14: this is not valid TOML; found Cannot declare ('core', 'neurons') twice"),
]

VERSION = [
    ("newer schema", top("schema_version = 1", "schema_version = 2"),
     ("mine.toml:1: the profile is written for a newer version of neuromorph; "
     "found schema_version 2; expected at most 1. Update neuromorph")),
    ("no schema", top("schema_version = 1", ""),
     "mine.toml: schema_version is missing; expected 1"),
    ("schema is a bool", top("schema_version = 1", "schema_version = true"),
     "mine.toml:1: schema_version is wrong; found True; expected 1"),
    ("extends a number", 'schema_version = 1\nextends = 5',
     "mine.toml:2: extends is wrong; found 5; expected the name of a profile, or a .toml file"),
    ("extends a NUL", 'schema_version = 1\nextends = "a\\u0000.toml"',
     (r"mine.toml:2: extends is wrong; found 'a\x00.toml'; expected the name of a profile, "
      "or a .toml file")),
    ("extends nothing known", 'schema_version = 1\nextends = "loihi3"',
     "mine.toml:2: there is no profile of this name; found loihi3. Did you mean 'loihi2'?"),
]

NAMES = [
    ("unknown top", top("title", 'tittle = "x"\ntitle'),
     "mine.toml:3: a profile has no such field; found tittle. Did you mean 'title'?"),
    ("unknown table", VALID + "\n[cores.neurons]\nvalue = 1\n",
     (f"mine.toml:{VALID.count(chr(10)) + 2}: there is no such table in a profile; found cores. "
     "Did you mean 'core'?")),
    ("unknown field", VALID.replace("[core.neurons]", "[core.neuron]"),
     f"{at('core.neurons')}: core has no such field; found neuron. Did you mean 'neurons'?"),
    ("unknown key", spoilt("core.neurons", "units = 1").replace("[core.neurons]\n",
                                                              "[core.neurons]\nunits = 1\n"),
     f"{at('core.neurons')}: core.neurons has an unknown key; found units. Did you mean 'unit'?"),
    ("missing key", VALID.replace('[core.neurons]\nvalue = 1024\n', "[core.neurons]\n"),
     f"{at('core.neurons')}: core.neurons has no value; expected value, unit, source, confidence"),
    ("a bare number", VALID.replace("[chip.cores]", "[core]\nneurons = 5\n[chip.cores]").replace(
        VALID[VALID.index("[core.neurons]"):VALID.index("[core.synapse_bits]")], ""),
     (f"mine.toml:{line_of(VALID, '[chip.cores]') + 1}: core.neurons is not a table of value, "
     "unit, source and confidence; found 5")),
    ("missing field", VALID.replace(
        VALID[VALID.index("[core.neurons]"):VALID.index("[core.synapse_bits]")], ""),
     f"{at('core.neurons')}: core.neurons is missing; expected {NEURONS}"),
    ("unknown confidence", spoilt("core.neurons", 'confidence = "publishd"'),
     (f"{at('core.neurons')}: the confidence of core.neurons is wrong; found 'publishd'; "
     "expected published or estimated or assumed. Did you mean 'published'?")),
    ("no costs", "\n".join(VALID.split("\n")[:4]) + "\n" + VALID[VALID.index("[board"):],
     "mine.toml: default_costs is missing; expected published or fitted"),
    ("other sets", VALID.replace("[latency.fitted.", "[latency.fit."),
     (f"{at('energy.published.neuron_active')}: energy and latency have different sets; "
     "found published, fitted; expected published, fit")),
    ("a field without a table", VALID + "[core]\n[board]\nneurons = 1\n",
     (f"mine.toml:{VALID.count(chr(10)) + 3}: board has no such field; found neurons. "
     "Choose one of: chips, columns, rows")),
    ("an empty set", VALID + "[energy.mine]\n",
     (f"mine.toml:{VALID.count(chr(10)) + 1}: a table is empty, or a field is in the wrong place; "
     "found energy.mine; expected [energy.published]")),
    ("an empty table", "schema_version = 1\nname = 'a'\ntitle = 'a'\n[board]\n",
     ("mine.toml:4: a table is empty, or a field is in the wrong place; found board; "
     "expected fields below [board]")),
    ("no source", spoilt("core.neurons", 'source = " "'),
     f"{at('core.neurons')}: the source of core.neurons is wrong; found ' '; expected a text"),
    ("unknown family", top('family = "loihi1"', 'family = "loihi"'),
     ("mine.toml:4: the family is wrong; found loihi; expected loihi1 or loihi2 or cpu. "
     "Did you mean 'loihi2'?")),
    ("unknown costs", top('default_costs = "published"', 'default_costs = "publised"'),
     ("mine.toml:5: default_costs names no set; found publised; "
     "expected published or fitted. Did you mean 'published'?")),
    ("a name with capitals", top('name = "loihi1"', 'name = "Loihi 1"'),
     ("mine.toml:2: the name is wrong; found Loihi 1; expected small letters, digits, - and _; "
     "at most 64")),
]

VALUES = [
    (f"neurons {value}", spoilt("core.neurons", f"value = {value}"),
     f"{at('core.neurons')}: core.neurons is {fault}; found {shown}; expected {NEURONS}")
    for value, shown, fault in (
        ("-5", "-5", "out of range"), ("0", "0", "out of range"),
        ("nan", "nan", "of the wrong type"), ("inf", "inf", "of the wrong type"),
        ('"1024"', "'1024'", "of the wrong type"), ("true", "True", "of the wrong type"),
        ("1024.0", "1024.0", "of the wrong type"), ("[1]", "[1]", "of the wrong type"))
] + [
    ("a flag of 1", spoilt("synapse.dense", "value = 1"),
     f"{at('synapse.dense')}: synapse.dense is of the wrong type; found 1; expected true or false"),
    ("energy nan", spoilt("energy.published.packet", "value = nan"),
     (f"{at('energy.published.packet')}: energy.published.packet is out of range; found nan; "
     "expected 0, or a number, 0.01 to 100000 (pJ)")),
    ("joules", spoilt("energy.published.synaptic_op_dense", "value = 23.6e-12"),
     (f"{at('energy.published.synaptic_op_dense')}: energy.published.synaptic_op_dense is out of "
     f"range; found 2.36e-11; expected {ENERGY}. Is it in joules? 2.36e-11 J is 23.6 pJ")),
    ("joules where zero may be", spoilt("energy.published.packet", "value = 1.7e-12"),
     (f"{at('energy.published.packet')}: energy.published.packet is out of range; found 1.7e-12; "
     "expected 0, or a number, 0.01 to 100000 (pJ). Is it in joules? 1.7e-12 J is 1.7 pJ")),
    ("unit of joules", spoilt("energy.published.packet", 'unit = "J"'),
     (f"{at('energy.published.packet')}: energy.published.packet is in another unit; found J; "
     "expected pJ")),
    ("unit of bytes", spoilt("core.synapse_bits", 'unit = "bytes"'),
     (f"{at('core.synapse_bits')}: core.synapse_bits is in another unit; found bytes; "
     "expected bits")),
]

INCONSISTENT = [
    (path, spoilt(path, f"value = {value}"), f"{at(place or path)}: {said}")
    for path, value, place, said in (
        ("chip.cores_usable", 129, "", "chip.cores_usable is more than chip.cores; found 129"),
        ("chip.mesh_rows", 3, "chip.mesh_columns",
         "the mesh has fewer places than the chip has cores; found 8"),
        ("chip.router_rows", 8, "chip.router_columns",
         ("the grid of routers is not the chip's: columns, rows and cores of a router do not give "
          "its cores; found 8")),
        ("board.chips", 2, "board.columns",
         "the grid has fewer places than the board has chips; found 1"),
        ("core.synapse_bits", 2097153, "",
         "core.synapse_bits is more than core.memory_bits; found 2097153"),
        ("core.neuron_bits", 1025, "",
         "the core's neurons take more memory than there is; found 1025"),
        ("synapse.weight_bits_min", 9, "",
         "synapse.weight_bits_min is more than synapse.weight_bits; found 9"),
        ("synapse.index_bits_max", 9, "",
         "the longest index does not reach all neurons of a core; found 9"),
        ("synapse.weight_exponent_min", 8, "",
         "synapse.weight_exponent_min is more than synapse.weight_exponent_max; found 8"),
        ("synapse.index_bits_min", 13, "",
         "synapse.index_bits_min is more than synapse.index_bits_max; found 13"),
        ("learning.exponent_max", -8, "learning.exponent_min",
         "learning.exponent_min is more than learning.exponent_max; found -7"),
        ("latency.published.neuron_active", 5.0, "latency.published.neuron_inactive",
         ("latency.published.neuron_inactive is more than latency.published.neuron_active; "
         "found 5.3; expected at most 5.0")),
        ("latency.fitted.barrier_board", 1000.0, "latency.fitted.barrier_max",
         ("latency.fitted.barrier_max is more than latency.fitted.barrier_board; found 1800.0; "
         "expected at most 1000.0")),
        ("synapse.delay_max", 64, "",
         "the longest delay does not fit the bits of a delay; found 64"),
        ("neuron.graded_spikes", "true", "neuron.payload_bits",
         "spikes have a payload if and only if they are graded; found 0"),
        ("learning.payload_to_trace", "true", "",
         "a trace cannot take payloads that spikes do not have; found True"),
        ("energy.fitted.neuron_inactive", 73.0, "",
         ("energy.fitted.neuron_inactive is more than energy.fitted.neuron_active; found 73.0; "
         "expected at most 72.8")),
        ("latency.published.barrier_min", 500.0, "",
         ("latency.published.barrier_min is more than latency.published.barrier_max; found 500.0; "
         "expected at most 465.0")),
    )
]

INCONSISTENT += [
    ("no encoding", spoilt("synapse.sparse", "value = false",
                           of=spoilt("synapse.dense", "value = false")),
     f"{at('synapse.dense')}: neither dense nor sparse synapses are allowed; found False"),
    ("words larger than the memory", spoilt("core.word_bits", "value = 2048",
                                            of=spoilt("core.synapse_bits", "value = 1024")),
     f"{at('core.word_bits')}: core.word_bits is more than core.synapse_bits; found 2048"),
]

ENERGY_FIELD = "energy.published.neuron_active"
COSTS = [
    ("unknown kind", spoilt(ENERGY_FIELD, 'kind = "guessed"'),
     (f"{at(ENERGY_FIELD)}: the kind of {ENERGY_FIELD} is wrong; found 'guessed'; expected "
      "measured or simulated or scaled or derived or inherited")),
    ("a kind that is nearly one", spoilt(ENERGY_FIELD, 'kind = "mesured"'),
     (f"{at(ENERGY_FIELD)}: the kind of {ENERGY_FIELD} is wrong; found 'mesured'; expected "
      "measured or simulated or scaled or derived or inherited. Did you mean 'measured'?")),
    ("no kind", without(ENERGY_FIELD, "kind"),
     (f"{at(ENERGY_FIELD)}: {ENERGY_FIELD} has no kind; expected measured or simulated or scaled "
      "or derived or inherited")),
    ("another chip's, published", spoilt(ENERGY_FIELD, 'kind = "inherited"'),
     (f"{at(ENERGY_FIELD)}: a constant that is inherited has another confidence; found "
      f"{ENERGY_FIELD}: published; expected assumed")),
    ("a date in words", spoilt(ENERGY_FIELD, 'date = "last year"'),
     (f"{at(ENERGY_FIELD)}: the date of {ENERGY_FIELD} is wrong; found 'last year'; expected a "
      'year, a month or a day, as "2018", "2018-01" or "2018-01-31"')),
    ("an implausible end", spoilt(ENERGY_FIELD, 'unit = "pJ"\nhigh = 1e9'),
     (f"{at(ENERGY_FIELD)}: the high of {ENERGY_FIELD} is out of range; found 1000000000.0; "
      "expected 0, or a number, 0.01 to 100000 (pJ)")),
    ("an end in joules", spoilt(ENERGY_FIELD, 'unit = "pJ"\nlow = "1e-12"'),
     (f"{at(ENERGY_FIELD)}: the low of {ENERGY_FIELD} is wrong; found '1e-12'; expected a number")),
    ("not between its ends", spoilt(ENERGY_FIELD, 'unit = "pJ"\nlow = 90.0\nhigh = 95.0'),
     (f"{at(ENERGY_FIELD)}: {ENERGY_FIELD} is not between its ends; found 81.0; expected "
      "90 to 95")),
    ("power of no set", VALID + ("\n[power.mine.static_chip]\nvalue = 100.0\nunit = \"mW\"\n"
                                 "source = \"a\"\nconfidence = \"assumed\"\nkind = \"derived\"\n"
                                 "date = \"2026\"\n"),
     ("mine.toml:" + str(line_of(VALID, "[power.published")) + ": power has a set that energy does "
      "not have; found mine; expected published, fitted")),
]

WRONG = [*COSTS, *SYNTAX, *VERSION, *NAMES, *VALUES, *INCONSISTENT]
