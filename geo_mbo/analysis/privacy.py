"""Counts of one to four students become the interval of a masked cell, wherever they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.counts import COUNTS, MASKED_EXPECTED, MASKED_HIGH, MASKED_LOW

if TYPE_CHECKING:
    import pandas as pd


def veiled(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the counts with those of one to four widened to the interval of a masked cell.

    Readers do this for what publishers tell; a table that someone made may still hold such counts.

    Parameters
    ----------
    counts
        Holds the three columns of a count.

    Returns
    -------
    pandas.DataFrame
        The same rows. A count that surely is 0 stays so; one that may be 0 keeps its low bound.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [0.0, 3.0, 7.0], "students_low": [0.0, 3.0, 7.0],
    ...                       "students_high": [0.0, 3.0, 7.0]})
    >>> veiled(cells)
       students  students_low  students_high
    0       0.0           0.0            0.0
    1       2.5           1.0            4.0
    2       7.0           7.0            7.0
    """
    expected, low, high = COUNTS
    small = (counts[high] > 0) & (counts[high] <= MASKED_HIGH)
    return counts.assign(
        **{
            expected: counts[expected].mask(small, MASKED_EXPECTED),
            low: counts[low].mask(small & (counts[low] > MASKED_LOW), float(MASKED_LOW)),
            high: counts[high].mask(small, float(MASKED_HIGH)),
        }
    )
