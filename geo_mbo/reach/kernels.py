"""Areas at speed: the compiled twins of `geo_mbo.reach.cells`, step by step the same."""

from __future__ import annotations

import numpy as np
from numba import njit

FILLED, ROAD, WALKED = np.uint8(1), np.uint8(2), np.uint8(4)
"""What a cell of a grid may be: in the area, with a road, its lower side walked."""
_MORE_COLUMNS = np.array([1, 0, -1, 0])
_MORE_ROWS = np.array([0, 1, 0, -1])
"""Columns and rows that one goes on by heading east, north, west and south."""
_LEFT_COLUMN, _LEFT_ROW = np.array([0, -1, -1, 0]), np.array([0, 0, -1, -1])
"""Column and row, from a corner, of the cell ahead on the left by heading; on the right lies the
cell that is on the left of who heads one quarter less."""


@njit(cache=True, nogil=True)
def quickest(nodes, tenths, place, start, cell, further, own_cell, own_tenths, most, least, found):
    """Find the least time of every cell within a limit; tell how many cells that are.

    ``least`` holds more than the limit for every cell and gets the times; ``found`` gets the cells.
    """
    count = 0
    for i in range(nodes.size):
        at = place[nodes[i]]
        for k in range(start[at], start[at + 1]):
            time = tenths[i] + further[k]
            if time <= most and time < least[cell[k]]:
                found[count] = cell[k]
                count += least[cell[k]] > most
                least[cell[k]] = time
    for k in range(own_cell.size):
        if own_tenths[k] <= most and own_tenths[k] < least[own_cell[k]]:
            found[count] = own_cell[k]
            count += least[own_cell[k]] > most
            least[own_cell[k]] = own_tenths[k]
    return count


@njit(cache=True, nogil=True)
def laid(column, row, line, found, least, most):
    """Lay cells out on a grid with an empty edge around, as far as those within a limit lie.

    Row ``r`` has the cells ``line[r]`` up to ``line[r + 1]``; returned are the place of the first
    cell of the grid and the grid, which is empty where no cell is within the limit.
    """
    left = low = 2**31 - 1
    right = high = -1
    for k in found:
        if least[k] <= most:
            left, right = min(left, column[k]), max(right, column[k])
            low, high = min(low, row[k]), max(high, row[k])
    if right < 0:
        return left, low, np.zeros((0, 0), np.uint8)
    grid = np.zeros((high - low + 3, right - left + 3), np.uint8)
    for r in range(max(low - 1, 0), min(high + 2, line.size - 1)):
        first, last = line[r], line[r + 1]
        first += np.searchsorted(column[first:last], left - 1)
        for k in range(first, last):
            if column[k] > right + 1:
                break
            inside = FILLED if least[k] <= most else np.uint8(0)
            grid[r - low + 1, column[k] - left + 1] = ROAD | inside
    return left - 1, low - 1, grid


@njit(cache=True, nogil=True)
def _root(above, k):
    while above[k] != k:
        above[k] = above[above[k]]
        k = above[k]
    return k


@njit(cache=True, nogil=True)
def _runs(grid, kind):
    """Give the runs of cells in rows that are filled or not, and to which piece each belongs.

    Row ``r`` has the runs ``line[r]`` up to ``line[r + 1]``, each from its first column up to its
    last but one; a piece is known by its first run.
    """
    rows, columns = grid.shape
    line = np.zeros(rows + 1, np.int32)
    first = np.empty(rows * (columns // 2 + 1), np.int32)  # memory that is not used is not taken
    last = np.empty(first.size, np.int32)
    count = 0
    for r in range(rows):
        before = False
        for c in range(columns):
            here = (grid[r, c] & FILLED) == kind
            if here != before:
                if here:
                    first[count] = c
                else:
                    last[count] = c
                    count += 1
            before = here
        if before:
            last[count] = columns
            count += 1
        line[r + 1] = count
    piece = np.arange(count)
    for r in range(1, rows):
        below, here = line[r - 1], line[r]
        while below < line[r] and here < line[r + 1]:
            if first[below] < last[here] and first[here] < last[below]:
                a, b = _root(piece, below), _root(piece, here)
                piece[max(a, b)] = min(a, b)
            if last[below] < last[here]:
                below += 1
            else:
                here += 1
    for k in range(piece.size):
        piece[k] = piece[piece[k]]
    return line, first[:count], last[:count], piece


@njit(cache=True, nogil=True)
def fill(grid, most):
    """Fill the fields of at most so many cells that filled ones enclose, without a road."""
    line, first, last, piece = _runs(grid, np.uint8(0))
    size = np.zeros(piece.size, np.int64)
    kept = np.zeros(piece.size, np.bool_)
    kept[0] = True  # the empty edge
    for r in range(grid.shape[0]):
        for k in range(line[r], line[r + 1]):
            road = np.uint8(0)
            for c in range(first[k], last[k]):
                road |= grid[r, c]
            size[piece[k]] += last[k] - first[k]
            kept[piece[k]] |= (road & ROAD) > 0
    for r in range(grid.shape[0]):
        for k in range(line[r], line[r + 1]):
            if not kept[piece[k]] and size[piece[k]] <= most:
                for c in range(first[k], last[k]):
                    grid[r, c] |= FILLED


@njit(cache=True, nogil=True)
def _piece_at(r, c, line, first, piece):
    """Tell to which piece a filled cell belongs."""
    return piece[line[r] + np.searchsorted(first[line[r] : line[r + 1]], c, side="right") - 1]


@njit(cache=True, nogil=True)
def _longer(values):
    more = np.empty((2 * values.shape[0], values.shape[1]), values.dtype)
    more[: values.shape[0]] = values
    return more


@njit(cache=True, nogil=True)
def _walked(grid, row, column, mine, runs, corners, count):
    """Walk round one ring from a lower side; give its corners, how many, and its turns to the left.

    Where two opposite cells of four are filled, it crosses over to the other one if that is of the
    same piece.
    """
    line, first, _, piece = runs
    r, c, heading, turns, turned = row, column, 0, 0, True
    while not (turned and turns != 0 and heading == 0 and r == row and c == column):
        if turned:
            if count + 2 > corners.shape[0]:
                corners = _longer(corners)
            corners[count, 0], corners[count, 1] = c, r
            count += 1
        if heading == 0:
            grid[r, c] |= WALKED
        r, c = r + _MORE_ROWS[heading], c + _MORE_COLUMNS[heading]
        right = (heading + 3) % 4
        right_r, right_c = r + _LEFT_ROW[right], c + _LEFT_COLUMN[right]
        on_left = grid[r + _LEFT_ROW[heading], c + _LEFT_COLUMN[heading]] & FILLED
        on_right = grid[right_r, right_c] & FILLED
        turned = on_right > 0 or on_left == 0
        if turned:
            over = on_left > 0 or (
                on_right > 0 and _piece_at(right_r, right_c, line, first, piece) == mine
            )
            heading = right if over else (heading + 1) % 4
            turns += -1 if over else 1
    corners[count, 0], corners[count, 1] = column, row
    return corners, count + 1, turns


@njit(cache=True, nogil=True)
def rings(grid):
    """Walk all borders of the filled cells, with these on the left.

    Returned are the corners (column, row) of all rings, each closed, and of each ring one past its
    last corner, how many quarter turns it makes to the left, and the piece on its left.
    """
    runs = _runs(grid, FILLED)
    line, first, last, piece = runs
    corners, found = np.empty((4096, 2), np.int32), np.empty((512, 3), np.int32)
    corner, ring = 0, 0
    for r in range(1, grid.shape[0]):
        for k in range(line[r], line[r + 1]):
            for c in range(first[k], last[k]):
                if grid[r - 1, c] & FILLED or grid[r, c] & WALKED:
                    continue
                corners, corner, turns = _walked(grid, r, c, piece[k], runs, corners, corner)
                if ring == found.shape[0]:
                    found = _longer(found)
                found[ring, 0], found[ring, 1], found[ring, 2] = corner, turns, piece[k]
                ring += 1
    return corners[:corner], found[:ring]
