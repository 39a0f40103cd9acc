"""How far students travel: by mode, from which places, to which sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.messages import Lang, number, percent, text
from geo_mbo.report.parts import Cell, Figure, Section, Table
from geo_mbo.report.view import View, told_of
from geo_mbo.report.wording import Names, by_mode, count, counted, listed, minutes, mode_name

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

SHOWN = 10
"""How many places and sites a table of the report names; the workbook names them all."""

FEWEST_TO_RANK = 100
"""A place or site with fewer students is not ranked: chance would put it on top."""


def key_figures(findings: Findings, view: View) -> tuple[Figure, ...]:
    """Give the figures at the head of the page: travel, reach and lacunes in the reference mode."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    figures = []
    mean = _means(findings.travel_by_area).get(view.mode)
    if mean is not None and mean.tells:
        figures.append(
            Figure(
                text("report.figure.minutes", lang, minutes=number(mean.minutes, lang)),
                text("report.figure.minutes_label", lang, mode=mode, km=number(mean.km, lang, 1))
                + f"; {_arrive(mean, view)}",
            )
        )
    share = _within(findings).get((view.mode, float(view.limit_min)))
    if share is not None:
        figures.append(
            Figure(
                percent(share, lang),
                text("report.figure.within_label", lang, mode=mode, limit=round(view.limit_min)),
            )
        )
    return tuple(figures)


def _arrive(mean: _Mean, view: View) -> str:
    """Say which share of the students a mean is over."""
    key = "arrive" if view.search_limit_min is None else "arrive_limit"
    share = percent(1 - mean.unreached, view.lang)
    limit = round(view.search_limit_min or 0)
    return text(f"report.figure.{key}", view.lang, share=share, limit=limit)


def distance(findings: Findings, view: View) -> Section:
    """Tell how long and how far students travel, by mode, and which share is there in time."""
    lang = view.lang
    means, within = _means(findings.travel_by_area), _within(findings)
    cutoffs = sorted({cutoff for _, cutoff in within})
    heads = [
        text("field.mode", lang),
        text("field.minutes_mean", lang),
        text("field.km_mean", lang),
        *(text("report.within_head", lang, limit=round(c)) for c in cutoffs),
    ]
    rows = [
        (
            Cell(mode_name(mode, lang).capitalize()),
            Cell(minutes(mean.minutes, lang) if mean.tells else "-"),
            Cell(number(mean.km, lang, 1) if mean.tells else "-"),
            *(_share(within.get((mode, cutoff), np.nan), lang) for cutoff in cutoffs),
        )
        for mode, mean in means.items()
    ]
    table = Table(text("report.distance.caption", lang), tuple(heads), tuple(rows))
    return Section(
        "reistijd",
        text("report.distance.title", lang),
        text(
            f"report.distance.{'lead' if view.search_limit_min is None else 'lead_limit'}",
            lang,
            limit=round(view.search_limit_min or 0),
        ),
        tuple(_distance_sentences(findings, means, view)),
        tables=(table,) if rows else (),
    )


def _share(share: float, lang: Lang) -> Cell:
    return Cell(percent(share, lang), share)


def _distance_sentences(findings: Findings, means: dict[str, _Mean], view: View) -> list[str]:
    lang = view.lang
    told = []
    for mode, mean in means.items():
        how = by_mode(mode, lang)
        told.append(
            text(
                f"report.distance.{'mean' if mean.tells else 'mean_not'}",
                lang,
                mode=how[:1].upper() + how[1:],
                minutes=minutes(mean.minutes, lang),
                km=number(mean.km, lang, 1),
            )
        )
    spread = findings.inequality
    spread = spread[(spread["mode"] == view.mode) & (spread["people_kind"] == "students")]
    for most in spread["minutes_p80"].dropna():
        key = "eighty" if most < np.inf else "eighty_not"
        told.append(
            text(
                f"report.distance.{key}",
                lang,
                mode=by_mode(view.mode, lang),
                minutes=minutes(most, lang),
            )
        )
    lost = {mode: mean.unreached for mode, mean in means.items() if mean.unreached > 0.0005}
    if lost:
        named = [f"{by_mode(mode, lang)} {percent(v, lang, 1)}" for mode, v in lost.items()]
        told.append(text("report.distance.unreached", lang, modes=listed(named, lang)))
    return told


def catchments(findings: Findings, names: Names, view: View) -> Section:
    """Tell which sites draw their students from the most municipalities."""
    lang = view.lang
    inside = findings.catchment[findings.catchment["inside"]]
    known = inside[inside["area_id"].isin(list(names.areas))]
    ranked = names.about(known["site_id"].unique(), view.focus)
    widest = (
        known[known["site_id"].isin(ranked)]
        .groupby("site_id", sort=True)
        .agg(areas=("area_id", "size"), students=("students", "sum"), high=("students_high", "sum"))
        .loc[lambda found: found["high"] >= FEWEST_TO_RANK]
        .sort_values(["areas", "students"], ascending=False, kind="stable")
        .head(SHOWN)
    )
    travel = findings.travel_by_site
    km = travel[travel["mode"] == view.mode].set_index("site_id")["km_mean"]
    rows, sentences = [], []
    for site_id, site in widest.iterrows():
        nearest = known[known["site_id"] == site_id].sort_values("rank")["area_id"].head(3)
        first = listed([names.area(area) for area in nearest], lang)
        rows.append(
            (
                Cell(names.site(str(site_id))),
                Cell(number(site["areas"], lang), site["areas"] / widest["areas"].max()),
                Cell(count(site["students"], site["high"], lang)),
                Cell(number(float(km.get(site_id, np.nan)), lang, 1)),
                Cell(first),
            )
        )
        sentences.append(
            text(
                "report.catchments.site",
                lang,
                share=percent(view.share, lang),
                site=names.site(str(site_id)),
                areas=int(site["areas"]),
                first=first,
            )
        )
    heads = ("field.site", "report.catchments.areas", "report.catchments.students")
    table = Table(
        text("report.catchments.caption", lang, mode=mode_name(view.mode, lang)),
        (
            *(text(key, lang) for key in heads),
            text("field.km_mean", lang),
            text("report.catchments.first", lang),
        ),
        tuple(rows),
        words=frozenset({4}),
    )
    return Section(
        "verzorgingsgebieden",
        text("report.catchments.title", lang),
        text(
            "report.catchments.lead",
            lang,
            fewest=FEWEST_TO_RANK,
            share=percent(view.share, lang),
        )
        + told_of(view),
        tuple(sentences[:3]) or (text("report.ranking.none", lang),),
        tables=(table,) if rows else (),
    )


def longest(findings: Findings, names: Names, view: View) -> Section:
    """Tell in which municipalities young people travel longest to the nearest institution."""
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    times = findings.providers[findings.providers["mode"] == view.mode]
    wide = times.pivot(index="area_id", columns="rank", values="minutes_p50")
    if wide.empty:
        return Section(
            "gemeenten", text("report.longest.title", lang), text("report.longest.none", lang)
        )
    worst = wide.sort_values(list(wide.columns), ascending=False, kind="stable").head(SHOWN)
    longest_min = float(worst.iloc[:, 0].replace(np.inf, np.nan).max())
    rows = tuple(
        (
            Cell(names.area(str(area_id))),
            *(
                Cell(minutes(value, lang), min(value / longest_min, 1) if i == 0 else None)
                for i, value in enumerate(row)
            ),
        )
        for area_id, row in worst.iterrows()
    )
    heads = (
        text("field.area", lang),
        *(text(f"report.longest.nth_{rank}", lang) for rank in wide.columns),
    )
    sentences = _longest_sentences(wide.iloc[:, 0], names, view)
    return Section(
        "gemeenten",
        text("report.longest.title", lang),
        text("report.longest.lead", lang),
        tuple(sentences),
        tables=(Table(text("report.longest.caption", lang, mode=mode), heads, rows),),
    )


def _longest_sentences(nearest: pd.Series, names: Names, view: View) -> list[str]:
    lang, mode = view.lang, by_mode(view.mode, view.lang)
    reached = nearest[nearest < np.inf].sort_values(ascending=False, kind="stable")
    unreached = [names.area(str(area_id)) for area_id in nearest.index[nearest == np.inf]]
    told = []
    if unreached:
        key = "unreached" if len(unreached) <= SHOWN else "unreached_many"
        named = listed(unreached if len(unreached) <= SHOWN else unreached[:3], lang)
        told.append(
            text(f"report.longest.{key}", lang, mode=mode, areas=named, count=len(unreached))
        )
    if len(reached):
        far = [
            text(
                "report.longest.place",
                lang,
                area=names.area(str(area_id)),
                minutes=minutes(value, lang),
            )
            for area_id, value in reached.head(3).items()
        ]
        told += [
            text("report.longest.worst", lang, mode=mode, areas=listed(far, lang)),
            counted(
                "report.longest.beyond",
                int((nearest > view.limit_min).sum()),
                lang,
                mode=mode,
                all=len(nearest),
                limit=round(view.limit_min),
            ),
            text("report.longest.median", lang, minutes=minutes(float(reached.median()), lang)),
        ]
    return told


def inequality(findings: Findings, view: View) -> Section:
    """Tell how unequally travel time is spread over students and over young people."""
    lang = view.lang
    spread = findings.inequality.dropna(subset=["gini"])
    rows = tuple(
        (
            Cell(
                f"{mode_name(row['mode'], lang).capitalize()}, "
                f"{text('value.' + row['people_kind'], lang)}"
            ),
            Cell(number(row["gini"], lang, 2), row["gini"]),
            Cell(minutes(row["minutes_p20"], lang)),
            Cell(minutes(row["minutes_p80"], lang)),
            Cell(number(row["minutes_p80_p20"], lang, 1)),
            Cell(percent(row["share_over_limit"], lang), row["share_over_limit"]),
        )
        for row in spread.to_dict("records")
    )
    heads = ("gini", "minutes_p20", "minutes_p80", "minutes_p80_p20", "share_over_limit")
    table = Table(
        text("report.inequality.caption", lang),
        (text("report.inequality.who", lang), *(text(f"field.{head}", lang) for head in heads)),
        rows,
    )
    return Section(
        "ongelijkheid",
        text("report.inequality.title", lang),
        text("report.inequality.lead", lang, limit=round(view.limit_min)),
        tables=(table,) if rows else (),
    )


@dataclass(frozen=True)
class _Mean:
    """Travel by one mode, averaged over all students who reach their site."""

    minutes: float
    km: float
    unreached: float

    @property
    def tells(self) -> bool:
        """Says something of all: most students reach their site."""
        return self.unreached <= 0.5


def _means(travel: pd.DataFrame) -> dict[str, _Mean]:
    found = {}
    for mode, rows in travel.groupby("mode", sort=False):
        weight = rows["students"].to_numpy(float)
        reached = weight * (1 - rows["unreached_share"].fillna(1).to_numpy(float))
        total, there = weight.sum(), reached.sum()
        minutes_mean, km = (
            np.nansum(rows[name].replace(np.inf, np.nan).to_numpy(float) * reached) / there
            if there
            else np.inf
            for name in ("minutes_mean", "km_mean")
        )
        unreached = 1 - there / total if total else np.nan
        found[str(mode)] = _Mean(float(minutes_mean), float(km), float(unreached))
    return found


def _within(findings: Findings) -> dict[tuple[str, float], float]:
    """Share of all students who are there in time, by mode and limit; nothing without students."""
    every = findings.travel_by_area.groupby("mode")["students"].sum()
    within = findings.students_within.groupby(["mode", "cutoff_min"])["students"].sum()
    whole = {str(mode): float(students) for mode, students in every.items() if students > 0}
    return {
        (str(mode), float(cutoff)): float(students) / whole[mode]
        for (mode, cutoff), students in zip(within.index.to_flat_index(), within, strict=True)
        if mode in whole
    }
