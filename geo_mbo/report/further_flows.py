"""How fast flows of students fall with travel time, and how well they meet published totals."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis.calibration import fitted_decay
from geo_mbo.messages import Lang, number, text
from geo_mbo.report.further_pictures import STROKES, Curve, curves
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.view import View
from geo_mbo.report.wording import FEWEST, by_mode, counted, mode_name

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

MET = 0.5
"""A total is met when the flows are less than half a student off."""

FURTHEST_MIN = 120


def flows_and_decay(findings: Findings, view: View) -> tuple[Section, ...]:
    """Tell by mode at which time half is left of the draw of a site, and which totals are met."""
    lang = view.lang
    best = _best(findings.further.decays)
    if best.empty:
        return ()
    minutes = np.linspace(0, FURTHEST_MIN, 241)
    lines = [
        Curve(mode_name(str(row["mode"]), lang), fitted_decay(row)(minutes))
        for _, row in best.iterrows()
    ]
    return (
        Section(
            "stromen",
            text("report.flows.title", lang),
            text("report.flows.lead", lang),
            (*_halves(best, view), *_totals(findings.further.margins, lang)),
            tables=(_table(best, lang),),
            caution=text("report.flows.caution", lang),
            picture=curves(
                minutes, lines, text("report.flows.across", lang), text("report.flows.up", lang)
            ),
            picture_alt=text("report.flows.alt", lang, count=len(best)),
        ),
    )


def _best(decays: pd.DataFrame) -> pd.DataFrame:
    """Give for each mode the form that fits best, of those that fall with time."""
    usable = decays[(decays["rate"] > 0) & (decays["students"] >= FEWEST)].dropna(subset=["aic"])
    ordered = usable.sort_values("aic", kind="stable").drop_duplicates("mode")
    return ordered.sort_index().head(len(STROKES))


def half_min(form: str, rate: float) -> float:
    """Give the minutes at which half of the weight is left.

    Examples
    --------
    >>> round(half_min("exponential", 0.02), 1), half_min("power", 1.0)
    (34.7, 2.0)
    >>> round(half_min("log_normal", 0.13), 1)
    10.1
    """
    if form == "exponential":
        return float(np.log(2) / rate)
    if form == "power":
        return float(2 ** (1 / rate))
    return float(np.exp(np.sqrt(np.log(2) / rate)))


def _halves(best: pd.DataFrame, view: View) -> tuple[str, ...]:
    own = best[best["mode"] == view.mode]
    if own.empty:
        return ()
    row = own.iloc[0]
    return (
        text(
            "report.flows.half",
            view.lang,
            by=_capital(by_mode(view.mode, view.lang)),
            form=text(f"report.flows.{row['decay']}", view.lang),
            minutes=number(half_min(str(row["decay"]), float(row["rate"])), view.lang),
        ),
    )


def _capital(told: str) -> str:
    return told[:1].upper() + told[1:]


def _totals(margins: pd.DataFrame, lang: Lang) -> tuple[str, ...]:
    """Say how many published totals are met; a difference is told of five students or more."""
    if margins.empty:
        return ()
    off = margins["gap"].abs()
    met, worst = int((off < MET).sum()), float(off.max())
    told = counted("report.flows.totals", met, lang, all=len(margins))
    against = int(margins["contradicted"].astype(bool).sum())
    if against:
        told += " " + counted("report.flows.against", against, lang)
    if worst >= FEWEST:
        told += " " + text("report.flows.worst", lang, n=number(worst, lang))
    return (told,)


def _table(best: pd.DataFrame, lang: Lang) -> Table:
    names = ("form", "half_head", "observed", "predicted", "fit")
    return Table(
        text("report.flows.caption", lang),
        (text("field.mode", lang), *(text(f"report.flows.{name}", lang) for name in names)),
        tuple(_cells(row, lang) for row in best.to_dict("records")),
        words=frozenset({1}),
    )


def _cells(row: Mapping[Hashable, Any], lang: Lang) -> tuple[Cell, ...]:
    form = str(row["decay"])
    # A faster fall halves sooner: the bounds change places.
    ends = [number(half_min(form, row[r]), lang) for r in ("rate_high", "rate_low") if row[r] > 0]
    half = number(half_min(form, float(row["rate"])), lang)
    if len(ends) == 2 and ends[0] != ends[1]:
        half = text("report.indicators.bounds", lang, value=half, low=ends[0], high=ends[1])
    return (
        Cell(mode_name(str(row["mode"]), lang)),
        Cell(text(f"report.flows.{form}", lang)),
        Cell(half),
        Cell(number(row["minutes_observed"], lang)),
        Cell(number(row["minutes_predicted"], lang)),
        Cell(number(row["pseudo_r2"], lang, 2), row["pseudo_r2"]),
    )
