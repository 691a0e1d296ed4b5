"""Workers of Dask keep the memory of one item for the next."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from neuromorph.parallel.allocator import keeping

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(40):
        np.ones(1 << 16)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

outside = faults()
with keeping():
    faults()
    inside = faults()
print(outside, inside, faults())
"""


def _faults(**more: str) -> list[int]:
    said = subprocess.run([sys.executable, "-c", FAULTS], check=True, capture_output=True,
                          text=True, env=os.environ | more).stdout
    return [int(each) for each in said.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_process_told_to_hand_memory_back_keeps_it_for_the_block() -> None:
    outside, inside, after = _faults(MALLOC_TRIM_THRESHOLD_="65536")
    assert inside < outside / 10
    assert after > inside * 10
