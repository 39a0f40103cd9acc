"""Published distances and times told beside computed ones: agreement, a chart, the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from geo_mbo.analysis.naming import bare, unit_name
from geo_mbo.analysis.validation import CLOSE, REASONS, reasons_text
from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.scatter import Cloud, Dot, Signs, scatter
from geo_mbo.report.view import View
from geo_mbo.report.wording import by_mode, count, listed, mode_name

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

    Row = Mapping[Hashable, Any]

TOLD = 8
"""How many comparisons are told in sentences; the workbook holds the rows of all."""

PANELS = 3
"""How many comparisons have a panel of the chart and a table of what is furthest off."""

RANKED = 5
"""From how many rows the rank correlation is told."""

LEFT_OUT = ("unreached", "withheld", "not_computed", "not_published")
_EACH = ("indicator", "key_kind", "mode", "published_mode")


def compared(findings: Findings, view: View) -> tuple[Section, ...]:
    """Tell how what was published and what was computed agree; nothing where nobody asked."""
    lang = view.lang
    every = findings.published_summary.to_dict("records")
    if not every:
        return ()
    told = every[:TOLD]
    shown = [one for one in every if one["rows_compared"]][:PANELS]
    clouds = [_cloud(findings.published, one, lang) for one in shown]
    reasons = _explained(findings.published, shown, lang)
    names = listed([_title(one, lang) for one in shown], lang)
    return (
        Section(
            "vergelijking",
            text("report.compared.title", lang),
            _lead(view, len(every), pictured=bool(clouds)),
            tuple(_sentence(one, lang) for one in told),
            tables=(
                _summary(told, lang),
                *(t for one in shown if (t := _worst(findings.published_worst, one, lang))),
                *((reasons,) if reasons else ()),
            ),
            caution=text("report.compared.caution", lang),
            picture=scatter(clouds, _signs(lang)) if clouds else "",
            picture_alt=text("report.compared.picture", lang, names=names) if clouds else "",
        ),
    )


def _lead(view: View, every: int, *, pictured: bool) -> str:
    """Say what is held against what, and what counts as agreement."""
    lang, close = view.lang, percent(CLOSE, view.lang)
    lead = (
        text("report.compared.lead_no_year", lang, close=close)
        if view.year is None
        else text("report.compared.lead", lang, close=close, year=str(view.year))
    )
    if pictured:
        lead += " " + text("report.compared.picture_about", lang)
    if every > TOLD:
        lead += " " + text("report.compared.more", lang, shown=TOLD, count=every)
    return lead


def _sentence(one: Row, lang: Lang) -> str:
    """Say how many agree, how far they are off and which way, the order, and what is left out."""
    told = {
        "name": one["indicator"],
        "year": str(one["published_year"]),
        "per": text(f"map.per.{one['key_kind']}", lang),
        "mode": by_mode(str(one["mode"]), lang),
    }
    compared_, agree = int(one["rows_compared"]), int(one["rows_agrees"])
    key = "agree"
    if compared_ < 2:
        key = "agree_one" if compared_ else "nothing"
    elif agree == compared_:
        key = "all_agree"
    elif agree < 2:
        key = "single_agrees" if agree else "none_agree"
    share = percent(float(one["close_share"]), lang)
    parts = [
        text(f"report.compared.{key}", lang, **told, count=compared_, agree=agree, share=share)
    ]
    if compared_:
        parts.append(_off(one, lang))
    rank = _rank(one, lang)
    if rank != "-":
        parts.append(text("report.compared.ranks", lang, rank=rank))
    parts.append(_left_out(one, lang))
    return " ".join(part for part in parts if part)


def _off(one: Row, lang: Lang) -> str:
    unit = unit_name(str(one["unit"]), lang)
    bias = float(one["bias"])
    # Less than the last decimal that is written goes neither way.
    way = "level" if abs(bias) < 0.05 else "higher" if bias > 0 else "lower"
    said = {
        "bias": f"{number(abs(bias), lang, 1)} {unit}",
        "error": f"{number(one['mean_absolute_error'], lang, 1)} {unit}",
    }
    return text(f"report.compared.{way}", lang, **said)


def _left_out(one: Row, lang: Lang) -> str:
    parts = [
        text("report.compared.part", lang, count=number_of, outcome=text(f"outcome.{name}", lang))
        for name in LEFT_OUT
        if (number_of := int(one[f"rows_{name}"]))
    ]
    return text("report.compared.left_out", lang, parts=listed(parts, lang)) if parts else ""


def _title(one: Row, lang: Lang) -> str:
    """Name a comparison by its indicator, and by the mode where the name does not tell it."""
    mode = mode_name(str(one["mode"]), lang)
    same = str(one["published_mode"]).casefold() == mode.casefold()
    return (
        str(one["indicator"]) if same else f"{one['indicator']}, {by_mode(str(one['mode']), lang)}"
    )


def _summary(told: Sequence[Row], lang: Lang) -> Table:
    """Put the figures of agreement of all comparisons beside each other."""
    heads = ("what", "count", "close", "bias", "error", "rank")
    return Table(
        text("report.compared.summary_caption", lang),
        tuple(text(f"report.compared.{head}", lang) for head in heads),
        tuple(_figures(one, lang) for one in told),
    )


def _figures(one: Row, lang: Lang) -> tuple[Cell, ...]:
    unit = unit_name(str(one["unit"]), lang)
    close = float(one["close_share"])
    known = int(one["rows_compared"]) > 0
    return (
        Cell(_title(one, lang)),
        Cell(number(int(one["rows_compared"]), lang)),
        Cell(percent(close, lang), close if known else None),
        Cell(f"{_signed(float(one['bias']), lang)} {unit}" if known else "-"),
        Cell(f"{number(one['mean_absolute_error'], lang, 1)} {unit}" if known else "-"),
        Cell(_rank(one, lang)),
    )


def _rank(one: Row, lang: Lang) -> str:
    """Write the rank correlation; of a handful of rows it says nothing."""
    few = int(one["rows_compared"]) < RANKED
    return "-" if few else number(float(one["rank_correlation"]), lang, 2)


def _signed(value: float, lang: Lang) -> str:
    """Write a difference with its sign.

    Examples
    --------
    >>> _signed(1.25, "nl"), _signed(-0.04, "nl"), _signed(-2.0, "en")
    ('+1,2', '0,0', '-2.0')
    """
    plain = number(round(value, 1) + 0.0, lang, 1)
    return f"+{plain}" if round(value, 1) > 0 else plain


def _mine(rows: pd.DataFrame, one: Row) -> pd.DataFrame:
    """Give the rows of one comparison."""
    for name in _EACH:
        told = one[name] if isinstance(one[name], str) else ""
        rows = rows[rows[name].fillna("") == told]
    return rows


def _records(rows: pd.DataFrame, one: Row) -> list[dict[Hashable, Any]]:
    return _mine(rows, one).to_dict("records")


def _worst(worst: pd.DataFrame, one: Row, lang: Lang) -> Table | None:
    """List what is furthest off, with what may explain it."""
    rows = _records(worst, one)
    if not rows:
        return None
    heads = ("published", "computed", "off", "students", "why")
    said = {"name": _title(one, lang), "unit": unit_name(str(one["unit"]), lang)}
    return Table(
        text("report.compared.worst_caption", lang, **said),
        (
            text(f"map.kind.{one['key_kind']}", lang).capitalize(),
            *(text(f"report.compared.{head}", lang) for head in heads),
        ),
        tuple(_cells(row, lang) for row in rows),
        words=frozenset({5}),
    )


def _cells(row: Row, lang: Lang) -> tuple[Cell, ...]:
    return (
        Cell(_name(row)),
        Cell(_published(row, lang)),
        Cell(number(row["computed"], lang, 1)),
        Cell(_signed(float(row["computed_off"]), lang)),
        Cell(count(row["students"], row["students_high"], lang)),
        Cell("; ".join(text(f"report.compared.short.{code}", lang) for code in _codes(row))),
    )


def _codes(row: Row) -> list[str]:
    return row["reasons"].split(",") if isinstance(row["reasons"], str) else []


def _explained(rows: pd.DataFrame, shown: Sequence[Row], lang: Lang) -> Table | None:
    """Say in full what may explain differences, and of how many it holds in each comparison."""
    counts = [Counter(code for row in _records(rows, one) for code in _codes(row)) for one in shown]
    codes = [code for code in REASONS if any(held[code] for held in counts)]
    if not codes:
        return None
    return Table(
        text("report.compared.reasons_caption", lang),
        (text("report.compared.reason", lang), *(_title(one, lang) for one in shown)),
        tuple(
            (
                Cell(reasons_text(code, lang)),
                *(Cell(number(held[code], lang)) for held in counts),
            )
            for code in codes
        ),
    )


def _name(row: Row) -> str:
    return row["name"] if isinstance(row["name"], str) else str(row["key"])


def _published(row: Row, lang: Lang) -> str:
    """Write what was published: a number, a class, or a class without an end."""
    low, high = (bare(row[f"published_{end}"], lang) for end in ("low", "high"))
    if row["published_high"] != row["published_high"]:
        return text("report.compared.class_open", lang, low=low)
    if row["published_low"] < row["published_high"]:
        return text("report.compared.class", lang, low=low, high=high)
    return number(row["published"], lang, 1)


def _cloud(rows: pd.DataFrame, one: Row, lang: Lang) -> Cloud:
    mine = _mine(rows, one)
    mine = mine[mine["outcome"].isin(["agrees", "differs"])]
    unit = unit_name(str(one["unit"]), lang)
    across, up = (
        text(f"report.compared.axis_{side}", lang, unit=unit) for side in ("published", "computed")
    )
    dots = tuple(
        Dot(
            _name(row),
            row["published"],
            row["computed"],
            row["published_low"],
            row["published_high"] if row["published_high"] == row["published_high"] else inf,
            row["students"],
            row["outcome"] == "agrees",
        )
        for row in mine.to_dict("records")
    )
    return Cloud(_title(one, lang), across, up, dots)


def _signs(lang: Lang) -> Signs:
    return Signs(
        text("outcome.agrees", lang),
        text("outcome.differs", lang),
        text("report.compared.equal", lang),
        text("report.compared.klass", lang),
    )
