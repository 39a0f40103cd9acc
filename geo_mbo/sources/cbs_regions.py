"""Which region every municipality lies in: "Gebieden in Nederland" of CBS, of any year.

Every kind of region has a column of codes and one of names, under a title such as ``Provincies``;
their numbers differ by year (``Code_28`` and ``Naam_29`` in 2025, ``Naam_33`` in 2018). So they are
found by the title above them, in the list of columns or in the header.

Sources: CBS 82949NED (2015), 85067NED (2022), 85755NED (2024), 86059NED (2025), 86247NED (2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.cbs_names import prefixed
from geo_mbo.sources.cbs_odata import StatTable, read_table

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = (
    ("province", r"provincies?"),
    ("corop", r"corop-?gebieden"),
    ("rmc", r"rmc-?(?:regio'?s|gebieden).*"),
    ("labour_market", r"arbeidsmarktregio'?s"),
    ("part", r"landsdelen"),
)
_BY_LETTERS = {"PV": "province", "CR": "corop", "LD": "part"}


def read_regions(path: Path | str, *, notify: Notify = to_log) -> pd.DataFrame:
    """Read which regions every municipality lies in.

    Parameters
    ----------
    path
        "Gebieden in Nederland" in one of the forms of `geo_mbo.sources.cbs_odata.read_table`.
    notify
        Gets a note on municipalities without one of the regions.

    Returns
    -------
    pandas.DataFrame
        ``municipality_id``, ``level`` (province, corop, rmc, labour_market, or part: north, east,
        west or south of the country), ``code``, ``name`` (missing where the file has none); a row
        a municipality and level.

    Raises
    ------
    InputError, FileError
        See `read_table`; the file shows no municipalities, or no region of a kind that is known.
    """
    import pandas as pd

    path = Path(path)
    table = read_table(path)
    home = _home(table)
    if not home:
        raise InputError.of(
            "no_region_column", where=path.name, there=", ".join(map(str, table.rows.columns))[:600]
        )
    ids = prefixed(table.rows[home].astype("str"), "GM", 4)
    there = ids.str.fullmatch(r"GM\d{4}").fillna(False).astype(bool)
    parts = []
    for level, codes, names in _columns(table):
        part = pd.DataFrame(
            {
                "municipality_id": ids,
                "level": level,
                "code": _text(table.rows[codes]),
                "name": _text(table.rows[names]) if names else None,
            }
        )[there]
        without = part["code"].isna()
        if without.any():
            notify(note("region_absent", part.loc[without, "municipality_id"], level=level))
        parts.append(part[~without])
    if not parts:
        raise InputError.of("no_regions", where=path.name)
    regions = pd.concat(parts, ignore_index=True).astype("str").drop_duplicates()
    twice = regions.duplicated(["municipality_id", "level"], keep=False)
    if twice.any():
        first = regions[twice].iloc[0]
        raise InputError.of(
            "region_twice",
            where=path.name,
            count=int(twice.sum()),
            value=f"{first['municipality_id']} ({first['level']})",
        )
    return regions.sort_values(["level", "municipality_id"], ignore_index=True)


def _home(table: StatTable) -> str:
    """Find the column of the municipality's own code."""
    for name in (*table.kinds, *table.measures["key"]):
        values = _text(table.rows[name]).dropna()
        if len(values) and values.str.fullmatch(r"GM\d{4}").all():
            return str(name)
    return ""


def _columns(table: StatTable) -> list[tuple[str, str, str]]:
    """Give level, column of codes and column of names of every kind of region that is known."""
    found: dict[str, tuple[str, str]] = {}
    listed = table.measures
    for group, columns in listed.groupby("group", sort=False):
        level = _level(str(group).split(" > ")[-1])
        codes = columns.loc[columns["title"].str.fullmatch(r"(?i)codes?"), "key"]
        names = columns.loc[columns["title"].str.fullmatch(r"(?i)na(?:am|men)"), "key"]
        if level and len(codes) and level not in found:
            found[level] = (str(codes.iloc[0]), str(names.iloc[0]) if len(names) else "")
    # Without titles the letters of the codes tell, as far as those are known.
    keys = dict.fromkeys([*table.kinds, *listed["key"]])
    for key in keys:
        letters = {value[:2] for value in _text(table.rows[key]).dropna()}
        level = _BY_LETTERS.get(letters.pop(), "") if len(letters) == 1 else ""
        if level and level not in found:
            found[level] = (str(key), _name_beside(str(key), keys))
    return [(level, *columns) for level, columns in found.items()]


def _name_beside(key: str, keys: Iterable[str]) -> str:
    """Give the column of names that goes with one of codes: ``Naam_29`` follows ``Code_28``."""
    numbered = re.search(r"_(\d+)$", key)
    wanted = f"naam_{int(numbered[1]) + 1}" if numbered else ""
    return next((str(name) for name in keys if str(name).lower() == wanted), "")


def _level(title: str) -> str:
    bare = title.strip().casefold()
    return next((level for level, words in _LEVELS if re.fullmatch(words, bare)), "")


def _text(values: pd.Series) -> pd.Series:
    words: pd.Series = values.map(str, na_action="ignore").astype("str").str.strip()
    return words.mask(words == "")
