"""The rules that `verify` keeps, and the text form that diffs are read in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from neuromorph.errors import NetworkError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Phase,
    Population,
    Projection,
    Readout,
    Schedule,
    Source,
    to_text,
    verify,
)

GRADED = LatencyMatch(vth=100, base=128, span=640, gain=13_107, gain_shift=16)


def weights(post: int, pre: int, value: int = 2) -> Any:
    return np.full((post, pre), value, np.int32)


def small() -> Network:
    """in => match -> lif -> out, with a loop on lif and a schedule."""
    return Network("small", "fixed", (
        Population("in", 3, Source(payload_bits=8)),
        Population("match", 2, GRADED),
        Population("lif", 4, CubaLIF(du=4095, dv=128, vth=50, bias_mant=-3, bias_exp=2)),
        Population("out", 1, Readout(dv=2048)),
    ), (
        Projection("key", "in", "match", np.array([[2, -4, 6], [0, 8, -254]], np.int32),
                   exponent=-3, graded=True),
        Projection("value", "match", "lif", weights(4, 2, -256), graded=True),
        Projection("loop", "lif", "lif", weights(4, 4, 255), delay=62, exponent=7),
        Projection("sum", "lif", "out", weights(1, 4, 1)),
    ), Schedule(40, (Phase("write", 0, 8), Phase("read", 8, 40))))


def floating() -> Network:
    return Network("floats", "float", (
        Population("in", 1, Source(payload_bits=8)),
        Population("lif", 1, CubaLIF(du=0.5, dv=0.25, vth=1.5)),
        Population("out", 1, Readout(dv=1, vth=0.5)),
    ), (
        Projection("a", "in", "lif", np.array([[0.3]]), graded=True),
        Projection("b", "lif", "out", np.array([[-0.7]])),
    ))


HEBB = LearningRule(dw="2^-1*x1*y0 - 2^-5*w*u0", x1_impulse=16, x1_tau=10)
OVERWRITE = LearningRule(dw="x1*y0", payload="overwrite")


def plastic(**changes: Any) -> Network:
    """The loop of the small network learns; it may also have third factors as large as it."""
    network = replace(small(), populations=(
        *small().populations, Population("reward", 4, Source(payload_bits=8)),
        Population("glia", 3, Astrocyte(dv=2048, gain_bits=6))),
        projections=(*small().projections, Projection("feed", "lif", "glia", weights(3, 4))))
    return with_projection("loop", network, **{
        "rule": HEBB, "delay": 0, "weights": weights(4, 4, -6), **changes})


def gliotic(**changes: Any) -> Network:
    """The same with parameters of the astrocyte changed."""
    return replace(plastic(), populations=(
        *plastic().populations[:-1], Population("glia", 3, Astrocyte(**changes))))


def with_model(name: str, **changes: Any) -> Network:
    """The small network with parameters of one population changed."""
    network = small()
    return replace(network, populations=tuple(
        replace(p, model=replace(p.model, **changes)) if p.name == name else p
        for p in network.populations))


def with_population(which: str, /, **changes: Any) -> Network:
    network = small()
    return replace(network, populations=tuple(
        replace(p, **changes) if p.name == which else p for p in network.populations))


def with_projection(which: str, network: Network | None = None, /, **changes: Any) -> Network:
    network = network or small()
    return replace(network, projections=tuple(
        replace(p, **changes) if p.name == which else p for p in network.projections))


@dataclass(frozen=True)
class Invented:
    kind: ClassVar[str] = "Invented"
    payload_bits: ClassVar[int] = 0


def unreachable() -> Network:
    network = small()
    island = (Population("island", 2, CubaLIF()), Population("shore", 1, CubaLIF()))
    ring = (Projection("there", "island", "shore", weights(1, 2)),
            Projection("back", "shore", "island", weights(2, 1)))
    return replace(network, populations=network.populations + island,
                   projections=network.projections + ring)


BROKEN: dict[str, tuple[Network, str]] = {
    # the whole
    "domain": (replace(small(), domain="double"), "small: unknown domain; found double"),
    "empty": (Network("none", "fixed", (), ()), "none: the network has no populations"),
    "twin population": (with_population("lif", name="match"), "two populations have one name"),
    "twin projection": (with_projection("loop", name="sum"), "two projections have one name"),
    "nameless": (with_population("lif", name=""), "a population needs a printable name"),
    "control character": (with_projection("sum", name="su\nm"), "a projection needs a printable"),
    "unreachable": (unreachable(), "no source or bias reaches it; found island, shore"),
    # populations
    "size": (with_population("match", size=0), "match: a population needs at least one neuron"),
    "model": (with_population("out", model=Invented()), "out: unknown neuron model"),
    "nan": (with_model("lif", vth=float("nan")), "lif: vth is not finite"),
    "infinite": (with_model("out", vth=float("inf")), "out: vth is not finite"),
    "fraction": (with_model("lif", dv=0.5), "lif: dv must be an integer in the fixed domain"),
    "payload wide": (with_model("in", payload_bits=25), "in: payload_bits is out of range"),
    "payload below": (with_model("in", payload_bits=-1), "in: payload_bits is out of range"),
    "du": (with_model("lif", du=4097), "lif: du is out of range; found 4097; expected 0 to 4096"),
    "du below": (with_model("lif", du=-1), "lif: du is out of range"),
    "dv": (with_model("lif", dv=4097), "lif: dv is out of range"),
    "vth": (with_model("lif", vth=131_072), "lif: vth is out of range"),
    "vth below": (with_model("lif", vth=-1), "lif: vth is out of range"),
    "bias": (with_model("lif", bias_mant=4096), "lif: bias_mant is out of range"),
    "bias below": (with_model("lif", bias_mant=-4097), "lif: bias_mant is out of range"),
    "bias_exp": (with_model("lif", bias_exp=8), "lif: bias_exp is out of range"),
    "readout dv": (with_model("out", dv=4097), "out: dv is out of range"),
    "readout vth": (with_model("out", vth=2**23 - 1), "out: vth is out of range"),
    "latency vth": (with_model("match", vth=131_072), "match: vth is out of range"),
    "latency base": (with_model("match", base=0), "match: base is out of range"),
    "latency payload": (with_model("match", base=2**22 + 1), "match: base is out of range"),
    "latency power": (with_model("match", base=96), "match: base must be a power of two"),
    "latency span": (with_model("match", span=0), "match: span is out of range"),
    "latency gain": (with_model("match", gain=2**23), "match: gain is out of range"),
    "latency shift": (with_model("match", gain_shift=49), "match: gain_shift is out of range"),
    "latency float": (replace(floating(), populations=(
        *floating().populations, Population("m", 1, GRADED))),
        "m: LatencyMatch has integer semantics only"),
    "float du": (replace(floating(), populations=(
        Population("in", 1, Source(8)), Population("lif", 1, CubaLIF(du=4096, dv=0)),
        Population("out", 1, Readout(vth=1)))), "lif: du is out of range"),
    "float dv": (replace(floating(), populations=(
        *floating().populations[:2], Population("out", 1, Readout(dv=2)))),
        "out: dv is out of range"),
    # projections
    "no such end": (with_projection("sum", post="uot"),
                    "that does not exist; found uot. Did you mean 'out'?"),
    "no such start": (with_projection("sum", pre="life"), "Did you mean 'lif'?"),
    "into a source": (with_projection("loop", post="in", weights=weights(3, 4)),
                      "loop: a source cannot receive synapses"),
    "transposed": (with_projection("sum", weights=weights(4, 1)),
                   "weights have the wrong shape; found (4, 1); expected (post, pre) = (1, 4)"),
    "graded": (with_projection("sum", graded=True), "sum: a graded projection starts at plain"),
    "delay": (with_projection("sum", delay=63), "sum: delay is out of range"),
    "delay below": (with_projection("sum", delay=-1), "sum: delay is out of range"),
    "exponent": (with_projection("sum", exponent=8), "sum: weight exponent is out of range"),
    "exponent below": (with_projection("sum", exponent=-9), "sum: weight exponent is out of range"),
    "float weights": (with_projection("sum", weights=np.ones((1, 4))),
                      "sum: fixed-domain weights must be integers; found float64"),
    "bool weights": (with_projection("sum", weights=np.ones((1, 4), bool)),
                     "sum: fixed-domain weights must be integers; found bool"),
    "large weight": (with_projection("sum", weights=weights(1, 4, 256)),
                     "sum: a weight does not fit a synapse; found 256 to 256"),
    "small weight": (with_projection("sum", weights=weights(1, 4, -257)),
                     "sum: a weight does not fit a synapse"),
    "odd mixed": (with_projection("sum", weights=np.array([[-2, 0, 3, 2]], np.int32)),
                  "sum: mixed-sign weights must be even"),
    "odd with -256": (with_projection("sum", weights=np.array([[-256, -3, 0, 0]], np.int32)),
                      "sum: mixed-sign weights must be even"),
    "float nan": (with_projection("b", floating(), weights=np.array([[np.nan]])),
                  "b: weights hold NaN or infinity"),
    "float inf": (with_projection("b", floating(), weights=np.array([[-np.inf]])),
                  "b: weights hold NaN or infinity"),
    "float exponent": (with_projection("b", floating(), exponent=1),
                       "b: an exponent has no meaning in the float domain"),
    # astrocytes
    "astrocyte dv": (gliotic(dv=4097), "glia: dv is out of range; found 4097; expected 0 to 4096"),
    "astrocyte gain": (gliotic(gain_bits=17), "glia: gain_bits is out of range; found 17"),
    "astrocyte gain below": (gliotic(gain_bits=-1), "glia: gain_bits is out of range"),
    "astrocyte alone": (replace(plastic(), populations=(
        *plastic().populations[:-1], Population("glia", 1, Astrocyte()))),
        "glia: an astrocyte needs its calcium and a unit besides; found 1; expected at least 2"),
    "astrocyte float": (replace(floating(), populations=(
        *floating().populations, Population("glia", 2, Astrocyte()))), "glia: dv is out of range"),
    # plasticity
    "rule as text": (plastic(rule="x1*y0"),
                     "loop: a projection learns by a LearningRule; found str"),
    "third alone": (plastic(rule=None, modulators=("reward", None, None)),
                    "loop: third factors need a learning rule; found reward"),
    "plastic delay": (plastic(delay=1), "loop: a plastic projection has no delay; found 1. Put"),
    "overwrite plain": (plastic(rule=OVERWRITE),
                        "loop: payloads can only overwrite x1 in a graded projection"),
    "two third": (plastic(modulators=("reward", None)),
                  "loop: there are three third factors, some of them None; found 2"),
    "no such third": (plastic(modulators=(None, "rewrad", None)),
                      "y2 names no population; found rewrad. Did you mean 'reward'?"),
    "small third": (plastic(modulators=(None, None, "match")),
                    "loop: the third factor y3 has another size than post; found 2; expected 4"),
    "wide third": (replace(plastic(modulators=("reward", None, None)), populations=(
        *plastic().populations[:-2], Population("reward", 4, Source(payload_bits=9)),
        plastic().populations[-1])),
        "reward: the third factor y1 is a trace of 7 bits and a sign; found a payload of 9 bits"),
    "third and impulse": (plastic(modulators=("reward", None, None),
                                  rule=replace(HEBB, y2_impulse=3)),
                          "loop: with a third factor y1, y2 and y3 have no impulse and no time"),
    "third and tau": (plastic(modulators=("reward", None, None), rule=replace(HEBB, y1_tau=3)),
                      "no time constant of their own; found y1"),
    "negative": (plastic(rule=replace(HEBB, sign="excitatory")),
                 "a first weight has the other sign; found -6 to -6; expected excitatory"),
    "positive": (plastic(rule=replace(HEBB, sign="inhibitory"), weights=weights(4, 4, 3)),
                 "loop: Dale's law: a first weight has the other sign"),
    "odd": (plastic(weights=weights(4, 4, 5)),
            "loop: mixed-sign weights must be even: the synapse drops the lowest bit. Store twice"),
    "inhibitory -256": (plastic(rule=replace(HEBB, sign="inhibitory"), weights=weights(4, 4, -256)),
                        "does not fit an inhibitory synapse; found -256; expected at least -255"),
    "float Dale": (with_projection("b", floating(), rule=replace(HEBB, sign="excitatory")),
                   "b: Dale's law: a first weight has the other sign; found -0.7 to -0.7"),
}


@pytest.mark.parametrize("network", [small(), floating(), plastic()],
                         ids=["fixed", "float", "plastic"])
def test_a_sound_network_comes_back_unchanged(network: Network) -> None:
    assert verify(network) is network


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_network_is_refused_by_name(case: str) -> None:
    network, text = BROKEN[case]
    with pytest.raises(NetworkError) as caught:
        verify(network)
    assert text in str(caught.value)


@pytest.mark.parametrize("network", [
    with_population("out", size=1.5), with_projection("sum", delay=0.5),
    with_projection("sum", exponent=0.5),
], ids=["size", "delay", "exponent"])
def test_what_counts_must_be_whole(network: Network) -> None:
    with pytest.raises(NetworkError):
        verify(network)


@pytest.mark.parametrize("network", [
    with_model("lif", du=0, dv=4096, vth=131_071, bias_mant=-4096, bias_exp=7),
    with_model("out", vth=2**23 - 2),
    with_model("in", payload_bits=24),
    with_model("match", base=2**22, span=2**23 - 1, gain=2**23 - 1, gain_shift=48),
    with_projection("sum", delay=62, exponent=-8, weights=weights(1, 4, -255)),
    with_projection("sum", weights=np.array([[-256, 254, 0, 2]], np.int32)),
    gliotic(dv=0, gain_bits=16),
    gliotic(dv=4096, gain_bits=0),
    plastic(weights=np.array([[-256, 254, 0, 2]] * 4, np.int32)),
    plastic(rule=replace(HEBB, sign="inhibitory"), weights=weights(4, 4, -255)),
    plastic(rule=replace(HEBB, sign="excitatory"), weights=weights(4, 4, 255)),
    plastic(modulators=("reward", "lif", "reward")),
    with_projection("key", rule=OVERWRITE),
    with_projection("b", floating(), rule=HEBB, modulators=("in", None, None)),
])
def test_the_last_allowed_value_is_allowed(network: Network) -> None:
    verify(network)


def test_a_bias_makes_a_population_active_without_any_source() -> None:
    alone = Network("alone", "fixed", (Population("clock", 1, CubaLIF(bias_mant=1)),), ())
    verify(alone)


# --- text form

FROZEN = """\
network small fixed
population in 3 Source payload_bits=8
population match 2 LatencyMatch vth=100 base=128 span=640 gain=13107 gain_shift=16
population lif 4 CubaLIF du=4095 dv=128 vth=50 bias_mant=-3 bias_exp=2 input_shift=6
population out 1 Readout dv=2048 vth=8388606
projection key in->match 2x3 exponent=-3 delay=0 graded weights=-254..8 sha256=42ae793bee9c
projection value match->lif 4x2 exponent=0 delay=0 graded weights=-256..-256 sha256=38fd45486aaf
projection loop lif->lif 4x4 exponent=7 delay=62 plain weights=255..255 sha256=5aaa2b740afe
projection sum lif->out 1x4 exponent=0 delay=0 plain weights=1..1 sha256=c914e8188e43
schedule period=40
  phase write 0:8
  phase read 8:40
"""


def changed_lines(before: Network, after: Network) -> list[tuple[str, str]]:
    old, new = to_text(before).splitlines(), to_text(after).splitlines()
    return [(a, b) for a, b in zip(old, new, strict=True) if a != b]


def test_the_text_form_is_stable() -> None:
    assert to_text(small()) == FROZEN


def test_a_name_adds_no_line_to_the_text() -> None:
    named = replace(small(), name="a\nnetwork b\x1b[2J")
    first, *rest = to_text(named).splitlines()
    assert first == r"network a\nnetwork b\x1b[2J fixed"
    assert rest == FROZEN.splitlines()[1:]


def test_equal_networks_have_equal_text() -> None:
    """Neither the integer type nor the memory layout of weights is part of a network."""
    other_layout = np.asfortranarray(small().projections[0].weights, np.int64)
    assert to_text(with_projection("key", weights=other_layout)) == to_text(small())


def test_equal_parameters_have_equal_text() -> None:
    assert changed_lines(small(), with_model("out", vth=8_388_606.0)) == []


@pytest.mark.parametrize("where", [(0, 0), (0, 1), (1, 0)])
def test_one_changed_weight_changes_one_line(where: tuple[int, int]) -> None:
    altered = small().projections[0].weights.copy()
    altered[where] += 2
    (before, after), = changed_lines(small(), with_projection("key", weights=altered))
    assert before.startswith("projection key ")
    assert before.split("sha256=")[0] == after.split("sha256=")[0]


@pytest.mark.parametrize(("changed", "line"), [
    (with_model("lif", dv=129), "population lif"),
    (with_model("match", gain=13_108), "population match"),
    (with_model("out", vth=8_388_605), "population out"),
    (with_population("in", size=4), "population in"),
    (with_projection("sum", delay=1), "projection sum"),
    (with_projection("sum", exponent=1), "projection sum"),
    (with_projection("value", graded=False), "projection value"),
    (replace(small(), schedule=Schedule(41, small().schedule.phases)), "schedule"),
    (replace(small(), name="tall"), "network"),
])
def test_every_change_shows_in_its_line(changed: Network, line: str) -> None:
    (before, _), = changed_lines(small(), changed)
    assert before.startswith(line)


@pytest.mark.parametrize(("low", "high"), [(0.1234567, 0.1234568), (8_388_600.0, 8_388_601.0)])
def test_float_parameters_are_told_apart(low: float, high: float) -> None:
    def network(value: float) -> Network:
        return Network("n", "float", (Population("a", 1, CubaLIF(1, 0, value, 1.0)),), ())

    assert to_text(network(low)) != to_text(network(high))


def test_a_rule_is_a_line_below_its_projection() -> None:
    """All that differs from its defaults, and its third factors; the others keep their lines."""
    rule = LearningRule(dw="x1*y0", dt="u1*t", x1_impulse=2.5, epoch=3, sign="inhibitory", seed=7)
    lines = to_text(plastic(rule=rule, modulators=("reward", None, "lif"))).splitlines()
    before = to_text(plastic(rule=None)).splitlines()
    (added,) = [line for line in lines if line not in before]
    assert added == ("  rule dw='x1*y0' dt='u1*t' x1_impulse=2.5 epoch=3 sign='inhibitory' seed=7 "
                     "y1=reward y3=lif")
    assert lines[lines.index(added) - 1].startswith("projection loop ")


@pytest.mark.parametrize("changes", [
    {"rule": replace(HEBB, dw="x1*y0")}, {"rule": replace(HEBB, x1_tau=11)},
    {"rule": replace(HEBB, x1_impulse=16.5)}, {"rule": replace(HEBB, epoch=2)},
    {"rule": replace(HEBB, seed=4)}, {"rule": replace(HEBB, sign="inhibitory")},
    {"modulators": (None, "reward", None)},
])
def test_every_change_of_a_rule_shows_in_its_line(changes: dict[str, Any]) -> None:
    (before, after), = changed_lines(plastic(), plastic(**changes))
    assert before.startswith("  rule ")
    assert after.startswith("  rule ")
