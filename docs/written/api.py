"""The Python API by topic: docstrings, read by Sphinx where the site is built."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import neuromorph
from neuromorph import errors
from written.parts import WRITTEN, listing, rst

HOME = "reference/api"


class Topic(NamedTuple):
    """A page: its file, its title, what it is about, and what stands on it, in order."""

    file: str
    title: str
    text: str
    names: tuple[str, ...]


KEPT = ("neuromorph.bundle.memories.MemoriesBundle", "neuromorph.bundle.memories.load_memories",
        "neuromorph.api.circuits.Outcome", "neuromorph.translate.LayerCode",
        "neuromorph.translate.Sample", "neuromorph.translate.Caution")
"""What reports and bundles hold."""


def returned() -> Iterator[str]:
    """Classes that the package's functions return, where they are at home."""
    found: dict[str, None] = {}
    for name in neuromorph.__all__:
        function = getattr(neuromorph, name)
        for kind in str(getattr(function, "__annotations__", {}).get("return", "")).split(" | "):
            home = sys.modules.get(getattr(function, "__module__", ""))
            one = getattr(home, kind, None)
            if inspect.isclass(one) and one.__module__.startswith("neuromorph.") and (
                    kind not in neuromorph.__all__):
                found[f"{one.__module__}.{kind}"] = None
    yield from found


def errors_by_name() -> Iterator[str]:
    """Classes of errors, the base apart."""
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.NeuromorphError) and kind is not errors.NeuromorphError:
            yield f"neuromorph.errors.{name}"


TOPICS = (
    Topic("export", "Export a model", "From a trained model to a bundle: its attention alone, "
          "or all of it. At the command line: `neuromorph export`, `tune`, `adapt`.", (
              "neuromorph.export", "neuromorph.export_whole", "neuromorph.TranslateOptions",
              "neuromorph.tune", "neuromorph.adapt", "neuromorph.load_bundle",
              "neuromorph.Bundle", "neuromorph.load_whole", "neuromorph.WholeBundle",
              "neuromorph.models.Naming")),
    Topic("run", "Attach, run and measure", "A model in memory with its attention in spikes; "
          "bundles at work; what was lost.", (
              "neuromorph.attach", "neuromorph.Attachment", "neuromorph.simulate",
              "neuromorph.generate", "neuromorph.evaluate", "neuromorph.evaluate_attached",
              "neuromorph.crosstalk", "neuromorph.run", "neuromorph.run_seeds",
              "neuromorph.run_demo", "neuromorph.report_page", "neuromorph.consolidate",
              "neuromorph.Spread")),
    Topic("networks", "Networks", "The intermediate representation: populations, projections, "
          "and how networks are put together ([architecture](../../architecture.md)). Neuron "
          "models have [pages of their own](../neurons/index.md).", (
              "neuromorph.network.Network", "neuromorph.network.Population",
              "neuromorph.network.Projection", "neuromorph.network.Probe",
              "neuromorph.network.Port", "neuromorph.network.Part",
              "neuromorph.network.Circuit", "neuromorph.network.Schedule",
              "neuromorph.network.Phase", "neuromorph.network.rename",
              "neuromorph.network.parallel", "neuromorph.network.wire",
              "neuromorph.network.nest", "neuromorph.network.later",
              "neuromorph.network.fed", "neuromorph.network.Feed",
              "neuromorph.network.circuit", "neuromorph.network.blocks",
              "neuromorph.network.Blocks", "neuromorph.network.cofiring",
              "neuromorph.network.prune_regrow", "neuromorph.network.verify",
              "neuromorph.network.to_text", "neuromorph.network.arrays_of",
              "neuromorph.network.parse_network", "neuromorph.network.parse_networks")),
    Topic("backends", "Backends", "What runs a network. `backends.get(name).run(network, inputs, "
          "probes, steps)` gives a `Recording`; [which there are](../../backends.md).", (
              "neuromorph.backends.get", "neuromorph.backends.names",
              "neuromorph.backends.kind", "neuromorph.backends.Backend",
              "neuromorph.backends.Recording", "neuromorph.backends.attend",
              "neuromorph.backends.AttentionBatch",
              "neuromorph.backends.Sight")),
    Topic("learning", "Learning rules", "Rules of plastic synapses as data "
          "([plasticity](../../plasticity.md)); the field's rules by name have "
          "[a page of their own](../rules.md).", (
              "neuromorph.learning.LearningRule", "neuromorph.learning.Term",
              "neuromorph.learning.Factor", "neuromorph.learning.count_updates",
              "neuromorph.learning.Draws", "neuromorph.learning.make_draws")),
    Topic("compile", "Compile for a chip", "Onto the cores of a chip or board, checked, with an "
          "estimate ([how](../../compile.md)).", (
              "neuromorph.compile_bundle", "neuromorph.compile.passes.compile_units",
              "neuromorph.compile.passes.Compiled", "neuromorph.compile.program.Unit",
              "neuromorph.compile.program.Program",
              "neuromorph.compile.program_file.write_program",
              "neuromorph.compile.program_file.read_program",
              "neuromorph.compile.check.check_program",
              "neuromorph.compile.ranges.prove.prove_ranges_of",
              "neuromorph.lab.folder.write_lab_folder")),
    Topic("profiles", "Profiles and estimates", "What a chip can do, with sources, and what a "
          "run takes, as a band ([where the figures come from](../../explain/energy.md)).", (
              "neuromorph.profiles.load_profile", "neuromorph.profiles.profile_names",
              "neuromorph.profiles.Profile", "neuromorph.profiles.Quantity",
              "neuromorph.cost.count_events", "neuromorph.cost.Events",
              "neuromorph.cost.count_steps", "neuromorph.cost.step_classes",
              "neuromorph.cost.work_of", "neuromorph.cost.PhaseWork", "neuromorph.cost.band",
              "neuromorph.cost.Band", "neuromorph.cost.Ends", "neuromorph.cost.estimate",
              "neuromorph.cost.Estimate", "neuromorph.cost.costs_of",
              "neuromorph.cost.pipelined", "neuromorph.cost.passes_of")),
    Topic("results", "What functions return", "Reports of the functions above, and what they "
          "hold.", (*returned(), *KEPT)),
    Topic("errors", "Errors and warnings", "Every error carries what, where, found, expected and "
          "a hint; exit codes are under [errors](../../errors.md), every warning under "
          "[warnings](../../warnings.md).",
          ("neuromorph.NeuromorphError", "neuromorph.NeuromorphWarning", *errors_by_name())),
)


def circuit_packages() -> dict[str, Any]:
    """Packages of builders that export something, by name."""
    home = importlib.import_module("neuromorph.circuits")
    found = {module.name: importlib.import_module(f"neuromorph.circuits.{module.name}")
             for module in pkgutil.iter_modules(home.__path__)}
    return {name: module for name, module in found.items() if getattr(module, "__all__", ())}


def documented() -> Iterator[str]:
    """Dotted names of all that stands on a page."""
    for topic in TOPICS:
        yield from topic.names
    for module in circuit_packages().values():
        yield from _shown(module)


def _shown(module: Any) -> list[str]:
    """What of a package of a circuit is a class or a function."""
    return [f"{module.__name__}.{name}" for name in module.__all__
            if inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name))]


def resolved(name: str) -> Any:
    """The object of a dotted name."""
    home, _, own = name.rpartition(".")
    return getattr(importlib.import_module(home), own)


def _directive(name: str) -> list[str]:
    thing = resolved(name)
    if not inspect.isclass(thing):
        return [f".. autofunction:: {name}", ""]
    return [f".. autoclass:: {name}", "   :members:", ""]


def _page(title: str, text: str, names: list[str]) -> str:
    lines = [line for name in names for line in _directive(name)]
    return f"# {title}\n\n{WRITTEN} {text}\n\n{listing(names)}\n{rst(*lines)}"


def topic_page(topic: Topic) -> str:
    """The page of a topic."""
    return _page(topic.title, topic.text, list(topic.names))


def circuit_page(name: str) -> str:
    """The page of a circuit's builders."""
    module = circuit_packages()[name]
    text = " ".join((module.__doc__ or "").split())
    text += f"\n\nAll of it is imported from `{module.__name__}`."
    return _page(name, text, _shown(module))


def index_page() -> str:
    """The pages by topic, and those of circuits."""
    parts = [(f"# Python API\n\n{WRITTEN} `import neuromorph` gives the names of the first two "
             "topics and the base classes of errors; all else is imported from where it is at "
             "home. What is heavy (torch, Lava, matplotlib) is imported when it is used.\n")]
    parts += [f"## [{topic.title}](api/{topic.file}.md)\n\n{listing(topic.names)}"
              for topic in TOPICS]
    rows = "".join(
        f"- [{name}](api/circuits/{name}.md): "
        f"{(module.__doc__ or '').strip().partition(chr(10))[0]}\n"
        for name, module in circuit_packages().items())
    parts.append("## Builders of circuits\n\nA builder returns a `Network`; a reader makes a "
                 f"result of what was recorded.\n\n{rows}")
    pages = [f"api/{topic.file}" for topic in TOPICS]
    pages += [f"api/circuits/{name}" for name in circuit_packages()]
    parts.append("```{toctree}\n:hidden:\n" + "\n".join(pages) + "\n```\n")
    return "\n".join(parts)


def pages() -> dict[str, Callable[[], str]]:
    """Every page of the API, by file."""
    return {
        "reference/api.md": index_page,
        **{f"{HOME}/{topic.file}.md": partial(topic_page, topic) for topic in TOPICS},
        **{f"{HOME}/circuits/{name}.md": partial(circuit_page, name)
           for name in circuit_packages()}}
