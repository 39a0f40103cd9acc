"""What each map says at its top, and the still picture of what it first shows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from geo_mbo.analysis.findings import of_focus
from geo_mbo.analysis.naming import bare, indicator_name, measured, unit_name
from geo_mbo.counts import adds
from geo_mbo.maps.classes import SEQUENTIAL, class_of, shades, value_breaks
from geo_mbo.maps.indicators import first_shown
from geo_mbo.maps.pack import SMALLEST_SHOWN
from geo_mbo.maps.picture import Still, png
from geo_mbo.maps.views import SAME_PAIR
from geo_mbo.messages import Lang, number, percent, text

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.maps.shared import Basis
    from geo_mbo.provenance import About

_LEGEND_LENGTH = 6


def finding(view: str, basis: Basis, lang: Lang) -> str:
    """Give the sentence or two that the map of this name is about."""
    tell = {
        "verzorgingsgebieden": _catchments,
        "reistijd": _travel,
        "dekking": _coverage,
        "kenmerken": _indicators,
    }[view]
    return tell(basis, lang)


def _by(basis: Basis, lang: Lang) -> str:
    return text(f"map.by.{basis.mode}", lang)


def _catchments(basis: Basis, lang: Lang) -> str:
    rows = basis.findings.catchment
    rows = rows[basis.at_site(rows["site_id"]) >= 0]
    if rows.empty:
        return text("map.finding.no_catchments", lang)
    sets = rows[rows["inside"]].groupby("site_id").size()
    students = float(rows["students"].sum())
    return text(
        "map.finding.catchments",
        lang,
        sites=int(rows["site_id"].nunique()),
        students=number(students, lang) if students >= SMALLEST_SHOWN else "<5",
        share=percent(basis.findings.choices.share, lang),
        areas=int(sets.median()) if len(sets) else 0,
    )


def _travel(basis: Basis, lang: Lang) -> str:
    times = basis.findings.origin_times
    times = times[times["mode"] == basis.mode]
    # Of those around a region no times are told: a share is of the young people of the region.
    about = of_focus(basis.tables.origins, basis.findings.choices)
    weights = about.set_index("origin_id")["weight"]
    if times.empty or not weights.sum():
        return text("map.finding.no_travel", lang)

    def within(rank: int) -> str:
        near = times[(times["rank"] == rank) & (times["minutes"] <= basis.limit_min)]
        return percent(float(weights.reindex(near["origin_id"]).sum() / weights.sum()), lang)

    said = text(
        "map.finding.travel",
        lang,
        within=within(1),
        second=within(2),
        by=_by(basis, lang),
        limit=int(basis.limit_min),
    )
    farthest = _longest(basis)
    return f"{said} {text('map.finding.travel_longest', lang, area=farthest)}" if farthest else said


def _longest(basis: Basis) -> str:
    """Name the municipality whose young people travel longest; not reached is longest of all."""
    rows = basis.findings.providers
    rows = rows[(rows["mode"] == basis.mode) & (rows["rank"] == 1)].dropna(subset="minutes_p50")
    if rows.empty:
        return ""
    worst = rows.sort_values(["minutes_p50", "minutes_mean"], kind="stable").iloc[-1]["area_id"]
    names = basis.municipalities.set_index("area_id")["name"]
    return str(names.get(worst, ""))


def _coverage(basis: Basis, lang: Lang) -> str:
    if basis.tables.offers.empty:
        return text("map.finding.no_coverage", lang)
    gaps = basis.findings.gaps
    return text(
        "map.finding.coverage",
        lang,
        gaps=int((gaps["mode"] == basis.mode).sum()),
        programmes=int(basis.tables.offers["programme_id"].nunique()),
        pairs=len(basis.findings.duplication[list(SAME_PAIR)].drop_duplicates()),
        limit=int(basis.limit_min),
        by=_by(basis, lang),
        share=percent(basis.findings.choices.min_share_out, lang),
    )


def _indicators(basis: Basis, lang: Lang) -> str:
    """Say how many there are, and where the first of them is highest and lowest."""
    found = basis.findings.indicators
    name, kind = first_shown(found)
    if not name:
        return text("map.finding.no_indicators", lang)
    known = found[found["value"].notna() | found["judgement"].notna()]
    count = int(known["indicator"].nunique())
    said = text(f"map.finding.indicators{'_one' if count == 1 else ''}", lang, count=count)
    rows = known[(known["indicator"] == name) & (known["key_kind"] == kind)]
    rows = rows[(rows["year"] == rows["year"].max()) & ~rows["masked"] & rows["name"].notna()]
    rows = rows.dropna(subset="value").sort_values("value", kind="stable")
    if len(rows) < 2 or rows["value"].iloc[0] == rows["value"].iloc[-1]:
        return said
    ends = text(
        "map.finding.indicators_ends",
        lang,
        name=indicator_name(name, lang),
        year=str(rows["year"].iloc[0]),
        most=rows["name"].iloc[-1],
        high=measured(rows["value"].iloc[-1], str(rows["unit"].iloc[-1]), lang),
        least=rows["name"].iloc[0],
        low=measured(rows["value"].iloc[0], str(rows["unit"].iloc[0]), lang),
    )
    return f"{said} {ends}"


def still(view: str, basis: Basis, data: dict[str, Any], about: About, lang: Lang) -> bytes:
    """Draw the still picture of what the map of this name first shows."""
    fill, title, legend = {
        "verzorgingsgebieden": _main_institution,
        "reistijd": _nearest,
        "dekking": _choice,
        "kenmerken": _first_indicator,
    }[view](basis, data, lang)
    told = [text("map.made_up_title", lang)] if about.made_up else []
    part = view in ("reistijd", "dekking") and basis.findings.choices.focus is not None
    none = text("map.still.none_beyond" if part else "map.still.none", lang)
    return png(
        Still(
            basis.municipalities,
            fill,
            basis.provinces,
            basis.sites,
            title,
            [*legend, ("#f1f2f3", none)],
            " · ".join([*told, *about.attributions]),
        )
    )


Shown = tuple[list[str], str, list[tuple[str, str]]]


def _main_institution(_: Basis, data: dict[str, Any], lang: Lang) -> Shown:
    top = data["catchment"]["areas"]["top"]
    names, colours = data["institutions"]["name"], data["institutions"]["colour"]
    fill = ["" if t is None else colours[t] for t in top]
    known = [t for t in top if t is not None]
    most = sorted(set(known), key=lambda t: (-known.count(t), t))
    legend = [(colours[t], _short(names[t])) for t in most[:_LEGEND_LENGTH]]
    if len(most) > _LEGEND_LENGTH:
        legend.append(("#ffffff", text("map.still.other", lang)))
    return fill, text("map.still.catchments", lang), legend


def _nearest(basis: Basis, data: dict[str, Any], lang: Lang) -> Shown:
    breaks = data["travel"]["breaks"]["provider"][basis.mode]
    rows = basis.findings.providers
    rows = rows[(rows["mode"] == basis.mode) & (rows["rank"] == 1)].set_index("area_id")
    values = rows["minutes_p50"].reindex(basis.municipalities["area_id"])
    title = text("map.still.travel", lang, by=_by(basis, lang))
    legend = _class_legend([str(b) for b in breaks], lang)
    searched = data["search_limit"]
    # Nobody was searched for beyond the limit: a class there holds none.
    empty = searched is not None and breaks[-1] >= searched
    return _classed(values, breaks), title, legend[:-1] if empty else legend


def _choice(basis: Basis, data: dict[str, Any], lang: Lang) -> Shown:
    breaks = data["coverage"]["breaks"]["programmes"]
    rows = basis.findings.coverage
    rows = rows[rows["mode"] == basis.mode]
    near = rows["share_out"] < basis.findings.choices.min_share_out
    within = near.groupby(rows["area_id"]).sum()
    values = within.reindex(basis.municipalities["area_id"]).to_numpy(float)
    found = class_of(values, breaks)
    fill = ["" if c < 0 else SEQUENTIAL[len(breaks) - c] for c in found]
    title = text("map.still.coverage", lang, limit=int(basis.limit_min), by=_by(basis, lang))
    lines = _class_legend([str(b) for b in breaks], lang)
    return fill, title, [(c, words) for c, (_, words) in zip(SEQUENTIAL[::-1], lines, strict=True)]


def _first_indicator(basis: Basis, _: dict[str, Any], lang: Lang) -> Shown:
    """Colour municipalities by the first indicator that has numbers of them."""
    found = basis.findings.indicators
    numbers = found[found["value"].notna() & ~found["masked"]]
    name, _kind = first_shown(numbers, among=("municipality",))
    rows = numbers[(numbers["indicator"] == name) & (numbers["key_kind"] == "municipality")]
    if rows.empty:
        return [""] * len(basis.municipalities), text("map.still.indicators_none", lang), []
    unit, year = str(rows["unit"].iloc[0]), rows["year"].max()
    breaks = value_breaks(rows["value"], counts=adds(unit))
    latest = rows[rows["year"] == year].set_index("key")["value"]
    classes = class_of(latest.reindex(basis.municipalities["area_id"]), breaks)
    colours = shades(len(breaks) + 1)
    told = [bare(b, lang) for b in breaks]
    legend = [(c, words) for c, (_, words) in zip(colours, _class_legend(told, lang), strict=False)]
    title = f"{indicator_name(name, lang)} ({unit_name(unit, lang)}, {year})"
    return ["" if c < 0 else colours[c] for c in classes], title, legend


def _classed(values: pd.Series, breaks: Any) -> list[str]:
    return ["" if c < 0 else SEQUENTIAL[c] for c in class_of(values.to_numpy(float), breaks)]


def _class_legend(breaks: list[str], lang: Lang) -> list[tuple[str, str]]:
    words = [text("map.class_first", lang, high=breaks[0])]
    words += [text("map.class_between", lang, low=low, high=high) for low, high in pairwise(breaks)]
    words.append(text("map.class_last", lang, low=breaks[-1]))
    return list(zip(SEQUENTIAL[: len(words)], words, strict=True))


def _short(name: str) -> str:
    return name if len(name) <= 42 else name[:40].rstrip() + "…"
