"""Numbers published together, and the sums that everybody knows hold between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from geo_mbo.errors import Breach, InputError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from scipy.sparse import csr_array

    Floats = npt.NDArray[np.float64]
    Truths = npt.NDArray[np.bool_]
    Whole = npt.NDArray[np.intp]

CELLS = ("cell", "low", "high", "small")
"""Columns of numbers: name, the bounds that are published, whether it is a count of one to four."""

SUMS = ("sum", "cell", "factor")
"""Columns of sums: the cells of one sum, each times its factor, add up to 0."""

EPSILON = 1e-7
_ROUNDS = 100


@dataclass(frozen=True)
class System:
    """Cells by position, and a row of factors a sum.

    Attributes
    ----------
    low, high
        Published bounds of each cell; ``inf`` where nothing is said.
    small
        Cells that count one to four people.
    sums
        Sums x cells.
    """

    low: Floats
    high: Floats
    small: Truths
    sums: csr_array

    def with_bounds(self, low: Floats, high: Floats) -> System:
        """Give the same cells with other bounds."""
        return System(low, high, self.small, self.sums)

    def part(self, cells: Whole, sums: Whole) -> System:
        """Give some cells with some sums."""
        rows = self.sums[sums][:, cells]
        return System(self.low[cells], self.high[cells], self.small[cells], rows)


def system_of(cells: pd.DataFrame, sums: pd.DataFrame) -> System:
    """Put cells and sums in arrays.

    Raises
    ------
    InputError
        A cell is there twice, a sum names a cell that is not there, or bounds are no bounds.
    """
    import pandas as pd
    from scipy.sparse import csr_array

    low, high = cells["low"].to_numpy(float), cells["high"].to_numpy(float)
    names = pd.Index(cells["cell"])
    at = names.get_indexer(pd.Index(sums["cell"])) if names.is_unique else np.array([0])
    breaches = [
        Breach(code, {"count": int(wrong.sum()), "cell": str(of.iloc[int(wrong.argmax())])})
        for code, wrong, of in (
            ("cells_twice", np.asarray(names.duplicated()), cells["cell"]),
            ("sums_unknown", at < 0, sums["cell"]),
            ("cells_bounds", ~(low <= high), cells["cell"]),
        )
        if wrong.any()
    ]
    if breaches:
        raise InputError(breaches)
    row, count = pd.factorize(sums["sum"])[0], sums["sum"].nunique()
    shape = (count, len(cells))
    table = csr_array((sums["factor"].to_numpy(float), (row, at)), shape=shape)
    return System(low, high, cells["small"].to_numpy(bool), table)


def parts(system: System) -> Iterator[tuple[Whole, Whole]]:
    """Give cells and sums that hang together, where a small cell is among them."""
    if not system.sums.shape[0]:
        return
    label, _ = _labels(system.sums)
    count = len(system.low)
    of_cell, of_sum = label[:count], label[count:]
    cell_order, sum_order = (np.argsort(of, kind="stable") for of in (of_cell, of_sum))
    sorted_cells, sorted_sums = of_cell[cell_order], of_sum[sum_order]
    for one in np.intersect1d(of_sum, of_cell[system.small]):
        ends = [np.searchsorted(of, [one, one + 1]) for of in (sorted_cells, sorted_sums)]
        yield cell_order[slice(*ends[0])], sum_order[slice(*ends[1])]


def propagated(system: System) -> tuple[Floats, Floats]:
    """Narrow the bounds of every cell by each sum in turn, until no sum narrows any.

    Each cell is at most what the others leave at their least, and at least what they leave at their
    most. Where no two sums share more than one way round, these are the narrowest bounds.

    Returns
    -------
    numpy.ndarray, numpy.ndarray
        Low and high bounds; a low one above its high one where the sums cannot all hold.
    """
    table = system.sums.tocoo()
    row, column = (np.asarray(at, dtype=np.intp) for at in (table.row, table.col))
    factor = np.asarray(table.data, dtype=float)
    low, high = system.low.copy(), system.high.copy()
    for _ in range(_ROUNDS):
        ends = factor * low[column], factor * high[column]
        least, most = np.minimum(*ends), np.maximum(*ends)
        # What all others of the sum add up to, at least and at most; at most one may be infinite.
        rest_low, rest_high = (_rest(side, row, system.sums.shape[0]) for side in (least, most))
        sides = -rest_high / factor, -rest_low / factor
        floor, ceiling = np.minimum(*sides), np.maximum(*sides)
        new_low, new_high = low.copy(), high.copy()
        np.maximum.at(new_low, column, floor)
        np.minimum.at(new_high, column, ceiling)
        moved = (new_low > low + EPSILON) | (new_high < high - EPSILON)
        low, high = new_low, new_high
        if not moved.any() or (low > high + EPSILON).any():
            break
    return low, high


def _rest(values: Floats, row: Whole, count: int) -> Floats:
    """Give the sum of all other values of the same row."""
    open_ = np.isinf(values)
    known = np.where(open_, 0.0, values)
    sums = np.bincount(row, weights=known, minlength=count)[row] - known
    unknown = np.bincount(row, weights=open_, minlength=count)[row] - open_
    if not open_.any():
        return np.asarray(sums, dtype=float)
    sign = np.bincount(row, weights=np.where(open_, np.sign(values), 0.0), minlength=count)[row]
    return np.where(unknown > 0, np.copysign(np.inf, sign), sums)


def alike(system: System, *, apart: int | None = None) -> tuple[Whole, System]:
    """Add up the cells that stand in the same sums: no sum tells them apart.

    Parameters
    ----------
    system
        Cells and sums.
    apart
        A cell that stays by itself.

    Returns
    -------
    numpy.ndarray
        The group of each cell.
    System
        The groups as cells; none of them is small.
    """
    import pandas as pd

    columns = system.sums.tocsc()
    columns.sort_indices()
    rows, factors, ends = columns.indices, columns.data, columns.indptr
    marks = [
        rows[start:stop].tobytes() + factors[start:stop].tobytes()
        for start, stop in pairwise(ends.tolist())
    ]
    if apart is not None:
        marks[apart] += b"apart"
    codes, names = pd.factorize(np.array(marks, dtype=object))
    group = np.asarray(codes, dtype=np.intp)
    first = np.unique(group, return_index=True)[1]
    low, high = (
        np.bincount(group, weights=side, minlength=len(names)).astype(float)
        for side in (system.low, system.high)
    )
    small = np.zeros(len(names), dtype=bool)
    return group, System(low, high, small, system.sums[:, first])


def is_tree(system: System) -> bool:
    """Say whether cells and sums have no way round: every cycle of sums would be one."""
    labels, links = _labels(system.sums)
    return bool(system.sums.nnz == links - (labels.max(initial=-1) + 1))


def least_cost(
    cost: Floats,
    sums: csr_array,
    low: Floats,
    high: Floats,
    *,
    most: tuple[csr_array, Floats] | None = None,
) -> Floats | None:
    """Give the numbers of the least cost for which all sums are 0; None where there are none.

    Parameters
    ----------
    cost, low, high
        Of each number.
    sums
        Sums x numbers, each 0.
    most
        Further sums, and what each is at most.
    """
    from scipy.optimize import linprog

    # The stubs do not know the sparse arrays that the function takes.
    solve = cast("Any", linprog)
    found = solve(
        cost,
        A_ub=None if most is None else most[0],
        b_ub=None if most is None else most[1],
        A_eq=sums,
        b_eq=np.zeros(sums.shape[0]),
        bounds=np.column_stack([low, high]),
        method="highs",
    )
    numbers: Floats | None = found.x
    return numbers


def _labels(sums: csr_array) -> tuple[Whole, int]:
    """Give the part to which each cell, then each sum belongs, and how many there are in all."""
    from scipy.sparse import block_array
    from scipy.sparse.csgraph import connected_components

    links = cast("Any", block_array([[None, sums.T], [sums, None]], format="csr"))
    _, label = connected_components(links, directed=False)
    return np.asarray(label, dtype=np.intp), int(links.shape[0])
