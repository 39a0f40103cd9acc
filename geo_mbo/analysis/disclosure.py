"""Totals that would give away fewer than five people, and what lies in what.

A published total minus the parts that are shown tells what was masked. Such a total is told as the
sum of its parts with bounds instead. The bounds of a part given a total follow the usual audit of
tables (Hundepool and others 2012, *Statistical Disclosure Control*, chapter 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

PARTS = (
    ("pc4", "municipality"),
    ("neighbourhood", "municipality"),
    ("district", "municipality"),
    ("municipality", "province"),
    ("municipality", "labour_market"),
    ("municipality", "corop"),
    ("municipality", "rmc"),
    ("site", "institution"),
)
"""Which kinds of key are parts of which, the smallest first."""

KEPT_WIDTH = 3.0
"""How far apart the bounds of a masked cell are (1 to 4): no total may bring them nearer."""

_OPEN = ("existing", "competitor")
_SLACK = 1e-9


def parents_of(
    told: pd.DataFrame, areas: gpd.GeoDataFrame, sites: pd.DataFrame
) -> dict[tuple[str, str], pd.Series]:
    """Say in which whole every part lies, for the kinds of key that have indicators.

    Parameters
    ----------
    told
        Contract INDICATORS: only its kinds of key count.
    areas
        Contract AREAS; a municipality lies in the region around a point inside it.
    sites
        Contract SITES; open ones are the parts of their institution.

    Returns
    -------
    dict
        By (part, whole): the key of the whole, indexed by the key of the part.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> t = sample_town().tables
    >>> parents_of(t.indicators, t.areas, t.sites)["pc4", "municipality"].to_dict()["9003"]
    'GM9002'
    """
    kinds = {*told["key_kind"]}
    below = {"pc4", "neighbourhood", "district"} & kinds
    if below:
        kinds.add("municipality")
    found = {}
    for part, whole in PARTS:
        if part not in kinds or whole == "institution":
            continue
        rows = areas[areas["level"] == part]
        if whole == "municipality" or (part, whole) == ("municipality", "province"):
            linked = rows.set_index("area_id")["parent_id"].dropna()
        else:
            linked = _around(rows, areas[areas["level"] == whole])
        if len(linked):
            found[part, whole] = linked
    if "site" in kinds:
        usable = sites[sites["status"].isin(_OPEN)].dropna(subset=["institution_id"])
        found["site", "institution"] = usable.set_index("site_id")["institution_id"]
    return found


def guarded(
    table: pd.DataFrame, links: dict[tuple[str, str], pd.Series], *, notify: Notify = to_log
) -> pd.DataFrame:
    """Give the table with totals blurred that would narrow a masked number among their parts.

    Parameters
    ----------
    table
        Contract INDICATORS with ``adding`` and ``summed`` (truth values), counts of fewer than five
        as the range of a masked cell.
    links
        What lies in what (`parents_of`); the country holds every kind.
    notify
        Gets a note on the totals that are told with bounds.

    Returns
    -------
    pandas.DataFrame
        The same rows; such a total is the sum of its parts, ``summed``.
    """
    import pandas as pd

    safe = table.copy()
    blurred: list[str] = []
    country = {
        (kind, "country"): pd.Series(
            "NL", index=pd.Index(safe.loc[safe["key_kind"] == kind, "key"])
        )
        for kind in dict.fromkeys(safe["key_kind"])
        if kind != "country"
    }
    for (part, whole), parent in {**links, **country}.items():
        found = _totals(safe, part, whole, parent[~parent.index.duplicated()])
        for name in ("value", "value_low", "value_high"):
            safe.loc[found.index, name] = found[name]
        safe.loc[found.index, "summed"] = True
        blurred += safe.loc[found.index, "key"].tolist()
    if blurred:
        notify(note("indicator_totals_blurred", blurred))
    return safe


def _totals(table: pd.DataFrame, part: str, whole: str, parent: pd.Series) -> pd.DataFrame:
    """Give the totals that have to be blurred, with the sums of their parts, by row."""
    by = ["key", "indicator", "year"]
    adding = table["adding"] & table["value"].notna()
    wholes = table[adding & (table["key_kind"] == whole)]
    rows = table[adding & (table["key_kind"] == part)]
    rows = rows.assign(key=rows["key"].map(parent)).dropna(subset="key")
    ends = ["value", "value_low", "value_high"]
    if wholes.empty or not (rows["value_low"] < rows["value_high"]).any():
        return wholes.iloc[:0][ends]
    groups = rows.groupby(by, sort=False)
    low, high = (groups[name].transform("sum") for name in ends[1:])
    total = wholes.set_index(by)[ends].reindex([rows[name] for name in by]).set_axis(rows.index)
    # What the others leave for one part, given the total.
    least = total["value_low"] - (high - rows["value_high"])
    most = total["value_high"] - (low - rows["value_low"])
    width = rows["value_high"] - rows["value_low"]
    left = np.minimum(rows["value_high"], most) - np.maximum(rows["value_low"], least)
    # A total that contradicts its parts gives nothing away.
    opened = (width > 0) & (left < np.minimum(width, KEPT_WIDTH) - _SLACK) & (left > -_SLACK)
    sums = groups[ends].sum()
    asked = sums[sums.index.isin(rows[opened].set_index(by).index)]
    place = wholes.reset_index(names="_row").set_index(by)["_row"]
    hit: pd.DataFrame = asked.join(place, how="inner").set_index("_row")[ends]
    return hit


def _around(parts: gpd.GeoDataFrame, wholes: gpd.GeoDataFrame) -> pd.Series:
    """Give the region around a point inside each area; those outside all have none."""
    import pandas as pd

    if parts.empty or wholes.empty:
        return pd.Series(dtype="str")
    from geo_mbo.tables.areas import inside

    wholes = wholes.reset_index(drop=True)
    found = inside(parts.geometry.representative_point(), wholes)
    return found.set_axis(parts["area_id"]).dropna()
