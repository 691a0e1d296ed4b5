"""All commands under one name, and how errors leave the program."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from types import FrameType
from typing import NoReturn

import typer

from neuromorph.cli import compile as compile_command
from neuromorph.cli import demo, doctor, export, inspect, profiles, run, simulate
from neuromorph.cli.common import LAYOUT, ReaderGoneError, drop_output, emit
from neuromorph.errors import NeuromorphError, NeuromorphWarning, escaped, printable

USAGE, MEMORY, INTERNAL, INTERRUPTED = 2, 7, 1, 130

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

app = typer.Typer(
    name="neuromorph", add_completion=False, rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Run a trained transformer's attention as spikes: on a CPU today, on Loihi when you "
         "have one.")

app.command("export")(export.export)
app.command("simulate")(simulate.simulate)
app.command("inspect")(inspect.inspect)
app.command("run")(run.run)
app.command("compile")(compile_command.compile_)
app.command("profiles")(profiles.profiles)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version and stop."),
    debug: bool = typer.Option(  # noqa: ARG001 - `main` has taken it away already
        False, "--debug", help="After an error show where in the program it happened. "
                               "May stand anywhere in the line."),
) -> None:
    """Options before the command."""
    if version:
        from neuromorph._version import __version__

        emit(f"neuromorph {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; every error a user can meet ends in one line and an exit code."""
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    _prepare_streams()
    warnings.simplefilter("ignore", NeuromorphWarning)  # each command's result has a line of it
    before = _listen()
    try:
        code = app(args=arguments, prog_name="neuromorph", standalone_mode=False)
    except (ReaderGoneError, SystemExit):  # rich raises SystemExit itself while it prints help
        drop_output()
        code = 0
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: nobody should see a traceback
        _leave(error, debug)
    finally:
        _restore(before)
    if code == INTERRUPTED:
        _tell("interrupted; nothing unfinished was left behind")
    sys.exit(code)


def _leave(error: Exception, debug: bool) -> NoReturn:
    if debug:
        _tell(traceback.format_exc().rstrip())
    text, code = _explained(error)
    _tell(text)
    sys.exit(code)


def _explained(error: Exception) -> tuple[str, int]:
    """One line for the user, and the exit code."""
    if isinstance(error, NeuromorphError):
        return f"error: {error}", error.exit_code
    if isinstance(error, MemoryError):
        return "error: out of memory. Use a smaller input or a machine with more", MEMORY
    usage = getattr(error, "format_message", None)  # typer's own, wherever its class lives
    if usage is not None:
        said = printable(usage(), 1000).rstrip(".")
        return f"error: {said}{'' if said.endswith('?') else '.'} {_help_line(error)}", USAGE
    text = (f"internal error: {type(error).__name__}: {printable(error, 1000)}. Please report "
            "this, with what the same command prints with --debug")
    return text, INTERNAL


def _help_line(error: Exception) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "neuromorph")
    return f"See: {path} --help"


def _prepare_streams() -> None:
    """Make sure that any text can be printed, and that no file of ours becomes a stream.

    A program that is started with standard output closed would get its number for the first
    file that it opens, and print into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(number, True)
    os.close(number)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _listen() -> dict[int, object]:
    """Take signals to end as interruptions; return who took them before."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # only the main thread may; then whoever called us handles them
    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    heeded = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, _interrupt) for number in heeded}


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    """Clean up and end. A second Ctrl-C shall not spoil that; SIGKILL would still end it."""
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def _restore(before: dict[int, object]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]


def _tell(text: str) -> None:
    """A line on standard error, if there is anyone."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"{escaped(text, keep=LAYOUT)}\n")
            sys.stderr.flush()
        except OSError:  # nobody can be told
            return
