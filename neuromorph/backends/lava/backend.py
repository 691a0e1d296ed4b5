"""The Lava backend: checks, hands the network to a supervised child, collects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, ClassVar

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.lava.deadline import deadline_for
from neuromorph.backends.lava.job import Job, read_results, write_job
from neuromorph.backends.lava.ranges import check_accumulators
from neuromorph.backends.lava.supervise import scratch_file, supervise, without_descriptors
from neuromorph.backends.lava.supported import reasons_against
from neuromorph.errors import WriteError
from neuromorph.folders import PROCESSES, find_folder
from neuromorph.network import Network, Probe

WORKER = ("-m", "neuromorph.backends.lava.worker")


class LavaBackend(Backend):
    """Lava's own bit-accurate models, run by Lava's own runtime.

    Equal to the reference to the bit in the fixed domain, and to rounding in floats.
    A start takes about a second, a step some 0.1 ms for each population and projection.

    Parameters
    ----------
    deadline : float, optional
        Wall time in seconds after which a run is stopped. If left out, the environment
        variable NEUROMORPH_LAVA_DEADLINE, else a generous time for the network's size.
    """

    name: ClassVar[str] = "lava"
    summary: ClassVar[str] = "lava-nc's bit-accurate models, in a supervised child process"
    evidence: ClassVar[Evidence] = "bit-exact model"
    needs: ClassVar[str] = "lava.magma.core"
    extra: ClassVar[str] = "lava"
    cannot: ClassVar[str] = ("parameters for which stock LIF or stock synapses have no register; "
                             "sums beyond 32 bits")
    tolerance: ClassVar[float] = 1e-9

    def __init__(self, *, deadline: float | None = None) -> None:
        self.deadline = deadline

    def _reasons(self, network: Network) -> Iterable[str]:
        """Why stock Lava cannot hold the network exactly, or be run here at all."""
        return (*without_descriptors(), *reasons_against(network))

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        find_folder(PROCESSES)
        if network.domain == "fixed":
            check_accumulators(network, inputs)
        seconds = deadline_for(network, steps, self.deadline)
        with scratch_file() as job, scratch_file() as traces:
            asked = Job(network, inputs, probes, steps)
            _write(job, asked)
            supervise(WORKER, job, traces, seconds)
            return Recording(self.name, self.evidence, steps, *read_results(traces, asked))


def _write(file: IO[bytes], job: Job) -> None:
    try:
        write_job(file, job)
        file.flush()
    except OSError as error:
        raise WriteError(f"the job for Lava cannot be written: {error}",
                         hint="set TMPDIR to a folder with more space") from error
