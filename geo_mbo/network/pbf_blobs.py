"""The blocks of ``.osm.pbf`` files: taken from the file, and unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np

from geo_mbo.network import pbf

_HEADER_B, _BLOB_B = 64 * 1024, 32 * 1024 * 1024
"""The format allows no larger header and no larger block."""
_READS = {b"OsmSchema-V0.6", b"DenseNodes"}


class OtherKindError(Exception):
    """The file is packed, or made, in a way that this reader does not know."""


def blobs(file: BinaryIO) -> Iterator[bytes]:
    """Give the packed blocks of data of a file.

    Raises
    ------
    OtherKindError
        The file needs a reader that knows more.
    ValueError
        The file is cut short, or no ``.osm.pbf`` file.
    """
    file.seek(0)
    begun = False
    while size := file.read(4):
        header = _exactly(file, int.from_bytes(size, "big"), _HEADER_B)
        told = _fields(header)
        blob = _exactly(file, _whole(told, 3), _BLOB_B + _HEADER_B)
        if told.get(1) == b"OSMHeader":
            begun = True
            _check_features(unpacked(blob))
        elif not begun:
            raise ValueError("the file does not begin with a header")
        elif told.get(1) == b"OSMData":
            yield blob
    if not begun:
        raise ValueError("the file has no header")


def _exactly(file: BinaryIO, size: int, most: int) -> bytes:
    found = file.read(size) if size <= most else b""
    if len(found) != size:
        raise ValueError("the file is cut short, or no .osm.pbf file")
    return found


def _fields(message: bytes) -> dict[int, bytes | int]:
    """Give the fields of a small message by number, of one that repeats the last."""
    block = np.frombuffer(message, np.uint8)
    found: dict[int, bytes | int] = {}
    at = 0
    while at < len(block):
        number, inside, a, z, at = pbf.field(block, at, len(block))
        found[int(number)] = message[a:z] if inside else int(a)
    return found


def _whole(told: Mapping[int, bytes | int], number: int) -> int:
    found = told.get(number, -1)
    if isinstance(found, bytes) or found < 0:
        raise ValueError("a block does not tell its size")
    return found


def _check_features(header: bytes) -> None:
    block = np.frombuffer(header, np.uint8)
    for a, z in pbf.spans(block, np.array([[0, len(block)]]), 4):
        if header[a:z] not in _READS:
            raise OtherKindError


def unpacked(blob: bytes) -> bytes:
    """Unpack a block.

    Raises
    ------
    OtherKindError
        It is packed in a way that is not known here.
    ValueError
        It is spoilt.
    """
    told = _fields(blob)
    raw, packed = told.get(1), told.get(3)
    if isinstance(raw, bytes):
        return raw
    if not isinstance(packed, bytes):
        raise OtherKindError
    size = _whole(told, 2)
    if size > _BLOB_B:
        raise ValueError("a block is larger than the format allows")
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(packed, size + 1)
    if len(found) != size or not unpacking.eof:
        raise ValueError("a block is not as large as it says")
    return found
