"""Published distances and travel times beside computed ones, and why they may differ.

A publisher gives a number or a class (10 to 15 km) by municipality, by institution, or by both;
what is computed is the mean over the students who go there (`geo_mbo.analysis.travelled`).
`compare_published` puts the two side by side: the difference of every row, figures of agreement,
and for the rows that are off the reasons that the data themselves give. A reason says what may
explain a difference, not that it does.

Figures of agreement: bias, mean absolute error and root mean square error (C. J. Willmott and
K. Matsuura, Climate Research 30, 2005) and Spearman's rank correlation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis.travelled import FACTS, FEWEST, MEASURES
from geo_mbo.analysis.weighting import SLACK
from geo_mbo.errors import Breach, InputError
from geo_mbo.messages import Lang, text

if TYPE_CHECKING:
    import pandas as pd

STATES = ("compared", "unreached", "withheld", "not_computed", "not_published")
"""What became of a row: compared; nobody reaches; fewer than five students; on one side only."""
REASONS = (
    "other_year",
    "other_mode",
    "mode_not_told",
    "crow_flies",
    "unreached",
    "few_students",
    "several_sites",
    "large_home",
    "unexplained",
)
"""What may explain a difference, in the order in which it is told."""
CLOSE = 0.10
"""Two numbers agree when they differ by no more than this share of what is published."""
WORST = 10

_MANY_UNREACHED, _WIDE_COUNT, _WIDE_HOME = 0.02, 0.5, 0.5


@dataclass(frozen=True)
class Validation:
    """Published beside computed.

    Attributes
    ----------
    rows
        Every row of either side: the columns of `by`, ``mode``, ``measure`` (minutes or km),
        ``status`` (of `STATES`), ``published`` (a class by its middle, an open one by its lower
        edge), ``published_low``, ``published_high``, ``computed``, ``difference`` (computed less
        published; for a class 0 inside it, else to its nearest edge), ``relative`` (difference by
        published, missing where that is 0), ``inside`` (of a class; missing for a number),
        ``close`` (within 10 %, or inside), ``published_mode``, ``published_year``, the `FACTS`
        of `geo_mbo.analysis.travelled`, and ``reasons`` (of `REASONS`, with commas; blank where
        close).
        Ready to plot: ``published`` against ``computed``, ``students`` as the size.
    summary
        By mode and measure: how many rows of each status, ``bias``, ``mean_absolute_error``,
        ``root_mean_square_error``, ``rank_correlation`` (missing below three rows, or where one
        side is all the same), ``close_share``, ``inside_share``.
    worst
        The rows that are furthest off, by mode and measure, worst first.
    """

    rows: pd.DataFrame
    summary: pd.DataFrame
    worst: pd.DataFrame


def compare_published(
    published: pd.DataFrame,
    computed: pd.DataFrame,
    *,
    by: Sequence[str],
    modes: Mapping[str, str] | None = None,
    worst: int = WORST,
) -> Validation:
    """Put published distances or times beside computed ones.

    Parameters
    ----------
    published
        The columns of `by`, ``measure`` (``"minutes"`` or ``"km"``), and ``value``, or ``low`` and
        ``high`` of a class (``high`` may be ``inf``); ``mode`` and ``year`` may be there and may be
        missing.
    computed
        As `geo_mbo.analysis.travelled.travelled` gives; needed are the columns of `by`, ``mode``,
        ``measure`` and ``value``.
    by
        Columns that name a row on both sides.
    modes
        Published mode to the computed one to hold it against; ``""`` stands for rows that tell no
        mode. A mode that is not named is held against itself.
    worst
        How many rows `Validation.worst` has by mode and measure.

    Returns
    -------
    Validation
        All rows, figures of agreement, and the worst with reasons.

    Raises
    ------
    InputError
        Columns are missing; a row is there twice; a row has neither a value nor a class, or a class
        that ends before it starts; a value is negative; a mode is not told and `modes` does not say
        which one to take; a measure is none.

    Examples
    --------
    >>> import pandas as pd
    >>> published = pd.DataFrame({"institution_id": ["90AA", "90BB"], "mode": "bike",
    ...                           "measure": "minutes", "value": [14.0, 26.0]})
    >>> computed = pd.DataFrame({"institution_id": ["90AA", "90BB"], "mode": "bike",
    ...                          "measure": "minutes", "value": [14.7, 13.0], "sites": [2, 1]})
    >>> found = compare_published(published, computed, by=["institution_id"])
    >>> found.rows[["institution_id", "difference", "close", "reasons"]].round(2)
      institution_id  difference  close      reasons
    0           90AA         0.7   True
    1           90BB       -13.0  False  unexplained
    """
    sides = _published(published, by, modes or {}), _computed(computed, by)
    keys = [*by, "mode", "measure"]
    rows = sides[0].merge(sides[1], how="outer", on=keys, indicator="side", sort=True)
    rows = _compared(rows)
    rows["reasons"] = _reasons(rows, by)
    order = [*keys, "status", "published", "published_low", "published_high", "computed"]
    order += ["difference", "relative", "inside", "close", "published_mode", "published_year"]
    rows = rows[[*order, *FACTS, "reasons"]].reset_index(drop=True)
    return Validation(rows, _summary(rows), _worst(rows, worst))


def reasons_text(reasons: str, lang: Lang = "nl") -> str:
    """Give the reasons of a row as sentences.

    Examples
    --------
    >>> reasons_text("other_year", "en")
    'The two are of different years.'
    """
    return " ".join(text(f"validation_reason.{code}", lang) for code in reasons.split(",") if code)


def with_reasons(rows: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give rows with their reasons as sentences."""
    codes = rows["reasons"]
    told = codes.map(lambda code: reasons_text(code, lang), na_action="ignore")
    return rows.assign(reasons=told.astype("str"))


def _published(frame: pd.DataFrame, by: Sequence[str], modes: Mapping[str, str]) -> pd.DataFrame:
    """Give the published side under one form, after refusing all that is wrong with it."""
    import pandas as pd

    _columns_there(frame, [*by, "measure"], "published")
    side = frame.copy()
    for name in ("mode", "year", "value", "low", "high"):
        if name not in side:
            side[name] = pd.NA
    told = side["mode"].astype(object).where(side["mode"].notna(), "").map(str)
    side["published_mode"] = told
    side["mode"] = told.map(lambda mode: modes.get(mode, mode))
    numbers = side[["value", "low", "high"]].apply(pd.to_numeric, errors="coerce").astype(float)
    value, low, high = (numbers[name] for name in ("value", "low", "high"))
    single = value.notna()
    _refuse(side, by, (value, low, high))
    middle = ((low + high) / 2).where(np.isfinite(high), low)
    side["published"] = value.where(single, middle)
    side["published_low"] = value.where(single, low)
    side["published_high"] = value.where(single, high)
    side["published_year"] = pd.to_numeric(side["year"]).astype("Int64")
    side["class"] = ~single
    names = ["published", "published_low", "published_high", "published_year", "published_mode"]
    return side[[*by, "mode", "measure", *names, "class"]]


def _refuse(side: pd.DataFrame, by: Sequence[str], sides: tuple[pd.Series, ...]) -> None:
    """Refuse published rows that cannot be compared, all at once."""
    value, low, high = sides
    neither = value.isna() & (low.isna() | high.isna())
    wrong = {
        "validation_no_value": neither,
        "validation_class": value.isna() & ~neither & (high <= low),
        "validation_negative": (value < 0) | (low < 0) | np.isinf(value) | np.isinf(low),
        "validation_mode": side["mode"] == "",
        "validation_measure": ~side["measure"].isin(MEASURES),
        "validation_twice": side.duplicated([*by, "mode", "measure"], keep=False),
    }
    breaches = [
        Breach(code, {"count": int(rows.sum()), "value": _label(side, by, rows)})
        for code, rows in wrong.items()
        if rows.any()
    ]
    if breaches:
        raise InputError(breaches)


def _label(side: pd.DataFrame, by: Sequence[str], rows: pd.Series) -> str:
    first = side[rows.to_numpy()].iloc[0]
    return ", ".join(str(first[name]) for name in by)


def _columns_there(frame: pd.DataFrame, names: Sequence[str], where: str) -> None:
    there = ", ".join(map(str, frame.columns))
    absent = [
        Breach("missing_column", {"where": where, "column": name, "there": there})
        for name in names
        if name not in frame
    ]
    if absent:
        raise InputError(absent)


def _computed(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    keys = [*by, "mode", "measure"]
    _columns_there(frame, [*keys, "value"], "computed")
    twice = frame.duplicated(keys, keep=False)
    if twice.any():
        value = _label(frame, by, twice)
        raise InputError.of("validation_twice", count=int(twice.sum()), value=value)
    side = frame[[*keys, "value", *(n for n in FACTS if n in frame)]].copy()
    for name in FACTS:
        if name not in side:
            side[name] = pd.NA if _kind(name) != "float64" else np.nan
    return side.astype({name: _kind(name) for name in FACTS}).rename(columns={"value": "computed"})


def _kind(name: str) -> str:
    return {"year": "Int64", "sites": "Int64", "homes": "Int64", "crow_flies": "boolean"}.get(
        name, "float64"
    )


def _compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Give each row its status and its difference."""
    import pandas as pd

    computed = rows["computed"].to_numpy(float)
    low, high = (rows[name].to_numpy(float) for name in ("published_low", "published_high"))
    side = rows["side"].astype(str).to_numpy()
    status = np.select(
        [side == "left_only", side == "right_only", np.isinf(computed), np.isnan(computed)],
        ["not_computed", "not_published", "unreached", "withheld"],
        "compared",
    )
    both = status == "compared"
    away = np.where(computed < low, computed - low, np.where(computed > high, computed - high, 0.0))
    difference = np.where(both, away, np.nan)
    published = rows["published"].to_numpy(float)
    relative = np.full(len(rows), np.nan)
    np.divide(difference, published, out=relative, where=both & (published > 0))
    is_class = rows["class"].fillna(value=False).to_numpy(bool)
    near = np.abs(difference) <= CLOSE * published * (1 + SLACK)
    inside = pd.array(difference == 0, dtype="boolean")
    inside[~(both & is_class)] = pd.NA
    close = pd.array(np.where(is_class, difference == 0, near), dtype="boolean")
    close[~both] = pd.NA
    return rows.assign(
        status=status, difference=difference, relative=relative, inside=inside, close=close
    )


def _reasons(rows: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Say for each row that is compared and not close what in the data may explain it."""
    students = rows["students"].to_numpy(float)
    wide = (rows["students_high"] - rows["students_low"]).to_numpy(float)
    computed = rows["computed"].to_numpy(float)
    minutes = (rows["measure"] == "minutes").to_numpy()
    spread = rows["minutes_spread"].to_numpy(float)
    scale = np.where(minutes, computed, np.nan)
    other_year = (rows["published_year"] != rows["year"]).fillna(value=False).to_numpy(bool)
    told = rows["published_mode"].fillna("").to_numpy(str)
    home = "origin_id" in by or "municipality_id" in by
    with np.errstate(invalid="ignore"):
        found = {
            "other_year": other_year,
            "other_mode": (told != "") & (told != rows["mode"].to_numpy(str)),
            "mode_not_told": told == "",
            "crow_flies": rows["crow_flies"].fillna(value=False).to_numpy(bool),
            "unreached": rows["unreached_share"].to_numpy(float) > _MANY_UNREACHED,
            "few_students": (students < FEWEST) | (wide > _WIDE_COUNT * students),
            "several_sites": (rows["sites"] > 1).fillna(value=False).to_numpy(bool)
            & ("site_id" not in by),
            "large_home": home & (spread > _WIDE_HOME * scale),
        }
    asked = ((rows["status"] == "compared") & ~rows["close"].fillna(value=True)).to_numpy(bool)
    return [
        ",".join([code for code, hit in found.items() if hit[n]] or ["unexplained"]) if due else ""
        for n, due in enumerate(asked)
    ]


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    found = []
    for (mode, measure), part in rows.groupby(["mode", "measure"], sort=True):
        both = part[part["status"] == "compared"]
        off = both["difference"].to_numpy(float)
        figures: dict[str, Any] = {
            "bias": off.mean() if len(off) else np.nan,
            "mean_absolute_error": np.abs(off).mean() if len(off) else np.nan,
            "root_mean_square_error": np.sqrt((off**2).mean()) if len(off) else np.nan,
            "rank_correlation": _ranks(both),
            "close_share": both["close"].astype(float).mean(),
            "inside_share": both["inside"].dropna().astype(float).mean(),
        }
        counts = {f"rows_{state}": int((part["status"] == state).sum()) for state in STATES}
        found.append({"mode": mode, "measure": measure, **counts, **figures})
    names = ["mode", "measure", *(f"rows_{state}" for state in STATES), "bias"]
    names += ["mean_absolute_error", "root_mean_square_error", "rank_correlation"]
    return pd.DataFrame(found, columns=[*names, "close_share", "inside_share"])


def _ranks(both: pd.DataFrame) -> float:
    from scipy.stats import spearmanr

    one, other = (both[name].to_numpy(float) for name in ("published", "computed"))
    if len(both) < 3 or len(set(one)) == 1 or len(set(other)) == 1:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def _worst(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    off = rows[rows["difference"].abs() > 0]
    order = off.assign(size=off["difference"].abs()).sort_values(
        ["mode", "measure", "size"], ascending=[True, True, False], kind="stable"
    )
    return (
        order.groupby(["mode", "measure"]).head(count).drop(columns="size").reset_index(drop=True)
    )
