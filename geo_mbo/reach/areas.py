"""Isochrones over the network, as sets of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.engine.metric import in_threads
from geo_mbo.errors import above_zero, one_of
from geo_mbo.network.costs import HORIZON_MIN, most_within
from geo_mbo.network.doors import ways_in, ways_out
from geo_mbo.network.pairs import walking_ms
from geo_mbo.network.search import Search, Searcher, searchers_of
from geo_mbo.network.snapping import Snaps, network_guard, snap, tell_snaps
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.reach import cells
from geo_mbo.reach.frontage import Frontage, frontage, own_street

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely import MultiPolygon

    from geo_mbo.engine.types import Nodes
    from geo_mbo.network import Network
    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Whole
    from geo_mbo.reach.cells import CellTimes

    Draw = Callable[[Nodes, Nodes, CellTimes, Sequence[int]], list[MultiPolygon]]

_TOGETHER = 16
"""Sites that are dealt out to threads at a time."""


def isochrones(  # noqa: PLR0913 - all but two are options, by keyword
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    mode: str,
    cutoffs_min: Sequence[float] = (15, 30, 45),
    direction: Literal["to", "from"] = "to",
    cell_m: float = 100.0,
    search: Search = Search(),
    progress: Progress = silent,
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
        Limits in minutes of the whole trip, with the walk between the site and the road; at most
        3,495.
    direction
        ``"to"``: people who travel to the site; ``"from"``: trips that leave it.
    cell_m
        Side of a cell in metres. Every reached stretch of road lies inside the area; a road inside
        it is reached, or less than a cell's diagonal away from one that is.
    search
        By which engine, kept where, and how far from the road a site may lie.
    progress
        Gets the fraction done.
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
        The network does not hold the mode, or an option is none.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = isochrones(town.network, town.tables.sites[:1], mode="bike", cutoffs_min=[5, 15])
    >>> (found.area / 1e6).round(2).tolist()
    [0.26, 0.76]
    """
    import geopandas as gpd

    one_of("direction", direction, ("to", "from"))
    unknown = {f"cutoffs_min[{k}]": v for k, v in enumerate(cutoffs_min) if np.isnan(v)}
    above_zero(cell_m=cell_m, **unknown)
    network_guard(network, sites, source="sites")
    searcher, far_m = searchers_of(network, [mode], search)[mode], search.snap_limit_m
    snaps = snap(network, np.asarray(sites.geometry), mode=mode, limit_m=far_m)
    tell_snaps(snaps, list(sites["site_id"]), mode=mode, limit_m=far_m, notify=notify)
    limits = sorted(cutoffs_min)
    shapes = np.empty((len(sites), len(limits)), object)
    if shapes.size:
        found = _areas(searcher, snaps, mode, limits, towards=direction == "to", cell_m=cell_m)
        for done, (site, areas) in enumerate(found):
            progress(done / len(sites), "progress.finding_times")
            shapes[site] = areas
    progress(1.0, "progress.finding_times")
    return gpd.GeoDataFrame(
        {
            "site_id": np.repeat(sites["site_id"].to_numpy(dtype=object), len(limits)),
            "mode": np.full(shapes.size, mode, dtype=object),
            "cutoff_min": np.tile(np.array(limits, dtype=float), len(sites)),
        },
        geometry=shapes.ravel(),
        crs=network.crs,
    ).astype({"site_id": "str", "mode": "str"})


def _areas(
    searcher: Searcher,
    sites: Snaps,
    mode: str,
    limits: Sequence[float],
    *,
    towards: bool,
    cell_m: float,
) -> Iterator[tuple[int, list[MultiPolygon]]]:
    """Give the areas of each site, in the order in which the search gets to them."""
    roads, compiled = searcher.roads, searcher.prepares(len(sites.edge))
    # The hierarchy numbers near nodes alike; the network as its source happens to.
    place = searcher.hierarchy.rank if compiled else np.arange(len(roads.junction), dtype=np.int32)
    front = frontage(roads, mode, place, towards=towards, cell_m=cell_m)
    draw = _drawer(front, cell_m, compiled=compiled)
    mosts = _tenths_within(limits, sites)
    doors = (ways_in if towards else ways_out)(roads, sites, mode)
    limit = most_within(int(mosts.max()) / 600)

    def job(found: tuple[int, Nodes, Costs]) -> tuple[int, list[MultiPolygon]]:
        site, nodes, cost = found
        own = own_street(front, roads, sites, site, mode, towards=towards, cell_m=cell_m)
        return site, draw(nodes, (cost >> 32).astype(np.int32), own, mosts[site])

    reached = searcher.reached(mode, doors, towards=towards, limit=limit)
    while block := list(islice(reached, _TOGETHER)):
        yield from in_threads(job, block, None if compiled else 1)


def _tenths_within(limits_min: Sequence[float], sites: Snaps) -> Whole:
    """Give the tenths of a second on the road that each limit leaves each site; -1: not even 0."""
    walk_s = np.where(sites.edge >= 0, sites.away_m, np.inf) / walking_ms()
    left = (np.minimum(limits_min, HORIZON_MIN) * 60 - walk_s[:, None]) * 10
    return np.floor(left.clip(-1) + 1e-6).astype(np.int64)


def _drawer(front: Frontage, cell_m: float, *, compiled: bool) -> Draw:
    """Give what draws the areas of one site: the same shapes, compiled or plain."""
    if not compiled:
        return partial(cells.areas, front, cell_m=cell_m)
    from geo_mbo.reach.fast import Drawer

    return Drawer(front, cell_m)
