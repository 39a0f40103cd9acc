"""Matrices of our own making: over a network, or over the crow-flies distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.errors import CrsError
from geo_mbo.modes import chosen
from geo_mbo.network.pairs import Block, between, snapped
from geo_mbo.network.places import coordinates
from geo_mbo.network.search import Search, searchers_of
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, part, silent
from geo_mbo.travel.matrix import (
    OK,
    ORIGIN_TOO_FAR,
    OVER_LIMIT,
    SITE_TOO_FAR,
    VARIABLES,
    TravelMatrix,
    coords_of,
    labelled,
)
from geo_mbo.travel.store import write_blocks

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network import Network

_PLANES = {name: VARIABLES[name][1] for name in ("minutes", "meters", "status")}


def travel_matrix(
    network: Network,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    modes: Sequence[str],
    limit_min: float = 120,
    search: Search = Search(),
    progress: Progress = silent,
    notify: Notify = to_log,
) -> TravelMatrix:
    """Travel times over a network, from every origin to every site.

    Each point is snapped once, by itself, to the nearest stretch of road that the mode may use;
    the way from the point to the road is walked and counts in minutes and metres. A value depends
    on its own origin, site and mode only, never on what else was asked for. Exact to a tenth of a
    second a stretch, turn restrictions included (see `geo_mbo.network.search`).

    Parameters
    ----------
    network
        A road network, in the coordinate system of the points.
    origins
        Points with ``origin_id``.
    sites
        Points with ``site_id``; an empty point (not located) gives a column of ``site_too_far``.
    modes
        Names of modes that the network holds.
    limit_min
        Longest time in minutes, at most 3,495; beyond it a pair is ``inf`` with status
        ``over_limit``.
    search
        By which engine, with what memory, kept where.
    progress
        Gets the fraction done.
    notify
        Gets the notes: points far from the road or beyond the limit.

    Returns
    -------
    TravelMatrix
        Minutes and metres, ``inf`` where not reached, with the status that says why.

    Raises
    ------
    CrsError
        Points and network differ in coordinate system.
    InputError
        The network does not hold a mode.
    FileError
        The store cannot be written.
    """
    points = [
        snapped(network, origins, sites, mode=mode, snap_m=search.snap_limit_m, notify=notify)
        for mode in modes
    ]
    searchers = searchers_of(network, modes, search)
    labels = (modes, origins["origin_id"], sites["site_id"])
    snap_m = {
        "origin_snap_m": np.array([found.homes.away_m for found in points]),
        "site_snap_m": np.array([found.schools.away_m for found in points]),
    }

    def blocks() -> Iterator[tuple[int, Block]]:
        for k, found in enumerate(points):
            step = part(progress, k / len(modes), (k + 1) / len(modes))
            for block in between(
                searchers[found.mode],
                found,
                limit_min=limit_min,
                memory_mb=search.memory_mb,
                progress=step,
            ):
                yield k, block

    if search.store is not None:
        return write_blocks(
            search.store, coords_of(*labels), snap_m, blocks(), source=network.source
        )
    shape = tuple(map(len, labels))
    planes = {name: np.empty(shape, kind) for name, kind in _PLANES.items()}
    for k, (rows, columns, pairs) in blocks():
        for name, plane in planes.items():
            plane[k, rows, columns] = getattr(pairs, name)
    return labelled(*labels, planes | (snap_m if points else {}), source=network.source)


def crow_flies_matrix(
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    modes: Sequence[str],
    limit_min: float = 120,
) -> TravelMatrix:
    """Travel times without a network: crow-flies distance x detour / speed of the mode.

    Parameters
    ----------
    origins, sites
        Points with ``origin_id`` and ``site_id`` in one coordinate system in metres.
    modes
        Names of modes; detour and speed stand in ``resources/speeds.toml`` with their sources.
    limit_min
        Longest time in minutes; beyond it a pair is ``inf`` with status ``over_limit``.

    Raises
    ------
    CrsError
        The points are not in metres, or not in one coordinate system.

    Examples
    --------
    >>> import geopandas as gpd
    >>> homes = gpd.GeoDataFrame({"origin_id": ["1011"]},
    ...                          geometry=gpd.points_from_xy([121_000], [487_000]), crs=28992)
    >>> school = gpd.GeoDataFrame({"site_id": ["901X001"]},
    ...                           geometry=gpd.points_from_xy([124_000], [491_000]), crs=28992)
    >>> crow_flies_matrix(homes, school, modes=["bike"]).minutes("bike").round(2)
    array([[24.38]], dtype=float32)
    """
    _same_metric_crs(origins, sites)
    homes, schools = (coordinates(np.asarray(frame.geometry)) for frame in (origins, sites))
    away = np.hypot(*(homes.T[:, :, None] - schools.T[:, None, :]))
    reasons = np.full(away.shape, OK)
    reasons[np.isnan(homes[:, 0])] = ORIGIN_TOO_FAR
    reasons[:, np.isnan(schools[:, 0])] = SITE_TOO_FAR
    planes: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in VARIABLES}
    for mode in chosen(modes):
        meters = away * mode.detour
        minutes = meters / (mode.crow_flies_kmh * 1000 / 60)
        status = np.where((reasons == OK) & (minutes > limit_min), OVER_LIMIT, reasons)
        planes["minutes"].append(np.where(status == OK, minutes, np.inf))
        planes["meters"].append(np.where(status == OK, meters, np.inf))
        planes["status"].append(status)
        planes["origin_snap_m"].append(np.full(len(origins), np.nan))
        planes["site_snap_m"].append(np.full(len(sites), np.nan))
    return labelled(
        modes,
        origins["origin_id"],
        sites["site_id"],
        {name: np.stack(found) for name, found in planes.items()} if modes else {},
        source="crow-flies x detour",
    )


def _same_metric_crs(origins: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> None:
    for name, frame in (("origins", origins), ("sites", sites)):
        if frame.crs is None:
            raise CrsError.of("crs_missing", where=name)
        if frame.crs.is_geographic:
            raise CrsError.of("crs_geographic", where=name, crs=frame.crs.name)
    if origins.crs != sites.crs:
        raise CrsError.of("crs_differ", where="sites", crs=sites.crs.name, due=origins.crs.name)
