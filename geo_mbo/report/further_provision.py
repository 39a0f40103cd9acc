"""Small programmes at several institutions: a reason to look, never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, number, text
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.pictures import Panel, Row, charts
from geo_mbo.report.view import View
from geo_mbo.report.wording import FEWEST, Names, by_mode, count, counted, listed

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN, TOLD = 10, 3
"""How many signals the table and a sentence name; the workbook holds them all."""

COUNTRY = "country"


def small_programmes(findings: Findings, names: Names, view: View) -> tuple[Section, ...]:
    """Tell which programmes are small at several institutions of a region or in the country."""
    rows = findings.further.signals
    if rows.empty:
        return ()
    lang = view.lang
    found = rows[rows["few"].astype(bool) | rows["few_perhaps"].astype(bool)]
    order = ["few", "students", "unit", "track", "region_id"]
    shown = found.sort_values(order, ascending=[False, *[True] * 4]).head(SHOWN)
    return (
        Section(
            "kleine-opleidingen",
            text("report.small.title", lang),
            text("report.small.lead", lang),
            tuple(
                told
                for told in (
                    _signals(found[found["region_level"] != COUNTRY], "region", names, lang),
                    _signals(found[found["region_level"] == COUNTRY], "country", names, lang),
                    _pairs(findings.further.pairs, view),
                )
                if told
            ),
            tables=(_table(shown, names, lang),) if len(shown) else (),
            caution=text("report.small.caution", lang),
            picture=_picture(shown, names, lang) if len(shown) else "",
            picture_alt=text("report.small.alt", lang, count=len(shown)) if len(shown) else "",
        ),
    )


def _place(row: dict[str, str], names: Names, lang: Lang) -> str:
    if row["region_level"] == COUNTRY:
        nation = text("map.nation", lang)
        return nation[:1].upper() + nation[1:]
    return names.area(row["region_id"])


def _signals(rows: pd.DataFrame, where: str, names: Names, lang: Lang) -> str:
    """Say how many signals there are, and name the smallest; those that may be one apart."""
    sure = rows[rows["few"].astype(bool)].sort_values(["students", "unit"], kind="stable")
    perhaps = len(rows) - len(sure)
    told = [
        names.programme(str(row["unit"]), row["track"])
        + (f" ({names.area(str(row['region_id']))})" if where == "region" else "")
        for row in sure.head(TOLD).to_dict("records")
    ]
    key = f"report.small.{where}" if told else f"report.small.{where}_none"
    said = counted(key, len(sure), lang, names=listed(told, lang))
    return f"{said} {counted('report.small.perhaps', perhaps, lang)}" if perhaps else said


def _pairs(pairs: pd.DataFrame, view: View) -> str:
    """Say how near sites of different institutions with the same programme are."""
    rows = pairs[(pairs["mode"] == view.mode) & ~pairs["same_institution"].astype(bool)]
    if rows.empty:
        return ""
    near = rows[rows[["minutes_ab", "minutes_ba"]].min(axis=1) <= view.limit_min]
    return counted(
        "report.small.pairs",
        len(rows),
        view.lang,
        near=len(near),
        limit=round(view.limit_min),
        by=by_mode(view.mode, view.lang),
        small=int(near["few_in_region"].astype(bool).sum()),
    )


def _table(rows: pd.DataFrame, names: Names, lang: Lang) -> Table:
    cells = tuple(
        (
            Cell(names.programme(str(row["unit"]), row["track"])),
            Cell(_place({k: str(row[k]) for k in ("region_level", "region_id")}, names, lang)),
            Cell(number(row["institutions"], lang)),
            Cell(number(row["institutions_small"], lang)),
            Cell(count(row["students"], row["students_high"], lang)),
            Cell(text(f"report.small.{'sure' if row['few'] else 'maybe'}", lang)),
        )
        for row in rows.to_dict("records")
    )
    heads = ("field.programme", "report.small.where", "field.institutions")
    more = ("field.institutions_small", "field.students", "report.small.signal")
    return Table(
        text("report.small.caption", lang),
        tuple(text(head, lang) for head in (*heads, *more)),
        cells,
        words=frozenset({1, 5}),
    )


def _picture(rows: pd.DataFrame, names: Names, lang: Lang) -> str:
    bars = []
    for row in rows.to_dict("records"):
        place = _place({k: str(row[k]) for k in ("region_level", "region_id")}, names, lang)
        few = not row["students_high"] >= FEWEST
        length = float("nan") if few else float(row["students"])
        told = count(row["students"], row["students_high"], lang)
        name = f"{names.programme(str(row['unit']), row['track'])}: {place}"
        bars.append(Row(name, length, told))
    return charts([Panel(text("report.small.panel", lang), tuple(bars))])
