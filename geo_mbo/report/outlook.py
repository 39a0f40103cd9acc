"""What is coming, and how institutions compare: forecast, benchmark, scenarios."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.indicators import beside
from geo_mbo.report.parts import Cell, Figure, Section, Table
from geo_mbo.report.view import View, told_of
from geo_mbo.report.wording import PLACES, Names, by_mode, count, listed, minutes

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 5
"""How many fall and how many grow are named."""

FEWEST_TO_RANK = 100
"""A place or site with fewer students in the base year is not ranked."""

LARGEST = 15
"""How many institutions the page compares; the workbook compares them all."""


def key_figures(findings: Findings, view: View) -> tuple[Figure, ...]:
    """Give the change in students until the forecast year; nothing without a forecast."""
    areas = findings.forecast_by_area
    base = areas["students_base"].sum()
    if areas.empty or not base:
        return ()
    year = str(areas["year"].iloc[0])
    change = signed(areas["students"].sum() / base - 1, view.lang)
    return (Figure(change, text("report.figure.forecast_label", view.lang, year=year)),)


def forecast(findings: Findings, names: Names, view: View) -> Section:
    """Tell where the number of students falls and grows most until the forecast year."""
    lang = view.lang
    areas, sites = findings.forecast_by_area, findings.forecast_by_site
    if areas.empty and sites.empty:
        title = text("report.forecast.title_none", lang)
        return Section("prognose", title, text("report.forecast.none", lang))
    either = areas if len(areas) else sites
    years = {"base": str(either["base_year"].iloc[0]), "year": str(either["year"].iloc[0])}
    base, later = either["students_base"].sum(), either["students"].sum()
    told = [
        text(
            "report.forecast.all",
            lang,
            **years,
            change=signed(later / base - 1, lang),
            students=round(later),
        )
        if base
        else ""
    ]
    tables = []
    for by, frame, name in (("area", areas, names.area), ("site", sites, names.site)):
        there = {"area": names.areas, "site": names.sites}[by]
        known = _ranked(frame, names.about(there, view.focus))
        if known.empty:
            continue
        fallers, growers = known[known["change"] < 0], known[known["change"] > 0].iloc[::-1]
        told += [
            text(
                f"report.forecast.{by}_{way}",
                lang,
                **years,
                names=listed(
                    [f"{name(key)} ({signed(c, lang)})" for key, c in _pairs(rows.head(3))], lang
                ),
            )
            for way, rows in (("fall", fallers), ("grow", growers))
            if len(rows)
        ]
        tables.append(_change_table(by, fallers, growers, name, view, years))
    return Section(
        "prognose",
        text("report.forecast.title", lang, year=years["year"]),
        text("report.forecast.lead", lang, **years, fewest=FEWEST_TO_RANK) + told_of(view),
        tuple(sentence for sentence in told if sentence),
        tables=tuple(tables),
        caution=text("report.forecast.caution", lang),
    )


def _ranked(frame: pd.DataFrame, known: frozenset[str]) -> pd.DataFrame:
    """Give the places that are known and large enough, the deepest fall first."""
    named = frame.iloc[:, 0].isin(known - set(PLACES))
    large = frame["students_base"] >= FEWEST_TO_RANK
    ranked = frame[named & large].dropna(subset=["change"])
    return ranked.sort_values("change", kind="stable")


def _pairs(frame: pd.DataFrame) -> list[tuple[str, float]]:
    return list(zip(frame.iloc[:, 0].astype(str), frame["change"], strict=True))


def _change_table(
    by: str,
    fallers: pd.DataFrame,
    growers: pd.DataFrame,
    name: Callable[[str], str],
    view: View,
    years: dict[str, str],
) -> Table:
    import pandas as pd

    lang = view.lang
    shown = pd.concat([fallers.head(SHOWN), growers.head(SHOWN).iloc[::-1]])
    most = shown["change"].abs().max() or 1
    rows = tuple(
        (
            Cell(name(str(row[shown.columns[0]]))),
            Cell(count(row["students_base"], row["students_base_high"], lang)),
            Cell(number(row["students"], lang)),
            Cell(signed(row["change"], lang), row["change"] / most),
        )
        for row in shown.to_dict("records")
    )
    heads = (
        text(f"field.{by}", lang),
        text("report.forecast.in_year", lang, year=years["base"]),
        text("report.forecast.in_year", lang, year=years["year"]),
        text("field.change", lang),
    )
    return Table(text(f"report.forecast.caption_{by}", lang, **years), heads, rows)


def benchmark(findings: Findings, view: View) -> Section:
    """Compare institutions in the reference mode."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    frame = findings.benchmark[findings.benchmark["mode"] == view.mode]
    largest = frame.nlargest(LARGEST, "students")
    # Rank 0 is no rank: most of its students reach no site, so that a mean tells of few.
    largest = largest.sort_values("rank", key=lambda ranks: ranks.replace(0, np.inf), kind="stable")
    more = beside(findings, lang)
    rows = tuple(
        (
            Cell(str(row["institution"])),
            Cell(number(row["sites"], lang)),
            Cell(number(row["programmes"], lang)),
            Cell(count(row["students"], row["students_high"], lang)),
            Cell(minutes(row["minutes_mean"], lang)),
            Cell(percent(row["unreached_share"], lang)),
            Cell(percent(row["within_30_share"], lang), row["within_30_share"]),
            *(column.cell(str(row["institution_id"])) for column in more),
        )
        for row in largest.to_dict("records")
    )
    fields = (
        "institution",
        "sites",
        "programmes",
        "students",
        "minutes_mean",
        "unreached_share",
        "within_30_share",
    )
    table = Table(
        text("report.benchmark.caption", lang, mode=mode),
        (*(text(f"field.{name}", lang) for name in fields), *(column.head for column in more)),
        rows,
        words=frozenset(len(fields) + k for k, column in enumerate(more) if column.words),
    )
    key = "none" if not rows else "lead_all" if len(rows) == len(frame) else "lead"
    lead = text(f"report.benchmark.{key}", lang, mode=mode, shown=len(rows), count=len(frame))
    return Section(
        "instellingen",
        text("report.benchmark.title", lang),
        f"{lead} {_left_out(findings, lang)}" if rows else lead,
        tables=(table,) if rows else (),
        caution=text("report.benchmark.caution", lang) if rows else "",
    )


def _left_out(findings: Findings, lang: Lang) -> str:
    """Say how many students the comparison leaves out: their homes are no municipality."""
    homes = findings.catchment
    homes = homes[homes["area_id"].isin(PLACES)]
    high = homes["students_high"].sum()
    key = "counted_without" if high > 0 else "counted"
    n = count(homes["students"].sum(), high, lang)
    return text(f"report.benchmark.{key}", lang, n=n)


def signed(share: float, lang: Lang) -> str:
    """Write a change as a percentage with its sign, a true minus where it falls.

    Examples
    --------
    >>> signed(0.08, "nl"), signed(0.001, "nl"), signed(-0.253, "nl").endswith("25 %")
    ('+8 %', '0 %', True)
    """
    told = percent(abs(share), lang)
    if not abs(share) >= 0.005:
        return told
    return ("\N{MINUS SIGN}" if share < 0 else "+") + told
