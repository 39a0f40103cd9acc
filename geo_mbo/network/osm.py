"""Reading roads and ferries from OpenStreetMap files (``.osm.pbf``, ``.osm``, also packed).

A reader gathers the roads; they are cut where they meet, merged where nothing changes, and put
together with what may be driven, how fast, what is lost at junctions, and which turns are
forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode, turn_seconds
from geo_mbo.network.delays import Ends, delay_s, reasons
from geo_mbo.network.gates import Gates, Graph, gates_of, graph_of, with_gates
from geo_mbo.network.gathered import DEGREE, Gathered, Judge, starts
from geo_mbo.network.merging import merged
from geo_mbo.network.places import MetricPlaces, metric_places
from geo_mbo.network.restrictions import Forbidden, forbidden, via_nodes
from geo_mbo.network.road import Network, Turns
from geo_mbo.network.stretches import Pieces, Stretches, cut, kinds, lengths_m, merge
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Floats, Truths, Whole

    Box = tuple[float, float, float, float]

SMALL_B = 2_000_000
"""Up to this size pyosmium reads a file sooner than the fast reader can be made ready."""
_BLOCK = 1_000_000
"""Places that are turned to metres at once."""


@dataclass(frozen=True, eq=False)
class _Merged:
    """Edges by numbers; of those before gates also road, rule, and junctions at head and tail."""

    graph: Graph
    gates: Gates
    way: Whole
    rule: Short
    node: Short
    onward: Truths
    spot: Short


@dataclass(frozen=True, eq=False)
class _Draft:
    """A network without seconds and turns, and what these follow from."""

    node_x: Floats
    node_y: Floats
    node_osm: Whole
    tail: Whole
    head: Whole
    length_m: Floats
    shape_x: Floats
    shape_y: Floats
    shape_start: Whole
    crs: str
    gates: Gates
    gate_spot: Short
    """Rules of the nodes of the gates."""
    rule: Short
    against: Truths
    """Edges that run against the direction of their road."""
    crossing: tuple[Whole, Floats]
    """Edges of ferries that tell a crossing time, and the seconds of each."""


def read_osm(
    paths: Sequence[Path],
    *,
    modes: Sequence[Mode],
    box: Box | None = None,
    notify: Notify = to_log,
    progress: Progress = silent,
) -> Network:
    """Read the roads and ferries of OpenStreetMap files as one network.

    Parameters
    ----------
    paths
        The files; they may overlap, as extracts of neighbouring countries do.
    modes
        Modes to read; a way that is open to none of them is left out.
    box
        West, south, east and north in degrees: only ways with a node inside are kept, whole.
    notify
        Gets the notes: turn restrictions that are not applied, ways that run out of the file, files
        that tell one road differently, and a coordinate system other than RD New for places outside
        the Netherlands.
    progress
        Gets the fraction done.

    Raises
    ------
    FileError
        A file is broken, no OpenStreetMap file, or they hold no road.
    """
    judge = Judge(modes)
    gathered = _gathered(paths, judge, box, notify=notify, progress=progress)
    source = " + ".join(path.name for path in paths)
    progress(0.6, "progress.reading_roads")
    cut_off = _cut_off(gathered)
    pieces = cut(gathered, _stops(gathered, judge) | via_nodes(gathered))
    if not len(pieces):
        raise FileError.of("no_roads", path=", ".join(map(str, paths)))
    gathered = gathered.without_rows()
    edges, turns = _merged(gathered, pieces, judge)
    del pieces  # what is needed no longer is let go of: a country just fits in memory
    draft, ends = _placed(edges, gathered, judge)
    del edges, gathered
    why = reasons(ends, judge)
    del ends
    network = _network(draft, why, judge, source=source)
    network = replace(network, turns=_turns(turns, draft.gates, modes))
    _tell(network, turns, cut_off, notify=notify)
    progress(1.0, "progress.reading_roads")
    return network


def _gathered(
    paths: Sequence[Path], judge: Judge, box: Box | None, *, notify: Notify, progress: Progress
) -> Gathered:
    """Read the roads of each file, and make one of what lies in several."""
    parts = []
    for k, path in enumerate(paths):
        progress(0.6 * k / len(paths), "progress.reading_roads")
        parts.append(_gather(path, judge, box))
    found = merged(parts)
    if found.differ:
        notify(note("roads_differ", count=found.differ))
    return found.roads


def _gather(path: Path, judge: Judge, box: Box | None) -> Gathered:
    """Read with the reader that suits the file."""
    found = None
    if path.name.lower().endswith(".pbf") and path.stat().st_size > SMALL_B:
        from geo_mbo.network import pbf_reader

        found = pbf_reader.gather(path, judge)
    if found is None:
        from geo_mbo.network import osmium_reader

        found = osmium_reader.gather(path, judge)
    found = found.by_way_id()
    return found if box is None else found.clipped(box)


def _stops(gathered: Gathered, judge: Judge) -> Truths:
    """Mark the nodes at which somebody stops, for a while or for good."""
    return np.asarray(gathered.spot >= 0) if judge.spots else np.zeros(len(gathered.ref), bool)


def _merged(gathered: Gathered, pieces: Pieces, judge: Judge) -> tuple[_Merged, Forbidden]:
    """Merge the pieces to edges, with gates, and tell the forbidden turns in these."""
    ruled = gathered.rule[pieces.way]
    turns = forbidden(gathered, pieces, _usable(judge, ruled), judge.modes)
    stretches = merge(pieces, _kind(judge, ruled), _fixed(gathered, judge, pieces, turns))
    turns = _in_stretches(turns, stretches)
    graph = graph_of(stretches, len(gathered.ref))
    spot = gathered.spot[graph.node]
    gate = np.array([told.gate for told in judge.spots] + [False], bool)  # -1 is the last: none
    gates = gates_of(graph, gate[spot])
    way = pieces.way[stretches.first >> 1]
    onward = np.stack([stretches.last & 1 == 1, stretches.first & 1 == 1])
    node = np.stack([graph.head, graph.tail]).astype(np.int32)
    del ruled, stretches
    return _Merged(
        graph=with_gates(graph, gates),
        gates=gates,
        way=way,
        rule=gathered.rule[way].astype(np.int32),
        node=node,
        onward=onward,
        spot=spot,
    ), turns


def _placed(merged: _Merged, gathered: Gathered, judge: Judge) -> tuple[_Draft, Ends]:
    """Put edges on the map: places, lengths, and what depends on lengths."""
    crs, graph = _crs(gathered), merged.graph
    x, y = _metres(gathered, graph.vertex, crs)
    node_x, node_y = _metres(gathered, graph.node, crs)
    length = lengths_m(x, y, graph.start)
    own = length[: len(merged.rule)]
    return _Draft(
        node_x=node_x,
        node_y=node_y,
        node_osm=gathered.ref[graph.node],
        tail=graph.tail,
        head=graph.head,
        length_m=length,
        shape_x=x,
        shape_y=y,
        shape_start=graph.start,
        crs=crs,
        gates=merged.gates,
        gate_spot=merged.spot[merged.gates.hub],
        rule=merged.rule,
        against=merged.onward[1],
        crossing=_crossing(judge, merged.rule, merged.way, own),
    ), Ends(merged.node, merged.onward, merged.rule, own, merged.spot)


def _usable(judge: Judge, ruled: Whole) -> Truths:
    """Tell by mode (rows) which arcs of the pieces are open."""
    kmh = np.array([rule.kmh for rule in judge.roads]).reshape(-1, len(judge.modes), 2)
    opened = (kmh > 0).transpose(1, 0, 2)
    return opened[:, ruled].reshape(len(judge.modes), -1)


def _kind(judge: Judge, ruled: Whole) -> Short:
    """Give for each arc of a piece what it is like; a ferry with its own time is like no other."""
    kind = kinds(judge)[ruled]
    own = ~np.isnan([rule.crossing_s for rule in judge.roads])[ruled]
    kind[own] = -1 - np.arange(2 * own.sum()).reshape(-1, 2)
    return kind.ravel()


def _fixed(gathered: Gathered, judge: Judge, pieces: Pieces, turns: Forbidden) -> Truths:
    """Mark the nodes that stay: where somebody stops, or a forbidden turn is made."""
    fixed = _stops(gathered, judge)
    turned = {arc for trail in turns.trails for arc in trail[1:]}
    fixed[pieces.ends[sorted(turned)]] = True
    return fixed


def _crs(gathered: Gathered) -> str:
    """Give the coordinate system in metres that suits the middle of all nodes."""
    here = gathered.here
    lon, lat = (np.array([np.median(side[here]) * DEGREE]) for side in (gathered.lon, gathered.lat))
    return metric_places(lon, lat).crs


def _metres(gathered: Gathered, node: Short, crs: str) -> tuple[Floats, Floats]:
    """Give the places of nodes in metres, some at a time."""
    from pyproj import Transformer

    turn = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = np.empty(len(node)), np.empty(len(node))
    for begin in range(0, len(node), _BLOCK):
        some = node[begin : begin + _BLOCK]
        lon, lat = gathered.lon[some] * DEGREE, gathered.lat[some] * DEGREE
        x[begin : begin + _BLOCK], y[begin : begin + _BLOCK] = turn.transform(lon, lat)
    return x, y


def _network(draft: _Draft, why: Mapping[str, Truths], judge: Judge, *, source: str) -> Network:
    """Add who may travel how fast, and where time is lost, and why."""
    joins = np.array([road.joinable for road in judge.roads], bool)[draft.rule]
    seconds = {mode.name: _seconds(draft, judge, k) for k, mode in enumerate(judge.modes)}
    return Network(
        node_x=draft.node_x,
        node_y=draft.node_y,
        node_osm=draft.node_osm,
        tail=draft.tail,
        head=draft.head,
        length_m=draft.length_m,
        seconds=seconds,
        joinable=np.concatenate([joins, np.zeros(len(draft.gates), bool)]),
        shape_x=draft.shape_x,
        shape_y=draft.shape_y,
        shape_start=draft.shape_start,
        source=source,
        crs=draft.crs,
        delay_s=_delays(why, judge.modes, seconds),
        turn_s=turn_seconds(judge.modes),
    )


def _crossing(judge: Judge, rule: Short, way: Whole, length: Floats) -> tuple[Whole, Floats]:
    """Share the crossing time that a ferry tells over its edges, by their length."""
    told = np.array([road.crossing_s for road in judge.roads])
    timed = np.flatnonzero(~np.isnan(told)[rule])
    _, ferry = np.unique(way[timed], return_inverse=True)
    whole = np.bincount(ferry, weights=length[timed], minlength=1).clip(min=1e-9)
    return timed, told[rule[timed]] * length[timed] / whole[ferry]


def _seconds(draft: _Draft, judge: Judge, k: int) -> Floats:
    """Seconds of each edge for a mode; of a ferry with a crossing time its share of that time."""
    edges = len(draft.rule)
    kmh = np.array([road.kmh[k] for road in judge.roads])
    timed, crossing_s = draft.crossing
    passable = np.array([spot.passable[k] for spot in judge.spots] + [True], bool)
    found = np.empty((2, len(draft.length_m)))
    for way, seconds in enumerate(found):
        speed = kmh[draft.rule, np.where(draft.against, 1 - way, way)]
        with np.errstate(divide="ignore", invalid="ignore"):  # closed ways divide by 0
            np.divide(draft.length_m[:edges] * 3.6, speed, out=seconds[:edges])
        seconds[timed] = crossing_s
        seconds[:edges][speed == 0] = np.inf
        seconds[edges:] = np.where(passable[draft.gate_spot], 0.0, np.inf)
    return found


def _delays(
    why: Mapping[str, Truths], modes: Sequence[Mode], seconds: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Seconds lost on arriving, of the modes that lose any; modes that are alike share theirs."""
    known: dict[str, Floats] = {}
    found: dict[str, Floats] = {}
    for mode in modes:
        alike = f"{mode.vehicle} {sorted(mode.delays_s.items())}"
        if alike not in known:
            known[alike] = delay_s(why, mode, seconds[mode.name])
        if known[alike].any():
            found[mode.name] = known[alike]
    return found


def _in_stretches(found: Forbidden, stretches: Stretches) -> Forbidden:
    """Tell the forbidden sequences in arcs of stretches instead of pieces."""
    told = Forbidden(unclear=found.unclear, conditional=found.conditional)
    for trail, binds in found.trails.items():
        arcs = stretches.arc_of[list(trail)].tolist()
        told.add(tuple(a for k, a in enumerate(arcs) if not k or a != arcs[k - 1]), binds)
    return told


def _turns(found: Forbidden, gates: Gates, modes: Sequence[Mode]) -> Turns:
    """Lead the forbidden sequences through the gates on their way."""
    whole = Forbidden()
    for trail, binds in found.trails.items():
        for way in gates.through(trail):
            whole.add(way, binds)
        # Nobody forgets where he came from by going out of a gate and straight back in.
        for gate in gates.met(trail):
            whole.add((2 * gate + 1, 2 * gate), binds)
    trails = sorted(whole.trails)
    return Turns(
        arc=np.array([arc for trail in trails for arc in trail], np.int64),
        start=starts(np.array([len(trail) for trail in trails], np.int64)),
        binds={
            mode.name: np.array([whole.trails[trail][k] for trail in trails], bool)
            for k, mode in enumerate(modes)
        },
    )


def _cut_off(gathered: Gathered) -> int:
    """Count the roads that run out of the file."""
    missing = np.flatnonzero(~gathered.here[gathered.node])
    return len(np.unique(np.searchsorted(gathered.start, missing, side="right")))


def _tell(network: Network, turns: Forbidden, cut_off: int, *, notify: Notify) -> None:
    counts = {
        "turns_unclear": turns.unclear,
        "turns_conditional": turns.conditional,
        "ways_cut_off": cut_off,
    }
    for code, count in counts.items():
        if count:
            notify(note(code, count=count))
    MetricPlaces(network.node_x, network.node_y, network.crs).tell(notify)
