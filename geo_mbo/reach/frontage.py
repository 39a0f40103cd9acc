"""Which cells the streets at each junction run through, and how far into the street each lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.costs import NO_WAY, packed
from geo_mbo.network.doors import by_ends, with_sides
from geo_mbo.network.road import ragged
from geo_mbo.network.snapping import Snaps

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine.types import Nodes, Starts
    from geo_mbo.network import Network
    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Floats, Whole
    from geo_mbo.network.turns import Roads

    Ends = Callable[[Roads, Snaps, str, int], tuple[Whole, Whole, Costs]]

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
    place, start
        Node ``i`` has the cells ``start[p]`` up to ``start[p + 1]`` along its streets, with ``p``
        its place: near nodes lie near one another, so that memory answers fast.
    cell, further
        Those cells, and the tenths of a second from the node to the quickest place in each.
    """

    column: Nodes
    row: Nodes
    line: Starts
    lowest: int
    place: Nodes
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

    def take(self, which: Whole) -> Pieces:
        """Give some of the pieces."""
        return Pieces(*(getattr(self, part.name)[which] for part in fields(self)))


def frontage(roads: Roads, mode: str, place: Nodes, *, towards: bool, cell_m: float) -> Frontage:
    """Find which cells the streets at each node run through.

    Parameters
    ----------
    roads, mode
        The roads of one mode.
    place
        Where each node is to lie in the table.
    towards
        Trips go from the street to the node; else from the node into the street.
    cell_m
        Side of a cell in metres.
    """
    network = roads.network
    usable = np.isfinite(network.times(mode)).any(axis=0) & network.joinable
    edges = np.flatnonzero(usable & (network.length_m > 0))
    ends = _ends_out if towards else _ends_in
    name, owner, piece, further = _along(roads, mode, edges, ends, cell_m)
    names, cell_of = np.unique(name, return_inverse=True)
    row, cell, further = _least(place[owner], cell_of[piece].astype(np.int32), further, len(names))
    lines = (names >> 32).astype(np.int32)
    lowest, highest = (int(lines[0]), int(lines[-1])) if len(lines) else (0, -1)
    return Frontage(
        column=((names & (2**32 - 1)) - 2**31).astype(np.int32),
        row=lines,
        line=np.searchsorted(lines, np.arange(lowest, highest + 2)),
        lowest=lowest,
        place=place,
        start=np.searchsorted(row, np.arange(len(place) + 1)),
        cell=cell,
        further=further,
    )


def _along(
    roads: Roads, mode: str, edges: Whole, ends: Ends, cell_m: float
) -> tuple[Whole, Nodes, Nodes, Nodes]:
    """Give the name of the cell of every piece; then nodes, pieces, and the tenths between them.

    From the tail on a piece is nearest at its beginning, from the head on at its end.
    """
    names, ways, count = [np.zeros(0, np.int64)], [np.zeros((3, 0), np.int32)], 0
    for first in range(0, len(edges), _BLOCK):
        found = pieces(roads.network, edges[first : first + _BLOCK], cell_m)
        names.append(_name(found.column, found.row))
        for end, share in enumerate((found.begin, found.end)):
            node, piece, cost = ends(roads, on_road(found.edge, share), mode, end)
            ways.append(np.stack([node, piece + count, cost >> 32]).astype(np.int32))
        count += len(found.edge)
    node, piece, further = np.concatenate(ways, axis=1)
    return np.concatenate(names), node, piece, further


def _ends_out(roads: Roads, points: Snaps, mode: str, end: int) -> tuple[Whole, Whole, Costs]:
    """Give the ways out of points by one end of their edges: node, which point, and cost."""
    node, cost = by_ends(roads, points, mode)
    open_way = np.flatnonzero(cost[:, end] < NO_WAY)
    return node[open_way, end], open_way, cost[open_way, end]


def _ends_in(roads: Roads, points: Snaps, mode: str, end: int) -> tuple[Whole, Whole, Costs]:
    """Give the ways in to points by one end of their edges: node, which point, and cost."""
    doors, side = with_sides(roads, points, mode)
    here = np.flatnonzero(side == end)
    return doors.node[here].astype(np.int64), doors.owner[here], doors.cost[here]


def _least(row: Nodes, cell: Nodes, further: Nodes, cells: int) -> tuple[Nodes, Nodes, Nodes]:
    """Keep of each row and cell the least, in order of row and cell."""
    pair = row * np.int64(cells) + cell
    order = np.argsort(pair)
    first = np.flatnonzero(np.diff(pair[order], prepend=-1))
    if not len(first):
        return row, cell, further
    at = order[first]
    return row[at], cell[at], np.minimum.reduceat(further[order], first)


def _name(column: npt.NDArray[np.integer], row: npt.NDArray[np.integer]) -> Whole:
    """Name cells by one number each, in the order of rows and then columns."""
    return (row.astype(np.int64) << 32) + column + 2**31


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
    """Cut edges where they cross the lines between cells, and name the cell of each piece."""
    point = network.shape_start[edges]
    counts = network.shape_start[edges + 1] - point - 1
    at = ragged(point, counts)
    edge = np.repeat(np.arange(len(edges)), counts)
    x, y = ((along[at], along[at + 1]) for along in (network.shape_x, network.shape_y))
    steps = np.hypot(x[1] - x[0], y[1] - y[0])
    before, total = _before(steps, counts)
    line, along = _cuts(x, y, cell_m)
    whole = np.flatnonzero((line[1:] == line[:-1]) & (along[1:] > along[:-1]))
    line, start, stop = line[whole], along[whole], along[whole + 1]
    middle = (start + stop) / 2
    column, row = (
        np.floor((low[line] + middle * (high - low)[line]) / cell_m).astype(np.int64)
        for low, high in (x, y)
    )
    of = edge[line]
    with np.errstate(invalid="ignore"):  # an edge without any length has no pieces
        begin, end = ((before[line] + part * steps[line]) / total[of] for part in (start, stop))
    new = (np.diff(of, prepend=-1) != 0) | (np.diff(column, prepend=0) != 0)
    first = np.flatnonzero(new | (np.diff(row, prepend=0) != 0))
    last = np.append(first[1:], len(of))[: len(first)] - 1
    found = Pieces(edges[of[first]], begin[first], end[last], column[first], row[first])
    return found.take(np.flatnonzero(found.begin < found.end))


def _before(steps: Floats, counts: Whole) -> tuple[Floats, Floats]:
    """Give the length of an edge before each of its steps, and the length of each edge."""
    stop = np.cumsum(counts)
    upto = np.cumsum(steps)
    base = np.append(0.0, upto)[stop - counts]
    before = upto - steps - np.repeat(base, counts)
    before[stop - counts] = 0.0
    return before, before[stop - 1] + steps[stop - 1]


def _cuts(
    x: tuple[Floats, Floats], y: tuple[Floats, Floats], cell_m: float
) -> tuple[Whole, Floats]:
    """Give where straight steps cross the lines between cells, and their ends: in order.

    Returned are the step and the share of it.
    """
    count = len(x[0])
    found = [np.tile(np.arange(count), 2)]
    shares = [np.repeat([0.0, 1.0], count)]
    for start, stop in (x, y):
        low = np.floor(np.minimum(start, stop) / cell_m).astype(np.int64) + 1
        crossed = np.floor(np.maximum(start, stop) / cell_m).astype(np.int64) - low + 1
        step = np.repeat(np.arange(count), crossed)
        line = ragged(low, crossed) * cell_m
        found.append(step)
        shares.append(((line - start[step]) / (stop[step] - start[step])).clip(0, 1))
    steps, share = np.concatenate(found), np.concatenate(shares)
    order = np.lexsort((share, steps))
    return steps[order], share[order]
