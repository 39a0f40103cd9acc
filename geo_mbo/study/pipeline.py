"""The one pipeline: a study in; maps, report, GeoPackage, workbook and run record out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.cache import Cache
from geo_mbo.messages import Lang
from geo_mbo.notes import Note, together
from geo_mbo.progress import Progress, part, silent
from geo_mbo.provenance import About
from geo_mbo.study.about import about
from geo_mbo.study.fetched import own_store, with_files
from geo_mbo.study.indicators import yardsticks
from geo_mbo.study.inputs import read_tables, region_of
from geo_mbo.study.journeys import reach_of, read_roads, travel_of
from geo_mbo.study.model import Study
from geo_mbo.study.roads import road_box

if TYPE_CHECKING:
    import geopandas as gpd

    from geo_mbo.analysis import Choices, Findings
    from geo_mbo.network import Network
    from geo_mbo.scenario import Comparison
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


@dataclass(frozen=True)
class Outcome:
    """What a run of a study gave: the values of every floor, and the files.

    Attributes
    ----------
    tables, network, matrix, findings
        The values of each floor; no network where travel is crow-flies.
    comparisons
        What each scenario of the study changes.
    isochrones
        Reach of every site over the network; None without a network.
    about, notes
        What the run was made from, and what was found about the data on the way.
    written
        The files.
    """

    tables: Tables
    network: Network | None
    matrix: TravelMatrix
    findings: Findings
    comparisons: tuple[Comparison, ...]
    isochrones: gpd.GeoDataFrame | None
    about: About
    notes: tuple[Note, ...]
    written: tuple[Path, ...] = ()


def run_study(
    study: Study,
    *,
    folder: Path,
    lang: Lang = "nl",
    offline: bool = False,
    cache: Cache | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Run a study from its inputs to its files.

    Parameters
    ----------
    study
        What `read_study` gave.
    folder
        Where the files go; each is written whole or not at all.
    lang
        Language of maps, report and files.
    offline
        Ask nothing of the network.
    cache
        Keeps the network and the travel matrix from one run to the next; None keeps nothing.
    store
        Folder of files that are fetched from publishers; None: the user's own.
    progress
        Gets the fraction done and the key of the step.

    Raises
    ------
    GeoMboError
        An input is wrong or a file cannot be written; the message says which and what to do.
    """
    outcome = measure_study(
        study,
        offline=offline,
        cache=cache or Cache(),
        store=store,
        progress=part(progress, 0, 0.7),
    )
    written = write_outcome(outcome, folder=folder, lang=lang, progress=part(progress, 0.7, 1))
    progress(1.0, "done")
    return replace(outcome, written=written)


def measure_study(
    study: Study,
    *,
    offline: bool = False,
    cache: Cache | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Run a study up to its findings, and write nothing but the cache.

    Parameters
    ----------
    study, offline, cache, store, progress
        As for `run_study`.

    Returns
    -------
    Outcome
        Without files.
    """
    from geo_mbo.analysis import find
    from geo_mbo.scenario import apply, candidate_sites, compare, read_scenario

    kept = cache or Cache()
    notes: list[Note] = []
    notify = notes.append
    progress(0.0, "read")
    scenarios = [read_scenario(wanted) for wanted in study.scenarios]
    store = store or own_store()
    study = with_files(
        study,
        store=store,
        offline=offline,
        progress=part(progress, 0, 0.2),
        notify=notify,
    )
    told = about(study)
    progress(0.2, "read")
    tables, focus = read_tables(study, offline=offline, store=store, notify=notify), None
    if study.region is not None:
        tables, focus = region_of(study.region, tables, notify=notify)
    for plan in scenarios:
        apply(tables, plan)  # a plan that cannot be is told before the long search
    places = candidate_sites(scenarios, tables) if scenarios else tables.sites
    progress(0.3, "network")
    box = road_box(study, tables, places)
    building, searched = part(progress, 0.3, 0.45), part(progress, 0.45, 0.7)
    network = read_roads(study, cache=kept, box=box, progress=building, notify=notify)
    matrix = travel_of(
        study, tables, places, network, cache=kept, box=box, progress=searched, notify=notify
    )
    progress(0.7, "measures")
    findings = find(
        tables,
        matrix,
        _choices(study, focus),
        progress=lambda fraction, _: progress(0.7 + fraction * 0.1, "measures"),
        notify=notify,
    )
    progress(0.8, "scenarios")
    comparisons = tuple(compare(tables, matrix, plan, findings.choices) for plan in scenarios)
    progress(0.85, "isochrones")
    reach = reach_of(study, tables, network, cache=kept, box=box, notify=notify)
    return Outcome(tables, network, matrix, findings, comparisons, reach, told, together(notes))


def _choices(study: Study, focus: frozenset[str] | None) -> Choices:
    """Give what a study asks of the measures."""
    from geo_mbo.analysis import Choices

    given = study.parameters
    return Choices(
        mode=given.mode,
        limit_min=given.limit_min,
        cutoffs_min=given.cutoffs_min,
        year=given.year,
        forecast_year=given.forecast_year,
        share=given.catchment_share,
        focus=focus,
        yardsticks=yardsticks(study),
    )


def write_outcome(
    outcome: Outcome, *, folder: Path, lang: Lang = "nl", progress: Progress = silent
) -> tuple[Path, ...]:
    """Write every file of a study into a folder, each whole or not at all; give their paths.

    Parameters
    ----------
    outcome
        What `measure_study` gave.
    folder, lang, progress
        As for `run_study`.

    Raises
    ------
    FileError
        The folder cannot be written, or the disk is full.
    """
    from geo_mbo.export import write_geopackage, write_run_record
    from geo_mbo.maps import write_maps
    from geo_mbo.report import write_index, write_workbook

    tables, findings, about, notes = (
        outcome.tables,
        outcome.findings,
        outcome.about,
        outcome.notes,
    )
    told = (tables, findings, about, notes)
    progress(0.0, "maps")
    maps = write_maps(folder, tables, findings, outcome.matrix, about, lang=lang, notes=notes)
    progress(0.5, "files")
    geopackage = write_geopackage(
        folder / "resultaten.gpkg",
        *told,
        lang=lang,
        isochrones=outcome.isochrones,
        matrix=outcome.matrix,
    )
    scenarios = outcome.comparisons
    workbook = write_workbook(folder / "resultaten.xlsx", *told, lang=lang, scenarios=scenarios)
    progress(0.9, "report")
    index = write_index(folder, *told, lang=lang, scenarios=scenarios)
    written = (index, *maps, geopackage, workbook)
    return (*written, write_run_record(folder / "run.json", about, notes, written))
