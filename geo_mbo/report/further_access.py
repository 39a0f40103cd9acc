"""What young people can reach from each municipality, and how unequal that is."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.pictures import Panel, Row, charts
from geo_mbo.report.view import View, told_of
from geo_mbo.report.wording import FEWEST, Names, by_mode, minutes

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many municipalities the page shows; the workbook holds them all."""

MEASURES = ("minutes_1", "minutes_3", "sites_within", "places_2sfca")


def access_and_equity(findings: Findings, names: Names, view: View) -> tuple[Section, ...]:
    """Tell where young people reach least, and how unequally access and travel are spread."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    rows = _wide(findings.further.access, view)
    if rows.empty:
        return ()
    shown = rows.sort_values(["minutes_1", "area_id"], ascending=[False, True]).head(SHOWN)
    limit = round(view.limit_min)
    return (
        Section(
            "gelijkheid",
            text("report.equity.title", lang),
            text("report.equity.lead", lang, mode=mode) + told_of(view),
            _sentences(findings.further.equity, view),
            tables=(_table(shown, names, view),),
            caution=text("report.equity.caution", lang, limit=limit),
            picture=_picture(shown, names, view),
            picture_alt=text("report.equity.alt", lang, count=len(shown)),
        ),
    )


def _wide(access: pd.DataFrame, view: View) -> pd.DataFrame:
    """Give a row a municipality of at least five young people, with a column a measure."""
    rows = access[(access["mode"] == view.mode) & (access["young_people"] >= FEWEST)]
    if view.focus is not None:
        rows = rows[rows["area_id"].isin(view.focus)]
    wide = rows.pivot(index="area_id", columns="measure", values="value")
    reached = rows[rows["measure"] == "minutes_1"].set_index("area_id")["told_share"]
    found = wide.reindex(columns=list(MEASURES)).assign(reached=reached).reset_index()
    return found.dropna(subset=["minutes_1"])


def _sentences(equity: pd.DataFrame, view: View) -> tuple[str, ...]:
    """Say half the time, who is over the limit, and how unequal it is; of enough people only."""
    rows = equity[(equity["mode"] == view.mode) & (equity["people"] >= FEWEST)]
    values = rows.set_index(["of", "measure"])["value"].to_dict()
    lang, told = view.lang, []
    by, limit = by_mode(view.mode, lang), round(view.limit_min)
    for kind, of in (("young", "minutes_1"), ("students", "minutes_own")):
        half, over = values.get((of, "p50")), values.get((of, "over_limit"))
        if half is None or over is None or not isfinite(over):
            continue
        key = kind if isfinite(half) else f"{kind}_not"
        over_said = percent(over, lang)
        half_said = minutes(half, lang)
        told.append(
            text(
                f"report.equity.{key}", lang, by=by, minutes=half_said, over=over_said, limit=limit
            )
        )
    gini = values.get(("sites_within", "gini"), float("nan"))
    theil = values.get(("sites_within", "theil"), float("nan"))
    if isfinite(gini) and theil > 0:
        between = values.get(("sites_within", "theil_between"), float("nan")) / theil
        told.append(
            text(
                "report.equity.gini",
                lang,
                by=by,
                gini=number(gini, lang, 2),
                share=percent(between, lang),
            )
        )
    return tuple(told)


def _heads(view: View) -> tuple[str, ...]:
    told = {"limit": round(view.limit_min)}
    return tuple(text(f"report.equity.{name}", view.lang, **told) for name in MEASURES)


def _table(rows: pd.DataFrame, names: Names, view: View) -> Table:
    lang = view.lang
    cells = tuple(
        (
            Cell(names.area(str(row["area_id"]))),
            Cell(minutes(row["minutes_1"], lang)),
            Cell(minutes(row["minutes_3"], lang)),
            Cell(number(row["sites_within"], lang, 1)),
            Cell(number(row["places_2sfca"], lang, 2)),
            Cell(percent(row["reached"], lang), row["reached"]),
        )
        for row in rows.to_dict("records")
    )
    heads = (text("field.area", lang), *_heads(view), text("report.equity.reached", lang))
    by = by_mode(view.mode, lang)
    return Table(text("report.equity.caption", lang, mode=by), heads, cells)


def _picture(rows: pd.DataFrame, names: Names, view: View) -> str:
    heads = _heads(view)
    panels = []
    for k, decimals in ((0, 0), (2, 1)):
        bars = [
            Row(
                names.area(str(row["area_id"])),
                _length(row[MEASURES[k]]),
                _said(row[MEASURES[k]], view.lang, decimals),
            )
            for row in rows.to_dict("records")
        ]
        panels.append(Panel(heads[k], tuple(bars)))
    return charts(panels)


def _length(value: float) -> float:
    return value if isfinite(value) else float("nan")


def _said(value: float, lang: Lang, decimals: int) -> str:
    """Write a number; what is not reached in words."""
    return minutes(value, lang) if value == float("inf") else number(value, lang, decimals)
