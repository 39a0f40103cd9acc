"""Words of publishers to ours: level and track."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_TRACKS = {"BOL": "BOL", "BOLVT": "BOL", "BOLDT": "BOL", "BOL_DT": "BOL", "BBL": "BBL"}
_LEVEL = r"^(?:MBO[- ]?)?([1-4])(?:\.0)?$"


def tracks(values: pd.Series) -> pd.Series:
    """Give BOL (full or part time), BBL or OTHER (extraneous, vavo); missing where blank.

    Examples
    --------
    >>> import pandas as pd
    >>> tracks(pd.Series(["BOLVT", "bbl", "EX"])).tolist()
    ['BOL', 'BBL', 'OTHER']
    """
    known = values.str.upper().map(_TRACKS)
    return known.mask(known.isna() & values.notna(), "OTHER").astype("str")


def levels(values: pd.Series) -> pd.Series:
    """Give the level 1-4; missing for what is no level of mbo, such as vavo.

    Examples
    --------
    >>> import pandas as pd
    >>> levels(pd.Series(["MBO-3", "2.0", "VO-HAVO"])).tolist()
    [3.0, 2.0, nan]
    """
    return values.str.upper().str.extract(_LEVEL)[0].astype(float)
