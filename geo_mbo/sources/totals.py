"""What published totals tell of the cells that were masked: the narrowest range of each.

A masked count stands for 1 to 4 people. Where a total and the other parts are published, simple
arithmetic may give it away. Every cell is a whole number in a range and every total an equation;
ranges are narrowed until nothing changes. Where equations hang together in a ring (row totals and
column totals of one table) that is not the last word, and whole-number programming is: the least
and greatest value of each cell under all equations of the ring.

This is the auditing step of cell suppression: M. Fischetti and J. J. Salazar-Gonzalez, "Models and
algorithms for optimizing cell suppression in tabular data with linear constraints", Journal of the
American Statistical Association 95 (2000).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MAX_RING = 60
"""Unknown cells of a ring that is solved exactly; in a larger one ranges are only narrowed."""
ROUNDS = 50
"""How often each sum may be looked at: sums that contradict each other would go on for ever."""


@dataclass(frozen=True)
class Sum:
    """An equation: the cell `total` is the sum of the cells `parts`; all are positions."""

    total: int
    parts: tuple[int, ...]


def adds_up(found: Sum, low: Floats, high: Floats) -> bool:
    """Say whether a sum can hold: the range of its total meets that of its parts.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = np.array([10.0, 7.0, 1.0]), np.array([10.0, 7.0, 4.0])
    >>> adds_up(Sum(0, (1, 2)), low, high), adds_up(Sum(1, (0, 2)), low, high)
    (True, False)
    """
    parts = list(found.parts)
    return bool(low[parts].sum() <= high[found.total] and high[parts].sum() >= low[found.total])


def narrowed(
    low: Floats, high: Floats, sums: Sequence[Sum], *, max_ring: int = MAX_RING
) -> tuple[Floats, Floats]:
    """Give the narrowest ranges that the sums leave.

    Parameters
    ----------
    low, high
        Range of each cell, whole numbers; `high` may be ``inf``. A known cell has both alike.
    sums
        Equations that can hold (`adds_up`); those that cannot should be left out.
    max_ring
        Unknown cells of a ring that are still solved exactly.

    Returns
    -------
    tuple of numpy.ndarray
        New ranges; the true numbers are inside. Exact for trees of equations and for rings of at
        most `max_ring` unknown cells; else maybe wider than need be, never narrower.

    Examples
    --------
    A total of 12 with parts 7, masked and masked: the two are 1 and 4, or 2 and 3.

    >>> import numpy as np
    >>> masked = narrowed(np.array([12.0, 7, 1, 1]), np.array([12.0, 7, 4, 4]), [Sum(0, (1, 2, 3))])
    >>> masked[0][2:], masked[1][2:]
    (array([1., 1.]), array([4., 4.]))

    With a total of 15 both must be 4.

    >>> masked = narrowed(np.array([15.0, 7, 1, 1]), np.array([15.0, 7, 4, 4]), [Sum(0, (1, 2, 3))])
    >>> masked[0][2:], masked[1][2:]
    (array([4., 4.]), array([4., 4.]))
    """
    low, high = low.astype(float).copy(), high.astype(float).copy()
    _squeeze(low, high, sums)
    for cells, ring in _rings(low, high, sums):
        if len(cells) <= max_ring:
            _solve(low, high, cells, ring)
    return low, high


def _squeeze(low: Floats, high: Floats, sums: Sequence[Sum]) -> None:
    """Narrow each cell by what the others of its sum leave, until nothing changes."""
    members: dict[int, list[int]] = defaultdict(list)
    for n, found in enumerate(sums):
        for cell in (found.total, *found.parts):
            members[cell].append(n)
    waiting = deque(range(len(sums)))
    queued = set(waiting)
    for _ in range(ROUNDS * len(sums)):
        if not waiting:
            return
        n = waiting.popleft()
        queued.discard(n)
        for cell in _narrow_one(low, high, sums[n]):
            for other in members[cell]:
                if other not in queued:
                    waiting.append(other)
                    queued.add(other)


def _narrow_one(low: Floats, high: Floats, found: Sum) -> list[int]:
    """Narrow the cells of one sum; give those that changed."""
    parts = np.array(found.parts, dtype=int)
    changed = []
    least, most = low[parts].sum(), high[parts].sum()
    total = max(low[found.total], least), min(high[found.total], most)
    # Sums that contradict each other would cross a range: such a cell stays as it is.
    if total != (low[found.total], high[found.total]) and total[0] <= total[1]:
        low[found.total], high[found.total] = total
        changed.append(found.total)
    open_ended = np.isinf(high[parts])
    finite = np.where(open_ended, 0.0, high[parts])
    # What the others may be at most: infinite as soon as one of them is.
    others = np.where(
        open_ended.sum() - open_ended > 0, np.inf, finite.sum() - np.where(open_ended, 0, finite)
    )
    new_low = np.maximum(low[parts], low[found.total] - others)
    new_high = np.minimum(high[parts], high[found.total] - (least - low[parts]))
    moved = ((new_low > low[parts]) | (new_high < high[parts])) & (new_low <= new_high)
    low[parts[moved]], high[parts[moved]] = new_low[moved], new_high[moved]
    return [*changed, *parts[moved].tolist()]


def _rings(low: Floats, high: Floats, sums: Sequence[Sum]) -> Iterator[tuple[list[int], list[Sum]]]:
    """Give the groups of sums that share unknown cells in a ring; for trees ranges are exact."""
    unknown = {n: _open_cells(low, high, found) for n, found in enumerate(sums)}
    of_cell: dict[int, list[int]] = defaultdict(list)
    for n, cells in unknown.items():
        for cell in cells:
            of_cell[cell].append(n)
    seen: set[int] = set()
    for first, cells in unknown.items():
        if first in seen or not cells:
            continue
        group, waiting = [], [first]
        seen.add(first)
        while waiting:
            n = waiting.pop()
            group.append(n)
            near = {other for cell in unknown[n] for other in of_cell[cell]} - seen
            seen |= near
            waiting.extend(near)
        together = sorted({cell for n in group for cell in unknown[n]})
        ties = sum(len(unknown[n]) for n in group)
        # A tree of things has one tie fewer than things; each one more closes a ring.
        if ties > len(group) + len(together) - 1:
            yield together, [sums[n] for n in sorted(group)]


def _open_cells(low: Floats, high: Floats, found: Sum) -> list[int]:
    return [cell for cell in (found.total, *found.parts) if low[cell] < high[cell]]


def _solve(low: Floats, high: Floats, cells: list[int], sums: list[Sum]) -> None:
    """Find the least and greatest whole number of each cell under all sums of a ring."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    at = {cell: k for k, cell in enumerate(cells)}
    matrix = np.zeros((len(sums), len(cells)))
    due = np.zeros(len(sums))
    for row, found in enumerate(sums):
        for cell, sign in ((found.total, -1.0), *((part, 1.0) for part in found.parts)):
            if cell in at:
                matrix[row, at[cell]] += sign
            else:
                due[row] -= sign * low[cell]
    asked: dict[str, Any] = {
        "constraints": LinearConstraint(matrix, due, due),
        "integrality": np.ones(len(cells)),
        "bounds": Bounds(low[cells], high[cells]),
    }
    for cell, k in at.items():
        aim = np.zeros(len(cells))
        aim[k] = 1.0
        least, most = milp(aim, **asked), milp(-aim, **asked)
        if least.status == 0:
            low[cell] = max(low[cell], round(least.fun))
        if most.status == 0:
            high[cell] = min(high[cell], round(-most.fun))
