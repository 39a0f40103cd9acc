"""Where programmes are out of reach, and where two institutions serve the same young people."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.parts import Cell, Figure, Section, Table
from geo_mbo.report.view import View
from geo_mbo.report.wording import Names, by_mode, count, counted, listed

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many lacunes and dubbelingen a table of the page names; the workbook holds them all."""

TOLD = 5
"""How many of them are told in a sentence."""

NAMED = 3
"""How many municipalities a lacune names."""


def key_figures(findings: Findings, view: View, offered: int) -> tuple[Figure, ...]:
    """Give how many lacunes and dubbelingen there are; `offered`: programmes in all."""
    lang = view.lang
    gaps, pairs = int((findings.gaps["mode"] == view.mode).sum()), len(_pairs(findings))
    mode, limit = by_mode(view.mode, lang), round(view.limit_min)
    return (
        Figure(
            text("report.figure.of", lang, count=gaps, all=offered),
            counted("report.figure.gaps_label", gaps, lang, limit=limit, mode=mode),
        ),
        Figure(number(pairs, lang), counted("report.figure.duplication_label", pairs, lang)),
    )


def lacunes(findings: Findings, names: Names, view: View) -> Section:
    """Tell for which programmes many young people live out of reach, worst first."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    gaps = findings.gaps[findings.gaps["mode"] == view.mode]
    shown = gaps.head(SHOWN)
    sentences = tuple(
        text(
            "report.gaps.one",
            lang,
            programme=named_programme(row, lang),
            people=round(row["young_people_out"]),
            share=percent(row["share_out_national"], lang, 1),
            limit=round(row["limit_min"]),
            mode=mode,
            areas=listed(_worst_areas(findings, row, names), lang),
        )
        for row in shown.head(TOLD).to_dict("records")
    )
    lead = counted(
        "report.gaps.lead" if len(gaps) else "report.gaps.none",
        len(gaps),
        lang,
        limit=round(view.limit_min),
        mode=mode,
        least=percent(view.min_share_out, lang),
    )
    return Section(
        "lacunes",
        text("report.gaps.title", lang),
        lead,
        sentences,
        ranked=True,
        folded=True,
        tables=(_gap_table(shown, lang),) if len(shown) else (),
        caution=text("report.gaps.caution", lang) if len(gaps) else "",
    )


def _worst_areas(findings: Findings, gap: Mapping[Hashable, Any], names: Names) -> list[str]:
    """Name the municipalities of a lacune where most young people are out of reach."""
    table = findings.coverage
    rows = table[
        (table["programme_id"] == gap["programme_id"])
        & (table["mode"] == gap["mode"])
        & table["area_id"].isin(str(gap["area_ids"]).split(";"))
    ]
    return [names.area(area) for area in rows.nlargest(NAMED, "young_people_out")["area_id"]]


def _gap_table(gaps: pd.DataFrame, lang: Lang) -> Table:
    most = gaps["young_people_out"].max() or 1
    return Table(
        text("report.gaps.caption", lang),
        tuple(
            text(f"field.{name}", lang)
            for name in ("programme", "sector", "areas", "young_people_out", "share_out_national")
        ),
        tuple(
            (
                Cell(named_programme(row, lang)),
                Cell(text_or_dash(row["sector"])),
                Cell(number(row["areas"], lang)),
                Cell(number(row["young_people_out"], lang), row["young_people_out"] / most),
                Cell(percent(row["share_out_national"], lang, 1)),
            )
            for row in gaps.to_dict("records")
        ),
        words=frozenset({1}),
    )


def duplications(findings: Findings, names: Names, view: View) -> Section:
    """Tell where two sites offer the same programme to the same young people."""
    lang = view.lang
    pairs = _pairs(findings)
    shown = pairs.head(SHOWN)
    first = shown.head(TOLD).to_dict("records")
    sentences = tuple(_duplication_sentence(row, names, view) for row in first)
    return Section(
        "dubbelingen",
        text("report.duplication.title", lang),
        _duplication_lead(pairs, view),
        sentences,
        ranked=True,
        folded=True,
        tables=(_duplication_table(shown, names, lang),) if len(shown) else (),
        caution=text("report.duplication.caution", lang),
    )


def _pairs(findings: Findings) -> pd.DataFrame:
    """Give a programme at two sites once, with all its tracks: they share the young people."""
    pairs = findings.duplication
    same = ["programme_id", "site_a", "site_b"]
    tracks = pairs.groupby(same, sort=False)["track"].agg(", ".join).reset_index()
    return pairs.drop(columns="track").drop_duplicates(same).merge(tracks, on=same)


def _duplication_lead(pairs: pd.DataFrame, view: View) -> str:
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    if pairs.empty:
        return text("report.duplication.none", lang)
    limit, few = round(view.limit_min), int(pairs["small"].sum())
    lead = counted("report.duplication.lead", len(pairs), lang, limit=limit, mode=mode)
    key = "report.duplication.few" if few else "report.duplication.few_zero"
    return f"{lead} {counted(key, few, lang)}"


def _duplication_sentence(row: Mapping[Hashable, Any], names: Names, view: View) -> str:
    lang = view.lang
    told = text(
        # Less than fifty metres apart: told as one address.
        f"report.duplication.{'one' if row['distance_km'] > 0.05 else 'one_same'}",
        lang,
        programme=named_programme(row, lang),
        a=names.site(str(row["site_a"])),
        b=names.site(str(row["site_b"])),
        km=row["distance_km"],
        people=round(row["young_people_both"]),
        share=percent(row["overlap"], lang),
    )
    return f"{told} {text('report.duplication.small', lang)}" if row["small"] else told


def _duplication_table(pairs: pd.DataFrame, names: Names, lang: Lang) -> Table:
    heads = (
        text("field.programme", lang),
        text("report.duplication.sites", lang),
        text("field.distance_km", lang),
        text("field.overlap", lang),
        text("report.duplication.students", lang),
    )
    rows = tuple(
        (
            Cell(named_programme(row, lang)),
            Cell(f"{names.site(row['site_a'])} / {names.site(row['site_b'])}"),
            Cell(number(row["distance_km"], lang, 1)),
            Cell(percent(row["overlap"], lang), row["overlap"]),
            Cell(
                f"{count(row['students_a'], row['students_a_high'], lang)} / "
                f"{count(row['students_b'], row['students_b_high'], lang)}"
            ),
        )
        for row in pairs.to_dict("records")
    )
    return Table(text("report.duplication.caption", lang), heads, rows, words=frozenset({1}))


def named_programme(row: Mapping[Hashable, Any], lang: Lang) -> str:
    """Name a programme with its level, and its track where the row has one.

    Examples
    --------
    >>> named_programme({"programme": "Kok", "level": 2.0}, "nl")
    'Kok (niveau 2)'
    >>> named_programme({"programme": "Kok", "level": float("nan"), "track": "BBL"}, "nl")
    'Kok (BBL)'
    """
    level = row.get("level")
    told = [
        text("report.level", lang, level=str(int(level)))
        if isinstance(level, float | int) and level == level  # noqa: PLR0124
        else "",
        str(row.get("track") or ""),
    ]
    within = ", ".join(part for part in told if part)
    return f"{row['programme']} ({within})" if within else str(row["programme"])


def text_or_dash(value: object) -> str:
    """Give a text that may be missing; a dash where it is."""
    return value if isinstance(value, str) and value else "-"
