"""Zip archives of arrays: members, their headers, and the archive around them."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import small_models as small
from fuzz_engine import Reader
from fuzz_values import INTEGERS, TEXTS
from mutate_bytes import maybe, noise
from mutate_text import by_words

from neuromorph.files.arrays import load_arrays

ARRAYS = (small.random((3, 4)), np.arange(6, dtype=">i4").reshape(2, 3), np.ones(3, bool),
          np.asfortranarray(small.random((2, 3))).astype(np.float64), small.random((0, 3)),
          np.float16(3), np.arange(4, dtype=np.uint8))
NAMES = ("a", "b", "hidden", "w0", "allow_pickle")
ODD_NAMES = ("a/b.npy", "../a.npy", ".npy", "a.txt", "a.npy.npy", "\0.npy", "a\n.npy", "é.npy",
             "C:a.npy", "a\\b.npy", "a" * 3000 + ".npy", "a.NPY", "a.npy/")
WORDS = ("(", ")", ",", "{", "}", "'descr'", "'<f4'", "'|O'", "'<U9'", "'<f2'", "'>i8'", "'<c8'",
         "'<M8'", "True", "False", "None", "0", "1", "-1", "2", "4611686018427387904", "9" * 30,
         "1e9", "'shape'", "[('a','<f4')]", "'V8'", "'<f4,<f4'", "__import__('os')", "L", "'f16'",
         "0x10", "'(2,)f4'", "\\", "'", '"', "#", "\n", "1_0", "()", "'\\0'", "'<f9'", "lambda: 0")
RECORDS = {b"PK\3\4": 30, b"PK\1\2": 46, b"PK\5\6": 22}
"""Signatures of a zip's records, and the bytes of each before its names."""


def make(rng: Random | None, folder: Path) -> Path:
    path = folder / "arrays.npz"
    data = _archive(rng)
    if rng is not None:
        kind = rng.randrange(10)
        if kind == 0:
            data = maybe(rng, data, 1)
        elif kind < 4:
            data = _record_changed(rng, data)
    path.write_bytes(data)
    return path


def _archive(rng: Random | None) -> bytes:
    stream = io.BytesIO()
    count = 2 if rng is None else rng.choice((0, 1, 1, 2, 3))
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # one name twice
        for number in range(count):
            name, packing = f"{NAMES[number]}.npy", zipfile.ZIP_DEFLATED
            if rng is not None and rng.random() < 0.1:
                name = rng.choice((*ODD_NAMES, f"{NAMES[0]}.npy", rng.choice(TEXTS) + ".npy"))
            if rng is not None and rng.random() < 0.2:
                packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2,
                                      zipfile.ZIP_LZMA))
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.compress_type = name, packing
            with archive.open(entry, "w", force_zip64=rng is not None and rng.random() < 0.2) as m:
                m.write(_array(rng))
    return stream.getvalue()


def _array(rng: Random | None) -> bytes:
    """A whole ``.npy``, mostly; else with another header, version, length or data."""
    stream = io.BytesIO()
    np.save(stream, ARRAYS[0] if rng is None else rng.choice(ARRAYS))
    raw = stream.getvalue()
    if rng is None or rng.random() < 0.5:
        return raw
    length = int.from_bytes(raw[8:10], "little")
    header, data = raw[10:10 + length].decode("latin1"), raw[10 + length:]
    kind = rng.randrange(8)
    if kind == 0:
        return maybe(rng, raw, 1)
    if kind == 1:
        return raw[:10] + raw[10:10 + length] + noise(rng)
    if kind < 7:
        header = by_words(rng, header, WORDS)
    version = rng.choice((b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"))
    encoded = header.encode("utf-8", "replace")[:60_000]
    size = len(encoded) if rng.random() < 0.9 else rng.choice((0, 1, 9, 40, 65_535))
    packed = struct.pack("<H" if version[0] == 1 else "<I", size)
    return raw[:6] + version + packed + encoded + data


def _record_changed(rng: Random, data: bytes) -> bytes:
    """A field of a zip record overwritten: sizes, offsets, flags, methods, checksums."""
    signature = rng.choice(list(RECORDS))
    at = data.find(signature, rng.choice((0, 0, 60)))
    if at < 0:
        return maybe(rng, data, 1)
    place = at + rng.randrange(4, RECORDS[signature])
    width = rng.choice((1, 2, 4))
    value = rng.choice((*INTEGERS, rng.randrange(2**16))) % 2**(8 * width)
    return data[:place] + value.to_bytes(width, "little") + data[place + width:]


READER = Reader("npz", make, load_arrays)
