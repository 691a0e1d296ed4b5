from __future__ import annotations

import numpy as np
import pytest

import neuromorph
from neuromorph import backends
from neuromorph.circuits.echo import Echo, build, read
from neuromorph.errors import RangeProofError
from neuromorph.network import Probe, verify

ECHO = Echo(size=3, delay=2, gain=5)


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_an_echo_says_what_was_said(backend: str) -> None:
    said = np.random.default_rng(0).integers(-100, 100, (9, ECHO.size))
    heard = backends.get(backend).run(verify(build(ECHO)), {"in": said}, [Probe("out")], 9)
    np.testing.assert_array_equal(read(ECHO, heard.spikes("out")),
                                  ECHO.gain * said[: -1 - ECHO.delay])


def test_an_echo_that_is_too_loud_is_refused() -> None:
    with pytest.raises(RangeProofError, match="too loud"):
        build(Echo(size=1, delay=0, gain=1 << 17))


def test_an_echo_runs_by_its_name() -> None:
    assert neuromorph.run("echo", settings={"gain": 3}).outcome.numbers["loudest"] % 3 == 0
