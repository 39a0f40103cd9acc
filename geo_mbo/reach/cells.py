"""From cells of a grid to one valid shape with holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from shapely import MultiPolygon

    Whole = npt.NDArray[np.int64]
    Cells = npt.NDArray[np.bool_]

_STEPS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
"""Columns and rows that one goes on by heading east, north, west and south."""


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
    import shapely
    from scipy import ndimage

    piece, _ = ndimage.label(filled)
    start, heading, follows, of = _runs(piece.astype(np.int64))
    rings = _cycles(follows)
    if not rings:
        return shapely.MultiPolygon()
    order = np.fromiter((run for ring in rings for run in ring), np.int64, len(follows))
    which = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    made = np.asarray(
        shapely.linearrings((start[order] + corner) * float(cell_m), indices=which)
    ).reshape(-1)
    first = np.array([ring[0] for ring in rings], np.int64)
    shells: dict[int, Any] = {}
    holes: dict[int, list[Any]] = {}
    for ring, left, ahead in zip(made, _turns_left(heading[order], which), of[first], strict=True):
        if left:
            shells[int(ahead)] = ring
        else:
            holes.setdefault(int(ahead), []).append(ring)
    return shapely.MultiPolygon(
        [shapely.Polygon(shell, holes.get(name)) for name, shell in shells.items()]
    )


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


def _turns_left(heading: Whole, which: Whole) -> Cells:
    """Tell of each ring whether it goes round to the left: its quarter turns add up to four."""
    first = np.flatnonzero(np.concatenate([[True], np.diff(which) != 0]))
    last = np.concatenate([first[1:], [len(which)]]) - 1
    ahead = np.concatenate([heading[1:], heading[:1]])
    ahead[last] = heading[first]
    return np.add.reduceat((ahead - heading + 2) % 4 - 2, first) > 0
