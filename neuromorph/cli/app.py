"""All commands under one name, and how errors leave the program."""

from __future__ import annotations

import os
import signal
import sys
import traceback

import typer

from neuromorph.cli import demo, doctor, export, inspect, simulate
from neuromorph.errors import NeuromorphError

INTERRUPTED, MEMORY, INTERNAL = 130, 7, 1

app = typer.Typer(
    name="neuromorph", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Run a trained transformer's attention as spikes: on a CPU today, on Loihi when you "
         "have one.")

app.command("export")(export.export)
app.command("simulate")(simulate.simulate)
app.command("inspect")(inspect.inspect)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Show the version and stop."),
) -> None:
    """Options before the command."""
    if version:
        from neuromorph._version import __version__

        typer.echo(f"neuromorph {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; every error a user can meet ends in one line and an exit code."""
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    try:
        app(args=arguments, prog_name="neuromorph")
    except NeuromorphError as error:
        _leave(f"error: {error}", error.exit_code, debug)
    except KeyboardInterrupt:
        _leave("interrupted; nothing was left behind", INTERRUPTED, debug)
    except MemoryError:
        _leave("error: out of memory. Use a smaller input or a machine with more", MEMORY, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: nobody should see a traceback
        _leave(f"internal error: {type(error).__name__}: {error}. Please report this, with what "
               "the same command prints with --debug", INTERNAL, debug)


def _stop(number: int, _: object) -> None:
    raise KeyboardInterrupt(number)


def _leave(text: str, code: int, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(text, file=sys.stderr)
    sys.exit(code)
