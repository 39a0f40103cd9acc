"""The journeys of a study: its network, its travel matrix and the reach of its sites, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from geo_mbo.cache import Cache
from geo_mbo.errors import InputError, StudyError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.provenance import digest
from geo_mbo.study.model import InputFile, Study
from geo_mbo.study.roads import road_files

if TYPE_CHECKING:
    import geopandas as gpd

    from geo_mbo.network import Network
    from geo_mbo.study.roads import Box
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


def read_roads(
    study: Study,
    *,
    cache: Cache,
    box: Box | None = None,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Network | None:
    """Build the network of the study's road maps, or load it where it was built before.

    Parameters
    ----------
    study
        The study.
    cache, progress, notify
        Where the network is kept, and who is told how far it is and what was found.
    box
        What part of the road maps to read (see `geo_mbo.study.roads.road_box`); None: all.

    Returns
    -------
    Network or None
        None, with a note, where the study has no road map.
    """
    from geo_mbo.network import Network, read_network

    given = study.inputs.roads
    if given is None:
        notify(note("crow_flies"))
        return None
    modes = searched_modes(study)
    return cache.kept(
        "network",
        _roads_recipe(study, given, modes, box),
        make=lambda tell: read_network(
            road_files(study),
            modes=modes,
            columns=given.columns or None,
            box=box,
            notify=tell,
            progress=lambda fraction, _: progress(fraction, "network"),
        ),
        save=lambda network, to: network.save(to),
        load=Network.load,
        notify=notify,
    )


def travel_of(
    study: Study,
    tables: Tables,
    places: gpd.GeoDataFrame,
    network: Network | None,
    *,
    cache: Cache,
    box: Box | None = None,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> TravelMatrix:
    """Search the travel times of the study's modes, and add those from elsewhere.

    Parameters
    ----------
    study, tables
        The study and its tables.
    places
        Existing and candidate sites: one matrix serves all scenarios.
    network
        Roads; None: crow-flies distance times a detour factor.
    cache, progress, notify
        Where the matrix is kept, and who is told how far it is and what was found.
    box
        What part of the road maps the network was read from.
    """
    from geo_mbo import travel

    given, roads, modes = study.parameters, study.inputs.roads, searched_modes(study)
    searched = []
    progress(0.0, "travel")
    if modes and (network is None or roads is None):
        limit_min = given.search_limit_min
        searched.append(
            travel.crow_flies_matrix(tables.origins, places, modes=modes, limit_min=limit_min)
        )
    elif network is not None and roads is not None and modes:

        def search(tell: Notify) -> TravelMatrix:
            return travel.travel_matrix(
                network,
                tables.origins,
                places,
                modes=modes,
                limit_min=given.search_limit_min,
                search=travel.Search(snap_limit_m=given.snap_limit_m, cache=cache),
                progress=lambda fraction, _: progress(fraction, "travel"),
                notify=tell,
            )

        recipe = _roads_recipe(study, roads, modes, box)
        points = {"origins": _points(tables.origins), "sites": _points(places)}
        searched.append(
            cache.kept(
                "matrix.zarr",
                {
                    **recipe,
                    **points,
                    "limit_min": given.search_limit_min,
                    "snap_limit_m": given.snap_limit_m,
                },
                make=search,
                save=lambda matrix, to: matrix.save(to),
                load=travel.TravelMatrix.open,
                notify=notify,
            )
        )
    if study.inputs.travel is not None:
        searched.append(_from_elsewhere(study, study.inputs.travel, tables.origins, places, notify))
    return travel.stacked(*searched, notify=notify) if len(searched) > 1 else searched[0]


def reach_of(
    study: Study,
    tables: Tables,
    network: Network | None,
    *,
    cache: Cache,
    box: Box | None = None,
    notify: Notify = to_log,
) -> gpd.GeoDataFrame | None:
    """Draw the reach of every site by the study's mode; None where there is no network."""
    import geopandas as gpd

    from geo_mbo.network.search import Search
    from geo_mbo.reach import isochrones

    given, roads = study.parameters, study.inputs.roads
    if network is None or roads is None or not given.isochrones or given.mode == "transit":
        return None
    recipe = _roads_recipe(study, roads, (given.mode,), box)
    return cache.kept(
        "isochrones.gpkg",
        {
            **recipe,
            "sites": _points(tables.sites),
            "cutoffs_min": given.cutoffs_min,
            "snap_limit_m": given.snap_limit_m,
        },
        make=lambda tell: isochrones(
            network,
            tables.sites,
            mode=given.mode,
            cutoffs_min=given.cutoffs_min,
            search=Search(snap_limit_m=given.snap_limit_m, cache=cache),
            notify=tell,
        ),
        save=lambda frame, to: frame.to_file(to, driver="GPKG"),
        load=gpd.read_file,
        notify=notify,
    )


def searched_modes(study: Study) -> tuple[str, ...]:
    """Give the modes that are searched here; public transport comes from elsewhere."""
    return tuple(mode for mode in study.parameters.modes if mode != "transit")


def _roads_recipe(
    study: Study, roads: InputFile, modes: Sequence[str], box: Box | None = None
) -> Mapping[str, object]:
    """Give all that a network depends on: roads and what part of them, rules, speeds."""
    from geo_mbo.modes import modes as known
    from geo_mbo.modes import priority
    from geo_mbo.network import nwb
    from geo_mbo.network.access import rules

    ranks, never_yields = priority()
    return {
        "roads": [digest(path) for path in road_files(study)],
        "box": box,
        "access": rules(),
        "nwb": nwb.rules(),
        "priority": [sorted(ranks.items()), sorted(never_yields)],
        "columns": roads.columns,
        # Who walks to the road, and who pushes a bicycle, goes as walking does.
        "modes": [repr(known()[mode]) for mode in sorted({*modes, "walk"})],
        "asked": list(modes),
    }


def _points(frame: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Give the identifiers and places of points as plain values."""
    return list(zip(frame.iloc[:, 0], frame.geometry.to_wkb(hex=True), strict=True))


def _from_elsewhere(
    study: Study,
    given: InputFile,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    notify: Notify,
) -> TravelMatrix:
    """Read a travel matrix that another program made, and hold it against the study."""
    import pandas as pd

    from geo_mbo import travel
    from geo_mbo.sources.text import read_text

    path = study.path(given)
    frame = read_text(path).rename(columns=lambda name: str(name).lower().replace(" ", "_"))
    for name in {"minutes", "meters"} & set(frame.columns):
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    matrix = travel.matrix_from_long(frame, source=path.name, notify=notify)
    strange = [*matrix.origins.difference(origins["origin_id"])]
    strange += [*matrix.sites.difference(sites["site_id"])]
    if strange:
        raise InputError.of(
            "travel_unknown_ids", path=str(path), count=len(strange), value=strange[0]
        )
    # What is searched here is not taken from elsewhere too.
    wanted = [mode for mode in study.parameters.modes if mode not in searched_modes(study)]
    absent = [mode for mode in wanted if mode not in matrix.modes]
    if absent:
        raise StudyError.of("travel_missing", path=str(path), mode=absent[0])
    return matrix.select(modes=wanted)
