"""Students of a year with the institution, the region and the country that each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geo_mbo.analysis.growth import with_institutions
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.regions import region_of_areas
from geo_mbo.analysis.trips import Trips, trips
from geo_mbo.analysis.weighting import Homes, homes

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

KINDS = ("institution", "region", "country")
COUNTRY = "NL"
ENDS = ("value", "value_low", "value_high")


@dataclass(frozen=True)
class Students:
    """The students of a year with the three subjects that each row belongs to."""

    rows: pd.DataFrame
    moving: Trips
    there: Homes
    names: dict[str, dict[str, str]]
    region: pd.Series
    year: int


def gathered(tables: Tables, matrix: TravelMatrix, year: int | None) -> Students:
    """Put the students of the year beside the subjects that they belong to."""
    history = tables.students[tables.students["kind"] == "history"]
    chosen = year if year is not None else history["year"].max() if len(history) else 0
    level, region = region_of_areas(tables.areas)
    rows = subjects(history[history["year"] == chosen], tables, region)
    there = homes(matrix, tables.origins)
    moving = trips(matrix, rows, there)
    pairs = veiled(moving.pairs)
    pairs = pairs.assign(
        institution=pairs["institution_id"],
        region=pairs["origin_id"].map(region).astype("str"),
        country=COUNTRY,
    )
    regions = tables.areas[tables.areas["level"] == level]
    owners = tables.sites.dropna(subset=["institution_id"]).drop_duplicates("institution_id")
    names = {
        "institution": dict(
            zip(
                owners["institution_id"],
                owners["institution"].fillna(owners["institution_id"]),
                strict=True,
            )
        ),
        "region": dict(zip(regions["area_id"], regions["name"], strict=True)),
        "country": {COUNTRY: COUNTRY},
    }
    on_the_way = Trips(pairs, moving.unplaced, moving.row, moving.origin, moving.site, moving.part)
    return Students(rows, on_the_way, there, names, region, int(chosen))


def subjects(students: pd.DataFrame, tables: Tables, region: pd.Series) -> pd.DataFrame:
    """Add the institution, region and country of each row; missing where it has none."""
    rows = with_institutions(students, tables.sites)
    return rows.assign(
        institution=rows["institution_id"],
        region=rows["origin_id"].map(region).astype("str"),
        country=COUNTRY,
    )


def tidy(
    found: pd.DataFrame, kind: str, measure: str, unit: str, mode: str | None = None
) -> pd.DataFrame:
    """Give results by subject the columns of the tidy table."""
    told = found.rename(columns={kind: "subject_id"})
    return told.assign(kind=kind, measure=measure, unit=unit, mode=mode)[
        ["kind", "subject_id", "mode", "measure", "unit", *ENDS]
    ]


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put results under each other; a frame without columns where there are none."""
    import pandas as pd

    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
