"""The text form reads back to the network, and what it would not write is refused by its line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_texts import by_neuron, every, odd_names, same_network
from small_networks import random_network
from small_programs import MAKERS, driven
from test_network import floating, plastic, small
from test_ports import small as with_ports

from neuromorph.errors import FileFormatError, LearningRuleError, NetworkError
from neuromorph.network import Network, arrays_of, parse_network, parse_networks, to_text, verify
from neuromorph.network.edges import STEPS
from neuromorph.network.parse import NEURONS

NETWORKS = {**every(), "small": small(), "small floats": floating(), "small learner": plastic(),
            "ports": with_ports()}


def assert_reads_back(network: Network) -> None:
    text = to_text(network)
    back = parse_network(text, arrays_of(network))
    assert to_text(back) == text
    same_network(network, back)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_reads_back(name: str) -> None:
    assert_reads_back(NETWORKS[name])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_networks_read_back(seed: int) -> None:
    assert_reads_back(random_network(seed)[0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(MAKERS)))
def test_random_programmable_neurons_read_back(seed: int, name: str) -> None:
    assert_reads_back(driven(MAKERS[name](np.random.default_rng(seed)), seed)[0])


@settings(max_examples=100, deadline=None)
@given(names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable),
                      min_size=4, max_size=4, unique=True), whole=st.text())
def test_any_names_read_back(names: list[str], whole: str) -> None:
    """Whatever is printable; of the whole network whatever there is, which `verify` lets pass."""
    old = dict(zip([p.name for p in with_ports().populations], names, strict=True))
    found = with_ports()
    network = replace(
        found, name=whole,
        populations=tuple(replace(p, name=old[p.name]) for p in found.populations),
        projections=tuple(replace(p, name=f"{old[p.pre]} w", pre=old[p.pre], post=old[p.post])
                          for p in found.projections),
        inputs=tuple(replace(p, population=old[p.population], says=whole) for p in found.inputs),
        outputs=tuple(replace(p, population=old[p.population]) for p in found.outputs))
    assert_reads_back(verify(network))


def test_equal_arrays_are_kept_once_with_the_type_of_weights() -> None:
    network = by_neuron()
    assert len(arrays_of(network)) == len(network.projections) + 1  # of two by neuron
    as_floats = {name: array.astype(float) for name, array in arrays_of(network).items()}
    with pytest.raises(NetworkError, match="fixed-domain weights must be integers"):
        parse_network(to_text(network), as_floats)


def test_networks_of_a_bundle_read_back_by_title() -> None:
    networks = {"a, head 0": small(), "b, head 1": plastic(), "c": odd_names()}
    text = "\n".join(f"# {title}\n{to_text(one)}" for title, one in networks.items())
    back = parse_networks(text, arrays_of(*networks.values()))
    assert list(back) == list(networks)
    for title, one in networks.items():
        same_network(one, back[title])
    with pytest.raises(FileFormatError, match="line 1: a network without a title"):
        parse_networks(to_text(small()), arrays_of(small()))
    with pytest.raises(FileFormatError, match="line 15: two networks have one title; found a"):
        parse_networks("\n".join(["# a\n" + to_text(small())] * 2), arrays_of(small()))


# --- what is refused, where, and what would be right

TEXT = to_text(plastic())
LINES = TEXT.splitlines()


def line_of(start: str) -> int:
    return next(n for n, line in enumerate(LINES, 1) if line.startswith(start))


REFUSED: dict[str, tuple[str, str, str, str]] = {
    # the line that is changed, what of it, into what, what is said
    "section": ("population out", "population", "popultion",
                "no such kind of line; found popultion out .*Did you mean 'population'"),
    "model": ("population out", "Readout", "Readuot",
              "unknown neuron model; found Readuot; .*Did you mean 'Readout'"),
    "parameter": ("population out", "dv=", "du=", "not those of a Readout; found du, dv"),
    "missing parameter": ("population out", "dv=2048 ", "", "not those of a Readout; found dv"),
    "twice": ("population out", "dv=2048", "dv=2048 dv=2048", "a field is there twice; found dv"),
    "no number": ("population out", "dv=2048", "dv=true", "this is no number; found true"),
    "not finite": ("population out", "dv=2048", "dv=inf", "this is no number; found inf"),
    "too large": ("population out", "dv=2048", "dv=1e999", "this is no number; found 1e999"),
    "name": ("population out", "out", "lif",
             "two populations have one name; found lif. The first is in line 4"),
    "size": ("population out", " 1 ", f" {NEURONS} ", "too many neurons for a text"),
    "wide size": ("population out", " 1 ", " " + "9" * 400 + " ", "the line is not of its form"),
    "digits": ("population out", " 1 ", " 01 ", "not written as .*; found 01; expected 1"),
    "blank": ("population out", " 1 ", "  1 ", "the line is not of its form"),
    "escape": ("population out", "out", r"o\qt", r"an escape that no name has; found o"),
    "lazy escape": ("population out", "out", r"o\x75t", r"not written as .*expected out"),
    "projection": ("projection sum", "sum", "loop", "two projections have one name; found loop"),
    "pre": ("projection sum", "lif->", "lfi->", "found lfi. Did you mean 'lif'"),
    "post": ("projection sum", "->out", "->oot", "found oot. Did you mean 'out'"),
    "port": ("projection sum", "->out", "->out.b_in",
             "sum: a Readout has no such port; found b_in; expected a_in"),
    "usual port": ("projection sum", "->out", "->out.a_in", "expected lif->out$"),
    "field": ("projection sum", "delay=0", "dealy=0", "the line is not of its form"),
    "shape": ("projection sum", "1x4", "4x1", "sum: weights have the wrong shape; found .4, 1."),
    "other shape": ("projection sum", "1x4", "1x5",
                    "another number of numbers; found 4; expected 1x5"),
    "span": ("projection sum", "weights=1..1", "weights=1..2",
             "found weights=1..2; expected weights=1..1"),
    "missing array": ("projection sum", "sha256=c914e8188e43", "sha256=0914e8188e43",
                      "no array of that digest beside the text; found 0914e8188e43"),
    "delay": ("projection sum", "delay=0", "delay=63", "sum: delay is out of range; found 63"),
    "rule": ("  rule", "x1_tau", "x1_tua",
             "a rule has no such field; found x1_tua. Did you mean 'x1_tau'"),
    "term": ("  rule", "x1*y0", "x9*y0", "dw: Loihi cannot run the term"),
    "quotes": ("  rule", "dw='2^-1*x1*y0 - 2^-5*w*u0'", "dw=x1*y0", "a text stands in quotes"),
    "third factor": ("  rule", "x1_tau=10", "x1_tau=10 y1=rewrad",
                     "no such population; found rewrad. Did you mean 'reward'"),
    "default": ("  rule", "x1_tau=10", "x1_tau=10 epoch=1", "found epoch=1; expected no more"),
    "schedule": ("schedule", "period", "perriod", "the line is not of its form"),
    "phase": ("  phase read", "8:40", "8", "the line is not of its form"),
    "domain": ("network", "fixed", "fixd", "small: unknown domain; found fixd"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_refused_by_its_line(name: str) -> None:
    start, old, new, said = REFUSED[name]
    number = line_of(start)
    assert LINES[number - 1].count(old) >= 1
    text = "\n".join([*LINES[:number - 1], LINES[number - 1].replace(old, new, 1),
                      *LINES[number:], ""])
    with pytest.raises((FileFormatError, NetworkError, LearningRuleError),
                       match=f"^line {number}[,:].*({said})"):
        parse_network(text, arrays_of(plastic()))


@pytest.mark.parametrize(("first", "second"), [
    ("network", "network"), ("schedule", "schedule"), ("  phase", "  rule"),
    ("projection sum", "population in"), ("schedule", "projection sum"),
    ("population in", "  rule"),
])
def test_lines_have_an_order(first: str, second: str) -> None:
    number = line_of(first)
    lines = [*LINES[:number], LINES[line_of(second) - 1], *LINES[number:]]
    with pytest.raises(FileFormatError, match=f"line {number + 1}: (no .* belongs here|a network "
                       "has one schedule)"):
        parse_network("\n".join([*lines, ""]), arrays_of(plastic()))


@pytest.mark.parametrize(("text", "said"), [
    ("", "line 0: there is no network"), ("\n", "line 1: no such kind of line; found an empty"),
    (TEXT[:-1], f"line {len(LINES)}: the last line has no end"),
    ("population a 1 Source payload_bits=0\nnetwork a fixed\n",
     "line 1: no population belongs here"),
])
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(FileFormatError, match=said):
        parse_network(text, arrays_of(plastic()))


def test_the_array_is_looked_at() -> None:
    arrays = arrays_of(small())
    name = next(iter(arrays))
    altered = arrays[name].copy()
    altered[0, 0] += 2
    wrong: dict[str, Any] = {"was altered": altered, "no array of numbers": altered.astype(object),
                             "another number of": altered[:1], "found list": altered.tolist()}
    for said, array in wrong.items():
        with pytest.raises(FileFormatError, match=f"line 6: .*{said}"):
            parse_network(to_text(small()), {**arrays, name: array})
    flat = {key: array.reshape(-1) for key, array in arrays.items()}
    same_network(small(), parse_network(to_text(small()), flat))


def test_steps_of_ports_are_bounded() -> None:
    text = to_text(with_ports()).replace("steps=0:2,", f"steps=0:{STEPS},")
    with pytest.raises(FileFormatError, match="line 10: too many steps"):
        parse_network(text, arrays_of(with_ports()))
    with pytest.raises(FileFormatError, match=r"line 10: this is no span of steps; found 0-2"):
        parse_network(to_text(with_ports()).replace("steps=0:2,", "steps=0-2,"),
                      arrays_of(with_ports()))
    with pytest.raises(NetworkError, match=r"line 10, small.in: the steps of a port are no rising"):
        parse_network(to_text(with_ports()).replace("steps=0:2,4:5", "steps=4:5,0:2"),
                      arrays_of(with_ports()))
