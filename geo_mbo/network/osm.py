"""Reading roads and ferries from OpenStreetMap files (``.osm.pbf``, ``.osm``, also packed).

A reader gathers the roads; they are cut where they meet, merged where nothing changes, and put
together with what may be driven, how fast, what is lost at junctions, and which turns are
forbidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode
from geo_mbo.network.delays import delays_s
from geo_mbo.network.gates import Gates, gates_of, with_gates
from geo_mbo.network.gathered import Gathered, Judge, degrees, starts
from geo_mbo.network.places import MetricPlaces, metric_places
from geo_mbo.network.restrictions import Forbidden, forbidden, via_nodes
from geo_mbo.network.road import Network, Turns
from geo_mbo.network.stretches import Pieces, Stretches, cut, kinds, lengths_m, merge
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    from geo_mbo.network.road import Floats, Truths, Whole

    Box = tuple[float, float, float, float]

SMALL_B = 2_000_000
"""Up to this size pyosmium reads a file sooner than the fast reader can be made ready."""
_BLOCK = 4_000_000
"""Places that are turned to metres at once."""


def read_osm(
    path: Path,
    *,
    modes: Sequence[Mode],
    box: Box | None = None,
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
    box
        West, south, east and north in degrees: only ways with a node inside are kept, whole.
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
    judge = Judge(modes)
    gathered = _gather(path, judge).by_way_id()
    if box is not None:
        gathered = gathered.clipped(box)
    progress(0.6, "progress.reading_roads")
    pieces = cut(gathered, _stops(gathered, judge) | via_nodes(gathered))
    if not len(pieces):
        raise FileError.of("no_roads", path=str(path))
    network, turns = _put_together(gathered, judge, pieces, source=path.name)
    _tell(gathered, network, turns, notify=notify)
    progress(1.0, "progress.reading_roads")
    return network


def _gather(path: Path, judge: Judge) -> Gathered:
    """Read with the reader that suits the file."""
    if path.name.lower().endswith(".pbf") and path.stat().st_size > SMALL_B:
        from geo_mbo.network import pbf_reader

        found = pbf_reader.gather(path, judge)
        if found is not None:
            return found
    from geo_mbo.network import osmium_reader

    return osmium_reader.gather(path, judge)


def _stops(gathered: Gathered, judge: Judge) -> Truths:
    """Mark the nodes at which somebody stops, for a while or for good."""
    return np.asarray(gathered.spot >= 0) if judge.spots else np.zeros(len(gathered.ref), bool)


def _put_together(
    gathered: Gathered, judge: Judge, pieces: Pieces, *, source: str
) -> tuple[Network, Forbidden]:
    """Merge the pieces, and give the network with all that is known of it."""
    ruled = gathered.rule[pieces.way]
    turns = forbidden(gathered, pieces, _usable(judge, ruled), judge.modes)
    stretches = merge(pieces, _kind(judge, ruled), _fixed(gathered, judge, pieces, turns))
    way = pieces.way[stretches.first >> 1]
    network = _network(gathered, judge, stretches, way, source=source)
    gate = np.array([spot.gate for spot in judge.spots] + [False], bool)  # -1 is the last: none
    spot = gathered.spot[np.searchsorted(gathered.ref, network.node_osm)]
    gates = gates_of(network, gate[spot])
    passable = np.array([spot.passable for spot in judge.spots], bool).reshape(-1, len(judge.modes))
    by_mode = {mode.name: passable[spot[gates.hub], k] for k, mode in enumerate(judge.modes)}
    forbids = _turns(turns, stretches, gates, judge.modes)
    return replace(with_gates(network, gates, by_mode), turns=forbids), turns


def _usable(judge: Judge, ruled: Whole) -> Truths:
    """Tell by mode (rows) which arcs of the pieces are open."""
    kmh = np.array([rule.kmh for rule in judge.roads]).reshape(-1, len(judge.modes), 2)
    opened = (kmh > 0).transpose(1, 0, 2)
    return opened[:, ruled].reshape(len(judge.modes), -1)


def _kind(judge: Judge, ruled: Whole) -> Whole:
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


def _network(
    gathered: Gathered, judge: Judge, stretches: Stretches, way: Whole, *, source: str
) -> Network:
    """Put the stretches together, with only the nodes that they end at."""
    places = _places(gathered)
    x, y = places.x[stretches.vertex], places.y[stretches.vertex]
    length = lengths_m(x, y, stretches.start)
    rule = gathered.rule[way]
    used = np.zeros(len(gathered.ref), bool)
    used[stretches.tail] = used[stretches.head] = True
    at = np.cumsum(used) - 1
    seconds = _seconds(judge, stretches, rule, way, length)
    delays = delays_s(gathered, judge, stretches, rule, length)
    return Network(
        node_x=places.x[used],
        node_y=places.y[used],
        node_osm=gathered.ref[used],
        tail=at[stretches.tail],
        head=at[stretches.head],
        length_m=length,
        seconds=seconds,
        joinable=np.array([road.joinable for road in judge.roads], bool)[rule],
        shape_x=x,
        shape_y=y,
        shape_start=stretches.start,
        source=source,
        crs=places.crs,
        delay_s={
            mode: np.where(np.isfinite(seconds[mode]), lost, 0.0) for mode, lost in delays.items()
        },
    )


def _places(gathered: Gathered) -> MetricPlaces:
    """Turn the places of all nodes to metres, some at a time; those not in the file to 0."""
    here = gathered.here
    middle = [np.array([np.median(degrees(side[here]))]) for side in (gathered.lon, gathered.lat)]
    crs = metric_places(*middle).crs
    from pyproj import Transformer

    turn = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = np.zeros(len(here)), np.zeros(len(here))
    for begin in range(0, len(here), _BLOCK):
        some = np.flatnonzero(here[begin : begin + _BLOCK]) + begin
        x[some], y[some] = turn.transform(degrees(gathered.lon[some]), degrees(gathered.lat[some]))
    return MetricPlaces(x, y, crs)


def _seconds(
    judge: Judge, stretches: Stretches, rule: Whole, way: Whole, length: Floats
) -> dict[str, Floats]:
    """Seconds of each stretch; of a ferry with a crossing time its share of that time."""
    kmh = np.array([road.kmh for road in judge.roads]).reshape(-1, len(judge.modes), 2)
    crossing = np.array([road.crossing_s for road in judge.roads])[rule]
    own = np.flatnonzero(~np.isnan(crossing))
    _, ferry = np.unique(way[own], return_inverse=True)
    whole = np.bincount(ferry, weights=length[own]).clip(min=1e-9)
    timed = crossing[own] * length[own] / whole[ferry] if len(own) else length[own]
    against = (stretches.first & 1).astype(bool)  # merged against the direction of its road
    found = {}
    for k, mode in enumerate(judge.modes):
        speed = kmh[rule, k].T
        speed[:, against] = speed[::-1, against]
        with np.errstate(divide="ignore", invalid="ignore"):  # closed ways divide by 0
            seconds = np.where(speed > 0, length / (speed / 3.6), np.inf)
        seconds[:, own] = np.where(speed[:, own] > 0, timed, np.inf)
        found[mode.name] = seconds
    return found


def _turns(found: Forbidden, stretches: Stretches, gates: Gates, modes: Sequence[Mode]) -> Turns:
    """Put the forbidden sequences in terms of the network: stretches, and the edges of gates."""
    said: dict[tuple[int, ...], np.ndarray] = {}
    for trail, binds in found.trails.items():
        arcs = stretches.arc_of[list(trail)].tolist()
        inside = [a for k, a in enumerate(arcs) if not k or a != arcs[k - 1]]
        for way in gates.through(tuple(inside)):
            said[way] = said.get(way, np.zeros(len(modes), bool)) | np.array(binds, bool)
    trails = sorted(said)
    return Turns(
        arc=np.array([arc for trail in trails for arc in trail], np.int64),
        start=starts(np.array([len(trail) for trail in trails], np.int64)),
        binds={
            mode.name: np.array([said[trail][k] for trail in trails], bool)
            for k, mode in enumerate(modes)
        },
    )


def _tell(gathered: Gathered, network: Network, turns: Forbidden, *, notify: Notify) -> None:
    if turns.unclear:
        notify(note("turns_unclear", count=turns.unclear))
    if turns.conditional:
        notify(note("turns_conditional", count=turns.conditional))
    missing = ~gathered.here[gathered.node]
    if missing.any():
        owner = np.searchsorted(gathered.start, np.flatnonzero(missing), side="right") - 1
        notify(note("ways_cut_off", count=len(np.unique(owner))))
    MetricPlaces(network.node_x, network.node_y, network.crs).tell(notify)
