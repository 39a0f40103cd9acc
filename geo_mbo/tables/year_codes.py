"""Which municipalities there were in a year, and which became which.

A year means its 1 January: what changes on that day counts from that year on, what changes later
counts from the next. The list of codes stands in ``resources/municipalities.csv`` (CBS, 2015-2026),
that of changes in ``resources/municipality_changes.csv``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.tables.changes import municipality_changes

if TYPE_CHECKING:
    import pandas as pd

FIRST_YEAR, LAST_YEAR = 2015, 2026
"""The years whose municipalities the package knows."""

_SHOWN = 12


def municipalities_of(year: int, *, changes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give the municipalities of a year, at 1 January.

    Parameters
    ----------
    year
        The year, 2015-2026; later where `changes` go further.
    changes
        Changes beyond those of the package (`geo_mbo.tables.municipality_changes`).

    Returns
    -------
    pandas.DataFrame
        ``municipality_id`` and ``name`` (missing for one that only `changes` know), by code.

    Raises
    ------
    InputError
        The municipalities of that year are not known.

    Examples
    --------
    >>> [len(municipalities_of(year)) for year in (2015, 2016, 2019, 2025)]
    [393, 390, 355, 342]
    """
    import pandas as pd

    spans = _spans(changes)
    last = max([LAST_YEAR, *(start for _, start, _ in spans.values() if start)])
    if not FIRST_YEAR <= year <= last:
        raise InputError.of(
            "municipality_year", value=str(year), first=str(FIRST_YEAR), last=str(last)
        )
    rows = [
        (code, name)
        for code, (name, start, stop) in sorted(spans.items())
        if (not start or start <= year) and (not stop or year < stop)
    ]
    return pd.DataFrame(rows, columns=["municipality_id", "name"], dtype="str")


def year_of_codes(codes: Iterable[str]) -> tuple[int, ...]:
    """Tell of which years' boundaries a set of codes may be.

    Parameters
    ----------
    codes
        Codes of municipalities, such as ``GM0363``; any number of them, any times.

    Returns
    -------
    tuple of int
        The years in which all of them were there, oldest first: the more codes, the fewer years.

    Raises
    ------
    InputError
        No year has them all; the year that has most is told, with the codes it lacks.

    Examples
    --------
    >>> year_of_codes(["GM0363", "GM0381"]), year_of_codes(["GM1992"])
    ((2015,), (2023, 2024, 2025, 2026))
    """
    asked = {str(code) for code in codes}
    missing = {
        year: sorted(asked - {*municipalities_of(year)["municipality_id"]})
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
    }
    fitting = tuple(year for year, absent in missing.items() if not absent)
    if fitting:
        return fitting
    best = min(missing, key=lambda year: (len(missing[year]), -year))
    raise InputError.of(
        "codes_of_no_year", value=shown(missing[best]), count=len(missing[best]), year=str(best)
    )


def successions(
    from_year: int, to_year: int, *, changes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give which municipalities of an older year became which of a newer one.

    Parameters
    ----------
    from_year, to_year
        The older and the newer year.
    changes
        Municipalities that went into others; those of the package where it is not given.

    Returns
    -------
    pandas.DataFrame
        ``old_code``, ``new_code``, ``share`` (0-1: the part of the old one's people; missing where
        a split has no known shares); every code of the older year is there.

    Raises
    ------
    InputError
        The municipalities of a year are not known, or a change has no date.

    Examples
    --------
    >>> pairs = successions(2015, 2025)
    >>> pairs[pairs["new_code"] == "GM1942"]["old_code"].tolist()
    ['GM0381', 'GM0424', 'GM0425']
    """
    import pandas as pd

    known = municipality_changes() if changes is None else changes
    there = municipalities_of(from_year, changes=known)["municipality_id"]
    municipalities_of(to_year, changes=known)
    dated = known.assign(year=_effective(known)).sort_values(["year", "date"], kind="stable")
    chosen = dated[(dated["year"] > from_year) & (dated["year"] <= to_year)]
    pairs = pd.DataFrame({"old_code": there, "new_code": there, "share": 1.0})
    for _, step in chosen.groupby("date", sort=True):
        following = step[["old_code", "new_code", "share"]]
        moved = pairs.merge(
            following, left_on="new_code", right_on="old_code", how="left", suffixes=("", "_next")
        )
        goes = moved["new_code_next"].notna()
        pairs = pd.DataFrame(
            {
                "old_code": moved["old_code"],
                "new_code": moved["new_code_next"].where(goes, moved["new_code"]),
                "share": moved["share"] * moved["share_next"].where(goes, 1.0),
            }
        )
    by = [pairs["old_code"], pairs["new_code"]]
    sums = pairs["share"].groupby(by).sum()
    return sums.mask(pairs["share"].isna().groupby(by).any()).reset_index()


def absorbed(changes: pd.DataFrame) -> frozenset[str]:
    """Give the codes of municipalities that went into another, or were split: not those renamed.

    One was renamed where all of it, and nothing else, got a code that was new then. Of a code that
    nobody knows it is not taken for granted that it was new.

    Examples
    --------
    >>> gone = absorbed(municipality_changes())
    >>> "GM0457" in gone, "GM1921" in gone  # Weesp into Amsterdam; De Friese Meren, renamed
    (True, False)
    """
    spans = _spans(changes)
    columns = [
        changes["old_code"].astype(str),
        changes["new_code"].astype(str),
        _effective(changes),
    ]
    moves = list(zip(*columns, strict=True))
    ways, origins = Counter(old for old, _, _ in moves), Counter(new for _, new, _ in moves)
    return frozenset(
        old
        for old, new, year in moves
        if ways[old] > 1 or origins[new] > 1 or not 0 < spans.get(new, (None, 0, 0))[1] >= int(year)
    )


@cache
def _registry() -> Mapping[str, tuple[str, int, int]]:
    """Give name, first year and first year gone (0: none known) of every code."""
    page = files("geo_mbo") / "resources" / "municipalities.csv"
    with page.open(encoding="utf-8") as file:
        return {
            row["code"]: (row["name"], _year(row["valid_from"]), _year(row["valid_to"]))
            for row in csv.DictReader(file)
        }


def _spans(changes: pd.DataFrame | None) -> Mapping[str, tuple[str | None, int, int]]:
    if changes is None:
        return _registry()
    spans: dict[str, tuple[str | None, int, int]] = {**_registry()}
    columns = [changes["old_code"], changes["old_name"], changes["new_code"], _effective(changes)]
    for old, old_name, new, year in zip(*columns, strict=True):
        name, start, stop = spans.get(old, (str(old_name), 0, 0))
        spans[old] = (name, start, stop or int(year))
        spans.setdefault(new, (None, int(year), 0))
    return spans


def _year(day: str) -> int:
    """Give the first year whose 1 January is not before this day; 0 where there is no day."""
    if not day:
        return 0
    at = date.fromisoformat(day)
    return at.year + ((at.month, at.day) != (1, 1))


def _effective(changes: pd.DataFrame) -> pd.Series:
    import pandas as pd

    def year(day: object) -> int:
        try:
            return _year(str(day)) or -1
        except ValueError:
            return -1

    years = changes["date"].map(year, na_action=None).astype("int64")
    wrong = changes.loc[years < 0, "old_code"]
    if len(wrong):
        raise InputError.of("change_without_date", count=len(wrong), value=shown(wrong))
    return pd.Series(years, index=changes.index)


def shown(names: Iterable[object]) -> str:
    """Name the first of them for a message."""
    every = [str(name) for name in dict.fromkeys(names)]
    return ", ".join(every[:_SHOWN]) + (", ..." if len(every) > _SHOWN else "")
