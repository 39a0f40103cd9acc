"""The distances and times of a study's indicators held against what was computed for the study.

Of an indicator the year is taken that lies nearest to that of the students. Nothing is told of a
row with fewer than five students: not what was computed, nor how far it is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.analysis.travelled import FEWEST, travelled
from geo_mbo.analysis.validation import WORST, compare_published
from geo_mbo.analysis.weighting import joined
from geo_mbo.counts import COUNTS
from geo_mbo.errors import Breach, InputError
from geo_mbo.messages import LANGS, catalogue
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

MEASURED_IN = {"km": "km", "min": "minutes", "minutes": "minutes", "minuten": "minutes"}
"""Units of an indicator that can be held against travel, and the measure that they are of."""

KEYED = {"municipality": "origin_id", "institution": "institution_id"}
"""Kinds of key that can be compared, and the column of students that holds them."""

OUTCOMES = ("agrees", "differs", "unreached", "withheld", "not_computed", "not_published")
"""What became of a row; the last four were not compared."""

ROWS = {
    "indicator": "str",
    "key_kind": "str",
    "key": "str",
    "name": "str",
    "mode": "str",
    "published_mode": "str",
    "unit": "str",
    "published_year": "int64",
    "outcome": "str",
    "published": "float64",
    "published_low": "float64",
    "published_high": "float64",
    "computed": "float64",
    "computed_off": "float64",
    "computed_off_share": "float64",
    **dict.fromkeys(COUNTS, "float64"),
    "sites": "float64",
    "unreached_share": "float64",
    "reasons": "str",
}
SUMMARY = {
    "indicator": "str",
    "key_kind": "str",
    "mode": "str",
    "published_mode": "str",
    "unit": "str",
    "published_year": "int64",
    "rows_compared": "int64",
    **dict.fromkeys((f"rows_{name}" for name in OUTCOMES), "int64"),
    "bias": "float64",
    "mean_absolute_error": "float64",
    "root_mean_square_error": "float64",
    "rank_correlation": "float64",
    "close_share": "float64",
}
_FIGURES = ("bias", "mean_absolute_error", "root_mean_square_error", "rank_correlation")
_SHORT = {"ov": "transit", "te voet": "walk", "lopend": "walk", "elektrische fiets": "ebike"}


@dataclass(frozen=True)
class Yardstick:
    """A published distance or time, and the mode of ours that it is held against.

    Attributes
    ----------
    indicator
        Name of the indicator.
    by
        What it is a number of.
    mode
        Mode of the travel matrix.
    told
        What the publisher calls the mode; blank where that is not told.
    """

    indicator: str
    by: Literal["municipality", "institution"]
    mode: str
    told: str = ""


@dataclass(frozen=True)
class Beside:
    """Published beside computed, of all yardsticks.

    Attributes
    ----------
    rows
        The columns `ROWS`: of every yardstick every municipality or institution of either side.
        ``published`` is in ``unit`` (km or minutes), a class by its middle and an open one by its
        lower edge (``published_high`` is then missing); ``computed`` is the mean over the students
        who reach their school (``inf`` where none does); ``computed_off`` is computed less
        published (of a class 0 inside it, else to its nearest edge), ``computed_off_share`` that as
        a share of what is published; ``reasons`` are codes of `geo_mbo.analysis.validation.REASONS`
        with commas, where they differ. Of fewer than five students (``withheld``) nothing that was
        computed is there.
    summary
        The columns `SUMMARY`: one row a yardstick that has numbers.
    worst
        Rows that differ, by yardstick the ten that are furthest off, worst first.
    """

    rows: pd.DataFrame
    summary: pd.DataFrame
    worst: pd.DataFrame


def compare_indicators(
    tables: Tables,
    matrix: TravelMatrix,
    students: pd.DataFrame,
    *,
    yardsticks: Sequence[Yardstick],
    notify: Notify = to_log,
) -> Beside:
    """Hold indicators in kilometres or minutes against the travel of students.

    Parameters
    ----------
    tables
        The tables; ``indicators`` has what is published.
    matrix
        Travel times, by all modes that are asked for.
    students
        Contract STUDENTS, the rows of one year, with their institution.
    yardsticks
        What to compare; none gives frames without rows.
    notify
        Gets notes on yardsticks without numbers and on other years than that of the students.

    Returns
    -------
    Beside
        Frames with all their columns, also without rows.

    Raises
    ------
    InputError
        Indicators are in another unit, negative, or a class that ends before it starts: all at
        once; or the matrix lacks a mode.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import pandas as pd
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> told = pd.DataFrame({"key_kind": "institution", "key": ["90AA", "90BB"], "year": 2024,
    ...     "indicator": "Reistijd", "value": [17.0, 25.0], "value_low": [17.0, 25.0],
    ...     "value_high": [17.0, 25.0], "label": None, "unit": "min", "source": "DUO"})
    >>> found = compare_indicators(replace(town.tables, indicators=told), town.matrix,
    ...     town.tables.students.query("year == 2024"),
    ...     yardsticks=[Yardstick("Reistijd", "institution", "bike", told="fiets")])
    >>> found.rows[["key", "published", "computed", "computed_off", "outcome"]].round(1)
        key  published  computed  computed_off  outcome
    0  90AA       17.0      16.8          -0.2   agrees
    1  90BB       25.0      15.5          -9.5  differs
    """
    _guard(tables.indicators, yardsticks)
    parts: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
    modes = list(dict.fromkeys(one.mode for one in yardsticks))
    asked = matrix.select(modes=modes) if modes else matrix
    known: dict[str, pd.DataFrame] = {}
    for one in yardsticks:
        published = _published(tables.indicators, one, students, notify)
        if published.empty:
            continue
        if one.by not in known:
            known[one.by] = _computed(asked, students, tables, by=KEYED[one.by])
        rows, summary = _compared(published, known[one.by], one)
        parts[0].append(rows.assign(name=rows["key"].map(_names(tables, one.by))))
        parts[1].append(summary)
    rows, summary = joined(parts[0], ROWS), joined(parts[1], SUMMARY)
    return Beside(rows, summary, _worst(rows))


def _of(indicators: pd.DataFrame, one: Yardstick) -> pd.DataFrame:
    """Give the rows of a yardstick that tell a number or a class."""
    rows = indicators[(indicators["indicator"] == one.indicator)]
    rows = rows[rows["key_kind"] == one.by]
    return rows[rows["value"].notna() | rows["value_low"].notna()]


def _guard(indicators: pd.DataFrame, yardsticks: Sequence[Yardstick]) -> None:
    breaches = list[Breach]()
    for one in yardsticks:
        rows = _of(indicators, one)
        strange = ~rows["unit"].str.lower().isin(MEASURED_IN)
        wrong = {
            "compare_negative": rows["value_low"].fillna(rows["value"]) < 0,
            "compare_class": rows["value_high"] < rows["value_low"],
        }
        if strange.any():
            unit = rows.loc[strange, "unit"].iloc[0]
            breaches.append(
                Breach("compare_other_unit", {"indicator": one.indicator, "unit": str(unit)})
            )
        for code, which in wrong.items():
            if which.any():
                first = {"count": int(which.sum()), "value": str(rows.loc[which, "key"].iloc[0])}
                breaches.append(Breach(code, {"indicator": one.indicator, **first}))
    if breaches:
        raise InputError(breaches)


def _published(
    indicators: pd.DataFrame, one: Yardstick, students: pd.DataFrame, notify: Notify
) -> pd.DataFrame:
    """Give what is published of the year nearest to that of the students, ready to compare."""
    rows = _of(indicators, one)
    if rows.empty:
        notify(note("compare_no_rows", count=0, indicator=one.indicator))
        return rows
    year = _nearest(rows["year"].unique().tolist(), students["year"].unique().tolist())
    rows = rows[rows["year"] == year]
    if len(students) and year != students["year"].iloc[0]:
        of = str(students["year"].iloc[0])
        notify(note("compare_year", count=1, indicator=one.indicator, year=str(year), of=of))
    single = rows["value"].notna() & (rows["value_low"] == rows["value_high"])
    return rows.assign(
        **{KEYED[one.by]: rows["key"]},
        mode=_known_mode(one),
        measure=rows["unit"].str.lower().map(MEASURED_IN),
        value=rows["value"].where(single),
        low=rows["value_low"].mask(single),
        high=rows["value_high"].fillna(np.inf).mask(single),
    )


def _nearest(years: Sequence[int], asked: Sequence[int]) -> int:
    """Give the year nearest to the one asked; of two the earlier, without one the last.

    Examples
    --------
    >>> _nearest([2019, 2023, 2025], [2024]), _nearest([2019, 2023], [])
    (2023, 2023)
    """
    if not asked:
        return max(years)
    return min(years, key=lambda year: (abs(year - asked[0]), year))


def _known_mode(one: Yardstick) -> str:
    """Give the publisher's mode under our name; a word that nobody knows is what it stands for."""
    word = one.told.strip().casefold()
    for lang in LANGS:
        for key, name in catalogue(lang).items():
            mode = key.removeprefix("mode.")
            if mode != key and word in (mode, name.casefold()):
                return mode
    return _SHORT.get(word, one.mode if word else "")


def _computed(
    matrix: TravelMatrix, students: pd.DataFrame, tables: Tables, *, by: str
) -> pd.DataFrame:
    """Give what was computed; of fewer than five students nothing."""
    found = travelled(matrix, students, tables.origins, by=[by])
    few = found["students_high"] < FEWEST
    telling = ["value", "unreached_share", "sites", "homes", "minutes_spread"]
    return found.assign(**{name: found[name].mask(few) for name in telling})


def _compared(
    published: pd.DataFrame, computed: pd.DataFrame, one: Yardstick
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows of one yardstick and their figures of agreement."""
    import pandas as pd

    by, measure = KEYED[one.by], str(published["measure"].iloc[0])
    mine = computed[(computed["mode"] == one.mode) & (computed["measure"] == measure)]
    modes = {str(published["mode"].iloc[0]): one.mode}
    columns = [by, "mode", "measure", "year", "value", "low", "high"]
    found = compare_published(published[columns], mine, by=[by], modes=modes)
    same = {
        "indicator": one.indicator,
        "key_kind": one.by,
        "mode": one.mode,
        "published_mode": one.told or None,
        "unit": "km" if measure == "km" else "min",
        "published_year": int(published["year"].iloc[0]),
    }
    named = {by: "key", "difference": "computed_off", "relative": "computed_off_share"}
    rows = found.rows.rename(columns=named).assign(**same, outcome=_outcomes(found.rows))
    # No end of a class is not the same as nobody who gets there.
    rows["published_high"] = rows["published_high"].replace(np.inf, np.nan)
    rows["reasons"] = [_telling(codes, one.by) for codes in rows["reasons"]]
    counts = {f"rows_{name}": int((rows["outcome"] == name).sum()) for name in OUTCOMES}
    counts["rows_compared"] = counts["rows_agrees"] + counts["rows_differs"]
    told = found.summary.iloc[0]
    figures = {name: float(told[name]) for name in (*_FIGURES, "close_share")}
    summary = pd.DataFrame([same]).assign(**counts, **figures)
    return rows, summary


def _telling(codes: str, by: str) -> str | None:
    """Leave out what holds for every municipality: that its students go to several sites."""
    told = codes.split(",")
    if by == "municipality" and "several_sites" in told:
        told.remove("several_sites")
        return ",".join(told) or "unexplained"
    return codes or None


def _outcomes(rows: pd.DataFrame) -> np.ndarray:
    """Say what became of each row; what has no number for want of students is not withheld."""
    status = rows["status"].to_numpy(str)
    close = rows["close"].fillna(value=False).to_numpy(bool)
    few = rows["students_high"].between(0, FEWEST, inclusive="neither").to_numpy(bool)
    compared, withheld = status == "compared", status == "withheld"
    return np.select(
        [compared & close, compared, withheld & ~few],
        ["agrees", "differs", "not_computed"],
        status,
    )


def _names(tables: Tables, by: str) -> dict[str, str]:
    if by == "municipality":
        areas = tables.areas
        return dict(zip(areas["area_id"], areas["name"], strict=True))
    owners = tables.sites.dropna(subset=["institution_id", "institution"])
    return dict(zip(owners["institution_id"], owners["institution"], strict=True))


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    off = rows[rows["outcome"] == "differs"].reset_index(drop=True)
    by = ["indicator", "key_kind", "mode", "published_mode"]
    group = off.groupby(by, dropna=False, sort=False).ngroup().to_numpy()
    order = np.lexsort((-off["computed_off"].abs().to_numpy(float), group))
    ordered = off.iloc[order]
    return ordered.groupby(by, dropna=False, sort=False).head(WORST).reset_index(drop=True)
