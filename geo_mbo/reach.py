"""What can be reached within so many minutes: isochrones true to the network.

An isochrone here is the union of the square cells that hold a stretch of road from which (or to
which) the trip takes no longer than the limit. The road is followed by the metre: an edge counts as
far as it is reached, found with Dijkstra's algorithm and exact parts of edges. Cells lie on one
fixed grid, so that a result does not depend on what else is asked for, and a longer limit always
holds the shorter. A field of at most 1 km2 that reached roads enclose, with no road in it, belongs
to the area. Polygons drawn around reached junctions do none of this: they swallow places beyond the
limit, and rivers without a bridge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo_mbo.network.pairs import ends, walking_ms
from geo_mbo.network.search import graph, search
from geo_mbo.network.snapping import Snaps, network_guard, snap, tell_snaps
from geo_mbo.notes import Notify, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    from shapely import MultiPolygon

    from geo_mbo.network import Network
    from geo_mbo.network.road import Floats, Whole

__all__ = ["isochrones"]

SAMPLES_PER_CELL = 4
"""Roads are looked at every quarter of a cell."""
ENCLOSED_M2 = 1_000_000.0
"""Fields up to this size that reached roads enclose belong to the area."""
_BLOCK_BYTES = 128 * 2**20


@dataclass(frozen=True, eq=False)
class _Roadside:
    """Places along the roads of one mode, in the order of the cells that they lie in.

    ``at`` is their edge and share, ``column`` and ``row`` the cells, and ``first`` the first place
    in each cell.
    """

    at: Snaps
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
        Side of a cell in metres. A reached road lies inside the area, except for a last bit
        shorter than a quarter of a cell; what lies inside is less than a cell's diagonal away
        from a reached road.
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
            network, snaps, roadside, mode, direction, max(limits, default=0)
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
    """Take places along all roads where one can get on or off, and sort them by cell."""
    import shapely

    usable = np.isfinite(network.times(mode)).any(axis=0) & network.joinable
    edges = np.flatnonzero(usable & (network.length_m > 0))
    steps = np.ceil(network.length_m[edges] / (cell_m / SAMPLES_PER_CELL)).astype(np.int64)
    edge = np.repeat(edges, steps + 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    share = step / np.repeat(steps, steps + 1)
    lines = np.repeat(network.lines(edges), steps + 1)
    places = shapely.line_interpolate_point(lines, share, normalized=True)
    cells = np.floor(shapely.get_coordinates(places) / cell_m).astype(np.int64)
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    column, row = cells[order].T
    new = np.concatenate([[True], (np.diff(column) != 0) | (np.diff(row) != 0)])[: len(order)]
    first = np.flatnonzero(new)
    at = _on_road(edge[order], share[order])
    return _Roadside(at=at, column=column[first], row=row[first], first=first)


def _on_road(edge: Whole, share: Floats) -> Snaps:
    nothing = np.zeros(len(edge))
    return Snaps(edge, share, nothing, np.ones(len(edge), bool), nothing)


def _cell_minutes(
    network: Network,
    sites: Snaps,
    roadside: _Roadside,
    mode: str,
    direction: Literal["to", "from"],
    longest_min: float,
) -> Iterator[Floats]:
    """Give for each site the minutes of every cell: of the quickest place in it."""
    towards = direction == "to"
    roads = graph(network, mode, towards=towards)
    doors = ends(network, sites, mode, arriving=towards)
    places = ends(network, roadside.at, mode, arriving=not towards)
    size = max(1, _BLOCK_BYTES // (32 * (len(network.node_x) + 1)))
    for start in range(0, len(sites.edge), size):
        block = slice(start, start + size)
        seconds, _ = search(
            roads,
            doors.node[block],
            doors.seconds[block],
            doors.meters[block],
            limit_s=longest_min * 60,
        )
        for site, found in enumerate(seconds, start):
            along = np.minimum(
                places.seconds[:, 0] + found[places.node[:, 0]],
                places.seconds[:, 1] + found[places.node[:, 1]],
            )
            _along_own_edge(network, sites, site, roadside.at, mode, along, towards=towards)
            quickest = np.minimum.reduceat(along, roadside.first) if len(along) else along
            yield (quickest + sites.away_m[site] / walking_ms()) / 60


def _along_own_edge(
    network: Network,
    sites: Snaps,
    site: int,
    places: Snaps,
    mode: str,
    seconds: Floats,
    *,
    towards: bool,
) -> None:
    """Places on the edge of the site have a way straight along it."""
    if sites.edge[site] < 0:
        return
    here = np.flatnonzero(places.edge == sites.edge[site])
    ahead = sites.share[site] - places.share[here]
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
        shapes.append(_outline(filled, corner, cell_m))
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


def _outline(filled: npt.NDArray[np.bool_], corner: Whole, cell_m: float) -> MultiPolygon:
    """Give the union of cells as one valid shape: its outline is put together from their sides."""
    import shapely

    sides = (_sides(filled) + corner) * float(cell_m)
    lines = np.asarray(shapely.linestrings(sides))
    faces = shapely.get_parts(shapely.polygonize(lines))
    inside = np.floor(shapely.get_coordinates(shapely.point_on_surface(faces)) / cell_m)
    at = inside.astype(np.int64) - corner
    return shapely.MultiPolygon(list(faces[filled[at[:, 1], at[:, 0]]]))


def _sides(filled: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Give the straight runs of the border between filled and empty cells, cut at every corner.

    ``filled`` has an empty edge all round. Returned: runs x 2 ends x (column, row).
    """
    upright = np.diff(filled, axis=1)  # [row, column]: side between column and column + 1
    level = np.diff(filled, axis=0)  # [row, column]: side between row and row + 1
    across = np.zeros((filled.shape[0] - 1, filled.shape[1] - 1), dtype=bool)
    along = across.copy()
    across |= upright[:-1] | upright[1:]
    along |= level[:, :-1] | level[:, 1:]
    runs = []
    for sides, crossed, swap in ((level.T, across.T, False), (upright, along, True)):
        runs.append(_runs(sides, crossed, swap=swap))
    return np.concatenate(runs)


def _runs(
    sides: npt.NDArray[np.bool_], crossed: npt.NDArray[np.bool_], *, swap: bool
) -> npt.NDArray[Any]:
    """Join sides that follow each other along the first axis, up to where another side meets.

    ``crossed[k]`` is the corner between side ``k`` and side ``k + 1``.
    """
    begin, end = sides.copy(), sides.copy()
    begin[1:] &= ~sides[:-1] | crossed
    end[:-1] &= ~sides[1:] | crossed
    # Transposed: the runs of one line stand together, so that n-th begin and n-th end are a pair.
    line, start = np.nonzero(begin.T)
    _, stop = np.nonzero(end.T)
    one, other = np.column_stack([start, line + 1]), np.column_stack([stop + 1, line + 1])
    pairs = np.stack([one, other], axis=1)
    return pairs[:, :, ::-1] if swap else pairs
