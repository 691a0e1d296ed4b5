"""The files that people meet: what they give, what bundles, programs and labs' folders hold."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from neuromorph.bundle import bundle as attention
from neuromorph.bundle.manifest import FileEntry, Manifest, Said
from neuromorph.bundle.memories import arrays as memory_arrays
from neuromorph.bundle.memories import bundle as memories_bundle
from neuromorph.bundle.tensors import INTEGERS, OPTIONAL
from neuromorph.bundle.whole import bundle as whole_bundle
from neuromorph.bundle.whole.numbers import BlockNumbers, NormNumbers, Numbers
from neuromorph.compile import program_schema
from neuromorph.lab import folder as lab
from neuromorph.models.own.naming import FIELDS
from neuromorph.parallel import journal
from written.parts import WRITTEN, table

MANIFEST = attention.MANIFEST

HELD: Mapping[str, str] = {
    MANIFEST: "what it is, where it came from, size and sha256 of every other file",
    attention.CODES: "scales and integers of every layer",
    attention.SAMPLE: "one real sequence through every layer, to try it on",
    attention.NETWORK: "the circuits as text, for people and for diffs",
    attention.MODEL: "the model itself, if it is small enough to travel with the bundle",
    whole_bundle.WEIGHTS: "weights and constants of every layer",
    whole_bundle.NUMBERS: "the numbers that are no arrays",
    whole_bundle.TOKENIZER: "the tokenizer, of a model of text",
    whole_bundle.TEMPLATE: "the chat template that came with the model; kept, never run",
}

LAB: Mapping[str, str] = {
    lab.PROGRAM: "units (networks), their slices on cores, the place of every core",
    lab.WEIGHTS: "the weights that `program.json` names",
    lab.README: "what the folder is, how to run it, what was checked and what was not",
    lab.REPORT: "what fits, what was split, what it costs",
    lab.INPUTS: "trains of one short run, one a source, (steps, size)",
    lab.EXPECTED: "what the unit did in that run: spikes, potentials, learned weights",
    lab.NEURONS: "what each neuron and each rule computes, integer by integer",
    lab.REPLAY: "the same run with NumPy alone",
    lab.CONSTANTS: "constants of each population, as `replay.py` reads them",
    **dict.fromkeys(lab.SCRIPTS, "runs it with the software of the chip's family"),
    **dict.fromkeys(lab.HELPERS, "needed by that script"),
}

ATTENTION_ARRAYS = (
    ("`N.heads`", "int64 (heads, columns)", "the integers of each head, see below"),
    ("`N.query_scale`", "float64 (heads, key size)", "q_int = round(q / query_scale)"),
    ("`N.key_centre`, `N.key_scale`", "float64 (kv heads, key size)",
     "k_int = round((k − key_centre) / key_scale)"),
    ("`N.value_centre`, `N.value_scale`", "float64 (kv heads, value size)",
     "v_int = round((v − value_centre) / value_scale)"),
)
SAMPLE_ARRAYS = (
    ("`N.queries`", "float32 (heads, tokens, key size)",
     "one real sequence, as it enters the heads"),
    ("`N.keys`, `N.values`", "float32 (kv heads, tokens, size)", "the same"),
    ("`N.mask`", "uint8 (tokens, tokens), or one a head", "1 where a query sees a key"),
    ("`N.bias`", "float32 (heads, tokens, tokens)", "added to logits, where the model does"),
    ("`N.softcap`", "float32 ()", "the cap of the logits, where the model has one"),
)
WHOLE_ARRAYS = (
    ("`embedding.weights`", "int8 (vocabulary, width)", "codes of the tokens"),
    ("`embedding.multiplier`, `.shift`, `.payload`, `.positions`", "int32",
     "what scales them; positions that are added"),
    ("`blocks.N.LAYER.weights`", "int8 (out, in)",
     "LAYER: `query`, `key`, `value`, `output`, `gate`, `down`, and `up` of a gated MLP"),
    ("`blocks.N.LAYER.multiplier`, `.shift`, `.bias`", "int32 (out,)",
     "its sums scaled: (sum × multiplier) >> shift, plus bias"),
    ("`blocks.N.ROLE_code.centre`, `.multiplier`, `.shift`", "int32",
     "codes of queries, keys, values (ROLE: `query`, `key`, `value`)"),
    ("`blocks.N.ROLE_norm.gain`, `.shift`", "int32",
     "norms of queries and keys, where it has them"),
    ("`blocks.N.attention.carry`, `.carry_shift`; `blocks.N.mlp.…`", "int32",
     "what a residual is multiplied by as it is carried on"),
    ("`blocks.N.heads`", "int64 (heads, columns)", "as in a bundle of attention"),
    ("`head.weights`, `.multiplier`, `.shift`, `.bias`", "int8, int32", "the read-out, if any"),
    ("`angles.cosine`, `angles.sine`", "int32 (positions, pairs)", "rotary positions, if any"),
    ("`streams.scale`, `streams.offset`", "float64 (blocks + 1, width)",
     "what hidden states stand for: x = scale R + offset"),
)
MEMORY_ARRAYS = (
    ("`N.heads`", f"int64 (memories, {len(memory_arrays.COLUMNS)})",
     "columns " + ", ".join(f"`{name}`" for name in memory_arrays.COLUMNS)),
    ("`N.scales`", f"float64 (memories, {len(memory_arrays.SCALES)})",
     "codes a float, of " + ", ".join(f"`{name}`" for name in memory_arrays.SCALES)),
    ("`N.key_turn`, `N.value_turn`", "float64", "rotations before keys and values are coded"),
)
MEMORY_SAMPLE = (
    ("`N.queries`, `N.keys`, `N.values`", "float32 (memories, tokens, size)", "the sequence"),
    ("`N.keep`, `N.rate`", "float32 (memories, tokens)", "what a memory keeps, how fast it learns"),
)


def files_page() -> str:
    """All formats on one page."""
    return "\n\n".join(part.strip() for part in (
        (f"# File formats\n\n{WRITTEN} Every file is read by a strict reader: a field that is "
        "missing, unknown or of another type is refused by its name; nothing is unpickled, and "
        "no code in a file is run. Results are written whole or not at all."),
        _given(), _attention(), _whole(), _memories(), _program(), _lab(), _runs(), _journal(),
    )) + "\n"


def _given() -> str:
    fields = ", ".join(f"`{name}`" for name in FIELDS)
    return f"""## What you give

| file | what it holds | told by |
| --- | --- | --- |
| `config.json` | the model's configuration, as transformers writes it | [models](../models.md) |
| a map of names, `.toml` or `.json` | which tensor is which | \
[models of your own](../models.md#models-of-your-own) |
| `config.json` with `"model_type": "own"` | the same fields, beside the weights | the same |
| calibration, `.npz`: `hidden.0`, `hidden.1`, … | float (tokens, width) or (sequences, tokens, \
width): what enters the projections of layer N | [arrays](../models.md#arrays-to-calibrate-on) |
| `simulate --inputs`, `.npz` | `queries.N`, `keys.N`, `values.N`: (heads, tokens, size) of layer \
N | the same |
| tokens of a whole model, `.npz` | `tokens` (sequences, tokens), `outputs` | \
[the whole of it](../models.md#the-whole-of-it) |
| a profile, `.toml` | a chip or board, each number with unit, source, confidence | \
[profile files](profile_files.md) |

A map has the fields {fields}.

`neuromorph record` writes a folder of three of these: `model.safetensors`, `config.json` (the \
map) and `hidden.npz`."""


def _attention() -> str:
    columns = ", ".join(f"`{name}`" for name in INTEGERS)
    more = ", ".join(f"`{name}`" for name in OPTIONAL)
    return f"""## Bundle of attention

`neuromorph export MODEL -o DIR` writes it.

{_files(attention.NAMES)}

`{MANIFEST}`:

{_fields(Manifest)}

Each of `files`:

{_fields(FileEntry)}

`{attention.CODES}`, for layer N = 0, 1, … in the order of `layers`:

{table(("array", "type and shape", "what it is"), ATTENTION_ARRAYS)}
The columns of `N.heads` are named in the file's metadata under `heads`: {columns}; and, only \
where some head has another number than the usual one, {more}. \
[LatencyAttention](api/circuits/latency_attention.md) explains each.

`{attention.SAMPLE}`:

{table(("array", "type and shape", "what it is"), SAMPLE_ARRAYS)}"""


def _whole() -> str:
    return f"""## Bundle of a whole model

`neuromorph export MODEL --whole -o DIR` writes it ([whole models](../whole.md)).

{_files(whole_bundle.NAMES)}

`{MANIFEST}`:

{_fields(whole_bundle.WholeManifest)}

`{whole_bundle.NUMBERS}`:

{_fields(Numbers)}

Each of `blocks`:

{_fields(BlockNumbers)}

A norm:

{_fields(NormNumbers)}

`{whole_bundle.WEIGHTS}`:

{table(("array", "type and shape", "what it is"), WHOLE_ARRAYS)}"""


def _memories() -> str:
    return f"""## Bundle of memories

`neuromorph export MODEL --memories -o DIR` writes it ([memories](../memories.md)).

{_files(memories_bundle.NAMES)}

`{MANIFEST}`:

{_fields(memories_bundle.MemoriesManifest)}

`{memories_bundle.CODES}`:

{table(("array", "type and shape", "what it is"), MEMORY_ARRAYS)}
`{memories_bundle.SAMPLE}`:

{table(("array", "type and shape", "what it is"), MEMORY_SAMPLE)}"""


def _program() -> str:
    parts = {"`program.json`": "_Document", "Each of `units`": "_Unit",
             "Each of `populations`": "_Population", "Each of `projections`": "_Projection",
             "Of `letters`": "_Letters"}
    said = "\n\n".join(f"{title}:\n\n{_fields(getattr(program_schema, name))}"
                       for title, name in parts.items())
    return f"""## Program

`neuromorph compile DIR -o LAB` writes it: a network cut on cores.

{said}

A row of `slices` is `[unit, population, start, stop, core]`, one of `cores` `[chip, column, row]`.
`weights.npz` holds what `weights` names: integers (post, pre) in the smallest type, called `w0`,
`w1`, …; equal ones are kept once. `parameters` are those of the
[neuron model](neurons/index.md) that `kind` names, `rule` those of a
[learning rule](api/learning.md)."""


def _lab() -> str:
    rows = ((f"`{name}`", LAB[name]) for name in lab.NAMES)
    return f"""## Folder for a lab

The program, with what somebody needs who has the chip and not neuromorph
([how to be the first](../explain/exact.md)).

{table(("file", "what it holds"), rows)}
`replay.py` and `constants.npz` are there where every neuron's update is straight code, the script
and its helpers where the family's stock software has all the neurons. In `expected.npz` names are
`spikes.POPULATION`, `v.POPULATION` (potentials after `read_at` steps), `weights.PROJECTION` of what
learns, and `unit`, the number of the unit that was run."""


def _runs() -> str:
    return """## Results

`simulate`, `run`, `evaluate` and the others write a `summary.json` (what was run, on which backend,
with which evidence and seed; numbers; sentences; `warnings`), and where there is something to see a
`picture.png` or pages. `compile` writes `report.html` and `report.json`. `--json` prints what these
files hold."""


def _journal() -> str:
    return f"""## Journal of a run that may be resumed

Commands with `--resume` keep what is done, item by item ([many](../many.md)). A folder for each
work is named by a digest of all that its results depend on, and holds

| file | what it holds |
| --- | --- |
| `{journal.HEADER}` | `journal` (format, {journal.FORMAT}), `work`, `pieces`, `known_by` (digests \
of inputs and options), `versions` |
| `000000.part`, `000001.part`, … | a line with the work's digest, the item's number and a sha256, \
then the item's result |

A part whose line says anything else is as if it were not there."""


def _files(names: Iterable[str]) -> str:
    return table(("file", "what it holds"), ((f"`{name}`", HELD[name]) for name in names)).strip()


def _fields(kind: type[BaseModel]) -> str:
    """Fields of a file's schema, as the reader has it."""
    schema = kind.model_json_schema()
    required, meanings = schema.get("required", ()), _meanings(kind)
    rows = [(f"`{name}`", _type(one), "yes" if name in required else "no",
             meanings.get(name, "")) for name, one in schema["properties"].items()]
    if not any(row[-1] for row in rows):
        return table(("field", "type", "required"), (row[:-1] for row in rows)).strip()
    return table(("field", "type", "required", "what it is"), rows).strip()


def _meanings(kind: type[BaseModel]) -> dict[str, str]:
    """What docstrings of the class and its bases say of its fields."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if isinstance(base, type) and issubclass(base, BaseModel) and base is not BaseModel:
            text = inspect.cleandoc(base.__doc__ or "").partition("Attributes\n----------\n")[2]
            for names, said in re.findall(r"^(\w[\w, ]*) :[^\n]*\n((?:    .*\n?)*)", text,
                                          re.MULTILINE):
                words = " ".join(said.split()).replace("``", "`")
                found |= dict.fromkeys(names.split(", "), words)
    if issubclass(kind, Said):
        found |= {"schema_version": f"{kind.version}",
                  "options": "what the translation was asked for",
                  "provenance": "the model's files with their checksums, what it was calibrated "
                                "on, its licence, and `cautions`: what was warned of",
                  "files": "every other file"}
    return found


def _type(one: Mapping[str, Any]) -> str:
    """A JSON schema's type in words."""
    if "const" in one:
        return f"`\"{one['const']}\"`"
    if "enum" in one:
        return " or ".join(f"`\"{value}\"`" for value in one["enum"])
    if "anyOf" in one:
        return " or ".join(_type(part) for part in one["anyOf"])
    if "$ref" in one:
        return one["$ref"].rpartition("/")[2].lstrip("_")
    kind = one.get("type", "any plain value")
    if kind == "array":
        return f"list of {_type(one.get('items', {}))}"
    if kind == "object":
        return "table"
    return {"integer": _bounded("whole number", one), "number": _bounded("number", one),
            "string": "text", "boolean": "true or false", "null": "nothing"}.get(kind, kind)


def _bounded(name: str, one: Mapping[str, Any]) -> str:
    low, high = one.get("minimum"), one.get("maximum")
    if low is not None and high is not None:
        return f"{name}, {low} to {high}"
    if "exclusiveMinimum" in one:
        return f"{name} above {one['exclusiveMinimum']:g}"
    if low is not None and "exclusiveMaximum" in one:
        return f"{name}, {low} to {one['exclusiveMaximum'] - 1}"
    return f"{name} from {low}" if low is not None else name


