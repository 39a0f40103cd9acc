"""The inputs of a study, read into tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import StudyError
from geo_mbo.notes import Notify, to_log
from geo_mbo.schema import INDICATORS, OFFERS, SITES, STUDENTS, checked, empty
from geo_mbo.study import places
from geo_mbo.study.indicators import read_wishes
from geo_mbo.study.model import InputFile, Region, Study

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables

Raw = Mapping[str, "pd.DataFrame"]
Geocode = Callable[["pd.DataFrame"], "pd.DataFrame"]


def read_tables(
    study: Study, *, offline: bool = False, store: Path | None = None, notify: Notify = to_log
) -> Tables:
    """Read every input of a study and make its tables.

    Parameters
    ----------
    study
        The study.
    offline
        Ask nobody where an address is: what was answered before has to do.
    store
        Folder of fetched files, where those answers are kept; None: the user's own.
    notify
        Gets the findings about the data.

    Raises
    ------
    GeoMboError
        An input cannot be read, breaks its contract, or there are no sites at all.
    """
    import pandas as pd

    from geo_mbo import tables
    from geo_mbo.analysis.released import released

    raw = _read(study)
    areas = _areas(raw, notify)
    young = _indicators(study, raw, areas, notify)
    own = places.read_own(study, areas, notify=notify)
    sites = _sites(study, raw, areas, own, offline=offline, store=store, notify=notify)
    changes = tables.municipality_changes(*_those(raw, "municipality_changes"))
    wishes = read_wishes(study, areas=areas, changes=changes, notify=notify)
    enrolled = raw.get("students_by_programme")
    at_home = partial(partial, areas=areas, changes=changes, notify=notify)
    made = {
        "offers": (OFFERS, partial(tables.offers, enrolments=enrolled, notify=notify)),
        "forecast": (STUDENTS, at_home(tables.students)),
        "students_by_programme": (STUDENTS, partial(tables.enrolments, notify=notify)),
        "students_by_home": (STUDENTS, at_home(tables.residents)),
    }
    found = {
        key: make(raw[key]) if key in raw else empty(contract)
        for key, (contract, make) in made.items()
    }
    if own is not None:
        mine = tables.own_students(own)
        found["forecast"] = tables.with_own(found["forecast"], mine, notify=notify)
    whole = tables.Tables(
        sites=sites,
        offers=tables.at_sites(found["offers"], sites, notify=notify),
        students=tables.at_sites(found["forecast"], sites, notify=notify),
        enrolments=found["students_by_programme"],
        residents=found["students_by_home"],
        areas=areas,
        origins=tables.origins(areas, young, notify=notify),
        indicators=checked(pd.concat([young, wishes], ignore_index=True), INDICATORS),
    )
    # Before anything is cut out or worked out: what tables do not tell, nothing made of them can.
    return released(whole, notify=notify)


def region_of(
    region: Region, found: Tables, *, notify: Notify = to_log
) -> tuple[Tables, frozenset[str]]:
    """Give the tables of a study's region with its surroundings, and its own municipalities.

    Raises
    ------
    InputError
        There is no such region, or no boundaries to find it by.
    """
    from geo_mbo.tables.region import cut_out

    cut = cut_out(
        found, level=region.level, names=region.names, margin_km=region.margin_km, notify=notify
    )
    return cut.tables, cut.municipalities


def _read(study: Study) -> dict[str, pd.DataFrame]:
    """Read every input that is named with the reader of its key."""
    from geo_mbo.sources import cbs, duo, geofile, own, rio
    from geo_mbo.tables.areas import REGIONS

    plain = {
        "inhabitants": cbs.read_inhabitants,
        "institutions": duo.read_institutions,
        "offers": duo.read_offers,
        "locations": rio.read_locations,
        "students_by_home": duo.read_residents,
        "students_by_programme": duo.read_enrolments,
        "forecast": duo.read_prognosis,
        "municipality_changes": cbs.read_changes,
    }
    layered = {
        "municipalities": geofile.read_areas,
        "provinces": geofile.read_areas,
        "postcodes": geofile.read_pc4,
        **dict.fromkeys(REGIONS, geofile.read_areas),
    }

    def read(key: str, given: InputFile) -> pd.DataFrame:
        path, layer = study.path(given), given.layer or None
        if key in plain:
            return plain[key](path)
        found: pd.DataFrame = (
            layered[key](path, layer=layer)
            if key in layered
            else own.read_sites(path, columns=given.columns, layer=layer)
        )
        return found

    wanted = {*plain, *layered, "sites"}
    return {key: read(key, given) for key, given in study.inputs.given().items() if key in wanted}


def _areas(raw: Raw, notify: Notify) -> gpd.GeoDataFrame:
    from geo_mbo import tables
    from geo_mbo.tables.areas import REGIONS

    provinces = [tables.provinces(found, notify=notify) for found in _those(raw, "provinces")]
    municipalities = tables.municipalities(
        raw["municipalities"], provinces=provinces[0] if provinces else None, notify=notify
    )
    postcodes = [
        tables.pc4(found, municipalities=municipalities, notify=notify)
        for found in _those(raw, "postcodes")
    ]
    regions = [
        tables.regions(
            raw[key],
            level=level,
            parents=municipalities if level in ("district", "neighbourhood") else None,
            notify=notify,
        )
        for key, level in REGIONS.items()
        if key in raw
    ]
    return tables.all_areas(municipalities, *provinces, *regions, *postcodes)


def _indicators(study: Study, raw: Raw, areas: gpd.GeoDataFrame, notify: Notify) -> pd.DataFrame:
    """Young people by PC4: of the age table where there is one, else of the postcode areas."""
    from geo_mbo import tables

    if "inhabitants" in raw:
        year = _year_of(study, "inhabitants")
        return tables.indicators(raw["inhabitants"], areas=areas, year=year, notify=notify)
    if "postcodes" in raw:
        year = _year_of(study, "postcodes")
        return tables.pc4_indicators(raw["postcodes"], areas=areas, year=year, notify=notify)
    return tables.no_tables().indicators


def _sites(
    study: Study,
    raw: Raw,
    areas: gpd.GeoDataFrame,
    counted: pd.DataFrame | None,
    *,
    offline: bool,
    store: Path | None,
    notify: Notify,
) -> gpd.GeoDataFrame:
    """Give the sites of all routes: own, with programmes or students, and of the register."""
    import pandas as pd

    from geo_mbo import tables

    own = [tables.own_sites(own, areas=areas, notify=notify) for own in _those(raw, "sites")]
    students = places.counted_at_sites(raw.get("forecast"), counted, raw.get("institutions"))
    geocode = places.geocoder(study, offline=offline, store=store, notify=notify)
    found = []
    if "offers" in raw or students is not None:
        found.append(
            tables.sites(
                areas=areas,
                offers=raw.get("offers"),
                students=students,
                locations=raw.get("locations"),
                institutions=raw.get("institutions"),
                providers=places.read_providers(study),
                geocode=geocode,
                notify=notify,
            )
        )
    found = places.with_register(study, found, areas=areas, raw=raw, geocode=geocode, notify=notify)
    if own and found:
        published = pd.concat(found, ignore_index=True).drop_duplicates("site_id")
        own = [tables.completed(mine, published, notify=notify) for mine in own]
    found = [*own, *found]
    if not found:
        raise StudyError.of("no_sites")
    # Own sites come first: what the user says of a site holds over what a publisher says.
    sites = pd.concat(found, ignore_index=True).drop_duplicates("site_id", ignore_index=True)
    return sites[[*SITES.columns, "geometry"]]


def _those(raw: Raw, key: str) -> list[pd.DataFrame]:
    """Give the frame of this key, or nothing, as a list."""
    return [raw[key]] if key in raw else []


def _year_of(study: Study, key: str) -> int:
    """Give the year in the name of an input's file, else that of the file itself."""
    path = study.path(study.inputs.given()[key])
    named = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.stem)
    return int(named[-1]) if named else datetime.fromtimestamp(path.stat().st_mtime, UTC).year
