"""Lava's part of the child process: build, run, collect. Import `neuromorph.processes` first."""

from __future__ import annotations

import multiprocessing
import os
import signal
from types import FrameType
from typing import IO, Any

import numpy as np
from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.run_conditions import RunSteps
from numpy.typing import NDArray

from neuromorph.backends.interface import trace_shape
from neuromorph.backends.lava.build import Built, build, components
from neuromorph.backends.lava.job import Job, Results
from neuromorph.backends.lava.memory import shared_array, use_anonymous_memory
from neuromorph.backends.lava.watch import Watch, WatchedRun
from neuromorph.network import Probe
from neuromorph.network.model import SYNAPTIC


def run_lava(job: Job, errors: IO[bytes]) -> Results:
    """One Lava run for each connected part of the network; traces, and what was learned.

    The parts stay as they are at the end of their run: to stop them would be to wait for
    every process of theirs, and the data is already here. They end with this process.
    """
    use_anonymous_memory()
    _search_models_once()
    watch = Watch(errors)
    _report_killed_children(watch)
    built = build(job.network, job.inputs)
    _attach(watch, job, built)
    traces = [_tap(watch, job, built, probe) for probe in job.probes]
    synapses = {p.name: _follow(watch, job, built, p.name) for p in job.network.plastic}
    for part in components(job.network):
        process = built.populations[min(part)]
        process.run(RunSteps(num_steps=job.steps), WatchedRun(job.network.domain, watch))
    _end_children()
    return traces, synapses


def _attach(watch: Watch, job: Job, built: Built) -> None:
    """Name every Process, and limit what stock LIF takes."""
    for name, process in (*built.projections.items(), *built.populations.items()):
        watch.names[process.id] = name
    if job.network.domain == "fixed":
        for population in job.network.populations:
            most = population.model.lava_process[1]
            if most is not None:
                watch.limits[built.populations[population.name].id] = most


def _tap(watch: Watch, job: Job, built: Built, probe: Probe) -> NDArray[Any]:
    """An array that the probed Process will fill, shape (steps, …)."""
    synaptic = probe.variable in SYNAPTIC
    process = (built.projections if synaptic else built.populations)[probe.target]
    trace = _shared(job, (job.steps, *trace_shape(job.network, probe)))
    watch.taps.setdefault(process.id, {})[probe.variable] = trace
    return trace


def _follow(
    watch: Watch, job: Job, built: Built, name: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two arrays that will hold a projection's weights and tags after the last step."""
    shape = job.network.projection(name).weights.shape
    learned = _shared(job, shape), _shared(job, shape)
    watch.learned[built.projections[name].id] = learned
    return learned


def _shared(job: Job, shape: tuple[int, ...]) -> NDArray[Any]:
    return shared_array(shape, np.int64 if job.network.domain == "fixed" else np.float64)


def _search_models_once() -> None:
    """Lava runs the files beside a Process to find its models: once a class is enough."""
    search, found = ProcGroupDiGraphs._find_proc_models, dict[type, Any]()

    def search_once(proc: Any) -> Any:
        if type(proc) not in found:
            found[type(proc)] = search(proc)
        return found[type(proc)]

    ProcGroupDiGraphs._find_proc_models = staticmethod(search_once)


def _report_killed_children(watch: Watch) -> None:
    """Lava would wait for ever for a process of its own that was killed or crashed."""

    def look(_: int, __: FrameType | None) -> None:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None and ended.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
            name = signal.Signals(ended.si_status).name
            watch.report(ChildProcessError(f"a process of Lava was ended by {name}"))

    signal.signal(signal.SIGCHLD, look)


def _end_children() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
