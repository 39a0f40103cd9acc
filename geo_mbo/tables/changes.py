"""Municipalities that went into others: the package's list, and a study's own."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.sources.cbs import read_changes

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 0.01


def municipality_changes(*own: pd.DataFrame) -> pd.DataFrame:
    """Give all changes of municipalities: the package's list (2015-2026), and those of a study.

    A study's own rows take the place of the package's rows of the same old code, so that a study
    can fill in the shares of a split that the package does not know.

    Parameters
    ----------
    *own
        Frames of `geo_mbo.sources.cbs.read_changes`.

    Returns
    -------
    pandas.DataFrame
        ``date``, ``old_code``, ``old_name``, ``new_code``, ``share`` (0-1; the parts of one
        municipality add to 1; missing where they are not known).

    Raises
    ------
    InputError
        The shares of a split do not add to 1.

    Examples
    --------
    >>> changes = municipality_changes()
    >>> changes[changes["old_name"] == "Weesp"][["old_code", "new_code"]].values.tolist()
    [['GM0457', 'GM0363']]
    """
    import pandas as pd

    with as_file(files("geo_mbo") / "resources" / "municipality_changes.csv") as path:
        table = read_changes(path)
    for frame in own:
        kept = table[~table["old_code"].isin(frame["old_code"])]
        table = pd.concat([kept, frame[table.columns]], ignore_index=True)
    sums = table.groupby("old_code")["share"].agg(lambda shares: shares.sum(skipna=False))
    wrong = (sums - 1).abs() > _ROUNDING
    if wrong.any():
        raise InputError.of(
            "shares_not_whole",
            count=int(wrong.sum()),
            value=str(wrong.idxmax()),
            total=f"{sums[wrong].iloc[0]:g}",
        )
    table["share"] = table["share"] / table["old_code"].map(sums)
    return table
