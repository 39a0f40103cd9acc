"""Inputs that say where is taught and who comes from where: the register, and an own delivery."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import FetchError, StudyError
from geo_mbo.notes import Notify, note
from geo_mbo.study.consistent import REGISTER
from geo_mbo.study.fetched import own_store
from geo_mbo.study.model import Study

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Geocode
    from geo_mbo.tables.register import Register

ANSWERS = "addresses.jsonl"
"""Where the answers of the address service are kept, in the folder of fetched files."""


def read_providers(study: Study) -> pd.DataFrame | None:
    """Read which institution stands behind a provider, where the study names that file."""
    from geo_mbo.sources import rio

    given = study.inputs.providers
    return None if given is None else rio.read_providers(study.path(given), on=given.on)


def with_register(
    study: Study,
    found: list[gpd.GeoDataFrame],
    *,
    areas: gpd.GeoDataFrame,
    raw: Mapping[str, pd.DataFrame],
    geocode: Geocode,
    notify: Notify,
) -> list[gpd.GeoDataFrame]:
    """Put the sites that only the register knows behind those found, and tell which knows what.

    Parameters
    ----------
    study
        The study; without the inputs of the register `found` comes back as it is.
    found
        Tables of sites: the study's own, those of publishers.
    areas, raw, geocode, notify
        As for `geo_mbo.tables.sites.sites`; `raw` has the inputs that are read.

    Raises
    ------
    StudyError
        Some of the inputs of the register are named and some are not.
    InputError
        No establishment is as the study asks.
    """
    import pandas as pd

    from geo_mbo.tables.register import register_places, register_sites, site_routes

    register = _register(study)
    if register is None:
        return found
    given = study.inputs.establishments
    wanted = {} if given is None else given.where
    chosen = {name: (v,) if isinstance(v, str) else v for name, v in wanted.items()}
    places = register_places(register, chosen=chosen, notify=notify)
    sites = register_sites(
        places,
        areas=areas,
        locations=raw.get("locations"),
        institutions=raw.get("institutions"),
        geocode=geocode,
        notify=notify,
    )
    if found:
        site_routes(pd.concat(found, ignore_index=True), sites, notify=notify)
    return [*found, sites]


def read_own(study: Study, areas: gpd.GeoDataFrame, *, notify: Notify) -> pd.DataFrame | None:
    """Count the institution's own students, where the study names such a delivery.

    They count by municipality, and by PC4 within it where enough of them live there; without
    postcode areas in the study nobody's home is known.
    """
    from geo_mbo.sources.grondslag import read_own_students
    from geo_mbo.tables.areas import of_level

    given = study.inputs.own_students
    if given is None:
        return None
    pc4 = of_level(areas, "pc4").dropna(subset="parent_id")
    within = dict(zip(pc4["area_id"], pc4["parent_id"], strict=True))
    return read_own_students(study.path(given), on=given.on, within=within, notify=notify)


def counted_at_sites(
    forecast: pd.DataFrame | None, own: pd.DataFrame | None, institutions: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Give all counts of students that name sites, so that those of an own delivery are there."""
    import pandas as pd

    if own is None:
        return forecast
    names = [table for table in (forecast, institutions) if table is not None]
    known = pd.concat([t[["institution_id", "institution"]] for t in names]) if names else own
    official = known.dropna().drop_duplicates("institution_id").set_index("institution_id")
    named = own.assign(institution=own["institution_id"].map(official["institution"]).astype("str"))
    return named if forecast is None else pd.concat([forecast, named], ignore_index=True)


def _register(study: Study) -> Register | None:
    """Read the files of the register, all as of the day that the establishments are asked for."""
    from geo_mbo.sources import rio_register
    from geo_mbo.tables.register import Register

    given = study.inputs.given()
    named = [key for key in REGISTER if key in given]
    if not named:
        return None
    absent = [f"inputs.{key}" for key in REGISTER if key not in given]
    if absent:
        raise StudyError.of("register_needs", value=", ".join(absent))
    day = given["establishments"].on
    uses = given.get("location_uses")
    establishments, used, owned = (study.path(given[key]) for key in REGISTER)
    return Register(
        establishments=rio_register.read_establishments(establishments, on=day),
        used=rio_register.read_establishment_locations(used, on=day),
        owned=rio_register.read_institution_establishments(owned, on=day),
        uses=None if uses is None else rio_register.read_location_uses(study.path(uses), on=day),
    )


def geocoder(study: Study, *, offline: bool, store: Path | None, notify: Notify) -> Geocode:
    """Give what finds addresses: from answers of before, else by asking the address service.

    Addresses that it does not find go by their postcode, and that is told.
    """
    from geo_mbo.sources.geocoding import SERVICE_HOST, locate_all
    from geo_mbo.sources.web import Web

    answers = (store or own_store()) / ANSWERS

    def find(addresses: pd.DataFrame) -> pd.DataFrame:
        nobody = offline or not study.parameters.geocode
        web = None if nobody else Web(frozenset([SERVICE_HOST]), mirror=study.mirror)
        try:
            found = locate_all(addresses, web=web, store=answers, notify=notify)
        except FetchError as error:
            notify(note("geocoder_failed", count=len(addresses), reason=str(error)))
            return locate_all(addresses, web=None, store=answers, notify=notify)
        if nobody and found["x_m"].isna().any():
            notify(note("offline", count=int(found["x_m"].isna().sum())))
        return found

    return find
