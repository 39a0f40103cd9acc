"""A road map of the size of a country: an extract laid side by side, each copy with its own ids.

Blocks are written once as patterns in which the numbers that differ from copy to copy have a fixed
width; a copy fills these in and packs the block. So a gigabyte takes a minute or two.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import osmium

ID_STEP = 2**34
"""Between the ids of one copy and the next; above every id of OpenStreetMap there is."""
STEP_LON, STEP_LAT, A_ROW = 4_500_000, 3_500_000, 20
"""Between one copy and the next, in 1e-7 degrees, and how many lie in a row."""
_WIDTH_B = 7
_BLOCK = 8000

Gap = tuple[int, int, int, int]
"""Where it is, the number there, what is added by copy (id, longitude, latitude), if folded."""


@dataclass
class Thing:
    """A node, way or relation."""

    kind: str
    id: int
    tags: list[tuple[str, str]]
    place: tuple[int, int] = (0, 0)
    refs: list[int] = field(default_factory=list)
    roles: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Pattern:
    """A block with gaps: numbers to be filled in, each a base and its steps by copy."""

    strings: dict[bytes, int] = field(default_factory=lambda: {b"": 0})
    content: bytearray = field(default_factory=bytearray)
    gaps: list[Gap] = field(default_factory=list)

    def string(self, text: str) -> int:
        return self.strings.setdefault(text.encode(), len(self.strings))

    def filled(self, copy: int) -> bytes:
        """Give the block of a copy, packed."""
        at, base, step, folded = np.array(self.gaps, np.int64).T
        column, row = copy % A_ROW, copy // A_ROW
        shift = np.choose(step, [copy * ID_STEP, column * STEP_LON, row * STEP_LAT])
        moved = base + shift
        value = np.where(folded == 1, (moved << 1) ^ (moved >> 63), moved).astype(np.uint64)
        block = np.frombuffer(bytes(self.content), np.uint8).copy()
        for k in range(_WIDTH_B):
            more = 128 if k < _WIDTH_B - 1 else 0
            block[at + k] = (value >> np.uint64(7 * k)) & np.uint64(127) | np.uint64(more)
        table = b"".join(_span(1, text) for text in self.strings)
        whole = _span(1, table) + _span(2, block.tobytes())
        return _number(2, len(whole)) + _span(3, zlib.compress(whole, 6))


def write_copies(extract: Path, to: Path, *, size_b: int) -> int:
    """Write copies of an extract until the file has a size; gives how many there are."""
    things = [_thing(found) for found in osmium.FileProcessor(str(extract))]
    nodes, ways, turns = (
        [write(some) for some in _some(thing for thing in things if thing.kind == kind)]
        for kind, write in (("n", _nodes), ("w", _ways), ("r", _relations))
    )
    one = sum(len(pattern.filled(7)) for pattern in (*nodes, *ways, *turns))
    copies = -(-size_b // one)
    with to.open("wb") as file:
        needed = b"".join(_span(4, name) for name in (b"OsmSchema-V0.6", b"DenseNodes"))
        _write(file, b"OSMHeader", _span(1, needed))
        for patterns in (nodes, ways, turns):
            for copy in range(copies):
                for pattern in patterns:
                    _write(file, b"OSMData", pattern.filled(copy))
    return copies


def _thing(found: Any) -> Thing:
    """Keep what osmium lends."""
    tags = [(tag.k, tag.v) for tag in found.tags]
    if found.is_node():
        return Thing("n", found.id, tags, place=(found.location.y, found.location.x))
    if found.is_way():
        return Thing("w", found.id, tags, refs=[node.ref for node in found.nodes])
    members = list(found.members)
    return Thing(
        "r",
        found.id,
        tags,
        refs=[m.ref for m in members],
        roles=[(m.role, m.type) for m in members],
    )


def _some(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    left = iter(things)
    while some := list(islice(left, _BLOCK)):
        yield some


def _write(file: BinaryIO, kind: bytes, blob: bytes) -> None:
    header = _span(1, kind) + _number(3, len(blob))
    file.write(len(header).to_bytes(4, "big") + header + blob)


def _nodes(nodes: list[Thing]) -> Pattern:
    """A run of nodes: only the first id and place of a run are told whole, and so filled in."""
    pattern = Pattern()
    whole = (
        [n.id for n in nodes],
        [n.place[0] for n in nodes],
        [n.place[1] for n in nodes],
    )
    tags = bytearray()
    for node in nodes:
        for key, value in node.tags:
            tags += _varint(pattern.string(key)) + _varint(pattern.string(value))
        tags += b"\0"
    run, gaps = bytearray(), list[Gap]()
    for number, row, step in zip((1, 8, 9), whole, (0, 2, 1), strict=True):
        _add(gaps, run, number, row, step)
    run += _span(10, bytes(tags))
    _wrap(pattern, 2, run, gaps)
    return pattern


def _ways(ways: list[Thing]) -> Pattern:
    pattern = Pattern()
    for way in ways:
        inside, gaps = bytearray(), list[Gap]()
        _id(gaps, inside, way.id)
        _tags(pattern, inside, way)
        if way.refs:
            _add(gaps, inside, 8, way.refs, 0)
        _wrap(pattern, 3, inside, gaps)
    return pattern


def _relations(relations: list[Thing]) -> Pattern:
    pattern = Pattern()
    for relation in relations:
        inside, gaps = bytearray(), list[Gap]()
        _id(gaps, inside, relation.id)
        _tags(pattern, inside, relation)
        inside += _span(8, b"".join(_varint(pattern.string(r)) for r, _ in relation.roles))
        if relation.refs:
            _add(gaps, inside, 9, relation.refs, 0)
        inside += _span(10, bytes("nwr".index(kind) for _, kind in relation.roles))
        _wrap(pattern, 4, inside, gaps)
    return pattern


def _id(gaps: list[Gap], inside: bytearray, ref: int) -> None:
    inside += b"\x08"
    gaps.append((len(inside), ref, 0, 0))
    inside += bytes(_WIDTH_B)


def _tags(pattern: Pattern, inside: bytearray, thing: Thing) -> None:
    for number, part in ((2, 0), (3, 1)):
        told = (_varint(pattern.string(tag[part])) for tag in thing.tags)
        inside += _span(number, b"".join(told))


def _add(gaps: list[Gap], inside: bytearray, number: int, row: list[int], step: int) -> None:
    """Add a packed field of differences, with a gap for its first number."""
    rest = b"".join(_varint(_folded(b - a)) for a, b in pairwise(row))
    inside += _varint(number << 3 | 2) + _varint(_WIDTH_B + len(rest))
    gaps.append((len(inside), row[0], step, 1))
    inside += bytes(_WIDTH_B) + rest


def _wrap(pattern: Pattern, number: int, inside: bytearray, gaps: list[Gap]) -> None:
    """Add a message to the block, and its gaps by their place in the block."""
    pattern.content += _varint(number << 3 | 2) + _varint(len(inside))
    offset = len(pattern.content)
    pattern.gaps += [(offset + at, *rest) for at, *rest in gaps]
    pattern.content += inside


def _span(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + bytes(content)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _folded(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
