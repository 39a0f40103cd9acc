"""The fast reader of ``.osm.pbf`` files: two passes, block by block, over threads.

The first pass finds roads and turn restrictions, the second the places of their nodes. Only what is
needed of a block is kept, so that what must fit in memory are the roads, not the file.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.network import pbf
from geo_mbo.network.access import telling_keys, telling_node_keys
from geo_mbo.network.gathered import (
    NOWHERE,
    ROAD_KEYS,
    Gathered,
    Judge,
    Relation,
    places_of,
    starts,
    tells_of_turns,
)
from geo_mbo.network.pbf_blobs import OtherKindError, blobs, unpacked

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Whole

    Item = TypeVar("Item")
    Result = TypeVar("Result")

_PART = 8 * 1024 * 1024
"""Numbers kept together: 64 MB, which go back to the system at once when let go of."""
_KINDS = "nwr"


def gather(path: Path, judge: Judge) -> Gathered | None:
    """Read the roads of a file; None where it is packed in a way that is not known here.

    Raises
    ------
    FileError
        The file is broken, cut short, or no OpenStreetMap file.
    """
    try:
        with path.open("rb") as file:
            return _gather(file, judge)
    except OtherKindError:
        return None
    except (ValueError, OSError, zlib.error) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error


def _gather(file: BinaryIO, judge: Judge) -> Gathered:
    refs, counts, ways, rules = _Row(), _Row(), _Row(), _Row()
    relations: list[Relation] = []
    has_nodes: list[bool] = []
    for found in _in_order(_Roads(judge).find, blobs(file)):
        for row, some in zip(
            (refs, counts, ways, rules),
            (found.ref, found.count, found.way, found.rule),
            strict=True,
        ):
            row.add(some)
        relations += found.relations
        has_nodes.append(found.nodes)
    ids = _distinct(refs.parts)
    places = _Places(ids, judge)
    wanted = (blob for blob, so in zip(blobs(file), has_nodes, strict=True) if so)
    for _ in _in_order(places.find, wanted):
        pass
    return Gathered(
        ref=ids,
        lon=places.lon,
        lat=places.lat,
        spot=places.spot,
        way=np.concatenate(ways.parts),
        rule=np.concatenate(rules.parts),
        node=places_of(refs.parts, ids),
        start=starts(np.concatenate(counts.parts)),
        relations=relations,
    )


class _Row:
    """Numbers that come some at a time, kept in parts so large that they can be given back."""

    def __init__(self) -> None:
        self.parts: list[Whole] = [np.empty(0, np.int64)]
        self._room = np.empty(0, np.int64)

    def add(self, values: Whole) -> None:
        """Put these after what is there."""
        while len(values):
            if not len(self._room):
                self.parts.append(np.empty(0, np.int64))
                self._whole = self._room = np.empty(_PART, np.int64)
            some, values = values[: len(self._room)], values[len(self._room) :]
            self._room[: len(some)] = some
            self._room = self._room[len(some) :]
            self.parts[-1] = self._whole[: _PART - len(self._room)]


def _distinct(refs: list[Whole]) -> Whole:
    """Give the distinct references in ascending order; sorts in place, to need little room."""
    every = np.concatenate(refs)
    every.sort()
    fresh = np.ones(len(every), bool)
    np.not_equal(every[1:], every[:-1], out=fresh[1:])
    return every[fresh]


def _in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do work in threads, a few items ahead; results come in the order of the items."""
    threads = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass
class _Block:
    """An unpacked block, with its strings told apart by number."""

    content: bytes

    @cached_property
    def bytes(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.content, np.uint8)

    @cached_property
    def groups(self) -> Whole:
        return self._spans(self._whole, 2)

    @cached_property
    def strings(self) -> Whole:
        return self._spans(self._spans(self._whole, 1), 1)

    @cached_property
    def known(self) -> npt.NDArray[np.uint64]:
        return np.asarray(pbf.hashes(self.bytes, self.strings), np.uint64)

    def messages(self, kind: int) -> Whole:
        """Give the spans of all things of a kind: 1 nodes, 2 runs of nodes, 3 ways, 4 relations."""
        return self._spans(self.groups, kind)

    def string(self, number: int) -> str:
        """Give a string as text."""
        if not 0 <= number < len(self.strings):
            raise ValueError("a string is named that is not there")
        a, z = self.strings[number]
        return self.content[a:z].decode("utf-8")

    def numbers(self, span: Whole) -> list[int]:
        """Give the numbers of a packed field."""
        return [int(n) for n in pbf.numbers(self.bytes, span[0], span[1])]

    def tags(self, keys: list[int], values: list[int], wanted: frozenset[str]) -> dict[str, str]:
        """Give tags as text; all where none are named."""
        told = ((self.string(k), v) for k, v in zip(keys, values, strict=True))
        return {key: self.string(v) for key, v in told if not wanted or key in wanted}

    @property
    def _whole(self) -> Whole:
        return np.array([[0, len(self.content)]])

    def _spans(self, outer: Whole, number: int) -> Whole:
        return np.asarray(pbf.spans(self.bytes, outer, number), np.int64)


class _Words:
    """Recognises the keys that tell something by the numbers of their strings."""

    def __init__(self, telling: frozenset[str], needed: Iterable[str]) -> None:
        self._telling, self._needed = _hashed(telling), _hashed(needed)

    def marks(self, block: _Block) -> npt.NDArray[np.uint8]:
        """Mark the strings of a block: 1 tells something, 2 is needed besides."""
        found: npt.NDArray[np.uint8] = pbf.among(block.known, self._telling).astype(np.uint8)
        found[pbf.among(block.known, self._needed)] = 2
        return found


def _hashed(words: Iterable[str]) -> npt.NDArray[np.uint64]:
    told = [word.encode() for word in words]
    ends = starts(np.array([len(word) for word in told]))
    block = np.frombuffer(b"".join(told), np.uint8)
    return np.sort(pbf.hashes(block, np.column_stack([ends[:-1], ends[1:]])))


@dataclass
class _Ruled:
    """Rules by signature of a set of tags: the tags are read as text where one is new."""

    judged: Callable[[Mapping[str, str]], int]

    def __post_init__(self) -> None:
        self._known: dict[int, int] = {0: -1}
        self._lock = Lock()

    def rules(
        self, signatures: npt.NDArray[np.uint64], tags_at: Callable[[int], Mapping[str, str]]
    ) -> Whole:
        """Give the rule for each signature."""
        several, first, which = np.unique(signatures, return_index=True, return_inverse=True)
        ruled = np.empty(len(several), np.int64)
        with self._lock:
            for k, (signature, at) in enumerate(zip(several.tolist(), first.tolist(), strict=True)):
                if signature not in self._known:
                    self._known[signature] = self.judged(tags_at(at))
                ruled[k] = self._known[signature]
        return ruled[which]


@dataclass
class _Found:
    """What one block holds of roads, and whether it holds nodes."""

    way: Whole
    rule: Whole
    ref: Whole
    count: Whole
    relations: list[Relation]
    nodes: bool


class _Roads:
    """The first pass: roads and turn restrictions."""

    def __init__(self, judge: Judge) -> None:
        self._keys = telling_keys()
        self._words = _Words(self._keys, ROAD_KEYS)
        self._turns = _Words(frozenset(), ("type",))
        self._ruled = _Ruled(judge.way)

    def find(self, blob: bytes) -> _Found:
        """Read a block."""
        block = _Block(unpacked(blob))
        ids, parts = pbf.things(block.bytes, block.messages(3))
        rule = np.zeros(0, np.int64)
        if len(ids):
            told = pbf.signatures(block.bytes, parts, block.known, self._words.marks(block))
            rule = self._ruled.rules(told, lambda k: self._tags(block, parts[k], self._keys))
        road = np.flatnonzero(rule >= 0)
        ref, count = pbf.rows(block.bytes, parts[road, 2])
        nodes = bool(len(block.messages(1)) or len(block.messages(2)))
        return _Found(ids[road], rule[road], ref, count, self._relations(block), nodes)

    def _relations(self, block: _Block) -> list[Relation]:
        messages = block.messages(4)
        if not len(messages):
            return []
        ids, parts = pbf.things(block.bytes, messages)
        typed = pbf.signatures(block.bytes, parts, block.known, self._turns.marks(block))
        found = []
        for k in np.flatnonzero(typed):
            tags = self._tags(block, parts[k], frozenset())
            if tells_of_turns(tags):
                found.append(Relation(tags, _members(block, parts[k]), int(ids[k])))
        return found

    def _tags(self, block: _Block, part: Whole, wanted: frozenset[str]) -> dict[str, str]:
        return block.tags(block.numbers(part[0]), block.numbers(part[1]), wanted)


def _members(block: _Block, part: Whole) -> list[tuple[str, int, str]]:
    roles, kinds = block.numbers(part[2]), block.numbers(part[4])
    refs = pbf.deltas(block.bytes, part[3][0], part[3][1]).tolist()
    if any(not 0 <= kind < len(_KINDS) for kind in kinds):
        raise ValueError("a relation has a member of an unknown kind")
    return [
        (_KINDS[kind], ref, block.string(role))
        for kind, ref, role in zip(kinds, refs, roles, strict=True)
    ]


class _Places:
    """The second pass: where the nodes of roads are, and what is ruled of them."""

    def __init__(self, ids: Whole, judge: Judge) -> None:
        self.lon: Short = np.full(len(ids), NOWHERE, np.int32)
        self.lat: Short = np.full(len(ids), NOWHERE, np.int32)
        self.spot: Short = np.full(len(ids), -1, np.int32)
        self._ids = ids
        self._keys = telling_node_keys()
        self._words = _Words(self._keys, self._keys)
        self._ruled = _Ruled(judge.node)

    def find(self, blob: bytes) -> None:
        """Read a block."""
        block = _Block(unpacked(blob))
        scaled, marks = pbf.scale(block.bytes), self._words.marks(block)
        for span in block.messages(2):
            at, tags = pbf.dense(block.bytes, span, scaled, self._ids, self.lon, self.lat)
            spans, told = pbf.tagged(at, tags, block.known, marks)
            self._rule(spans[:, 0], told, partial(self._run, block, spans, tags))
        alone = block.messages(1)
        if len(alone):
            at = pbf.plain(block.bytes, alone, scaled, self._ids, self.lon, self.lat)
            _, parts = pbf.things(block.bytes, alone)
            told = pbf.signatures(block.bytes, parts, block.known, marks)
            there = np.flatnonzero((at >= 0) & (told != 0))
            self._rule(at[there], told[there], partial(self._one, block, parts[there]))

    def _rule(
        self,
        at: Whole,
        told: npt.NDArray[np.uint64],
        tags_at: Callable[[int], Mapping[str, str]],
    ) -> None:
        if len(at):
            self.spot[at] = self._ruled.rules(told, tags_at)

    def _run(self, block: _Block, spans: Whole, tags: Whole, k: int) -> dict[str, str]:
        told = tags[spans[k, 1] : spans[k, 2]].tolist()
        return block.tags(told[::2], told[1::2], self._keys)

    def _one(self, block: _Block, parts: Whole, k: int) -> dict[str, str]:
        keys, values = (block.numbers(parts[k, column]) for column in (0, 1))
        return block.tags(keys, values, self._keys)
