"""Rotary positions as a configuration gives them, read in transformers' order.

::

    settings = rope_scaling, unless it is missing or empty, else rope_parameters
    theta    = settings.rope_theta, else rope_theta beside them, else 10 000
    context  = original_max_position_embeddings beside the settings, else in them,
               else max_position_embeddings
"""

from __future__ import annotations

from neuromorph.errors import ModelStructureError, did_you_mean
from neuromorph.models.config import Config
from neuromorph.models.rotary import LinearScaling, Llama3Scaling, Rotary

_THETA = 10000.0
_CONTEXT = "original_max_position_embeddings"
_SCALINGS = ("default", "linear", "llama3")
_SETTINGS = frozenset({
    "attention_factor", "beta_fast", "beta_slow", "factor", "high_freq_factor", "long_factor",
    "low_freq_factor", "mscale", "mscale_all_dim", _CONTEXT, "partial_rotary_factor",
    "rope_theta", "rope_type", "short_factor", "truncate", "type"})
"""What the settings may hold; each kind of scaling looks at its own, and no further."""


def read_rope(config: Config) -> Rotary:
    """Base and scaling of the rotary positions.

    Raises
    ------
    ModelStructureError
        For every kind but ``default``, ``linear`` and ``llama3``, and for settings that are not
        known, such as one set a kind of layer.
    """
    rope = _settings(config)
    unknown = [name for name in rope.fields if name not in _SETTINGS and rope.has(name)]
    if unknown:
        raise ModelStructureError("a setting of the rotary positions is not known here",
                                  where=rope.where, found=unknown[0][:80],
                                  hint="take it out of the configuration if it has no effect")
    for part in (config, rope):
        if part.number("partial_rotary_factor", default=1.0) != 1.0:
            raise ModelStructureError("rotary positions on a part of each head are not supported",
                                      where=part.where)
    return Rotary(_theta(config, rope), _scaling(config, rope))


def rope_notes(config: Config) -> tuple[str, ...]:
    """What was assumed, and what one part of the configuration hides of another."""
    rope, notes = _settings(config), []
    hidden = config.section("rope_parameters").fields
    if hidden and rope.fields != hidden:
        notes.append("rope_scaling stands beside rope_parameters and replaces them, as in "
                     "transformers")
    if not (rope.gives("rope_theta") or config.gives("rope_theta")):
        notes.append(f"the configuration has no rope_theta: {_THETA:g} assumed")
    return tuple(notes)


def _settings(config: Config) -> Config:
    older, newer = config.section("rope_scaling"), config.section("rope_parameters")
    return older if older.fields else newer


def _theta(config: Config, rope: Config) -> float:
    for part in (rope, config):
        if part.gives("rope_theta"):
            return part.number("rope_theta", low=1)
    return _THETA


def _scaling(config: Config, rope: Config) -> LinearScaling | Llama3Scaling | None:
    given = [name for name in ("rope_type", "type") if rope.gives(name)]
    kind = rope.text(given[0]) if given else "default"
    if kind == "default":
        return None
    if kind not in _SCALINGS:
        raise ModelStructureError("this scaling of rotary positions is not supported",
                                  where=rope.where, found=kind[:40],
                                  hint=did_you_mean(kind[:40], _SCALINGS))
    factor = rope.number("factor", low=1, high=1e6)
    if kind == "linear":
        return LinearScaling(factor)
    low = rope.number("low_freq_factor", low=1e-3, high=1e6)
    high = rope.number("high_freq_factor", low=1e-3, high=1e6)
    if low >= high:
        raise ModelStructureError("low_freq_factor must be below high_freq_factor",
                                  where=rope.where, found=f"{low:g} and {high:g}")
    return Llama3Scaling(factor, low, high, _context(config, rope))


def _context(config: Config, rope: Config) -> float:
    given = [part.count(_CONTEXT) for part in (config, rope) if part.gives(_CONTEXT)]
    return given[0] if given else config.count("max_position_embeddings")
