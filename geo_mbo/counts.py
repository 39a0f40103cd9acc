"""Masked counts as intervals: expected, low, high.

Publishers mask small counts (1-4 students). Such a cell is the interval [1, 4] and stays one
through every sum; its expected value is the middle, 2.5. Every count is three columns:
``students``, ``students_low``, ``students_high``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MASKED_LOW, MASKED_HIGH = 1, 4
MASKED_EXPECTED = (MASKED_LOW + MASKED_HIGH) / 2

PEOPLE = frozenset(
    {
        *("students", "inhabitants", "persons", "people", "pupils", "graduates"),
        *("studenten", "inwoners", "personen", "leerlingen", "gediplomeerden", "deelnemers"),
    }
)
"""Units of whole people: such numbers add up, and what hides one hides somebody."""

ADDING = PEOPLE | {
    *("fte", "households", "huishoudens", "dwellings", "woningen", "addresses", "adressen"),
    *("jobs", "banen", "ha", "km2"),
}
"""Units whose numbers add up; any other unit is a rate, a distance or a mean, and does not."""

COUNTS = ("students", "students_low", "students_high")
"""The three columns of a count of students."""


def adds(unit: str) -> bool:
    """Say whether numbers of a unit add up.

    Examples
    --------
    >>> adds("students"), adds("fte"), adds("%")
    (True, True, False)
    """
    return unit.strip().lower() in ADDING


def intervals(values: pd.Series, *, masked: pd.Series) -> pd.DataFrame:
    """Turn published counts into intervals.

    Parameters
    ----------
    values
        Counts as numbers; what stands in a masked cell does not matter.
    masked
        True where the publisher masked the cell (1-4 students).

    Returns
    -------
    pandas.DataFrame
        ``students`` (expected), ``students_low``, ``students_high``, on the index of `values`.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.Series([12, -1, 0])
    >>> intervals(cells, masked=cells == -1)
       students  students_low  students_high
    0      12.0          12.0           12.0
    1       2.5           1.0            4.0
    2       0.0           0.0            0.0
    """
    import pandas as pd

    known = values.astype(float)
    sides = (MASKED_EXPECTED, float(MASKED_LOW), float(MASKED_HIGH))
    return pd.DataFrame(
        {name: known.mask(masked, side) for name, side in zip(COUNTS, sides, strict=True)}
    )


def total(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add up counts by the columns `by`: bounds add to bounds.

    Returns
    -------
    pandas.DataFrame
        The columns `by` and the three of the count, one row a group, sorted; missing keys are
        groups of their own (nothing is dropped).

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.Series([12, -1, -1])
    >>> table = intervals(cells, masked=cells == -1).assign(site_id=["a", "a", "b"])
    >>> total(table, ["site_id"])
      site_id  students  students_low  students_high
    0       a      14.5          13.0           16.0
    1       b       2.5           1.0            4.0
    """
    return table.groupby(list(by), dropna=False, observed=True)[list(COUNTS)].sum().reset_index()


def share(part: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Give the share of `part` in `whole`, of which it is a part, with its true bounds.

    The bounds of a share are not the share of the bounds: the lowest share has the part at its
    lowest while the rest is at its highest.

    Parameters
    ----------
    part, whole
        Counts in the three columns, on the same index; `part` is contained in `whole`.

    Returns
    -------
    pandas.DataFrame
        ``share``, ``share_low``, ``share_high`` (0-1); missing where the whole is zero.

    Examples
    --------
    >>> import pandas as pd
    >>> part = pd.DataFrame({"students": [2.5], "students_low": [1.0], "students_high": [4.0]})
    >>> whole = pd.DataFrame({"students": [12.5], "students_low": [11.0], "students_high": [14.0]})
    >>> share(part, whole).round(3)
       share  share_low  share_high
    0    0.2      0.091       0.286
    """
    import pandas as pd

    expected, low, high = (part[name].to_numpy(float) for name in COUNTS)
    whole_expected, whole_low, whole_high = (whole[name].to_numpy(float) for name in COUNTS)
    rest_low, rest_high = whole_low - low, whole_high - high
    return pd.DataFrame(
        {
            "share": _ratio(expected, whole_expected),
            "share_low": _ratio(low, low + rest_high),
            "share_high": _ratio(high, high + rest_low),
        },
        index=part.index,
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    shares = np.full(len(part), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
