"""Estimated cells that are sure to hold one to four students, told no nearer than that.

An estimate gives nobody away as long as its bounds are wide. Where the published sums leave a small
cell hardly any room, it becomes the interval of a masked cell, and so that the others of its sum do
not tell it by subtraction, the largest of these is widened by as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import COUNTS, MASKED_EXPECTED, MASKED_HIGH, MASKED_LOW

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths, Whole

_ROOM = MASKED_HIGH - MASKED_LOW
_SLACK = 1e-6


def veiled_flows(flows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Give the flows with no small cell told nearer than one to four.

    Parameters
    ----------
    flows
        Cells, with the three columns of the count.
    by
        Columns whose sums are known elsewhere.

    Returns
    -------
    pandas.DataFrame
        The same rows; sums by `by` of the expected numbers are unchanged.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame({"site_id": "a", "programme_id": ["1", "2"], "students": [3.0, 57.0],
    ...                       "students_low": [3.0, 57.0], "students_high": [3.0, 57.0]})
    >>> veiled_flows(flows, ["site_id"])
      site_id programme_id  students  students_low  students_high
    0       a            1       2.5           1.0            4.0
    1       a            2      57.5          56.0           59.0
    """
    if flows.empty:
        return flows
    expected, low, high = (flows[name].to_numpy(float).copy() for name in COUNTS)
    group = flows.groupby(by, dropna=False, sort=False).ngroup().to_numpy()
    tight = (high > _SLACK) & (low <= MASKED_HIGH) & (high - low < _ROOM - _SLACK)
    down = np.where(tight, np.minimum(low, MASKED_LOW), low)
    up = np.where(tight, np.maximum(high, MASKED_HIGH), high)
    count = int(group.max()) + 1
    other = _largest(expected, tight, group, count)
    gave, took = (np.bincount(group, weights=w, minlength=count) for w in (up - high, low - down))
    has = other >= 0
    down[other[has]] = np.maximum(down[other[has]] - gave[has], 0.0)
    up[other[has]] += took[has]
    _centred(expected, tight & (low > 0), (group, count), other)
    told = (expected, np.minimum(down, expected), np.maximum(up, expected))
    return flows.assign(**dict(zip(COUNTS, told, strict=True)))


def _largest(expected: Floats, tight: Truths, group: Whole, count: int) -> Whole:
    """Give the largest cell of each group that is not tight itself; -1 where there is none."""
    order = np.lexsort((expected, group))
    order = order[~tight[order]]
    largest = np.full(count, -1)
    largest[group[order]] = order
    return largest


def _centred(expected: Floats, sure: Truths, grouped: tuple[Whole, int], other: Whole) -> None:
    """Let no expected number tell what surely is in a small cell; the sums of groups stay."""
    group, count = grouped
    added = np.bincount(group, weights=expected * sure, minlength=count)
    cells = np.bincount(group, weights=sure, minlength=count)
    spare = added - MASKED_EXPECTED * cells
    # The largest of the others takes what is left over; else the cells share it.
    takes = (other >= 0) & (np.append(expected, 0.0)[other] + spare >= 0)
    middle = np.where(takes, MASKED_EXPECTED, added / np.maximum(cells, 1))
    expected[other[takes]] += spare[takes]
    expected[sure] = middle[group[sure]]
