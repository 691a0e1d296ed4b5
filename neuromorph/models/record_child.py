"""A process of its own: builds a person's model, runs data through it, writes what was seen.

Ends with 0, or says what is wrong as `neuromorph.models.torch_child` does.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.errors import NeuromorphError
from neuromorph.files.arrays import load_arrays
from neuromorph.lifeline import die_with
from neuromorph.models.own.naming import Naming
from neuromorph.models.own.templates import layers_of, name_of
from neuromorph.models.own.torch_order import documented
from neuromorph.models.torch_child import end, say_on, write_tensors

WEIGHTS, HIDDEN, CONFIG = "model.safetensors", "hidden.npz", "config.json"
ATTENDED = "attended.npz"
"""What entered the output projections, where that was seen: ``attended.N`` (sequences, tokens,
heads · value size). It is held against what the heads give, and not kept."""


def main(job: str, parent: int) -> None:
    """Do a job: a JSON object with file, make, data, folder and naming."""
    die_with(parent)
    say_on(os.dup(1))
    os.dup2(2, 1)  # what the model prints is not what we say
    try:
        import torch  # noqa: F401
    except ImportError as error:
        end("extra", "", str(error))
    try:
        _record(json.loads(job))
    except NeuromorphError as error:
        end("ours", error.what, str(error.found or ""), where=str(error.where), hint=error.hint)


def _record(said: dict[str, Any]) -> None:
    arrays = load_arrays(said["data"])
    try:
        model = _made(Path(said["file"]), said["make"])
    except Exception as error:  # noqa: BLE001 a person's code raises whatever it likes
        _theirs("building the model failed", error, said["file"])
    naming = Naming(**said["naming"])
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    tensors = dict(naming.tensors) or documented(state, said["file"])
    watch = _Watch(model, tensors, state)
    try:
        watch.run(model, arrays)
    except Exception as error:  # noqa: BLE001
        _theirs("running the model failed", error, said["file"])
    folder = Path(said["folder"])
    np.savez(folder / HIDDEN, **watch.hidden())
    np.savez(folder / ATTENDED, **watch.attended())
    (folder / "found.json").write_text(json.dumps({"tensors": tensors, "heads": watch.heads}))
    write_tensors(folder / WEIGHTS, state, sys.maxsize)


def _made(file: Path, make: str) -> Any:
    import torch

    sys.path.insert(0, str(file.resolve().parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        end("format", "this is no Python file", str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, make, None)):
        names = [name for name in vars(module) if callable(getattr(module, name))]
        end("format", f"the file has no function {make}", ", ".join(names)[:200])
    model = getattr(module, make)()
    if not isinstance(model, torch.nn.Module):
        end("format", f"{make}() does not give a torch.nn.Module", type(model).__name__)
    return model.eval()


def _theirs(what: str, error: Exception, file: str) -> None:
    """An error of a person's code, with the line of their file that raised it."""
    here = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).name == Path(file).name]
    end("code", what, f"{type(error).__name__}: {error}"[:300]
        + (f", line {here[-1]}" if here else ""))


class _Watch:
    """What enters the projections of every layer."""

    def __init__(self, model: Any, tensors: dict[str, str], state: dict[str, Any]) -> None:
        import torch

        first = tensors.get("qkv", tensors.get("q"))
        if first is None:
            end("names", "no tensor is named for the roles q, k, v", ", ".join(state)[:1500])
        self.heads: int | None = None
        self.numbers = layers_of(first, state)
        if not self.numbers:
            end("names", "the model has no such tensor", first)
        self.seen: dict[tuple[int, str], list[Any]] = {}
        self.mixed: dict[int, list[Any]] = {}
        torch.backends.mha.set_fastpath_enabled(False)  # it passes by what is watched
        for number in self.numbers:
            for role in ("q", "k", "v", "qkv"):
                if role in tensors:
                    self._hook(model, number, role, name_of(tensors[role], number))
            if "o" in tensors:
                self._hook_output(model, number, name_of(tensors["o"], number))

    def _hook_output(self, model: Any, number: int, name: str) -> None:
        owner, _, leaf = name.rpartition(".")
        module = dict(model.named_modules()).get(owner)
        if module is not None and leaf == "weight" and not list(module.children()):
            mixed = self.mixed.setdefault(number, [])
            module.register_forward_pre_hook(
                lambda _module, args: mixed.append(args[0].detach().float().cpu().numpy().copy()))

    def _hook(self, model: Any, number: int, role: str, name: str) -> None:
        import torch

        owner, _, leaf = name.rpartition(".")
        module = dict(model.named_modules()).get(owner)
        where = self.seen.setdefault((number, role), [])
        if isinstance(module, torch.nn.MultiheadAttention):
            self.heads = module.num_heads

            def whole(_module: Any, args: Any, kwargs: Any, batch: bool = module.batch_first
                      ) -> None:
                given = [*args, *(kwargs[key] for key in ("query", "key", "value")
                                  if key in kwargs)][:3]
                if any(part is not given[0] and not torch.equal(part, given[0])
                       for part in given):
                    end("format", "an attention looks at other tokens than its own (cross "
                        "attention), which is not recorded", owner)
                where.append(given[0] if batch or given[0].ndim < 3 else
                             given[0].transpose(0, 1))
            module.register_forward_pre_hook(whole, with_kwargs=True)
        elif module is not None and leaf == "weight" and not list(module.children()):
            module.register_forward_pre_hook(lambda _module, args: where.append(args[0]))
        else:
            end("names", "a projection is no module of its own, so what enters it is not seen",
                f"{name}, of {type(module).__name__}")

    def run(self, model: Any, arrays: dict[str, Any]) -> None:
        """One sequence after the other; each module is asked once a sequence."""
        import torch

        counts = {len(array) if array.ndim else 0 for array in arrays.values()}
        if len(counts) != 1 or 0 in counts:
            end("format", "the arrays differ in the number of sequences, or have none",
                ", ".join(f"{name} {array.shape}" for name, array in arrays.items())[:200])
        count, = counts
        with torch.no_grad():
            for n in range(count):
                given = {name: _tensor(array[n:n + 1]) for name, array in arrays.items()}
                model(*given.values()) if len(given) == 1 else model(**given)
                for (number, role), inputs in self.seen.items():
                    if len(inputs) != n + 1:
                        end("format", "a projection is not asked once a sequence",
                            f"layer {number}, {role}: {len(inputs)} times in {n + 1}")
                    if inputs[n].ndim != 2 and (inputs[n].ndim != 3 or len(inputs[n]) != 1):
                        end("format", "a projection does not see one sequence at a time",
                            f"layer {number}: {tuple(inputs[n].shape)}", hint="give a module that "
                            "takes (sequences, tokens, …); torch's attention does with "
                            "batch_first=True")
                    inputs[n] = inputs[n].detach().float().cpu().numpy().copy()

    def hidden(self) -> dict[str, Any]:
        """``hidden.N``: (sequences, tokens, width)."""
        found = {}
        for place, number in enumerate(self.numbers):
            roles = {role: np.concatenate([part if part.ndim == 3 else part[None]
                                           for part in inputs])
                     for (n, role), inputs in self.seen.items() if n == number}
            first, *others = roles.values()
            if any(other.shape != first.shape or (other != first).any() for other in others):
                end("format", "queries, keys and values see different tokens (cross attention), "
                    "which is not recorded", f"layer {number}")
            found[f"hidden.{place}"] = first
        return found

    def attended(self) -> dict[str, Any]:
        """``attended.N`` of the layers where it was seen once a sequence, token by token."""
        found = {}
        for place, number in enumerate(self.numbers):
            mixed, entered = self.mixed.get(number, []), next(
                inputs for (n, _), inputs in self.seen.items() if n == number)
            if len(mixed) == len(entered) and mixed:
                rows = np.stack(mixed)
                tokens = entered[0].shape[-2]
                if rows.size == len(rows) * tokens * rows.shape[-1]:
                    found[f"attended.{place}"] = rows.reshape(len(rows), tokens, -1)
        return found


def _tensor(array: Any) -> Any:
    """Whole numbers are ids, and so 64 bits; others are float32."""
    import torch

    kind = array.dtype.kind
    return torch.from_numpy(np.ascontiguousarray(
        array if kind == "b" else array.astype(np.int64 if kind in "iu" else np.float32)))
