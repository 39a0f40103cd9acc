"""The ways of pairs, with their lines on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError
from geo_mbo.network.pairs import Snapped, snapped, told_pairs
from geo_mbo.network.routes import finder, way_of
from geo_mbo.network.search import Search, searchers_of
from geo_mbo.network.turns import Roads
from geo_mbo.notes import Notify, to_log
from geo_mbo.schema import TRAVEL_STATUS

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely import LineString

    from geo_mbo.network import Network
    from geo_mbo.network.routes import Find


def routes(
    network: Network,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    mode: str,
    limit_min: float = 120,
    search: Search = Search(),
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give the fastest way of each pair: the first origin to the first site, and so on.

    Minutes and metres are those of `travel_matrix`, and belong to the line that is drawn.

    Parameters
    ----------
    network
        A road network, in the coordinate system of the points.
    origins, sites
        As many points of each, with ``origin_id`` and ``site_id``; a point may stand in several
        rows.
    mode
        A mode that the network holds.
    limit_min
        Longest time in minutes; beyond it a pair is ``inf`` with status ``over_limit``.
    search
        By which engine, kept where.
    notify
        Gets the notes of points far from the road.

    Returns
    -------
    geopandas.GeoDataFrame
        ``origin_id``, ``site_id``, ``mode``, ``minutes``, ``meters``, ``status`` and a LineString
        from the point of the origin to that of the site, the straight walks to and from the road
        with it; empty where there is no way within the limit.

    Raises
    ------
    CrsError
        Points and network differ in coordinate system.
    InputError
        There are not as many origins as sites, or the network does not hold the mode.

    Examples
    --------
    >>> from geo_mbo import sample_town
    >>> town = sample_town()
    >>> homes, sites = town.tables.origins.iloc[[2]], town.tables.sites.iloc[[0]]
    >>> found = routes(town.network, homes, sites, mode="bike")
    >>> found[["minutes", "meters"]].values.tolist(), found.geometry[0].length
    ([[36.0, 9000.0]], 9000.0)
    """
    import geopandas as gpd

    if len(origins) != len(sites):
        raise InputError.of("not_in_pairs", count=len(origins), other=len(sites))
    points = snapped(network, origins, sites, mode=mode, snap_m=search.snap_limit_m, notify=notify)
    searcher = searchers_of(network, [mode], search)[mode]
    find = finder(searcher, mode, searches=len(origins))
    rows = [_route(searcher.roads, points.pair(k), find, limit_min) for k in range(len(origins))]
    minutes, meters, status, lines = zip(*rows, strict=True) if rows else ((), (), (), ())
    return gpd.GeoDataFrame(
        {
            "origin_id": origins["origin_id"].to_numpy(dtype=object),
            "site_id": sites["site_id"].to_numpy(dtype=object),
            "mode": np.full(len(rows), mode, dtype=object),
            "minutes": np.array(minutes, float),
            "meters": np.array(meters, float),
            "status": np.array(status, dtype=object),
        },
        geometry=np.array(lines, dtype=object),
        crs=network.crs,
    ).astype({"origin_id": "str", "site_id": "str", "mode": "str", "status": "str"})


def _route(
    roads: Roads, points: Snapped, find: Find, limit_min: float
) -> tuple[float, float, str, LineString]:
    import shapely

    network = roads.network
    cost, way = way_of(roads, points, find)
    found = told_pairs(network, points, np.array([[cost]]), limit_min)
    minutes, meters = float(found.minutes[0, 0]), float(found.meters[0, 0])
    status = TRAVEL_STATUS[found.status[0, 0]]
    if status != "ok":
        return minutes, meters, status, shapely.LineString()
    home, school = points.home_at[0], points.school_at[0]
    across = points.homes.edge[0] == points.schools.edge[0] and np.float32(
        np.hypot(*(home - school))
    ) == np.float32(meters)
    between = np.zeros((0, 2)) if across else way.points(network)
    line = np.vstack([home, between, school])
    moves = np.concatenate([[True], (np.diff(line, axis=0) != 0).any(axis=1)])
    # A line has two ends, also where it leads nowhere.
    drawn = line[moves] if moves.sum() > 1 else line[[0, -1]]
    return minutes, meters, status, shapely.LineString(drawn)
