"""The one pipeline: a study in; maps, report, GeoPackage, workbook and run record out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.cache import Cache
from geo_mbo.errors import InputError, StudyError
from geo_mbo.messages import Lang
from geo_mbo.notes import Note, Notify, note
from geo_mbo.progress import Progress, part, silent
from geo_mbo.provenance import About, digest
from geo_mbo.study.about import about
from geo_mbo.study.file import Study
from geo_mbo.study.inputs import read_tables

if TYPE_CHECKING:
    import geopandas as gpd

    from geo_mbo.analysis import Findings
    from geo_mbo.network import Network
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


@dataclass(frozen=True)
class Outcome:
    """What a run of a study gave: the values of every floor, and the files."""

    tables: Tables
    network: Network | None
    matrix: TravelMatrix
    findings: Findings
    about: About
    notes: tuple[Note, ...]
    written: tuple[Path, ...]


def run_study(
    study: Study,
    *,
    folder: Path,
    lang: Lang = "nl",
    offline: bool = False,
    cache: Cache | None = None,
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
    progress
        Gets the fraction done and the key of the step.

    Raises
    ------
    GeoMboError
        An input is wrong or a file cannot be written; the message says which and what to do.
    """
    from geo_mbo.analysis import Choices, find

    found: list[Note] = []
    notify = found.append
    kept = cache or Cache()
    given = study.parameters
    progress(0.0, "read")
    told = about(study)
    tables = read_tables(study, offline=offline, notify=notify)
    network = _network(study, kept, part(progress, 0.1, 0.25), notify)
    matrix = _matrix(study, tables, network, kept, part(progress, 0.25, 0.45), notify)
    progress(0.45, "measures")
    choices = Choices(
        mode=given.mode,
        limit_min=given.limit_min,
        cutoffs_min=given.cutoffs_min,
        year=given.year,
        forecast_year=given.forecast_year,
        share=given.catchment_share,
    )
    findings = find(tables, matrix, choices, notify=notify)
    progress(0.6, "isochrones")
    reach = _isochrones(study, tables, network, kept, notify)
    notes = tuple(found)
    outcome = Outcome(tables, network, matrix, findings, told, notes, ())
    written = write(
        outcome, study, folder=folder, lang=lang, isochrones=reach, progress=part(progress, 0.7, 1)
    )
    progress(1.0, "done")
    return Outcome(tables, network, matrix, findings, told, notes, written)


def write(
    outcome: Outcome,
    study: Study,
    *,
    folder: Path,
    lang: Lang,
    isochrones: gpd.GeoDataFrame | None = None,
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write every file of a study into a folder, and give their paths."""
    from geo_mbo.export import Extras, write_geopackage, write_run_record
    from geo_mbo.maps import write_maps
    from geo_mbo.report import View, write_index, write_workbook

    given = study.parameters
    told = (outcome.tables, outcome.findings, outcome.about, outcome.notes)
    view = View(
        lang=lang,
        mode=given.mode,
        limit_min=given.limit_min,
        year=outcome.findings.choices.year,
        forecast_year=outcome.findings.choices.forecast_year,
    )
    progress(0.0, "maps")
    maps = write_maps(
        folder,
        outcome.tables,
        outcome.findings,
        outcome.matrix,
        outcome.about,
        lang=lang,
        mode=given.mode,
        limit_min=given.limit_min,
        notes=outcome.notes,
    )
    progress(0.5, "files")
    extras = Extras(matrix=outcome.matrix, isochrones=isochrones, limit_min=given.limit_min)
    written = [
        *maps,
        write_geopackage(folder / "resultaten.gpkg", *told, lang=lang, extras=extras),
        write_workbook(folder / "resultaten.xlsx", *told, view=view),
    ]
    progress(0.9, "report")
    index = write_index(folder, *told, view=view)
    written = [index, *written]
    record = write_run_record(folder / "run.json", outcome.about, outcome.notes, written)
    return (*written, record)


def _network(study: Study, cache: Cache, progress: Progress, notify: Notify) -> Network | None:
    """Build the network of the study's road map, or load it where it was built before."""
    from geo_mbo.network import Network, read_network

    given = study.inputs.roads
    progress(0.0, "network")
    if given is None:
        notify(note("crow_flies"))
        return None
    path = study.path(given)
    modes = _searched(study)

    def make(tell: Notify) -> Network:
        return read_network(path, modes=modes, columns=given.columns or None, notify=tell)

    made_from = {"roads": digest(path), "modes": modes, "columns": given.columns}
    return cache.kept(
        "network.npz",
        made_from,
        make=make,
        save=lambda network, to: network.save(to),
        load=Network.load,
        notify=notify,
    )


def _matrix(
    study: Study,
    tables: Tables,
    network: Network | None,
    cache: Cache,
    progress: Progress,
    notify: Notify,
) -> TravelMatrix:
    """Search the travel times of the study's modes, and add those from elsewhere."""
    from geo_mbo import travel

    given = study.parameters
    modes = _searched(study)
    searched = []
    progress(0.0, "travel")
    if modes and network is None:
        searched.append(
            travel.crow_flies_matrix(
                tables.origins, tables.sites, modes=modes, limit_min=given.search_limit_min
            )
        )
    elif modes and network is not None:
        search = partial(
            travel.travel_matrix,
            network,
            tables.origins,
            tables.sites,
            modes=modes,
            limit_min=given.search_limit_min,
            snap_limit_m=given.snap_limit_m,
            progress=lambda fraction, _: progress(fraction, "travel"),
        )
        searched.append(
            cache.kept(
                "matrix.zarr",
                _search_recipe(study, tables, modes),
                make=lambda tell: search(notify=tell),
                save=lambda matrix, to: matrix.save(to),
                load=travel.TravelMatrix.open,
                notify=notify,
            )
        )
    if study.inputs.travel is not None:
        searched.append(_from_elsewhere(study, tables, notify))
    return travel.stacked(*searched, notify=notify) if len(searched) > 1 else searched[0]


def _searched(study: Study) -> tuple[str, ...]:
    """Give the modes that are searched here; public transport comes from elsewhere."""
    return tuple(mode for mode in study.parameters.modes if mode != "transit")


def _search_recipe(study: Study, tables: Tables, modes: tuple[str, ...]) -> Mapping[str, object]:
    """Give all that the searched times depend on."""
    from geo_mbo.modes import modes as known

    assert study.inputs.roads is not None  # noqa: S101  the caller has a network
    given = study.parameters
    points = [
        [*zip(frame[key], frame.geometry.to_wkb(hex=True), strict=True)]
        for frame, key in ((tables.origins, "origin_id"), (tables.sites, "site_id"))
    ]
    return {
        "roads": digest(study.path(study.inputs.roads)),
        "columns": study.inputs.roads.columns,
        "modes": [repr(known()[mode]) for mode in modes],
        "limit_min": given.search_limit_min,
        "snap_limit_m": given.snap_limit_m,
        "points": points,
    }


def _from_elsewhere(study: Study, tables: Tables, notify: Notify) -> TravelMatrix:
    """Read a travel matrix that another program made, and hold it against the study."""
    import pandas as pd

    from geo_mbo import travel
    from geo_mbo.sources.text import read_text

    assert study.inputs.travel is not None  # noqa: S101  the caller asked
    path = study.path(study.inputs.travel)
    frame = read_text(path).rename(columns=lambda name: str(name).lower().replace(" ", "_"))
    for name in ("minutes", "meters"):
        if name in frame:
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
    matrix = travel.matrix_from_long(frame, source=path.name, notify=notify)
    strange = [*matrix.origins.difference(tables.origins["origin_id"])]
    strange += [*matrix.sites.difference(tables.sites["site_id"])]
    if strange:
        raise InputError.of(
            "travel_unknown_ids", path=str(path), count=len(strange), value=strange[0]
        )
    # What is searched here is not taken from elsewhere too.
    wanted = [mode for mode in study.parameters.modes if mode not in _searched(study)]
    absent = [mode for mode in wanted if mode not in matrix.modes]
    if absent:
        raise StudyError.of("travel_missing", path=str(path), mode=absent[0])
    return matrix.select(modes=wanted)


def _isochrones(
    study: Study, tables: Tables, network: Network | None, cache: Cache, notify: Notify
) -> gpd.GeoDataFrame | None:
    """Draw the reach of every site by the study's mode, where there is a network."""
    import geopandas as gpd

    from geo_mbo.reach import isochrones

    given = study.parameters
    if network is None or not given.isochrones or given.mode == "transit":
        return None

    def make(tell: Notify) -> gpd.GeoDataFrame:
        return isochrones(
            network,
            tables.sites,
            mode=given.mode,
            cutoffs_min=given.cutoffs_min,
            snap_limit_m=given.snap_limit_m,
            notify=tell,
        )

    return cache.kept(
        "isochrones.gpkg",
        {**_search_recipe(study, tables, (given.mode,)), "cutoffs_min": given.cutoffs_min},
        make=make,
        save=lambda frame, to: frame.to_file(to, driver="GPKG"),
        load=gpd.read_file,
        notify=notify,
    )
