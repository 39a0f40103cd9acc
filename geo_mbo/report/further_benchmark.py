"""Institutions beside the country and beside peers of like size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.messages import number, percent, text
from geo_mbo.report.further_pictures import Marks, signs
from geo_mbo.report.outlook import signed
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.view import View
from geo_mbo.report.wording import FEWEST, by_mode, count, counted

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many institutions the page shows; the workbook holds them all."""

TRAVEL = "minutes_mean"
MEASURES = ("students", "growth", "market_share", TRAVEL, "access_index")


def beside_peers(findings: Findings, view: View) -> tuple[Section, ...]:
    """Tell how far students travel beside institutions of like size, largest first."""
    rows = _wide(findings.further.wide, view)
    if rows.empty:
        return ()
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    shown = rows.head(SHOWN)
    return (
        Section(
            "naast-elkaar",
            text("report.peers.title", lang),
            text("report.peers.lead", lang, mode=mode),
            _sentences(rows, view),
            tables=(_table(shown, view),),
            caution=text("report.peers.caution", lang),
            picture=signs(
                [
                    Marks(str(row["subject"]), (row[TRAVEL], row["peers"], row["national"]))
                    for row in shown.to_dict("records")
                ],
                [text(f"report.peers.{name}", lang) for name in ("own", "peers", "national")],
                text("report.peers.across", lang, mode=mode),
            ),
            picture_alt=text("report.peers.alt", lang, count=len(shown)),
        ),
    )


def _wide(found: pd.DataFrame, view: View) -> pd.DataFrame:
    """Give a row an institution of at least five students: its values, its peers', the country's.

    What is withheld stays so: a missing number.
    """
    mine = found[
        (found["kind"] == "institution")
        & (found["mode"].isna() | (found["mode"] == view.mode))
        & ~found["withheld"].astype(bool)
    ]
    values = mine.pivot(index="subject_id", columns="measure", values="value")
    values = values.reindex(columns=list(MEASURES))
    named = mine.drop_duplicates("subject_id").set_index("subject_id")["subject"]
    high = mine[mine["measure"] == "students"].set_index("subject_id")["value_high"]
    travel = mine[mine["measure"] == TRAVEL].set_index("subject_id")
    wide = values.assign(
        subject=named,
        students_high=high,
        peers=travel["peers_mean"],
        national=travel["national"],
    ).reset_index()
    wide = wide[wide["students"] >= FEWEST].dropna(subset=[TRAVEL])
    return wide.sort_values(["students", "subject_id"], ascending=[False, True])


def _sentences(rows: pd.DataFrame, view: View) -> tuple[str, ...]:
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    national = rows["national"].dropna()
    told = []
    if len(national):
        above = int((rows[TRAVEL] > national.iloc[0]).sum())
        average = number(national.iloc[0], lang)
        told.append(
            counted("report.peers.above", above, lang, all=len(rows), minutes=average, by=mode)
        )
    off = (rows[TRAVEL] - rows["peers"]).fillna(0)
    if len(rows) > 1 and off.abs().max() >= 1:
        far = rows.iloc[int(off.abs().argmax())]
        told.append(
            text(
                "report.peers.differs",
                lang,
                institution=far["subject"],
                own=number(far[TRAVEL], lang),
                peers=number(far["peers"], lang),
            )
        )
    return tuple(told)


def _table(rows: pd.DataFrame, view: View) -> Table:
    lang = view.lang
    heads = ("students", "growth", "market", "own", "peers", "index")
    return Table(
        text("report.peers.caption", lang, mode=by_mode(view.mode, lang)),
        (
            text("field.institution", lang),
            *(text(f"report.peers.{head}", lang) for head in heads),
        ),
        tuple(
            (
                Cell(str(row["subject"])),
                Cell(count(row["students"], row["students_high"], lang)),
                Cell(signed(row["growth"], lang)),
                Cell(percent(row["market_share"], lang), row["market_share"]),
                Cell(number(row[TRAVEL], lang)),
                Cell(number(row["peers"], lang)),
                Cell(number(row["access_index"], lang, 2)),
            )
            for row in rows.to_dict("records")
        ),
    )
