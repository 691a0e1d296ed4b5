"""All commands under one name, and how errors leave the program."""

from __future__ import annotations

import sys
import traceback
import warnings

import typer

from neuromorph.cli import (
    adapt,
    completion,
    consolidate,
    convert,
    demo,
    doctor,
    evaluate,
    export,
    fidelity,
    generate,
    inspect,
    profiles,
    record,
    report,
    run,
    simulate,
    tune,
)
from neuromorph.cli import compile as compile_command
from neuromorph.cli.common import emit
from neuromorph.cli.interruption import raise_if_any_came, tell
from neuromorph.cli.streams import ReaderGoneError, drop_output, prepared
from neuromorph.errors import NeuromorphError, NeuromorphWarning, printable

USAGE, MEMORY, INTERNAL = 2, 7, 1

app = typer.Typer(
    name="neuromorph", rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Run a trained transformer as spikes, its attention or the whole model: on a CPU today, "
         "on Loihi when you have one.")

app.command("export")(export.export)
app.command("simulate")(simulate.simulate)
app.command("generate")(generate.generate)
app.command("evaluate")(evaluate.evaluate)
app.command("fidelity")(fidelity.fidelity)
app.command("report")(report.report)
app.command("tune")(tune.tune)
app.command("adapt")(adapt.adapt)
app.command("inspect")(inspect.inspect)
app.command("record")(record.record)
app.command("run")(run.run)
app.command("compile")(compile_command.compile_)
app.command("convert")(convert.convert)
app.command("consolidate")(consolidate.consolidate)
app.command("profiles")(profiles.profiles)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version and stop."),
    debug: bool = typer.Option(  # noqa: ARG001 - `execute` has taken it away already
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


def execute() -> int:
    """Run the command line, and say in one line what went wrong; the exit code.

    Raises
    ------
    KeyboardInterrupt
    """
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    warnings.simplefilter("ignore", NeuromorphWarning)  # each result has a line of it
    with prepared():
        try:
            if completion.asked():
                return completion.answered(typer.main.get_command(app))
            return _invoked(arguments)
        except (ReaderGoneError, SystemExit):  # rich raises SystemExit itself, printing help
            drop_output()
            return 0
        except typer.Abort as error:
            raise KeyboardInterrupt from error
        except Exception as error:  # noqa: BLE001 - the last door: nobody should see a traceback
            raise_if_any_came(error)
            return _told(error, debug)


def _invoked(arguments: list[str]) -> int:
    """As typer does it, but an interruption stays what it is."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("neuromorph", arguments) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except OSError as error:
        if completion.INSTALL not in sys.argv:  # the parser has taken it from the arguments
            raise
        raise completion.not_installed(error) from error
    return 0


def _told(error: Exception, debug: bool) -> int:
    if debug:
        tell(traceback.format_exc().rstrip())
    text, code = _explained(error)
    tell(text)
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """One line for the user, and the exit code."""
    if isinstance(error, NeuromorphError):
        return f"error: {error}", error.exit_code
    if isinstance(error, MemoryError):
        return "error: out of memory. Use a smaller input or a machine with more", MEMORY
    usage = getattr(error, "format_message", None)  # typer's own, wherever its class lives
    if usage is not None:
        said = printable(usage(), 1000).replace(": Value error, ", ": ", 1).rstrip(".")
        return f"error: {said}{'' if said.endswith('?') else '.'} {_help_line(error)}", USAGE
    text = (f"internal error: {type(error).__name__}: {printable(error, 1000)}. Please report "
            "this, with what the same command prints with --debug")
    return text, INTERNAL


def _help_line(error: Exception) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "neuromorph")
    return f"See: {path} --help"
