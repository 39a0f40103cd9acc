"""Cells that hold counts: publishers' masks, and years that stand beside each other.

Small counts (1-4 students) are masked, in a way that depends on the file: ``-1`` on the data portal
of DUO, ``<5`` on its website, ``*`` in its spreadsheets, and ``4`` where the column INDICATIEAVG
holds ``J``. A plain 4 is a 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import InputError
from geo_mbo.sources.text import finite, once, shown, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

MASKS = ("-1", "<5", "< 5", "*")
INDICATION = "INDICATIEAVG"
YEARS = (1990, 2100)
"""The first and the last year that a file can be of, as in the contract of students."""
_YEAR_HEADER = re.compile(
    r"^(?:(?:JAAR )?(?P<year>\d{4})|"
    r"(?P<sex>MAN|VROUW) ?(?P<of>\d{4})|(?P<on>\d{4}) (?:MAN|VROUW))$",
    re.ASCII,
)


def counted(
    values: pd.Series, *, where: str, column: str, indication: pd.Series | None = None
) -> pd.DataFrame:
    """Read counts out of text cells.

    Parameters
    ----------
    values
        Cells as text.
    where, column
        What to call the file and the column in a message.
    indication
        The column INDICATIEAVG of the same rows, where the file has one.

    Returns
    -------
    pandas.DataFrame
        ``count`` (missing where masked or blank) and ``masked``, on the index of `values`.

    Raises
    ------
    InputError
        Cells hold neither a count nor a mask.

    Examples
    --------
    >>> import pandas as pd
    >>> counted(pd.Series(["12", "<5", "0"]), where="hbo.csv", column="2024")
       count  masked
    0   12.0   False
    1    NaN    True
    2    0.0   False
    """
    import pandas as pd

    masked = values.isin(MASKS)
    if indication is not None:
        masked |= (values == "4") & (indication.str.upper() == "J")
    counts = finite(values.mask(masked))
    wrong = values.notna() & ~masked & (counts.isna() | (counts < 0) | (counts % 1 != 0))
    if wrong.any():
        raise wrong_cell("no_count", values, wrong, where=where, column=column)
    return pd.DataFrame({"count": counts.astype(float), "masked": masked.astype(bool)})


def by_year(frame: pd.DataFrame, *, where: str) -> pd.DataFrame:
    """Turn columns of years into rows.

    Knows ``JAAR_2021``, ``2021``, ``MAN2021`` with ``VROUW2021``, and ``2021 MAN``; columns are
    found by name, in any order. Men and women come as rows of their own.

    Parameters
    ----------
    frame
        Text under normalised headers, as `geo_mbo.sources.text.read_text` gives.
    where
        What to call the file in a message.

    Returns
    -------
    pandas.DataFrame
        The other columns, with ``year``, ``count`` and ``masked``; a fresh index.

    Raises
    ------
    InputError
        No column of a year, the same row twice, or cells that hold neither a count nor a mask.

    Examples
    --------
    >>> import pandas as pd
    >>> wide = pd.DataFrame({"JAAR 2022": ["7"], "BRIN": ["01AA"], "JAAR 2021": ["-1"]})
    >>> by_year(wide, where="wide.csv")
       BRIN  year  count  masked
    0  01AA  2022    7.0   False
    1  01AA  2021    NaN    True
    """
    import pandas as pd

    years = {name: _year(name) for name in map(str, frame.columns) if _year(name) is not None}
    _check_years(years, where)
    if not years:
        there = shown(", ".join(map(str, frame.columns)))
        raise InputError.of("no_year_column", where=where, there=there)
    rest = frame.drop(columns=[*years, *([INDICATION] if INDICATION in frame else [])])
    once(rest, where=where)
    parts = [
        rest.assign(
            year=year,
            **counted(frame[name], where=where, column=name, indication=frame.get(INDICATION)),
        )
        for name, year in years.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _check_years(years: Mapping[str, int | None], where: str) -> None:
    odd = [name for name, year in years.items() if not known_year(year)]
    if odd:
        raise InputError.of("year_unlikely", where=where, count=len(odd), value=odd[0], row="1")


def known_year(year: Any) -> Any:
    """Say whether numbers are years that a file can be of."""
    return (year >= YEARS[0]) & (year <= YEARS[1])


def _year(name: str) -> int | None:
    found = _YEAR_HEADER.match(name)
    return int(next(y for y in found.group("year", "of", "on") if y)) if found else None
