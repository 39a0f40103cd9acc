"""Reading roads and ferries from OpenStreetMap files (``.osm.pbf``, ``.osm``, also packed).

Ways are cut where they meet another way, where they end, and at barriers that stop somebody; the
stretch between two cuts is one edge with its geometry. A barrier becomes a gate: the node is taken
apart and joined again by edges without length that only those who may pass can use.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode
from geo_mbo.network.access import (
    duration_s,
    gate_is_open,
    joinable,
    road_class,
    speeds_kmh,
    telling_keys,
)
from geo_mbo.network.places import MetricPlaces, metric_places
from geo_mbo.network.road import Network, polyline_lengths, ragged
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    from geo_mbo.network.road import Floats, Truths, Whole

_NOWHERE = 2**31 - 1
"""What osmium gives as coordinate of a node that the file does not hold."""
_DEGREE = 1e-7
_GATE_KEYS = ("barrier", "access", "vehicle", "motor_vehicle", "motorcar", "bicycle", "foot")


@dataclass
class _Raw:
    """What is gathered while the file runs by: ways as one row of vertices each, and gates."""

    ref: array[int] = field(default_factory=lambda: array("q"))
    lon: array[int] = field(default_factory=lambda: array("i"))
    lat: array[int] = field(default_factory=lambda: array("i"))
    vertices: array[int] = field(default_factory=lambda: array("q"))
    rule: array[int] = field(default_factory=lambda: array("q"))
    crossing_s: array[float] = field(default_factory=lambda: array("d"))
    rules: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)
    speeds: list[list[tuple[float, float]]] = field(default_factory=list)
    joinable: list[bool] = field(default_factory=list)
    gates: dict[int, tuple[bool, ...]] = field(default_factory=dict)
    restrictions: int = 0


@dataclass(frozen=True)
class _Cut:
    """Ways cut into edges: nodes by their place among `refs`, vertices of edge ``i`` in a row."""

    tail: Whole
    head: Whole
    vertex: Whole
    start: Whole
    way: Whole


def read_osm(
    path: Path,
    *,
    modes: Sequence[Mode],
    notify: Notify = to_log,
    progress: Progress = silent,
) -> Network:
    """Read the roads and ferries of an OpenStreetMap file.

    Parameters
    ----------
    path
        The file.
    modes
        Modes to read; a way that is open to none of them is left out.
    notify
        Gets the notes: turn restrictions that are not applied, ways that run out of the file, and
        a coordinate system other than RD New for places outside the Netherlands.
    progress
        Gets the fraction done.

    Raises
    ------
    FileError
        The file is broken, no OpenStreetMap file, or holds no road.
    """
    progress(0.0, "progress.reading_roads")
    raw = _gather(path, modes)
    progress(0.6, "progress.reading_roads")
    if not len(raw.vertices):
        raise FileError.of("no_roads", path=str(path))
    ref = np.frombuffer(raw.ref, np.int64)
    lon, lat = (np.frombuffer(side, np.int32) for side in (raw.lon, raw.lat))
    way = np.repeat(np.arange(len(raw.vertices)), np.frombuffer(raw.vertices, np.int64))
    here = lon != _NOWHERE
    runs = np.cumsum(np.concatenate([[0], (np.diff(way) != 0) | ~here[1:] | ~here[:-1]]))[here]
    refs, first, node = np.unique(ref[here], return_index=True, return_inverse=True)
    stops = {gate for gate, passable in raw.gates.items() if not all(passable)}
    cut = _cut(runs, node, way[here], np.isin(refs, list(stops)))
    if not len(cut.tail):
        raise FileError.of("no_roads", path=str(path))
    places = metric_places(lon[here] * _DEGREE, lat[here] * _DEGREE)
    network = _network(raw, cut, places, refs, first, modes=modes, source=path.name)
    _tell(raw, ways_cut_off=len(np.unique(way[~here])), places=places, notify=notify)
    progress(1.0, "progress.reading_roads")
    return _with_gates(network, {g: raw.gates[g] for g in stops}, modes)


def _gather(path: Path, modes: Sequence[Mode]) -> _Raw:
    """Run through the file once; osmium fills in the places of the nodes."""
    import osmium

    raw = _Raw()
    telling = telling_keys()
    wanted = osmium.filter.KeyFilter("highway", "route", "restriction", *_GATE_KEYS)
    thing: Any  # osmium tells the kinds apart by methods that not all of them have
    try:
        for thing in osmium.FileProcessor(str(path)).with_locations().with_filter(wanted):
            if thing.is_way():
                tags = {tag.k: tag.v for tag in thing.tags if tag.k in telling}
                _take_way(raw, thing, tags, modes)
            elif thing.is_node():
                tags = {tag.k: tag.v for tag in thing.tags}
                passable = tuple(gate_is_open(tags, mode.vehicle) for mode in modes)
                if not all(passable):
                    raw.gates[thing.id] = passable
            elif "restriction" in thing.tags:
                raw.restrictions += 1
    except (RuntimeError, OSError, ValueError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return raw


def _take_way(raw: _Raw, way: Any, tags: Mapping[str, str], modes: Sequence[Mode]) -> None:
    """Keep a way that somebody may use. Tags repeat a thousandfold: each set is judged once."""
    key = tuple(tags.items())
    rule = raw.rules.get(key)
    if rule is None:
        rule = raw.rules[key] = len(raw.speeds)
        raw.speeds.append([speeds_kmh(tags, mode) for mode in modes])
        raw.joinable.append(joinable(tags))
    if not any(kmh for pair in raw.speeds[rule] for kmh in pair):
        return
    nodes = [(n.ref, n.x, n.y) for n in way.nodes]
    raw.ref.extend(n[0] for n in nodes)
    raw.lon.extend(n[1] for n in nodes)
    raw.lat.extend(n[2] for n in nodes)
    raw.vertices.append(len(nodes))
    raw.rule.append(rule)
    crossing = duration_s(tags) if road_class(tags) == "ferry" else None
    raw.crossing_s.append(crossing or np.nan)


def _cut(runs: Whole, node: Whole, way: Whole, stops: Truths) -> _Cut:
    """Cut every run of vertices where it ends, meets another (or itself), or stops somebody."""
    meets = (np.bincount(node) > 1) | stops
    starts = np.concatenate([[True], np.diff(runs) != 0])
    ends = np.concatenate([starts[1:], [True]])
    cuts = np.flatnonzero(meets[node] | starts | ends)
    same = runs[cuts[:-1]] == runs[cuts[1:]]
    begin, end = cuts[:-1][same], cuts[1:][same]
    counts = end - begin + 1
    return _Cut(
        tail=node[begin],
        head=node[end],
        vertex=ragged(begin, counts),
        start=np.concatenate([[0], np.cumsum(counts)]),
        way=way[begin],
    )


def _network(
    raw: _Raw,
    cut: _Cut,
    places: MetricPlaces,
    refs: Whole,
    first: Whole,
    *,
    modes: Sequence[Mode],
    source: str,
) -> Network:
    """Put the edges together, with only the nodes that they end at."""
    ends, at = np.unique(np.concatenate([cut.tail, cut.head]), return_inverse=True)
    x, y = places.x[cut.vertex], places.y[cut.vertex]
    length = polyline_lengths(x, y, cut.start)
    rule = np.frombuffer(raw.rule, np.int64)[cut.way]
    return Network(
        node_x=places.x[first[ends]],
        node_y=places.y[first[ends]],
        node_osm=refs[ends],
        tail=at[: len(cut.tail)],
        head=at[len(cut.tail) :],
        length_m=length,
        seconds=_seconds(raw, cut.way, rule, length, modes),
        joinable=np.array(raw.joinable, bool)[rule],
        shape_x=x,
        shape_y=y,
        shape_start=cut.start,
        source=source,
        crs=places.crs,
    )


def _seconds(
    raw: _Raw, way: Whole, rule: Whole, length: Floats, modes: Sequence[Mode]
) -> dict[str, Floats]:
    """Seconds of each edge; of a ferry with a crossing time its share of that time."""
    kmh = np.array(raw.speeds, float).reshape(-1, len(modes), 2)
    crossing = np.frombuffer(raw.crossing_s, float)[way]
    share = length / np.bincount(way, weights=length)[way].clip(min=1e-9)
    found = {}
    for k, mode in enumerate(modes):
        speed = kmh[rule, k].T
        with np.errstate(divide="ignore", invalid="ignore"):  # closed ways divide by 0
            seconds = np.where(speed > 0, length / (speed / 3.6), np.inf)
        known = (speed > 0) & ~np.isnan(crossing)
        found[mode.name] = np.where(known, crossing * share, seconds)
    return found


def _with_gates(
    network: Network, gates: Mapping[int, tuple[bool, ...]], modes: Sequence[Mode]
) -> Network:
    """Take the node of every gate apart; only who may pass gets from one side to the other."""
    from dataclasses import replace

    hubs = np.flatnonzero(np.isin(network.node_osm, list(gates)))
    at = np.concatenate([network.tail, network.head])
    ends = np.flatnonzero(np.isin(at, hubs))
    if not len(ends):
        return network
    hub = at[ends]
    side = len(network.node_x) + np.arange(len(ends))
    moved = at.copy()
    moved[ends] = side
    passable = np.array([gates[int(osm)] for osm in network.node_osm[hub]], bool)
    edges = len(network.tail)
    doubled = np.repeat(hub, 2)
    seconds = {
        mode.name: np.hstack(
            [network.seconds[mode.name], np.tile(np.where(passable[:, k], 0.0, np.inf), (2, 1))]
        )
        for k, mode in enumerate(modes)
    }
    return replace(
        network,
        node_x=np.concatenate([network.node_x, network.node_x[hub]]),
        node_y=np.concatenate([network.node_y, network.node_y[hub]]),
        node_osm=np.concatenate([network.node_osm, network.node_osm[hub]]),
        tail=np.concatenate([moved[:edges], side]),
        head=np.concatenate([moved[edges:], hub]),
        length_m=np.concatenate([network.length_m, np.zeros(len(ends))]),
        seconds=seconds,
        joinable=np.concatenate([network.joinable, np.zeros(len(ends), bool)]),
        shape_x=np.concatenate([network.shape_x, network.node_x[doubled]]),
        shape_y=np.concatenate([network.shape_y, network.node_y[doubled]]),
        shape_start=np.concatenate(
            [network.shape_start, network.shape_start[-1] + 2 * np.arange(1, len(ends) + 1)]
        ),
    )


def _tell(raw: _Raw, *, ways_cut_off: int, places: MetricPlaces, notify: Notify) -> None:
    if raw.restrictions:
        notify(note("turn_restrictions", count=raw.restrictions))
    if ways_cut_off:
        notify(note("ways_cut_off", count=ways_cut_off))
    places.tell(notify)
