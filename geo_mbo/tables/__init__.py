"""Raw frames to tables under contract: what all measures, scenarios and maps work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from geo_mbo.schema import (
    AREAS,
    INDICATORS,
    OFFERS,
    ORIGINS,
    SITES,
    STUDENTS,
    Contract,
    checked,
    empty,
)
from geo_mbo.tables.areas import all_areas, municipalities, pc4, provinces, regions
from geo_mbo.tables.changes import municipality_changes
from geo_mbo.tables.indicators import indicators, pc4_indicators
from geo_mbo.tables.offers import offers
from geo_mbo.tables.origins import origins
from geo_mbo.tables.own_students import own_students, with_own
from geo_mbo.tables.register import Register, register_places, register_sites, site_routes
from geo_mbo.tables.sites import Geocode, at_sites, completed, own_sites, sites
from geo_mbo.tables.students import enrolments, residents, students
from geo_mbo.tables.year_weights import address_weights, split_weights
from geo_mbo.tables.years import municipalities_of, successions, to_year, year_of_codes

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = [
    "Geocode",
    "Register",
    "Tables",
    "address_weights",
    "all_areas",
    "at_sites",
    "checked_tables",
    "completed",
    "enrolments",
    "indicators",
    "municipalities",
    "municipalities_of",
    "municipality_changes",
    "no_tables",
    "offers",
    "origins",
    "own_sites",
    "own_students",
    "pc4",
    "pc4_indicators",
    "provinces",
    "regions",
    "register_places",
    "register_sites",
    "residents",
    "site_routes",
    "sites",
    "split_weights",
    "students",
    "successions",
    "to_year",
    "with_own",
    "year_of_codes",
]


@dataclass(frozen=True)
class Tables:
    """All tables of a study; any but the areas may have no rows, none lacks a column.

    Attributes
    ----------
    sites
        Where is taught (`geo_mbo.schema.SITES`).
    offers
        What is taught there (`geo_mbo.schema.OFFERS`).
    students
        Woongemeente x site x year, of the past and of the forecast (`geo_mbo.schema.STUDENTS`).
    enrolments
        Institution x programme x track x year, under the same contract.
    residents
        Institution x woongemeente x age x track x year, under the same contract.
    areas
        Municipalities, provinces, other regions and PC4 (`geo_mbo.schema.AREAS`).
    origins
        PC4 points with the young people that live there (`geo_mbo.schema.ORIGINS`).
    indicators
        Numbers and judgements of areas, institutions and sites (`geo_mbo.schema.INDICATORS`).
    """

    sites: gpd.GeoDataFrame
    offers: pd.DataFrame
    students: pd.DataFrame
    enrolments: pd.DataFrame
    residents: pd.DataFrame
    areas: gpd.GeoDataFrame
    origins: gpd.GeoDataFrame
    indicators: pd.DataFrame


_CONTRACTS: dict[str, Contract] = {
    "sites": SITES,
    "offers": OFFERS,
    "students": STUDENTS,
    "enrolments": STUDENTS,
    "residents": STUDENTS,
    "areas": AREAS,
    "origins": ORIGINS,
    "indicators": INDICATORS,
}


def no_tables() -> Tables:
    """Give the tables without rows, with all their columns; `dataclasses.replace` fills them.

    Examples
    --------
    >>> list(no_tables().origins.columns)
    ['origin_id', 'area_id', 'weight', 'geometry']
    """
    return Tables(**{name: cast("gpd.GeoDataFrame", empty(c)) for name, c in _CONTRACTS.items()})


def checked_tables(tables: Tables) -> Tables:
    """Give the tables checked once more, each under its contract.

    Raises
    ------
    ContractError, CrsError
        A table breaks its contract.
    """
    return Tables(
        **{
            name: checked(cast("gpd.GeoDataFrame", getattr(tables, name)), contract, source=name)
            for name, contract in _CONTRACTS.items()
        }
    )
