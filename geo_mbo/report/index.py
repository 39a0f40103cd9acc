"""The page that ties the maps together and tells the findings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.cache import write_text
from geo_mbo.messages import Lang, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About
from geo_mbo.report import (
    background,
    indicators,
    outlook,
    pictures,
    provision,
    travel,
    validation,
)
from geo_mbo.report.further_access import access_and_equity
from geo_mbo.report.further_benchmark import beside_peers
from geo_mbo.report.further_catchments import three_catchments
from geo_mbo.report.further_coverage import three_states
from geo_mbo.report.further_flows import flows_and_decay
from geo_mbo.report.further_provision import small_programmes
from geo_mbo.report.parts import Figure, Section
from geo_mbo.report.scenarios import scenarios as scenarios_told
from geo_mbo.report.view import View, view_of
from geo_mbo.report.wording import Names, by_mode, names_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.scenario import Comparison
    from geo_mbo.tables import Tables

MAPS = ("verzorgingsgebieden", "reistijd", "dekking", "kenmerken")
FILES = ("resultaten.xlsx", "resultaten.gpkg", "run.json")


def write_index(
    folder: Path,
    tables: Tables,
    findings: Findings,
    about: About,
    notes: Sequence[Note],
    *,
    lang: Lang = "nl",
    scenarios: Sequence[Comparison] = (),
) -> Path:
    """Write ``index.html``: one file that needs no network and runs no script.

    Parameters
    ----------
    folder
        Where it is written, beside the maps it links to.
    tables, findings
        What is told.
    about, notes
        Where it comes from, and what happened to the data on the way.
    lang
        Language of the page.
    scenarios
        Scenarios beside the present, each told in its own part.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileError
        The folder cannot be written, or the disk is full; no half page is left.
    """
    limit = about.parameters.get("search_limit_min")
    view, names = replace(view_of(findings, lang), search_limit_min=limit), names_of(tables, lang)
    path = folder / "index.html"
    page = render(
        about,
        view,
        figures=key_figures(findings, view, int(tables.offers["programme_id"].nunique())),
        sections=(
            *findings_told(findings, names, view),
            *scenarios_told(scenarios, tables, names, lang),
            *background_told(about, notes, lang),
        ),
        previews=pictures.previews(tables, findings, view),
    )
    write_text(path, page)
    return path


def findings_told(findings: Findings, names: Names, view: View) -> tuple[Section, ...]:
    """Give what was found, in the order of the page."""
    return (
        travel.distance(findings, view),
        travel.longest(findings, names, view),
        provision.lacunes(findings, names, view),
        *three_states(findings, names, view),
        provision.duplications(findings, names, view),
        *small_programmes(findings, names, view),
        travel.catchments(findings, names, view),
        *three_catchments(findings, names, view),
        *flows_and_decay(findings, view),
        outlook.forecast(findings, names, view),
        outlook.benchmark(findings, view),
        *beside_peers(findings, view),
        indicators.indicators(findings, view),
        *validation.compared(findings, view),
        travel.inequality(findings, view),
        *access_and_equity(findings, names, view),
    )


def background_told(about: About, notes: Sequence[Note], lang: Lang) -> tuple[Section, ...]:
    """Give where it comes from, in the order of the page."""
    return (
        background.data_notes(notes, lang),
        background.sources(about, lang),
        background.parameters(about, lang),
        background.citation(about, lang),
    )


def key_figures(findings: Findings, view: View, offered: int) -> tuple[Figure, ...]:
    """Give the figures at the head of the page; `offered`: how many programmes there are."""
    return (
        *travel.key_figures(findings, view),
        *provision.key_figures(findings, view, offered),
        *outlook.key_figures(findings, view),
    )


def render(
    about: About,
    view: View,
    *,
    figures: Sequence[Figure],
    sections: Sequence[Section],
    previews: dict[str, str],
) -> str:
    """Lay the parts out as one page; every text is escaped."""
    css = (files("geo_mbo") / "resources" / "report" / "report.css").read_text("utf-8").strip()
    return (
        _templates(view.lang)
        .get_template("index.html.j2")
        .render(
            about=about,
            view=view,
            intro=_intro(view),
            version=background.version(about),
            figures=figures,
            sections=sections,
            previews=previews,
            maps=MAPS,
            files=FILES,
            css=css,
            # The page may show its own style and pictures and nothing else: no script can run.
            css_digest=b64encode(sha256(css.encode()).digest()).decode(),
        )
    )


def _intro(view: View) -> str:
    lang = view.lang
    told = text("report.intro", lang, mode=by_mode(view.mode, lang), limit=round(view.limit_min))
    return (
        told
        if view.year is None
        else f"{told} {text('report.intro_year', lang, year=str(view.year))}"
    )


def _templates(lang: Lang) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    house = Environment(
        loader=PackageLoader("geo_mbo", "resources/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    house.globals["t"] = lambda key, **params: text(f"report.{key}", lang, **params)
    house.filters["day"] = lambda moment: background.day(moment, lang)
    return house
