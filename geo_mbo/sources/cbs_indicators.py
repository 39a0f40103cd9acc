"""Any regional table of StatLine (CBS) as indicators: mbo by residence, key figures, proximity.

An indicator is named by its title, with the groups it stands in where another column has the same
title, and with the words of every other dimension that is no total, in the order of the names of
the dimensions: ``Mbo-studenten; Bol totaal; Mbo niveau 2``. So a new year of a table, with other
column numbers, gives the same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.counts import MASKED_EXPECTED, MASKED_HIGH, MASKED_LOW
from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import INDICATORS, checked
from geo_mbo.sources.catalogue import data_set, data_sets
from geo_mbo.sources.cbs_names import region_codes
from geo_mbo.sources.cbs_odata import (
    GEO,
    OTHER,
    TIME,
    TOTALS,
    StatTable,
    is_total,
    read_table,
    withheld,
)
from geo_mbo.sources.text import finite

if TYPE_CHECKING:
    import pandas as pd

LEVELS: Mapping[str, str] = {
    "NL": "country",
    "PV": "province",
    "CR": "corop",
    "GM": "municipality",
    "WK": "district",
    "BU": "neighbourhood",
}
"""First letters of a region's code to its level; those of other regions are not verified."""

FORM = "statline"
"""Says in the catalogue that a data set is a regional table of StatLine."""

STUDENTS = "students"
_UNITS = (
    (r"student|deelnemer|leerling", STUDENTS),
    (r"gediplomeerd", "graduates"),
    (r"inwoner|bevolking|\bjaar\b|mannen|vrouwen", "inhabitants"),
    (r"huishoudens", "households"),
    (r"woning", "dwellings"),
)
_MEANS = re.compile(r"gemiddeld|binnen \d+ ?km|dichtheid|per \d|relatief", re.IGNORECASE)


def read_indicators(
    path: Path | str,
    *,
    measures: Sequence[str] = (),
    keep: Mapping[str, str | Iterable[str]] | None = None,
    year: int | None = None,
    levels: Mapping[str, str] | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Read a regional table of StatLine as indicators.

    Parameters
    ----------
    path
        A table in one of the forms of `geo_mbo.sources.cbs_odata.read_table`.
    measures
        Which columns: by name without number (``"AfstandTotSchool"``), by title, or with a word of
        the group before it (``"Basisonderwijs: AfstandTotSchool"``); all numbers where empty.
    keep
        Dimension to codes that are wanted of it, or `geo_mbo.sources.cbs_odata.TOTALS`.
    year
        The year of a table that has no periods, where the file does not say it.
    levels
        First letters of region codes to levels (`geo_mbo.schema.AREA_LEVELS`), beside `LEVELS`.
    notify
        Gets notes on what CBS withholds, on regions and periods that are passed over and on
        counts of 1-4 students.

    Returns
    -------
    pandas.DataFrame
        Indicators (`geo_mbo.schema.INDICATORS`): ``year`` is the first of a school year; ``unit``
        is ``students``, ``inhabitants`` and the like where people are counted, and else the
        words of CBS; what is withheld is missing; 1-4 students are the interval [1, 4].

    Raises
    ------
    InputError, FileError
        See `read_table`; no region, no year or no such column; cells that are no numbers; names of
        regions that are not known.
    """
    path = Path(path)
    table = read_table(path, keep=keep)
    region, rows = _with_regions(table, {**LEVELS, **(levels or {})}, path.name, notify)
    rows = _with_years(table, rows, year, path, notify)
    others = [name for name, kind in table.kinds.items() if kind == OTHER and name != region]
    others.sort(key=_folded)
    suffix = _suffix(table, rows, others)
    found = _long(rows, suffix, _wanted(table, measures, path.name), path.name, notify)
    source = f"CBS {table.table}".strip()
    return checked(
        found.assign(source=source).sort_values(list(INDICATORS.key)), INDICATORS, source=path.name
    )


def read_statline(
    key: str, path: Path | str, *, year: int | None = None, notify: Notify = to_log
) -> pd.DataFrame:
    """Read a data set of the catalogue that is a regional table of StatLine, as indicators.

    What is read of it stands in the catalogue: which columns, and of which dimensions the total.
    Of ``mbo_by_residence`` sexes and fields of study are taken together, and
    ``Mbo-studenten; Bol totaal; Mbo niveau 2`` is one of its indicators.

    Parameters
    ----------
    key
        The data set (`geo_mbo.sources.catalogue`).
    path, year, notify
        As for `read_indicators`.

    Returns
    -------
    pandas.DataFrame
        Indicators (`geo_mbo.schema.INDICATORS`).

    Raises
    ------
    InputError
        The catalogue has no such data set, or it is no table of StatLine; and as for
        `read_indicators`.
    """
    facts = data_set(key).table
    if facts.get("form") != FORM:
        known = [name for name, found in data_sets().items() if found.table.get("form") == FORM]
        raise InputError.of("not_statline", value=key, allowed=", ".join(known))
    return read_indicators(
        path,
        measures=facts.get("measures", ()),
        keep=dict.fromkeys(facts.get("totals", ()), TOTALS),
        year=year,
        notify=notify,
    )


def _with_regions(
    table: StatTable, levels: Mapping[str, str], where: str, notify: Notify
) -> tuple[str, pd.DataFrame]:
    """Give the dimension of the region, and the rows with ``key_kind`` and ``key``."""
    region = next((name for name, kind in table.kinds.items() if kind == GEO), "")
    if not region:
        region = next((n for n in table.kinds if n.lower().startswith("postcode")), "")
    if not region:
        raise InputError.of("no_region_column", where=where, there=", ".join(table.kinds))
    codes = region_codes(table.rows[region], where=where)
    kinds = codes.str[:2].map(dict(levels))
    kinds = kinds.mask(codes.str.fullmatch(r"[1-9]\d{3}").fillna(False), "pc4")
    beyond = kinds.isna()
    if beyond.any():
        letters = codes[beyond].str.replace(r"\d.*$", "", regex=True)
        notify(note("cbs_regions_passed", letters.unique(), count=codes[beyond].nunique()))
    # The country has its code of two letters; CBS writes NL01, older tables NL00.
    codes = codes.mask(kinds == "country", "NL")
    return region, table.rows.assign(key_kind=kinds, key=codes)[~beyond]


def _with_years(
    table: StatTable, rows: pd.DataFrame, year: int | None, path: Path, notify: Notify
) -> pd.DataFrame:
    import pandas as pd

    time = next((name for name, kind in table.kinds.items() if kind == TIME), None)
    if time is None:
        # A table of several years whose periods were left out must not pass for one of the last.
        places = (table.period, table.title, path.stem)
        named = [set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)) for text in places]
        known = year or next((int(years.pop()) for years in named if len(years) == 1), None)
        if known is None:
            raise InputError.of("cbs_year_needed", where=path.name)
        return rows.assign(year=known)
    whole = rows[time].str.extract(r"^((?:19|20)\d\d)(?:(?:JJ|SJ)00|/'?\d\d\*?|\*)?$")[0]
    parts = whole.isna()
    if parts.any():
        named_parts = rows.loc[parts, time].unique()
        notify(note("cbs_periods_passed", named_parts))
    return rows[~parts].assign(year=pd.to_numeric(whole[~parts]).astype("int64"))


def _suffix(table: StatTable, rows: pd.DataFrame, others: Sequence[str]) -> pd.Series:
    """Give the words that tell a row's indicator from those of the same column."""
    import pandas as pd

    suffix = pd.Series("", index=rows.index, dtype="str")
    for name in others:
        titles = table.titles.get(name) or {}
        words = {
            code: ""
            if is_total(titles.get(code) or code, code)
            else f"; {titles.get(code) or code}"
            for code in rows[name].unique()
        }
        suffix = suffix + rows[name].map(words).astype("str")
    return suffix


def _wanted(table: StatTable, measures: Sequence[str], where: str) -> pd.DataFrame:
    """Give the columns that are asked for, with the ``name`` of their indicator and its unit."""
    import pandas as pd

    every = table.measures
    chosen = pd.Series(not measures, index=every.index)
    absent = []
    for asked in measures:
        group, _, name = asked.rpartition(":")
        fits = every["stem"].map(_folded).eq(_folded(name))
        fits |= every["title"].map(_folded).eq(_folded(name))
        if group:
            fits &= every["group"].str.lower().str.contains(group.strip().lower(), regex=False)
        if not fits.any():
            absent.append(asked)
        chosen |= fits
    if absent:
        there = ", ".join(dict.fromkeys(every["stem"]))[:600]
        raise InputError.of(
            "no_such_measure", where=where, count=len(absent), value=", ".join(absent), there=there
        )
    titles = every["title"].where(every["title"] != "", every["stem"])
    shared = titles.duplicated(keep=False)
    named = titles.mask(shared & (every["group"] != ""), every["group"] + " > " + titles)
    units = [
        _unit(unit, f"{group} {title} {table.title}", title)
        for unit, group, title in zip(every["unit"], every["group"], titles, strict=True)
    ]
    return every.assign(name=named, unit=units)[chosen]


def _folded(name: str) -> str:
    """Give a name without what its two forms differ in: ``MboStudenten``, ``Mbo-studenten``."""
    return re.sub(r"[\W_]", "", name).casefold()


def _unit(unit: str, words: str, title: str) -> str:
    """Give our word for what is counted; a mean keeps the words of CBS, as it may not be added."""
    if unit.lower() not in ("aantal", "aantal personen", "") or _MEANS.search(words):
        return unit or "-"
    for text in (title, words):
        for pattern, ours in _UNITS:
            if re.search(pattern, text, re.IGNORECASE):
                return ours
    return unit or "-"


def _long(
    rows: pd.DataFrame, suffix: pd.Series, wanted: pd.DataFrame, where: str, notify: Notify
) -> pd.DataFrame:
    """Give a row a number, with what is withheld missing and few students as an interval."""
    import pandas as pd

    parts, hidden, small = [], 0, 0
    for key, name, unit in zip(wanted["key"], wanted["name"], wanted["unit"], strict=True):
        numbers = _numbers(rows[key], where, key)
        if numbers is None:
            continue
        few = numbers.between(MASKED_LOW, MASKED_HIGH)
        if unit != STUDENTS:
            few = few & False
        hidden, small = hidden + int(numbers.isna().sum()), small + int(few.sum())
        part = rows[["key_kind", "key", "year"]].assign(
            indicator=name + suffix,
            unit=unit,
            label=None,
            value=numbers.mask(few, MASKED_EXPECTED),
            value_low=numbers.mask(few, MASKED_LOW),
            value_high=numbers.mask(few, MASKED_HIGH),
        )
        parts.append(part)
    if not parts or not sum(map(len, parts)):
        raise InputError.of("cbs_nothing_left", where=where)
    for code, count in (("cbs_withheld", hidden), ("count_small", small)):
        if count:
            notify(note(code, count=count, where=where))
    return pd.concat(parts, ignore_index=True)


def _numbers(cells: pd.Series, where: str, column: str) -> pd.Series | None:
    """Read the numbers of a column; None for a column of texts, such as a municipality's name."""
    gone = withheld(cells)
    words = cells.mask(gone).map(str, na_action="ignore").astype("str")
    numbers = finite(words.str.replace(",", ".", regex=False))
    wrong = numbers.isna() & ~gone
    if numbers.isna().all() and wrong.any():
        return None
    if wrong.any():
        value = str(cells[wrong].iloc[0])[:80]
        raise InputError.of(
            "cbs_no_number", where=where, column=column, count=int(wrong.sum()), value=value
        )
    return numbers
