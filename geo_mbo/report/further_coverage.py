"""Three states of coverage, and where a new offer would have most students."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.further_pictures import Marks, parts
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.view import View
from geo_mbo.report.wording import FEWEST, Names, by_mode, count, counted

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many programmes and places the page shows; the workbook holds them all."""

KEYS = ["unit", "level", "track"]
STATES = ("served", "full", "out")


def three_states(findings: Findings, names: Names, view: View) -> tuple[Section, ...]:
    """Tell how many young people are served, find all full or live too far, by programme."""
    found = findings.further.states
    rows = found[(found["mode"] == view.mode) & (found["weighed_by"] == "young_people")]
    shares = _shares(rows)
    if shares.empty:
        return ()
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    worst = shares.head(SHOWN)
    lacking = _lacking(findings.further.lacking, view)
    limit = round(view.limit_min)
    return (
        Section(
            "toestanden",
            text("report.states.title", lang),
            text("report.states.lead", lang, limit=limit, mode=mode),
            tuple(told for told in _sentences(shares, lacking, names, view) if told),
            tables=(_table(lacking, names, lang),) if len(lacking) else (),
            caution=text("report.states.caution", lang),
            picture=parts(
                [
                    Marks(
                        names.programme(str(row["unit"]), row["track"]),
                        (row["served"], row["full"], row["out"]),
                    )
                    for row in worst.to_dict("records")
                ],
                [text(f"report.states.{state}", lang) for state in STATES],
                text("report.states.across", lang),
            ),
            picture_alt=text("report.states.alt", lang, count=len(worst)),
        ),
    )


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the share of young people in each state by programme, the least served first."""
    sums = rows.groupby(KEYS, dropna=False, sort=True)[["whole", *STATES]].sum().reset_index()
    sums = sums[sums["whole"] >= FEWEST]
    for state in STATES:
        sums[state] = sums[state] / sums["whole"]
    return sums.sort_values("served", kind="stable")


def _lacking(lacking: pd.DataFrame, view: View) -> pd.DataFrame:
    """Give by programme the one place where a new offer would have most students."""
    rows = lacking[(lacking["mode"] == view.mode) & (lacking["students"] >= FEWEST)]
    if view.focus is not None:
        rows = rows[rows["area_id"].isin(view.focus)]
    order = rows.sort_values(["students", "unit", "area_id"], ascending=[False, True, True])
    return order.drop_duplicates(KEYS).head(SHOWN)


def _sentences(shares: pd.DataFrame, lacking: pd.DataFrame, names: Names, view: View) -> list[str]:
    lang, limit = view.lang, round(view.limit_min)
    mode = by_mode(view.mode, lang)
    mean = {state: percent(shares[state].mean(), lang) for state in STATES}
    told = [counted("report.states.mean", len(shares), lang, limit=limit, by=mode, **mean)]
    if not (shares["full"] > 0).any():
        told.append(text("report.states.never_full", lang))
    if len(lacking):
        first = lacking.iloc[0]
        told.append(
            text(
                "report.states.largest",
                lang,
                programme=names.programme(str(first["unit"]), first["track"]),
                area=names.area(str(first["area_id"])),
                students=count(first["students"], first["students_high"], lang),
            )
        )
    return told


def _table(rows: pd.DataFrame, names: Names, lang: Lang) -> Table:
    most = rows["students"].max() or 1
    heads = ("field.programme", "field.area", "report.states.lack", "field.share_lacking")
    cells = tuple(
        (
            Cell(names.programme(str(row["unit"]), row["track"])),
            Cell(names.area(str(row["area_id"]))),
            Cell(number(row["young_people_out"] + row["young_people_full"], lang)),
            Cell(percent(row["share_lacking"], lang)),
            Cell(
                count(row["students"], row["students_high"], lang),
                row["students"] / most,
            ),
            Cell(
                names.site(row["host_site_id"])
                if isinstance(row["host_site_id"], str)
                else text("report.states.no_host", lang)
            ),
        )
        for row in rows.to_dict("records")
    )
    return Table(
        text("report.states.caption", lang),
        (
            *(text(head, lang) for head in heads),
            text("report.states.size", lang),
            text("report.states.host", lang),
        ),
        cells,
        words=frozenset({1, 5}),
    )
