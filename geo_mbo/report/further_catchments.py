"""Three catchments beside each other: who goes to a site, who lives nearest, what a model says."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.further_pictures import Marks, signs
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.travel import FEWEST_TO_RANK
from geo_mbo.report.view import View, told_of
from geo_mbo.report.wording import FEWEST, Names, by_mode, count, counted

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many sites the page shows; the workbook holds them all."""


def three_catchments(findings: Findings, names: Names, view: View) -> tuple[Section, ...]:
    """Tell who passes a nearer site, and which sites draw less than their place promises."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    found = findings.further.site_differences
    about = names.about(found["site_id"], view.focus)
    rows = found[
        (found["mode"] == view.mode)
        & found["site_id"].isin(about)
        & (found["students"] >= FEWEST_TO_RANK)
    ]
    if rows.empty:
        return ()
    modelled = bool(rows["students_model"].notna().any())
    shown = _furthest(rows)
    lead = text("report.three.lead", lang, mode=mode, fewest=FEWEST_TO_RANK) + told_of(view)
    return (
        Section(
            "drie-gebieden",
            text("report.three.title", lang),
            f"{lead} {text('report.three.with_model', lang)}" if modelled else lead,
            tuple(told for told in _sentences(rows, names, view, modelled=modelled) if told),
            tables=(_table(shown, names, lang, modelled=modelled),),
            caution=text("report.three.caution", lang),
            picture=_picture(shown, names, lang, modelled=modelled),
            picture_alt=text("report.three.alt", lang, count=len(shown)),
        ),
    )


def _furthest(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the sites whose students differ most in number from who lives nearest to them."""
    off = (rows["students"] - rows["students_nearest"]).abs()
    order = rows.assign(off=off).sort_values(["off", "site_id"], ascending=[False, True])
    return order.head(SHOWN)


def _sentences(rows: pd.DataFrame, names: Names, view: View, *, modelled: bool) -> list[str]:
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    told = [_passing(rows, view), _less(rows, names, view)]
    off = (rows["students"] - rows["students_model"]).abs()
    if modelled and off.notna().any():
        worst = rows.iloc[int(off.fillna(0).argmax())]
        told.append(
            text(
                "report.three.off",
                lang,
                mode=mode,
                share=percent(off.sum() / rows["students"].sum(), lang),
                site=names.site(str(worst["site_id"])),
                students=number(worst["students"], lang),
                expected=number(worst["students_model"], lang),
            )
        )
    return told


def _passing(rows: pd.DataFrame, view: View) -> str:
    passing, high = rows["students_passing"], rows["students_passing_high"].sum()
    if passing.sum() < FEWEST:
        return text("report.three.passing_none", view.lang)
    far = rows["minutes_extra"]
    extra = (far * passing)[far.notna()].sum() / passing[far.notna()].sum()
    return text(
        "report.three.passing",
        view.lang,
        mode=by_mode(view.mode, view.lang),
        n=count(passing.sum(), high, view.lang),
        share=percent(passing.sum() / rows["students"].sum(), view.lang),
        minutes=round(extra),
    )


def _less(rows: pd.DataFrame, names: Names, view: View) -> str:
    less = rows[rows["draws_less"].astype(bool)]
    if less.empty:
        return text("report.three.less_none", view.lang)
    worst = less.iloc[int((less["students_nearest"] - less["students"]).argmax())]
    return counted(
        "report.three.less",
        len(less),
        view.lang,
        all=len(rows),
        site=names.site(str(worst["site_id"])),
        students=number(worst["students"], view.lang),
        nearest=number(worst["students_nearest"], view.lang),
    )


def _table(rows: pd.DataFrame, names: Names, lang: Lang, *, modelled: bool) -> Table:
    kinds = ("observed", "nearest", *(("model",) if modelled else ()), "share", "minutes")
    return Table(
        text("report.three.caption", lang),
        (text("field.site", lang), *(text(f"report.three.{kind}", lang) for kind in kinds)),
        tuple(_cells(row, names, lang, modelled=modelled) for row in rows.to_dict("records")),
    )


def _cells(
    row: Mapping[Hashable, Any], names: Names, lang: Lang, *, modelled: bool
) -> tuple[Cell, ...]:
    words = ("students", "students_nearest", *(("students_model",) if modelled else ()))
    passing = row["students_passing"] / row["students"]
    few = row["students_passing"] < FEWEST
    return (
        Cell(names.site(str(row["site_id"]))),
        *(Cell(count(row[word], row[f"{word}_high"], lang)) for word in words),
        Cell("-" if few else percent(passing, lang), None if few else passing),
        Cell("-" if few else number(row["minutes_extra"], lang)),
    )


def _picture(rows: pd.DataFrame, names: Names, lang: Lang, *, modelled: bool) -> str:
    words = ("students", "students_nearest", *(("students_model",) if modelled else ()))
    kinds = ("observed", "nearest", *(("model",) if modelled else ()))
    marks = [
        Marks(names.site(str(row["site_id"])), tuple(float(row[word]) for word in words))
        for row in rows.to_dict("records")
    ]
    told = [text(f"report.three.{kind}", lang) for kind in kinds]
    return signs(marks, told, text("field.students", lang))
