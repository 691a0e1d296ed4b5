"""Edits of bytes that know nothing of what they mean."""

from __future__ import annotations

from random import Random


def noise(rng: Random) -> bytes:
    """Bytes of no meaning."""
    return rng.randbytes(rng.choice((0, 1, 7, 8, 9, 64, 600)))


def scratched(rng: Random, data: bytes) -> bytes:
    """The bytes with some flipped, cut out, doubled, overwritten or moved."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = _scratch(rng, data)
    return data


def _scratch(rng: Random, data: bytes) -> bytes:
    if not data:
        return noise(rng)
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 100)))
    kind = rng.randrange(8)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:end] + data[at:]
    if kind == 4:
        return data[:at] + rng.choice((b"\0", b"\xff", b"\x80", b"\x7f")) * (end - at) + data[end:]
    if kind == 5:
        return data[:at] + rng.randbytes(end - at) + data[end:]
    if kind == 6:
        return data[:at] + rng.randbytes(rng.choice((1, 4, 40))) + data[at:]
    to = rng.randrange(len(data))
    return data[:to] + data[at:end] + data[to + end - at:]


def maybe(rng: Random, data: bytes, share: float = 0.1) -> bytes:
    """Now and then the bytes scratched, or noise in their place; mostly the bytes."""
    at = rng.random()
    if at < share * 0.2:
        return noise(rng)
    return scratched(rng, data) if at < share else data
