"""From times of nodes to shapes: cells of a grid, filled fields, outlines with holes.

Plain NumPy and SciPy; `geo_mbo.reach.kernels` does the same, compiled, for large jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.road import ragged

if TYPE_CHECKING:
    import numpy.typing as npt
    from shapely import MultiPolygon

    from geo_mbo.engine.types import Nodes
    from geo_mbo.network.road import Floats, Whole
    from geo_mbo.reach.frontage import Frontage

    Cells = npt.NDArray[np.bool_]
    CellTimes = tuple[Whole, Nodes]

ENCLOSED_M2 = 1_000_000.0
"""Fields up to this size that reached roads enclose belong to the area."""
FAR = np.int32(2**30)
"""Tenths of a second of what is not reached."""

_STEPS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
"""Columns and rows that one goes on by heading east, north, west and south."""


def most_enclosed(cell_m: float) -> int:
    """Give how many cells an enclosed field may have.

    Examples
    --------
    >>> most_enclosed(100.0)
    100
    """
    return int(ENCLOSED_M2 / cell_m**2 + 1e-9)


def areas(
    front: Frontage,
    nodes: Nodes,
    tenths: Nodes,
    own: CellTimes,
    mosts: Sequence[int],
    *,
    cell_m: float,
) -> list[MultiPolygon]:
    """Give the area within each limit.

    Parameters
    ----------
    front
        The cells along the streets.
    nodes, tenths
        Nodes that are reached, and their tenths of a second.
    own
        Cells along the street of the site, and the tenths straight along it.
    mosts
        Limits in tenths of a second; below 0 nothing is reached.
    cell_m
        Side of a cell in metres.
    """
    import shapely

    least = quickest(front, nodes, tenths, own)
    shapes = []
    for most in mosts:
        reached = least <= most
        if reached.any():
            corner, filled = _filled(front, reached, most_enclosed(cell_m))
            shapes.append(outline(filled, corner, cell_m))
        else:
            shapes.append(shapely.MultiPolygon())
    return shapes


def quickest(front: Frontage, nodes: Nodes, tenths: Nodes, own: CellTimes) -> Nodes:
    """Give the least tenths of a second of every cell."""
    least = np.full(len(front.column), FAR)
    first = front.start[front.place[nodes]]
    count = front.start[front.place[nodes] + 1] - first
    at = ragged(first, count)
    np.minimum.at(least, front.cell[at], np.repeat(tenths, count) + front.further[at])
    np.minimum.at(least, *own)
    return least


def _filled(front: Frontage, reached: Cells, most: int) -> tuple[Whole, Cells]:
    """Lay reached cells out on the grid, and fill the small fields that they enclose.

    Returned are the place of the first cell and the cells (row, column) with an empty edge around.
    """
    from scipy import ndimage

    column, row = front.column, front.row
    low = np.array([column[reached].min(), row[reached].min()], np.int64) - 1
    size = np.array([column[reached].max(), row[reached].max()]) - low + 2
    near = ((column - low[0]) | (row - low[1])) >= 0
    near &= (column < low[0] + size[0]) & (row < low[1] + size[1])
    cells = np.zeros((2, size[1], size[0]), dtype=bool)
    cells[0, row[reached] - low[1], column[reached] - low[0]] = True
    cells[1, row[near] - low[1], column[near] - low[0]] = True
    filled, roads = cells
    field, _ = ndimage.label(~filled)
    kept = np.bincount(field.ravel()) > most
    kept[field[roads]] = True  # an enclosed road that is not reached stays outside
    kept[[0, field[0, 0]]] = True
    return low, filled | ~kept[field]


def outline(filled: Cells, corner: Whole, cell_m: float) -> MultiPolygon:
    """Give the union of filled cells as one valid MultiPolygon.

    The border is walked with the filled cells on the left: rings to the left are shells, to the
    right holes. Where only two opposite cells of four are filled, the walk crosses over to the
    other one if they hang together elsewhere, and stays with its own if not; so no ring meets
    itself. A ring belongs to the piece whose cells it has on its left: nothing has to be searched.

    Parameters
    ----------
    filled
        Cells (row, column) with an empty edge all round.
    corner
        Column and row of the first cell on the whole grid.
    cell_m
        Side of a cell in metres.

    Examples
    --------
    >>> outline(np.pad(np.array([[True, True]]), 1), np.array([0, 0]), 10).wkt
    'MULTIPOLYGON (((10 10, 30 10, 30 20, 10 20, 10 10)))'
    """
    from scipy import ndimage

    piece, _ = ndimage.label(filled)
    start, heading, follows, of = _runs(piece.astype(np.int64))
    rings = _cycles(follows)
    order = np.fromiter((run for ring in rings for run in (*ring, ring[0])), np.int64)
    count = np.array([len(ring) + 1 for ring in rings], np.int64)
    turns = np.array([_turns_left(heading[ring]) for ring in rings], np.int64)
    first = np.array([ring[0] for ring in rings], np.int64)
    corners = ((start[order] + corner) * cell_m).astype(float)
    return assembled(corners, np.cumsum(count), turns, of[first])


def assembled(corners: Floats, stop: Whole, turns: Whole, piece: Whole) -> MultiPolygon:
    """Put rings together: each hole into the shell around the same piece.

    Parameters
    ----------
    corners
        Corners of all rings, each closed.
    stop
        One past the last corner of each ring.
    turns
        Quarter turns to the left that each ring makes: four for a shell, minus four for a hole.
    piece
        Number of the piece on the left of each ring; every piece has one shell.
    """
    import shapely

    shells = np.flatnonzero(turns > 0)
    place = np.zeros(int(piece.max(initial=0)) + 1, np.int64)
    place[piece[shells]] = np.arange(len(shells))
    order = np.lexsort((turns < 0, place[piece]))
    count = np.diff(stop, prepend=0)[order]
    offsets = (
        np.concatenate([[0], np.cumsum(count)]),
        np.searchsorted(place[piece][order], np.arange(len(shells) + 1)),
        np.array([0, len(shells)]),
    )
    points = corners[ragged(stop[order] - count, count)]
    kind = shapely.GeometryType.MULTIPOLYGON
    made: MultiPolygon = shapely.from_ragged_array(kind, points, offsets)[0]
    return made


def _runs(piece: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    """Cut the border into straight runs from corner to corner.

    Of each run: where it starts (column, row of the corner), where it heads, which run follows, and
    the piece on its left.
    """
    filled = piece > 0
    sides = _sides(filled)
    # A corner: where a level and an upright side meet.
    corners = (sides[0] | sides[2] | _back(sides[0], 0) | _back(sides[2], 2)) & (
        sides[1] | sides[3] | _back(sides[1], 1) | _back(sides[3], 3)
    )
    number = np.cumsum(corners).reshape(corners.shape) - 1
    heads, tails, ways = [], [], []
    for way in range(4):
        row, column = np.nonzero(sides[way] & corners)
        heads.append(np.column_stack([column, row]))
        tails.append(_next_corner(corners, row, column, way))
        ways.append(np.full(len(row), way))
    start, stop, heading = np.concatenate(heads), np.concatenate(tails), np.concatenate(ways)
    left = _left_cell(start, heading)
    of = piece[left[:, 1], left[:, 0]].astype(np.int64)
    keys = number[start[:, 1], start[:, 0]] * 4 + heading
    lookup = np.full(4 * (int(number[-1, -1]) + 1), -1)
    lookup[keys] = np.arange(len(keys))
    at = number[stop[:, 1], stop[:, 0]] * 4
    to_left, to_right = (lookup[at + (heading + turn) % 4] for turn in (1, 3))
    crossing = (to_left >= 0) & (to_right >= 0)
    over = crossing & (of[to_left] == of[to_right])
    return start, heading, np.where((to_left < 0) | over, to_right, to_left), of


def _sides(filled: Cells) -> list[Cells]:
    """Mark at each corner (row, column) the sides that leave it east, north, west and south.

    Corner (r, c) is the lower left corner of cell (r, c); the filled cell lies on the left.
    """
    below = np.zeros_like(filled)
    below[1:] = filled[:-1]
    before = np.zeros_like(filled)
    before[:, 1:] = filled[:, :-1]
    level_east, level_west = filled & ~below, below & ~filled
    up_north, up_south = before & ~filled, filled & ~before
    west, south = np.zeros_like(filled), np.zeros_like(filled)
    west[:, 1:] = level_west[:, :-1]
    south[1:] = up_south[:-1]
    return [level_east, up_north, west, south]


def _back(side: Cells, way: int) -> Cells:
    """Mark the corners where the sides that head this way arrive."""
    return np.roll(side, shift=tuple(_STEPS[way][::-1]), axis=(0, 1))


def _next_corner(corners: Cells, row: Whole, column: Whole, way: int) -> Whole:
    """Give the nearest corner ahead (column, row): a side always ends at one."""
    lines = corners if way % 2 == 0 else corners.T
    line, along = (row, column) if way % 2 == 0 else (column, row)
    width = lines.shape[1]
    marks = np.flatnonzero(lines)
    here = np.searchsorted(marks, line * width + along)
    found = marks[here + (1 if way < 2 else -1)] % width
    return np.column_stack([found, row] if way % 2 == 0 else [column, found])


def _left_cell(start: Whole, heading: Whole) -> Whole:
    """Give the cell (column, row) on the left of the first side of a run."""
    aside: Whole = np.array([[0, 0], [-1, 0], [-1, -1], [0, -1]])[heading]
    return start + aside


def _cycles(follows: Whole) -> list[list[int]]:
    """Follow the runs round until each ring is closed."""
    ahead, seen, rings = follows.tolist(), [False] * len(follows), []
    for begin in range(len(ahead)):
        if seen[begin]:
            continue
        ring, run = [], begin
        while not seen[run]:
            seen[run] = True
            ring.append(run)
            run = ahead[run]
        rings.append(ring)
    return rings


def _turns_left(heading: Whole) -> int:
    """Give the quarter turns to the left that a ring makes on its way round."""
    return int(((np.roll(heading, -1) - heading + 2) % 4 - 2).sum())
