"""From points to points over the network: snap, search, and the exact parts of edges at both ends.

Every value depends on its own pair alone: each point is snapped by itself, and what is found for
one pair is a whole number that nothing else can alter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geo_mbo.modes import modes
from geo_mbo.network.costs import HORIZON_MIN, NO_WAY, meters_of, packed, seconds_of
from geo_mbo.network.doors import ways_in, ways_out
from geo_mbo.network.places import coordinates
from geo_mbo.network.road import ragged
from geo_mbo.network.snapping import Snaps, network_guard, snap, tell_snaps
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.schema import TRAVEL_STATUS

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Floats, Network, Whole
    from geo_mbo.network.search import Searcher

OK, UNREACHABLE, ORIGIN_TOO_FAR, SITE_TOO_FAR, OVER_LIMIT = range(len(TRAVEL_STATUS))
_PAIR_BYTES = 24
"""Memory that a pair takes while it is worked out."""
ORIGINS, SITES = 4_096, 64
"""Blocks hold multiples of these where memory allows, as chunks on disk do."""
_MANY_PAIRS = 2_000_000
"""From here on a compiled pass is worth loading it."""


@dataclass(frozen=True, eq=False)
class Snapped:
    """Origins and sites on the road, in one mode."""

    mode: str
    homes: Snaps
    schools: Snaps
    home_at: Floats
    school_at: Floats

    def pair(self, number: int) -> Snapped:
        """Give one origin and the site of the same number."""
        one = slice(number, number + 1)
        return Snapped(
            self.mode,
            self.homes.take(one),
            self.schools.take(one),
            self.home_at[one],
            self.school_at[one],
        )


@dataclass(frozen=True, eq=False)
class Pairs:
    """What was found between some origins and sites, in one mode (see `TravelMatrix`)."""

    minutes: npt.NDArray[np.float32]
    meters: npt.NDArray[np.float32]
    status: npt.NDArray[np.uint8]


Block: TypeAlias = tuple[slice, slice, Pairs]
"""Which origins, which sites, and what was found between them."""


def snapped(
    network: Network,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    mode: str,
    snap_m: float,
    notify: Notify = to_log,
) -> Snapped:
    """Snap origins and sites to the roads of one mode, and tell which lie far from these.

    Parameters
    ----------
    network
        The roads.
    origins, sites
        Points with ``origin_id`` and ``site_id`` in the network's coordinate system.
    mode
        A mode that the network holds.
    snap_m
        Greatest distance in metres.
    notify
        Gets the notes.
    """
    network_guard(network, origins, source="origins")
    network_guard(network, sites, source="sites")
    homes, schools = (np.asarray(frame.geometry) for frame in (origins, sites))
    both = snap(network, np.concatenate([homes, schools]), mode=mode, limit_m=snap_m)
    home, school = both.take(slice(len(homes))), both.take(slice(len(homes), None))
    for snaps, ids in ((home, origins["origin_id"]), (school, sites["site_id"])):
        tell_snaps(snaps, list(ids), mode=mode, limit_m=snap_m, notify=notify)
    return Snapped(mode, home, school, coordinates(homes), coordinates(schools))


def between(
    searcher: Searcher,
    points: Snapped,
    *,
    limit_min: float,
    memory_mb: float,
    progress: Progress = silent,
) -> Iterator[Block]:
    """Find minutes, metres and status from every origin to every site in one mode.

    Parameters
    ----------
    searcher
        The roads, and what searches them.
    points
        Origins and sites on the road.
    limit_min
        Greatest number of minutes of the whole trip.
    memory_mb
        What the pairs of one block may take.
    progress
        Gets the fraction done.

    Yields
    ------
    Block
        Which origins and sites, and what was found between them.
    """
    roads, mode = searcher.roads, points.mode
    count, width = len(points.homes.edge), len(points.schools.edge)
    row_blocks, column_blocks = _blocks(count, width, memory_mb)
    into = ways_in(roads, points.schools, mode)
    steps = max(1, len(row_blocks) * len(column_blocks))
    for row, rows in enumerate(row_blocks):
        homes = points.homes.take(rows)
        costs = searcher.from_origins(mode, ways_out(roads, homes, mode), searches=width)
        for column, columns in enumerate(column_blocks):
            progress((row * len(column_blocks) + column) / steps, "progress.finding_times")
            part = Snapped(
                mode,
                homes,
                points.schools.take(columns),
                points.home_at[rows],
                points.school_at[columns],
            )
            found = told_pairs(roads.network, part, costs(into.take(columns)), limit_min)
            yield rows, columns, found
    progress(1.0, "progress.finding_times")


def _blocks(count: int, width: int, memory_mb: float) -> tuple[list[slice], list[slice]]:
    """Cut origins and sites into blocks that fit into memory, along chunks where it allows.

    Sites first: who pins all origins sweeps to them once for each batch of sites.
    """
    pairs = max(1, int(memory_mb * 2**20 / _PAIR_BYTES))
    rows = max(1, min(count, pairs // min(SITES, max(width, 1))))
    rows = rows if rows == count else rows // ORIGINS * ORIGINS or rows
    columns = max(1, pairs // rows)
    columns = columns // SITES * SITES or columns
    return _slices(count, rows), _slices(width, columns)


def _slices(count: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def told_pairs(network: Network, points: Snapped, cost: Costs, limit_min: float) -> Pairs:
    """Turn the costs between the doors of places into minutes, metres and status of the trips."""
    homes, home_at = points.homes, points.home_at
    schools, limit_min = points.schools, min(limit_min, HORIZON_MIN)
    origin, site = _on_one_edge(homes, schools)
    ahead = schools.share[site] - homes.share[origin]
    direct = straight(network, points.mode, schools.edge[site], ahead)
    cost[origin, site] = np.minimum(cost[origin, site], direct)
    found = (_told if cost.size < _MANY_PAIRS else _told_fast)(cost, homes, schools, limit_min)
    # Who lives on the street of the school may walk straight to it; next door takes no time.
    apart = np.hypot(*(home_at[origin] - points.school_at[site]).T)
    by_road = seconds_of(cost[origin, site]) + _walk_m(homes, schools, origin, site) / walking_ms()
    nearer = (apart / walking_ms() < by_road) & (apart / walking_ms() / 60 <= limit_min)
    across = origin[nearer], site[nearer]
    found.minutes[across] = apart[nearer] / walking_ms() / 60
    found.meters[across] = apart[nearer]
    found.status[across] = OK
    found.status[homes.edge < 0] = ORIGIN_TOO_FAR
    found.status[:, schools.edge < 0] = SITE_TOO_FAR
    return found


def _walk_m(homes: Snaps, schools: Snaps, origin: Whole, site: Whole) -> Floats:
    return homes.away_m[origin] + schools.away_m[site]


def _told(cost: Costs, homes: Snaps, schools: Snaps, limit_min: float) -> Pairs:
    """Turn costs into minutes, metres and status, the walks to and from the road included."""
    walk_m = homes.away_m[:, None] + schools.away_m
    minutes = (seconds_of(cost) + walk_m / walking_ms()) / 60
    meters = meters_of(cost) + walk_m
    reached = minutes <= limit_min
    return Pairs(
        minutes=np.where(reached, minutes, np.inf).astype(np.float32),
        meters=np.where(reached, meters, np.inf).astype(np.float32),
        status=np.where(reached, OK, np.where(cost < NO_WAY, OVER_LIMIT, UNREACHABLE)).astype(
            np.uint8
        ),
    )


def _told_fast(cost: Costs, homes: Snaps, schools: Snaps, limit_min: float) -> Pairs:
    """Do the same in one compiled pass, rows in threads."""
    from geo_mbo.engine.metric import in_threads
    from geo_mbo.network.kernels import told

    states = tuple(map(np.uint8, (OK, UNREACHABLE, OVER_LIMIT)))
    shape = cost.shape
    planes = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8)

    def part(rows: slice) -> None:
        walks = homes.away_m[rows], schools.away_m, walking_ms()
        told(cost[rows], *walks, limit_min, NO_WAY, *states, *(plane[rows] for plane in planes))

    size = -(-len(cost) // 8)
    in_threads(part, [slice(k, k + size) for k in range(0, len(cost), size)])
    return Pairs(*planes)


def _on_one_edge(homes: Snaps, schools: Snaps) -> tuple[Whole, Whole]:
    """List the pairs whose origin and site lie on one edge."""
    order = np.argsort(homes.edge, kind="stable")
    there = np.flatnonzero(schools.edge >= 0)
    edge = schools.edge[there]
    first = np.searchsorted(homes.edge[order], edge)
    count = np.searchsorted(homes.edge[order], edge, side="right") - first
    return order[ragged(first, count)], np.repeat(there, count)


def straight(network: Network, mode: str, edge: Whole, ahead: Floats) -> Costs:
    """Give the cost straight along edges: shares ahead of where one is, or (below 0) back."""
    with np.errstate(invalid="ignore"):  # nothing of a closed edge is nothing
        way = np.abs(ahead) * np.where(ahead > 0, *network.times(mode)[:, edge])
    seconds = np.where(ahead == 0, 0.0, way)
    return packed(seconds, np.abs(ahead) * network.length_m[edge])


def walking_ms() -> float:
    """Give the speed in metres a second of the walk between a point and the road."""
    return modes()["walk"].crow_flies_kmh / 3.6
