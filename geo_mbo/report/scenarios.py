"""What each scenario does, and for whom travel gets shorter or longer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.messages import Lang, number, text
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.wording import Names, by_mode, count, counted, listed, minutes

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.scenario import Action, Comparison
    from geo_mbo.tables import Tables

SHOWN = 10
"""How many municipalities the table of a scenario names."""

NAMED = 5
"""How many programmes a sentence names, and how many municipalities with each."""


def scenarios(
    comparisons: Sequence[Comparison], tables: Tables, names: Names, lang: Lang
) -> tuple[Section, ...]:
    """Tell each scenario beside the present, by the reference mode."""
    programmes = tables.offers.drop_duplicates("programme_id")
    called = dict(zip(programmes["programme_id"], programmes["programme"], strict=True))
    return tuple(
        _section(f"scenario-{i}", found, names, called, lang)
        for i, found in enumerate(comparisons, start=1)
    )


def _section(
    anchor: str, found: Comparison, names: Names, called: dict[str, str], lang: Lang
) -> Section:
    done = [_action(action, names, called, lang) for action in found.scenario.actions]
    table = _table(found, names, lang)
    return Section(
        anchor,
        text("report.scenario.title", lang, name=found.scenario.name),
        " ".join([text("report.scenario.lead", lang), *done]),
        (*_people(found, lang), *_moved(found, names, lang), *_gaps(found, names, lang)),
        tables=(table,) if table.rows else (),
        caution=text("report.scenario.caution", lang) if len(found.moved) else "",
    )


def _action(action: Action, names: Names, called: dict[str, str], lang: Lang) -> str:
    told = [called.get(code, code) for code in action.programmes]
    shown = told[:NAMED]
    if len(told) > NAMED:
        shown.append(text("report.scenario.more", lang, count=len(told) - NAMED))
    return text(
        f"report.scenario.{action.kind}",
        lang,
        site=names.sites.get(action.site_id, action.name or action.site_id),
        to=names.sites.get(action.to_site_id, action.name or action.to_site_id),
        programmes=listed(shown, lang) or text("report.scenario.all_programmes", lang),
    )


def _people(found: Comparison, lang: Lang) -> list[str]:
    mode = found.choices.mode
    rows = found.people[(found.people["mode"] == mode) & found.people["programme_id"].isna()]
    told = []
    for row in rows.to_dict("records"):
        ways = [way for way in ("better", "worse") if round(row[way]) > 0]
        told.append(
            text(
                f"report.scenario.people_{'_'.join(ways) or 'same'}",
                lang,
                mode=by_mode(mode, lang),
                better=round(row["better"]),
                worse=round(row["worse"]),
                same=round(row["same"]),
                threshold=round(found.threshold_min),
            )
        )
    return told


def _moved(found: Comparison, names: Names, lang: Lang) -> list[str]:
    """Tell what closing asks of the students of a site, site by site."""
    told = []
    for site, rows in found.moved.groupby("from_site_id", sort=True):
        placed, lost = rows[rows["to_site_id"].notna()], rows[rows["to_site_id"].isna()]
        known = {"site": names.site(str(site))}
        if len(placed):
            before, after = _means(placed)
            told.append(
                text("report.scenario.moved", lang, **known, students=_students(placed, lang))
                + _trip(before, after, found.choices.mode, lang)
            )
        if len(lost):
            key = "moved_lost" if len(placed) else "moved_nowhere"
            told.append(
                text(f"report.scenario.{key}", lang, **known, students=_students(lost, lang))
            )
    return told


def _trip(before: float, after: float, mode: str, lang: Lang) -> str:
    """Tell the trip to the nearest other site beside the present one; nothing without both."""
    if not (np.isfinite(before) and np.isfinite(after)):
        return ""
    told = text(
        "report.scenario.moved_trip",
        lang,
        mode=by_mode(mode, lang),
        before=minutes(before, lang),
        after=minutes(after, lang),
    )
    # Told only where the whole minutes show it.
    shorter = text("report.scenario.moved_shorter", lang) if round(after) < round(before) else ""
    return f" {told} {shorter}".rstrip()


def _students(rows: pd.DataFrame, lang: Lang) -> str:
    return count(rows["students"].sum(), rows["students_high"].sum(), lang)


def _means(rows: pd.DataFrame) -> tuple[float, float]:
    """Average before and after over the same students: those with both times; else ``inf``."""
    before, after = (rows[f"minutes_{when}"].to_numpy(float) for when in ("before", "after"))
    weight = (rows["students"] * (1 - rows["unreached_before_share"].fillna(0))).to_numpy(float)
    both = np.isfinite(before) & np.isfinite(after) & (weight > 0)
    if not both.any():
        return np.inf, np.inf
    return (
        float(np.average(before[both], weights=weight[both])),
        float(np.average(after[both], weights=weight[both])),
    )


def _gaps(found: Comparison, names: Names, lang: Lang) -> list[str]:
    told = []
    gaps = found.gaps[found.gaps["mode"] == found.choices.mode]
    for change in ("appears", "vanishes"):
        rows = gaps[gaps["change"] == change]
        if rows.empty:
            continue
        by_programme = [part for _, part in rows.groupby("programme_id", sort=False)]
        named = [
            text(
                "report.scenario.gap",
                lang,
                programme=part["programme"].iloc[0],
                areas=listed([names.area(area) for area in part["area_id"].head(NAMED)], lang),
            )
            for part in by_programme[:NAMED]
        ]
        whole = sum(min(len(part), NAMED) for part in by_programme[:NAMED]) == len(rows)
        key = f"report.scenario.{change}{'' if whole else '_more'}"
        told.append(counted(key, len(rows), lang, gaps="; ".join(named)))
    return told


def _table(found: Comparison, names: Names, lang: Lang) -> Table:
    """Name the municipalities whose time to the nearest site changes most."""
    areas = found.areas
    areas = areas[(areas["mode"] == found.choices.mode) & areas["programme_id"].isna()]
    changed = areas[areas["minutes_change"] != 0]
    order = changed["minutes_change"].abs().sort_values(ascending=False, kind="stable").index
    shown = changed.loc[order].head(SHOWN)
    finite = shown["minutes_change"].replace([np.inf, -np.inf], np.nan).abs()
    most = float(finite.max()) if finite.notna().any() else 1.0
    rows = tuple(_area_row(row, most, names, lang) for row in shown.to_dict("records"))
    heads = (
        "field.area",
        "field.young_people",
        "report.scenario.minutes_before",
        "report.scenario.minutes_after",
        "field.minutes_change",
    )
    return Table(
        text("report.scenario.caption", lang, mode=by_mode(found.choices.mode, lang)),
        tuple(text(head, lang) for head in heads),
        rows,
    )


def _area_row(
    row: Mapping[Hashable, Any], most: float, names: Names, lang: Lang
) -> tuple[Cell, ...]:
    change = row["minutes_change"]
    finite = bool(np.isfinite(change))
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    key = "lost" if change > 0 else "won"
    said = sign + number(abs(change), lang) if finite else text(f"report.scenario.{key}", lang)
    return (
        Cell(names.area(str(row["area_id"]))),
        Cell(number(row["young_people"], lang)),
        Cell(minutes(row["minutes_before"], lang)),
        Cell(minutes(row["minutes_after"], lang)),
        # Shorter is drawn as gain, longer as loss: the sign of the bar is turned.
        Cell(said, -change / most if finite else float(-np.sign(change))),
    )
