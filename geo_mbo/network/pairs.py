"""From points to points over the network: snap, search, and the exact parts of edges at both ends.

Every value depends on its own pair alone: each point is snapped by itself, and each site has a
search of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.modes import modes
from geo_mbo.network.search import Graph, can_reach, graph, search
from geo_mbo.network.snapping import Snaps, network_guard, snap, tell_snaps
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.schema import TRAVEL_STATUS

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network.road import Floats, Network, Truths, Whole

OK, UNREACHABLE, ORIGIN_TOO_FAR, SITE_TOO_FAR, OVER_LIMIT = range(len(TRAVEL_STATUS))
_BLOCK_BYTES = 128 * 2**20
"""Memory for one block of searches."""


@dataclass(frozen=True)
class Limits:
    """How far a search goes: minutes of the whole trip, metres from a point to the road."""

    limit_min: float = 120.0
    snap_m: float = 1000.0


@dataclass(frozen=True, eq=False)
class Ends:
    """The two ways from a point on an edge to the nodes at its ends (or from them to it).

    Each is an array of points x 2: node, seconds (``inf`` = closed) and metres.
    """

    node: Whole
    seconds: Floats
    meters: Floats


@dataclass(frozen=True, eq=False)
class Pairs:
    """What was found between all origins and sites, in one mode (see `TravelMatrix`)."""

    minutes: npt.NDArray[np.float32]
    meters: npt.NDArray[np.float32]
    status: npt.NDArray[np.uint8]
    origin_snap_m: Floats
    site_snap_m: Floats


def between(
    network: Network,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    mode: str,
    limits: Limits,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Pairs:
    """Find minutes, metres and status from every origin to every site in one mode.

    Parameters
    ----------
    network
        The roads.
    origins, sites
        Points with ``origin_id`` and ``site_id`` in the network's coordinate system.
    mode
        A mode that the network holds.
    limits
        Beyond these there is no time, and a status that says which limit it was.
    progress, notify
        Get the fraction done and the notes.
    """
    network_guard(network, origins, source="origins")
    network_guard(network, sites, source="sites")
    homes = snap(network, np.asarray(origins.geometry), mode=mode, limit_m=limits.snap_m)
    schools = snap(network, np.asarray(sites.geometry), mode=mode, limit_m=limits.snap_m)
    for snaps, ids in ((homes, origins["origin_id"]), (schools, sites["site_id"])):
        tell_snaps(snaps, list(ids), mode=mode, limit_m=limits.snap_m, notify=notify)
    roads = graph(network, mode)
    out, into = ends(network, homes, mode), ends(network, schools, mode, arriving=True)
    shape = (len(origins), len(sites))
    seconds, meters = np.full(shape, np.inf), np.full(shape, np.inf)
    asked = np.flatnonzero(schools.edge >= 0)
    size = max(1, _BLOCK_BYTES // (32 * (len(network.node_x) + 1)))
    for start in range(0, len(asked), size):
        progress(start / len(asked), "progress.finding_times")
        block = asked[start : start + size]
        there_s, there_m = search(
            roads,
            into.node[block],
            into.seconds[block],
            into.meters[block],
            limit_s=limits.limit_min * 60,
        )
        seconds[:, block], meters[:, block] = _joined(out, there_s, there_m)
    _along_one_edge(network, homes, schools, mode, seconds, meters)
    status = _status(roads, homes, schools, out, into, seconds=seconds)
    walk_m = homes.away_m[:, None] + schools.away_m
    seconds, meters = seconds + walk_m / walking_ms(), meters + walk_m
    _straight_across(homes, schools, origins, sites, seconds, meters)
    progress(1.0, "progress.finding_times")
    return _within(limits.limit_min, homes, schools, status, seconds=seconds, meters=meters)


def ends(network: Network, snaps: Snaps, mode: str, *, arriving: bool = False) -> Ends:
    """Give the ways from snapped points to the ends of their edges, or from these to them.

    A point at the very end of an edge is there at once, also where the edge is closed in that
    direction.
    """
    edge = np.where(snaps.edge >= 0, snaps.edge, 0)
    times = network.times(mode)[:, edge] if len(network.tail) else np.full((2, len(edge)), np.inf)
    along, against = times[::-1] if arriving else times
    # To the head lies what is left of the edge, to the tail what is behind; arriving the other way.
    parts = np.column_stack([snaps.share, 1 - snaps.share])
    way = np.column_stack([against, along])
    with np.errstate(invalid="ignore"):  # nothing of a closed edge is nothing
        seconds = np.where(parts == 0, 0.0, parts * way)
    seconds[snaps.edge < 0] = np.inf
    if not len(network.tail):
        return Ends(np.zeros((len(edge), 2), np.int64), seconds, np.zeros((len(edge), 2)))
    node = np.column_stack([network.tail[edge], network.head[edge]])
    return Ends(node, seconds, parts * network.length_m[edge][:, None])


def _joined(out: Ends, there_s: Floats, there_m: Floats) -> tuple[Floats, Floats]:
    """Take the faster of the two ways out of each origin (of equals the shorter)."""
    by_tail, by_head = (out.seconds[:, k] + there_s[:, out.node[:, k]] for k in (0, 1))
    tail_m, head_m = (out.meters[:, k] + there_m[:, out.node[:, k]] for k in (0, 1))
    ahead = (by_head < by_tail) | ((by_head == by_tail) & (head_m < tail_m))
    return np.where(ahead, by_head, by_tail).T, np.where(ahead, head_m, tail_m).T


def _along_one_edge(
    network: Network, homes: Snaps, schools: Snaps, mode: str, seconds: Floats, meters: Floats
) -> None:
    """Where both lie on one edge, straight along it is a way too."""
    times = network.times(mode)
    for site in np.flatnonzero(schools.edge >= 0):
        edge = schools.edge[site]
        here = np.flatnonzero(homes.edge == edge)
        ahead = schools.share[site] - homes.share[here]
        with np.errstate(invalid="ignore"):
            direct = np.where(ahead == 0, 0.0, np.abs(ahead) * np.where(ahead > 0, *times[:, edge]))
        direct_m = np.abs(ahead) * network.length_m[edge]
        better = direct < seconds[here, site]
        better |= (direct == seconds[here, site]) & (direct_m < meters[here, site])
        seconds[here[better], site] = direct[better]
        meters[here[better], site] = direct_m[better]


def _status(
    roads: Graph, homes: Snaps, schools: Snaps, out: Ends, into: Ends, *, seconds: Floats
) -> npt.NDArray[np.uint8]:
    """Say of every pair whether there is a way at all, however long."""
    status = np.full(seconds.shape, UNREACHABLE, np.uint8)
    core: Truths | None = None
    for site in np.flatnonzero(schools.edge >= 0):
        ways = into.node[site][np.isfinite(into.seconds[site])]
        if schools.in_largest[site]:
            # From all of the largest piece the same nodes lead there: found once.
            core = can_reach(roads, ways[:1]) if core is None else core
        led = core if schools.in_largest[site] and core is not None else can_reach(roads, ways)
        reached = (led[out.node] & np.isfinite(out.seconds)).any(axis=1)
        status[reached, site] = OVER_LIMIT
    status[np.isfinite(seconds)] = OK
    status[homes.edge < 0] = ORIGIN_TOO_FAR
    status[:, schools.edge < 0] = SITE_TOO_FAR
    return status


def _straight_across(
    homes: Snaps,
    schools: Snaps,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    seconds: Floats,
    meters: Floats,
) -> None:
    """Who lives on the street of the school may walk straight to it; next door takes no time."""
    for site in np.flatnonzero(schools.edge >= 0):
        here = np.flatnonzero(homes.edge == schools.edge[site])
        apart = np.asarray(origins.geometry.iloc[here].distance(sites.geometry.iloc[site]))
        better = apart / walking_ms() < seconds[here, site]
        seconds[here[better], site] = apart[better] / walking_ms()
        meters[here[better], site] = apart[better]


def _within(
    limit_min: float,
    homes: Snaps,
    schools: Snaps,
    status: npt.NDArray[np.uint8],
    *,
    seconds: Floats,
    meters: Floats,
) -> Pairs:
    """Hold the limit on the whole trip, walks included."""
    minutes = seconds / 60
    status = np.where(minutes <= limit_min, OK, status)
    status = np.where((status == OK) & (minutes > limit_min), OVER_LIMIT, status)
    reached = status == OK
    return Pairs(
        minutes=np.where(reached, minutes, np.inf).astype(np.float32),
        meters=np.where(reached, meters, np.inf).astype(np.float32),
        status=status.astype(np.uint8),
        origin_snap_m=homes.away_m,
        site_snap_m=schools.away_m,
    )


def walking_ms() -> float:
    """Give the speed in metres a second of the walk between a point and the road."""
    return modes()["walk"].crow_flies_kmh / 3.6
