"""The child process: reads a job, runs Lava on it, writes the traces.

By hand: ``python -m neuromorph.backends.lava.worker JOB.npz TRACES.npz ERRORS.txt``.
"""

from __future__ import annotations

import os
import sys
from typing import IO, Any

from neuromorph import lifeline
from neuromorph.backends.lava.job import Job, Results, read_job, write_results
from neuromorph.parallel.failure import encode


def main(arguments: list[str]) -> int:
    """Run the job in a file; arguments are paths or, from the supervisor, open descriptors."""
    job_file, trace_file, error_file, *parent = arguments
    if os.getpgrp() != os.getpid():  # an error ends the group: let it be ours alone
        os.setpgid(0, 0)
    if parent:
        lifeline.die_with(int(parent[0]))
    lifeline.forks_die_with_me()
    with _opened(error_file, "wb") as errors:
        try:
            with _opened(job_file, "rb") as file:
                job = read_job(file)
            traces, synapses = run(job, errors)
            with _opened(trace_file, "wb") as file:
                write_results(file, traces, synapses)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user must see it
            os.write(errors.fileno(), encode(error))
            return 1
    return 0


def run(job: Job, errors: IO[bytes]) -> Results:
    """One Lava run for each connected part of the network; traces, and what was learned."""
    import neuromorph.processes  # noqa: F401 - it makes Lava importable
    from neuromorph.backends.lava.runner import run_lava

    return run_lava(job, errors)


def _opened(file: str, mode: str) -> IO[Any]:
    return open(int(file) if file.isdigit() else file, mode)  # noqa: PTH123 - may be a descriptor


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a normal exit would stop Lava's Processes, and wait for ever
