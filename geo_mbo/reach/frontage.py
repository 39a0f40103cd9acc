"""Which cells the streets at each junction run through, and how far into the street each lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.costs import packed
from geo_mbo.network.doors import ways_in, ways_out
from geo_mbo.network.road import ragged
from geo_mbo.network.snapping import Snaps

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine import Places
    from geo_mbo.engine.types import Nodes, Starts
    from geo_mbo.network import Network
    from geo_mbo.network.road import Floats, Whole
    from geo_mbo.network.turns import Roads

    Doors = Callable[[Roads, Snaps, str], Places]

_BLOCK = 1 << 17
"""Edges that are cut at a time, to spare memory."""


@dataclass(frozen=True, eq=False)
class Frontage:
    """All cells with a road of one mode, and from which nodes they are reached at what time.

    Along an edge the time is the lesser of two straight lines, one from each end. So the quickest
    place of a stretch within one cell is one of its two ends, and what a cell takes is the least,
    over the nodes of the roads in it, of the time of the node and a fixed time further.

    Attributes
    ----------
    column, row
        The cells, row by row upwards, from left to right.
    line, lowest
        The cells of row ``lowest + r`` are ``line[r]`` up to ``line[r + 1]``.
    start
        Node ``i`` has the cells ``start[i]`` up to ``start[i + 1]`` along its streets.
    cell, further
        Those cells, and the tenths of a second from the node to the quickest place in each.
    """

    column: Nodes
    row: Nodes
    line: Starts
    lowest: int
    start: Starts
    cell: Nodes
    further: Nodes

    @cached_property
    def names(self) -> Whole:
        """The cells by one number each."""
        return _name(self.column, self.row)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Stretches of road, each within one cell: edge, share at both ends, and cell."""

    edge: Whole
    begin: Floats
    end: Floats
    column: Whole
    row: Whole


def frontage(roads: Roads, mode: str, *, towards: bool, cell_m: float) -> Frontage:
    """Find which cells the streets at each node run through.

    Parameters
    ----------
    roads, mode
        The roads of one mode.
    towards
        Trips go from the street to the node; else from the node into the street.
    cell_m
        Side of a cell in metres.
    """
    network = roads.network
    usable = np.isfinite(network.times(mode)).any(axis=0) & network.joinable
    edges = np.flatnonzero(usable & (network.length_m > 0))
    doors = ways_out if towards else ways_in
    parts = [
        _block(roads, mode, doors, edges[first : first + _BLOCK], cell_m)
        for first in range(0, max(len(edges), 1), _BLOCK)
    ]
    node, name, further = (np.concatenate(column) for column in zip(*parts, strict=True))
    names, cell = np.unique(name, return_inverse=True)
    node, cell, further = _least(node, cell, further)
    column, row = _column(names), _row(names)
    lowest = int(row.min(initial=0))
    rows = np.arange(lowest, int(row.max(initial=-1)) + 2)
    return Frontage(
        column=column,
        row=row,
        line=np.searchsorted(row, rows),
        lowest=lowest,
        start=np.searchsorted(node, np.arange(len(roads.junction) + 1)),
        cell=cell.astype(np.int32),
        further=further,
    )


def _block(
    roads: Roads, mode: str, doors: Doors, edges: Whole, cell_m: float
) -> tuple[Nodes, Whole, Nodes]:
    """Give for some edges the nodes at their ends, the names of cells, and the tenths between."""
    found = pieces(roads.network, edges, cell_m)
    name = _name(found.column, found.row)
    parts = []
    for share in (found.begin, found.end):
        ways = doors(roads, on_road(found.edge, share), mode)
        parts.append((ways.node, name[ways.owner], (ways.cost >> 32).astype(np.int32)))
    return _least(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _least(node: Nodes, cell: Whole, further: Nodes) -> tuple[Nodes, Whole, Nodes]:
    """Keep of each node and cell the least, in order of node and cell."""
    order = np.lexsort((cell, node))
    node, cell, further = node[order], cell[order], further[order]
    new = np.ones(len(node), bool)
    new[1:] = (np.diff(node) != 0) | (np.diff(cell) != 0)
    first = np.flatnonzero(new)
    if not len(first):
        return node, cell, further
    return node[first], cell[first], np.minimum.reduceat(further, first)


def _name(column: npt.NDArray[np.integer], row: npt.NDArray[np.integer]) -> Whole:
    """Name cells by one number each, in the order of rows and then columns."""
    return (row.astype(np.int64) << 32) + column + 2**31


def _column(name: Whole) -> Nodes:
    return ((name & (2**32 - 1)) - 2**31).astype(np.int32)


def _row(name: Whole) -> Nodes:
    return (name >> 32).astype(np.int32)


def own_street(
    front: Frontage,
    roads: Roads,
    sites: Snaps,
    site: int,
    mode: str,
    *,
    towards: bool,
    cell_m: float,
) -> tuple[Whole, Nodes]:
    """Give the cells along the street of a site, and the tenths of a second straight along it."""
    network, edge, share = roads.network, sites.edge[site : site + 1], sites.share[site]
    found = pieces(network, edge[edge >= 0], cell_m)
    ahead = share - np.clip(share, found.begin, found.end)
    there, back = network.times(mode)[:, found.edge]
    way = np.where((ahead > 0) == towards, there, back)
    with np.errstate(invalid="ignore"):  # nothing of a closed edge is nothing
        seconds = np.where(ahead == 0, 0.0, np.abs(ahead) * way)
    cost = packed(seconds, np.abs(ahead) * network.length_m[found.edge])
    name = _name(found.column, found.row)
    cell = np.searchsorted(front.names, name).clip(max=len(front.names) - 1)
    known = front.names[cell] == name  # a splinter within rounding of a line may miss its cell
    return cell[known], (cost[known] >> 32).astype(np.int32)


def on_road(edge: Whole, share: Floats) -> Snaps:
    """Give places on the road itself."""
    nothing = np.zeros(len(edge))
    return Snaps(edge, share, nothing, np.ones(len(edge), bool), nothing)


def pieces(network: Network, edges: Whole, cell_m: float) -> Pieces:
    """Cut edges where they cross the lines between cells."""
    import shapely

    edge, share = _cuts(network, edges, cell_m)
    whole = (edge[1:] == edge[:-1]) & (share[1:] > share[:-1])
    edge, begin, end = edge[1:][whole], share[:-1][whole], share[1:][whole]
    at = np.searchsorted(edges, edge)
    lines = network.lines(edges)[at]
    middle = shapely.line_interpolate_point(lines, (begin + end) / 2, normalized=True)
    cells = np.floor(shapely.get_coordinates(middle) / cell_m).astype(np.int64)
    return Pieces(edge, begin, end, cells[:, 0], cells[:, 1])


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
