"""Isochrones over the network, as sets of cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.engine.places import Places
from geo_mbo.network.costs import most_within
from geo_mbo.network.doors import ways_in, ways_out
from geo_mbo.network.pairs import walking_ms
from geo_mbo.network.road import ragged
from geo_mbo.network.search import plain_searches
from geo_mbo.network.snapping import Snaps, network_guard, snap, tell_snaps
from geo_mbo.network.turns import Roads, roads_of
from geo_mbo.notes import Notify, to_log
from geo_mbo.reach.cells import outline

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    from shapely import MultiPolygon

    from geo_mbo.network import Network
    from geo_mbo.network.road import Floats, Whole

ENCLOSED_M2 = 1_000_000.0
"""Fields up to this size that reached roads enclose belong to the area."""


@dataclass(frozen=True, eq=False)
class _Roadside:
    """All roads of one mode in pieces of one cell each, in the order of the cells.

    ``begin`` and ``end`` are the two ends of each piece, ``column`` and ``row`` the cells, and
    ``first`` the first piece in each cell.
    """

    begin: Snaps
    end: Snaps
    column: Whole
    row: Whole
    first: Whole


def isochrones(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    mode: str,
    cutoffs_min: Sequence[float] = (15, 30, 45),
    direction: Literal["to", "from"] = "to",
    cell_m: float = 100.0,
    snap_limit_m: float = 1000.0,
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give the area from which each site can be reached within each limit.

    Parameters
    ----------
    network
        A road network, in the coordinate system of the sites.
    sites
        Points with ``site_id``.
    mode
        A mode that the network holds.
    cutoffs_min
        Limits in minutes of the whole trip, with the walk between the site and the road.
    direction
        ``"to"``: people who travel to the site; ``"from"``: trips that leave it.
    cell_m
        Side of a cell in metres. Every reached stretch of road lies inside the area; a road inside
        it is reached, or less than a cell's diagonal away from one that is.
    snap_limit_m
        Greatest distance in metres from a site to the road.
    notify
        Gets the notes of sites far from the road.

    Returns
    -------
    geopandas.GeoDataFrame
        ``site_id``, ``mode``, ``cutoff_min`` and a MultiPolygon: a row for every site and limit,
        limits upwards; empty where nothing is reached.

    Raises
    ------
    CrsError
        Sites and network differ in coordinate system.
    InputError
        The network does not hold the mode.
    """
    import geopandas as gpd

    network_guard(network, sites, source="sites")
    snaps = snap(network, np.asarray(sites.geometry), mode=mode, limit_m=snap_limit_m)
    tell_snaps(snaps, list(sites["site_id"]), mode=mode, limit_m=snap_limit_m, notify=notify)
    limits = sorted(cutoffs_min)
    roadside = _roadside(network, mode, cell_m)
    shapes = [
        shape
        for minutes in _cell_minutes(
            roads_of(network), snaps, roadside, mode, direction, max(limits, default=0)
        )
        for shape in _areas(roadside, minutes, limits, cell_m)
    ]
    return gpd.GeoDataFrame(
        {
            "site_id": np.repeat(sites["site_id"].to_numpy(dtype=object), len(limits)),
            "mode": np.full(len(shapes), mode, dtype=object),
            "cutoff_min": np.tile(np.array(limits, dtype=float), len(sites)),
        },
        geometry=np.array(shapes, dtype=object),
        crs=network.crs,
    ).astype({"site_id": "str", "mode": "str"})


def _roadside(network: Network, mode: str, cell_m: float) -> _Roadside:
    """Cut all roads where one can get on or off into pieces of one cell each, sorted by cell."""
    import shapely

    usable = np.isfinite(network.times(mode)).any(axis=0) & network.joinable
    edges = np.flatnonzero(usable & (network.length_m > 0))
    edge, share = _cuts(network, edges, cell_m)
    whole = (edge[1:] == edge[:-1]) & (share[1:] > share[:-1])
    edge, begin, end = edge[1:][whole], share[:-1][whole], share[1:][whole]
    at = np.searchsorted(edges, edge)
    middle = shapely.line_interpolate_point(
        network.lines(edges)[at], (begin + end) / 2, normalized=True
    )
    cells = np.floor(shapely.get_coordinates(middle) / cell_m).astype(np.int64)
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    column, row = cells[order].T
    new = np.concatenate([[True], (np.diff(column) != 0) | (np.diff(row) != 0)])[: len(order)]
    first = np.flatnonzero(new)
    return _Roadside(
        begin=_on_road(edge[order], begin[order]),
        end=_on_road(edge[order], end[order]),
        column=column[first],
        row=row[first],
        first=first,
    )


def _cuts(network: Network, edges: Whole, cell_m: float) -> tuple[Whole, Floats]:
    """Give where edges cross the lines between cells, and their ends: edge and share, in order."""
    counts = np.diff(network.shape_start)[edges]
    at = ragged(network.shape_start[edges], counts - 1)
    edge = np.repeat(edges, counts - 1)
    x, y = network.shape_x, network.shape_y
    steps = np.hypot(x[at + 1] - x[at], y[at + 1] - y[at])
    before = np.cumsum(steps) - steps
    first = np.cumsum(counts - 1) - (counts - 1)
    before -= np.repeat(before[first], counts - 1)
    found_edge, found_share = [edges, edges], [np.zeros(len(edges)), np.ones(len(edges))]
    for start, stop in ((x[at], x[at + 1]), (y[at], y[at + 1])):
        low = np.floor(np.minimum(start, stop) / cell_m).astype(np.int64) + 1
        crossed = np.floor(np.maximum(start, stop) / cell_m).astype(np.int64) - low + 1
        which = np.repeat(np.arange(len(at)), crossed)
        line = ragged(low, crossed) * cell_m
        along = (line - start[which]) / (stop[which] - start[which])
        found_edge.append(edge[which])
        share = (before[which] + along * steps[which]) / network.length_m[edge[which]]
        found_share.append(share.clip(0, 1))
    cut, shares = np.concatenate(found_edge), np.concatenate(found_share)
    order = np.lexsort((shares, cut))
    return cut[order], shares[order]


def _on_road(edge: Whole, share: Floats) -> Snaps:
    nothing = np.zeros(len(edge))
    return Snaps(edge, share, nothing, np.ones(len(edge), bool), nothing)


def _cell_minutes(
    roads: Roads,
    sites: Snaps,
    roadside: _Roadside,
    mode: str,
    direction: Literal["to", "from"],
    longest_min: float,
) -> Iterator[Floats]:
    """Give for each site the minutes of every cell: of the quickest place in it."""
    towards = direction == "to"
    door, side = (ways_in, ways_out) if towards else (ways_out, ways_in)
    doors = door(roads, sites, mode)
    ends = [side(roads, at, mode) for at in (roadside.begin, roadside.end)]
    limit = most_within(longest_min)
    for first, block in plain_searches(roads, mode, doors, towards=towards, limit=limit):
        for site, found in enumerate(block, first):
            # Along an edge the time is the lesser of two straight lines: least at one of the ends.
            cost = np.minimum.reduce([_cheapest(end, found) for end in ends])
            seconds = np.floor(cost / 2**32) / 10
            _along_own_edge(roads.network, sites, site, roadside, mode, seconds, towards=towards)
            quickest = np.minimum.reduceat(seconds, roadside.first) if len(seconds) else seconds
            yield (quickest + sites.away_m[site] / walking_ms()) / 60


def _cheapest(places: Places, found: Floats) -> Floats:
    """Give the cost by the best door of each place."""
    best = np.full(len(places), np.inf)
    has_door = np.flatnonzero(np.diff(places.start))
    if len(has_door):
        ways = found[places.node] + places.cost
        best[has_door] = np.minimum.reduceat(ways, places.start[has_door])
    return best


def _along_own_edge(
    network: Network,
    sites: Snaps,
    site: int,
    roadside: _Roadside,
    mode: str,
    seconds: Floats,
    *,
    towards: bool,
) -> None:
    """Pieces of the edge of the site have a way straight along it, from where they are nearest."""
    if sites.edge[site] < 0:
        return
    here = np.flatnonzero(roadside.begin.edge == sites.edge[site])
    share = sites.share[site]
    ahead = share - np.clip(share, roadside.begin.share[here], roadside.end.share[here])
    there, back = network.times(mode)[:, sites.edge[site]]
    way = np.where((ahead > 0) == towards, there, back)
    with np.errstate(invalid="ignore"):
        direct = np.where(ahead == 0, 0.0, np.abs(ahead) * way)
    seconds[here] = np.minimum(seconds[here], direct)


def _areas(
    roadside: _Roadside, minutes: Floats, limits: Sequence[float], cell_m: float
) -> list[MultiPolygon]:
    """Give the area within each limit."""
    import shapely

    shapes = []
    for limit in limits:
        reached = minutes <= limit
        if not reached.any():
            shapes.append(shapely.MultiPolygon())
            continue
        corner, filled = _filled(roadside, reached, cell_m)
        shapes.append(outline(filled, corner, cell_m))
    return shapes


def _filled(
    roadside: _Roadside, reached: npt.NDArray[np.bool_], cell_m: float
) -> tuple[Whole, npt.NDArray[np.bool_]]:
    """Lay reached cells out on the grid, and fill the small fields that they enclose.

    Returned are the place of the first cell and the cells (row, column) with an empty edge around.
    """
    from scipy import ndimage

    column, row = roadside.column, roadside.row
    low = np.array([column[reached].min(), row[reached].min()]) - 1
    size = np.array([column[reached].max(), row[reached].max()]) - low + 2
    near = ((column - low[0]) | (row - low[1])) >= 0
    near &= (column < low[0] + size[0]) & (row < low[1] + size[1])
    cells = np.zeros((2, size[1], size[0]), dtype=bool)
    cells[0, row[reached] - low[1], column[reached] - low[0]] = True
    cells[1, row[near] - low[1], column[near] - low[0]] = True
    filled, roads = cells
    field, _ = ndimage.label(~filled)
    kept = np.bincount(field.ravel()) * cell_m**2 > ENCLOSED_M2
    kept[np.unique(field[roads])] = True  # an enclosed road that is not reached stays outside
    kept[[0, field[0, 0]]] = True
    return low, filled | ~kept[field]
