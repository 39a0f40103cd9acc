"""Days in files of registers: how they are written, and what is valid on one of them.

RIO writes ``2025-08-01`` in its files and ``2025-08-01T00:00:00`` through the data portal. A begin
is the first day on which something holds, an end the first on which it no longer does (RIO LOD API
v2: "inclusief", "exclusief"). Some ends stand for none: 2999-12-31 and 2050-01-01.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from geo_mbo.sources.text import wrong_cell

if TYPE_CHECKING:
    import pandas as pd

NO_END = ("2999-12-31", "2050-01-01")
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00:00(?:\.0+)?Z?)?")


def days(values: pd.Series, *, where: str, column: str) -> pd.Series:
    """Read days out of text cells as ``YYYY-MM-DD``; blank cells are missing.

    Days stay text: that sorts as days do, and holds years that a timestamp cannot.

    Raises
    ------
    InputError
        Cells hold no day.

    Examples
    --------
    >>> import pandas as pd
    >>> days(pd.Series(["2025-08-01T00:00:00", "2999-12-31"]), where="r.csv", column="D").tolist()
    ['2025-08-01', '2999-12-31']
    """
    read = values.map({text: _day(text) for text in values.dropna().unique()}).astype("str")
    wrong = read.isna() & values.notna()
    if wrong.any():
        raise wrong_cell("no_day", values, wrong, where=where, column=column)
    return read


def ends(values: pd.Series, *, where: str, column: str) -> pd.Series:
    """Read the ends of periods as `days` does; an end that stands for none is missing.

    Raises
    ------
    InputError
        Cells hold no day.
    """
    read = days(values, where=where, column=column)
    return read.mask(read.isin(NO_END))


def holds(begins: pd.Series, ended: pd.Series, on: date | None) -> pd.Series:
    """Say what is valid on a day; without a day, what has no end.

    Parameters
    ----------
    begins, ended
        Days as `days` and `ends` give them; a missing begin is long ago, a missing end never.
    on
        The day.

    Examples
    --------
    >>> import pandas as pd
    >>> begins, ended = pd.Series(["2020-08-01"] * 2), pd.Series(["2025-08-01", None])
    >>> holds(begins, ended, date(2025, 7, 31)).tolist(), holds(begins, ended, None).tolist()
    ([True, True], [False, True])
    """
    if on is None:
        return ended.isna()
    day = on.isoformat()
    return (begins.isna() | (begins <= day)) & (ended.isna() | (ended > day))


def _day(text: str) -> str | None:
    found = _WRITTEN.fullmatch(text)
    if not found:
        return None
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return None
