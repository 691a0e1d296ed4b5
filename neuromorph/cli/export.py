"""``neuromorph export MODEL -o DIR``."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import (
    Force,
    Json,
    Quiet,
    Seed,
    check_flags,
    check_unused,
    progress,
    show,
    warned,
)
from neuromorph.cli.naming import (
    Causal,
    FusedOrder,
    Heads,
    KvHeads,
    Map,
    RopeTheta,
    Transposed,
    naming_of,
)

if TYPE_CHECKING:
    from neuromorph.api.export import ExportReport
    from neuromorph.api.whole import WholeReport
    from neuromorph.models import Naming
    from neuromorph.translate.preference import Choice

CODE_BITS = 8
"""Of keys and values, if nobody says fewer."""


def export(
    model: Annotated[Path, typer.Argument(
        readable=False,
        help="A Hugging Face folder, or a .safetensors, PyTorch, ONNX or .gguf file.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="Folder of the new bundle.")],
    calibrate: Annotated[Path | None, typer.Option(
        readable=False,
        help="What sets scales and windows: text (.txt, one passage a line; needs the hf extra), "
             "a folder of images or recordings, or arrays (.npz): hidden.0, hidden.1, …, what "
             "enters each layer's attention; the digits model brings its own, or takes "
             "images.")] = None,
    spikes: Annotated[Literal["graded", "binary"] | None, typer.Option(
        help="Payloads that carry the overshoot, or plain spikes of stock neurons; graded, or "
             "binary for Loihi 1, if left out.")] = None,
    target: Annotated[Literal["loihi2", "loihi1"], typer.Option(
        help="Whose registers to fit; Loihi 1's are narrower, and its spikes plain.")] = "loihi2",
    query_bits: Annotated[int | None, typer.Option(
        help="Width of a query code with its sign, 2 to 8; 8, or 6 for Loihi 1, if left "
             "out.")] = None,
    key_bits: Annotated[int, typer.Option(
        help="Width of a key code with its sign, 2 to 8; fewer take less memory only on a profile "
             "that stores weights in as few bits as they need.")] = CODE_BITS,
    value_bits: Annotated[int, typer.Option(
        help="The same of a match neuron's part of a value.")] = CODE_BITS,
    step_nats: Annotated[float | None, typer.Option(
        help="Nats of attention logit a time step stands for; ln 2 if left out, and always "
             "with graded spikes.")] = None,
    window_nats: Annotated[float | None, typer.Option(
        help="How far below a weak query's best match keys are still told apart; 7.5 if left "
             "out.")] = None,
    keep_mass: Annotated[float | None, typer.Option(
        help="Share of each head's attention, more than 0 and at most 1, that its window must "
             "keep: as few steps as that takes, in place of --window-nats.")] = None,
    neurons_per_key: Annotated[int | None, typer.Option(
        help="Match neurons a key, with binary spikes: 2 tell half a step apart, in as many steps, "
             "for twice the match neurons and synapses; 1 tells whole steps. As --prefer has it, "
             "if left out.")] = None,
    prefer: Annotated[Literal["steps", "cores"] | None, typer.Option(
        help="What is saved while binary spikes come to half steps, and lose as little as graded "
             "ones do: steps, by two neurons a key, or cores, by a ramp of twice the steps. If "
             "left out, steps; cores where two neurons do not fit --profile; with --step-nats or "
             "--whole, whole steps.")] = None,
    profile: Annotated[str | None, typer.Option(
        autocompletion=completion.profiles,
        help="A chip or board that heads of plain spikes must fit on; compile tells all about "
             "it.")] = None,
    slots: Annotated[int | None, typer.Option(
        help="Longest context; if left out, the longest sequence of the data, rounded up to a "
             "power of two where others may be longer.")] = None,
    whole: Annotated[bool, typer.Option(
        "--whole", help="Translate the whole model, from tokens to logits, and not its attention "
                        "alone; of a Hugging Face folder or .gguf file, calibrated on "
                        "text, or a ViT's, on images; of a model of your own, on "
                        "tokens; or of the digits model.")] = False,
    partial: Annotated[bool, typer.Option(
        "--partial", help="With --whole: end the bundle before a block that cannot be "
                          "translated.")] = False,
    memories: Annotated[bool, typer.Option(
        "--memories", help="Translate the layers that keep a memory in place of keys and values, "
                           "gated delta rule or linear attention, and not the attention; of a "
                           "Hugging Face folder, calibrated on text.")] = False,
    names: Map = None,
    heads: Heads = None,
    kv_heads: KvHeads = None,
    causal: Causal = None,
    fused_order: FusedOrder = None,
    transposed: Transposed = False,
    rope_theta: RopeTheta = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Translate a trained model's attention, or all of it, into spiking circuits."""
    check_flags(as_json=as_json, quiet=quiet)
    if not whole:
        check_unused("attention alone is exported without --whole",
                     "add --whole, or leave it out", {"--partial": partial})
    if keep_mass is not None:
        check_unused("a mass to keep sets each head's window", "leave one of both out",
                     {"--window-nats": window_nats is not None})
    from neuromorph.api.export import export as run
    from neuromorph.translate import TranslateOptions
    from neuromorph.translate.preference import choose

    plain = TranslateOptions(
        spikes=spikes or ("graded" if target == "loihi2" else "binary"), target=target,
        query_bits=query_bits, key_bits=key_bits, value_bits=value_bits)
    options = replace(
        plain, slots=slots, keep_mass=keep_mass,
        step_nats=plain.step_nats if step_nats is None else step_nats,
        window_nats=plain.window_nats if window_nats is None else window_nats)
    if prefer is None and step_nats is not None and neurons_per_key is None:
        neurons_per_key = 1  # whoever says a step has chosen already
    choice = choose(options, prefer, neurons_per_key, whole=whole)
    own = {"--map": names, "--heads": heads, "--kv-heads": kv_heads, "--causal": causal is not None,
           "--fused-order": fused_order, "--transposed": transposed,
           "--rope-theta": rope_theta is not None}
    if memories:
        check_unused("memories are exported by themselves", "leave it out", {
            "--whole": whole, "--spikes": spikes, "--query-bits": query_bits, "--slots": slots,
            "--step-nats": step_nats, "--window-nats": window_nats, "--keep-mass": keep_mass,
            "--prefer": prefer, "--profile": profile, "--neurons-per-key": neurons_per_key,
            "--key-bits": key_bits != CODE_BITS, "--value-bits": value_bits != CODE_BITS,
            "--target": target != "loihi2", **own})
        _memories(model, output, calibrate, seed, force=force, as_json=as_json, quiet=quiet)
        return
    naming = naming_of(names, transposed=transposed, heads=heads, kv_heads=kv_heads, causal=causal,
                       fused_order=fused_order, rope_theta=rope_theta)
    if whole:
        check_unused("what a whole model fits on is what compile says", "leave --profile out",
                     {"--profile": profile})
        _whole(model, output, calibrate, choice, naming, seed, partial=partial, force=force,
               as_json=as_json, quiet=quiet)
        return
    with progress(quiet or as_json) as tell:
        report = run(model, output, calibrate=calibrate, options=choice, naming=naming,
                     profile=profile, seed=seed, force=force, progress=tell)
    show(report.as_dict(), lambda: _shown(report), as_json=as_json, quiet=quiet)


def _whole(
    model: Path, output: Path, calibrate: Path | None, choice: Choice,
    naming: Naming | None, seed: int, *, partial: bool, force: bool, as_json: bool, quiet: bool,
) -> None:
    from neuromorph.api.whole import export_whole
    from neuromorph.translate.block import BlockOptions

    with progress(quiet or as_json) as tell:
        report = export_whole(model, output, calibrate=calibrate,
                              options=BlockOptions(attention=choice.options, correct=False),
                              naming=naming, seed=seed,
                              partial=partial, force=force, progress=tell)
    show(report.as_dict(), lambda: [*filter(None, [choice.says]), *_shown_whole(report)],
         as_json=as_json, quiet=quiet)


def _memories(
    model: Path, output: Path, calibrate: Path | None, seed: int, *, force: bool, as_json: bool,
    quiet: bool,
) -> None:
    from neuromorph.api.memories import export_memories
    from neuromorph.report.memories import exported_tables

    with progress(quiet or as_json) as tell:
        report = export_memories(model, output, calibrate=calibrate, seed=seed, force=force,
                                 progress=tell)
    show(report.as_dict(), lambda: [
        *exported_tables(report.as_dict()), *report.notes, *warned(report.cautions),
        f"Run it: neuromorph simulate {shlex.quote(str(report.path))}"],
        as_json=as_json, quiet=quiet)


def _shown_whole(report: WholeReport) -> list[Any]:
    from neuromorph.report.whole import whole_tables

    place, ways = shlex.quote(str(report.path)), []
    if report.bundle.text is not None and not report.stopped:
        ways = [f"Try it: neuromorph generate {place} PROMPT" if report.bundle.model.causal else
                f"Try it: neuromorph evaluate {place} --text FILE"]
    elif report.bundle.family == "digits-vit" and not report.stopped:
        ways = [f"Try it: neuromorph evaluate {place}"]
    return [*whole_tables(report.as_dict()), *report.notes, *warned(report.cautions), *ways]


def _shown(report: ExportReport) -> list[Any]:
    from neuromorph.report.masses import window_tables
    from neuromorph.report.tables import export_tables

    return [*export_tables(report.as_dict(), report.fidelity), *window_tables(report.windows),
            *report.notes,
            *warned(report.cautions),
            f"Run it: neuromorph simulate {shlex.quote(str(report.path))}"]
