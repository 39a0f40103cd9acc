"""Snapping points to the road: each by itself, to the nearest place on a road its mode may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.engine.metric import in_threads
from geo_mbo.errors import CrsError
from geo_mbo.network.places import coordinates
from geo_mbo.network.road import largest_piece
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network.road import Floats, Network, Truths, Whole

FAR_M = 250.0
"""Points that lie farther than this from the road are told in a note."""
MOVED_M = 100.0
"""So are points that a cut-off road lies this much nearer to than the road they are snapped to."""
_MOST_CELLS = 4096
"""Columns or rows of the grid that tells which edges lie near any point."""
_PART = 16_384
"""Points that one thread looks up at a time."""


@dataclass(frozen=True, eq=False)
class Snaps:
    """Where points meet the road.

    Attributes
    ----------
    edge
        The edge; -1 = none within the limit, or no point.
    share
        How far along the edge: 0 at its tail, 1 at its head.
    away_m
        Straight distance from the point to the road in metres; ``inf`` = none within the limit.
    in_largest
        The edge lies in the largest piece, where all can reach all.
    moved_m
        How much farther it is than the nearest road, where that is cut off from the largest piece.
    """

    edge: Whole
    share: Floats
    away_m: Floats
    in_largest: Truths
    moved_m: Floats

    def take(self, which: slice | Whole) -> Snaps:
        """Give what was found for some of the points."""
        return Snaps(*(getattr(self, part.name)[which] for part in fields(self)))


def snap(network: Network, points: npt.NDArray[Any], *, mode: str, limit_m: float = 1000) -> Snaps:
    """Snap points to the nearest place on a road that `mode` may use.

    The largest piece of the network goes first: only a point that has none of it within the limit
    meets a road that is cut off. Nobody gets on or off along a motorway or a ferry. Of roads that
    are equally near the first of the network is taken, whatever else is asked.

    Parameters
    ----------
    network
        The roads.
    points
        shapely Points in the network's coordinate system; empty or missing ones meet no road.
    mode
        A mode that the network holds.
    limit_m
        Greatest distance in metres.
    """
    largest = largest_piece(network, mode)
    usable = np.isfinite(network.times(mode)).any(axis=0) & network.joinable
    usable &= network.length_m > 0
    core = usable & largest[network.tail] & largest[network.head]
    to_core, core_m = _nearest(network, points, np.flatnonzero(core), limit_m)
    to_rest, rest_m = _nearest(network, points, np.flatnonzero(usable & ~core), limit_m)
    edge = np.where(to_core >= 0, to_core, to_rest)
    moved = (to_core >= 0) & (rest_m < core_m)
    return Snaps(
        edge=edge,
        share=_shares(network, points, edge),
        away_m=np.where(to_core >= 0, core_m, rest_m),
        in_largest=to_core >= 0,
        moved_m=np.where(moved, core_m - np.where(moved, rest_m, 0), 0.0),
    )


def network_guard(network: Network, frame: gpd.GeoDataFrame, *, source: str) -> None:
    """Refuse points that are not in the coordinate system of the network.

    Raises
    ------
    CrsError
        No coordinate system, a geographic one, or another than the network's.
    """
    from pyproj import CRS

    if frame.crs is None:
        raise CrsError.of("crs_missing", where=source)
    if frame.crs.is_geographic:
        raise CrsError.of("crs_geographic", where=source, crs=frame.crs.name)
    if frame.crs != CRS(network.crs):
        raise CrsError.of("crs_differ", where=source, crs=frame.crs.name, due=network.crs)


def tell_snaps(
    snaps: Snaps, ids: Sequence[str], *, mode: str, limit_m: float, notify: Notify = to_log
) -> None:
    """Give notes of points beyond the limit, far from the road, or moved to the largest piece."""
    names = np.asarray(ids, dtype=object)
    beyond = snaps.edge < 0
    far = ~beyond & (snaps.away_m > FAR_M)
    cut_off = ~beyond & ~snaps.in_largest
    told: tuple[tuple[str, Truths, dict[str, Any]], ...] = (
        ("snap_beyond", beyond, {"limit_m": round(limit_m)}),
        ("snap_far", far, {"far_m": round(FAR_M)}),
        ("snap_cut_off", cut_off, {}),
        ("snap_moved", snaps.moved_m > MOVED_M, {"moved_m": round(MOVED_M)}),
    )
    for code, rows, params in told:
        if rows.any():
            notify(note(code, names[rows], mode=mode, **params))


def _nearest(
    network: Network, points: npt.NDArray[Any], edges: Whole, limit_m: float
) -> tuple[Whole, Floats]:
    """Nearest of these edges within the limit: -1 and ``inf`` where there is none.

    Most points lie close to a road: the first look is not far, and only at edges near some point,
    so that a few points on the roads of a country take no index of all of these.
    """
    found: Whole = np.full(len(points), -1, np.int64)
    away = np.full(len(points), np.inf)
    at = coordinates(points)
    left = np.flatnonzero(np.isfinite(at).all(axis=1))
    for reach_m in (limit_m / 8, limit_m):
        near = edges[_close(network, edges, at[left], reach_m)]
        if not len(near) or not len(left):
            continue
        which, edge, apart = _query(network, points[left], near, reach_m)
        found[left[which]], away[left[which]] = edge, apart
        left = left[found[left] < 0]
    return found, away


def _query(
    network: Network, points: npt.NDArray[Any], edges: Whole, limit_m: float
) -> tuple[Whole, Whole, Floats]:
    """Give which points have one of these edges within the limit, the nearest, and how far."""
    import shapely

    tree = shapely.STRtree(network.lines(edges))

    def part(rows: slice) -> tuple[Whole, Whole, Floats]:
        (point, line), metres = tree.query_nearest(
            points[rows], max_distance=limit_m, return_distance=True, all_matches=True
        )
        return point + rows.start, line, metres

    rows = [slice(k, k + _PART) for k in range(0, len(points), _PART)]
    which, hit, apart = (np.concatenate(v) for v in zip(*in_threads(part, rows), strict=True))
    order = np.lexsort((hit, which))
    first = order[np.unique(which[order], return_index=True)[1]]
    return which[first], edges[hit[first]], apart[first]


def _close(network: Network, edges: Whole, at: Floats, reach_m: float) -> Truths:
    """Mark the edges whose box may lie within reach of a point: none that does is left out."""
    boxes = network.boxes[edges]
    if not len(edges) or not len(at):
        return np.zeros(len(edges), bool)
    low, high = boxes[:, :2].min(axis=0) - reach_m, boxes[:, 2:].max(axis=0) + reach_m
    cell_m = max(reach_m, float((high - low).max()) / _MOST_CELLS)
    columns, rows = (np.floor((high - low) / cell_m).astype(np.int64) + 3).tolist()
    here = at[((at >= low) & (at <= high)).all(axis=1)]
    marked = np.zeros((rows, columns), np.int64)
    column, row = (np.floor((here - low) / cell_m).astype(np.int64) + 1).T
    for up, right in np.ndindex(3, 3):
        marked[row + up - 1, column + right - 1] = 1
    # How many cells are marked up to each: four corners then tell of any box.
    total = np.pad(marked.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    first = np.floor((boxes[:, :2] - low) / cell_m).astype(np.int64) + 1
    last = np.floor((boxes[:, 2:] - low) / cell_m).astype(np.int64) + 2
    (left, under), (right, over) = first.T, last.T
    inside = total[over, right] - total[under, right] - total[over, left] + total[under, left]
    return np.asarray(inside > 0)


def _shares(network: Network, points: npt.NDArray[Any], edge: Whole) -> Floats:
    import shapely

    shares = np.zeros(len(points))
    on = np.flatnonzero(edge >= 0)
    if len(on):
        lines = network.lines(edge[on])
        shares[on] = shapely.line_locate_point(lines, points[on], normalized=True)
    return shares.clip(0.0, 1.0)
