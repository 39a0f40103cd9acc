"""The sample town with indicators of every kind, for the tests of maps, report and files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import geopandas as gpd
import pandas as pd
from shapely import box, union_all

from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.schema import AREAS, INDICATORS, checked

MASKED = "<5"
Cell = tuple[str, str, int, float | str]


def indicators(name: str, unit: str, source: str, cells: list[Cell]) -> pd.DataFrame:
    """Make an indicator: cells of key_kind, key, year and a number, `MASKED` or a judgement."""
    rows: list[dict[str, Any]] = []
    for kind, key, year, value in cells:
        number = value if isinstance(value, int | float) else None
        low, high = (1, 4) if value == MASKED else (number, number)
        rows.append(
            {
                "key_kind": kind, "key": key, "indicator": name, "year": year,
                "value": 2.5 if value == MASKED else number, "value_low": low, "value_high": high,
                "label": value if isinstance(value, str) and value != MASKED else None,
                "unit": unit, "source": source,
            }
        )  # fmt: skip
    return checked(pd.DataFrame(rows), INDICATORS)


def asked() -> pd.DataFrame:
    """Give five indicators: a count, a rate, a judgement, of sites, and of a programme."""
    years = (2019, 2020, 2021, 2022, 2023, 2024)
    return pd.concat(
        [
            indicators(
                "Gediplomeerden", "students", "DUO",
                [
                    ("institution", "90AA", 2023, 100), ("institution", "90AA", 2024, 130),
                    ("institution", "90BB", 2023, MASKED), ("institution", "90BB", 2024, 40),
                    ("institution", "99ZZ", 2024, 75), ("country", "NL", 2024, 5000),
                ],
            ),
            indicators(
                "Vsv", "%", "OCW in Cijfers",
                [("municipality", "GM9001", y, 2 + (y - 2019) / 10) for y in years]
                + [("municipality", "GM9002", y, -1.0) for y in years],
            ),
            indicators(
                "Oordeel", "oordeel", "Inspectie van het Onderwijs",
                [("institution", "90AA", 2024, "voldoende"), ("institution", "90BB", 2024, "goed")],
            ),
            indicators(
                "Studenten hier", "students", "DUO",
                [
                    ("site", "90AA001", 2024, 60), ("site", "90AA002", 2024, MASKED),
                    ("site", "90BB001", 2024, 30),
                ],
            ),
            indicators("Baankans", "%", "SBB", [("programme", "98001", 2024, 80)]),
        ],
        ignore_index=True,
    )  # fmt: skip


def town_with_indicators() -> SampleTown:
    """Give the sample town with `asked` beside its own, and a labour-market region around it."""
    town = sample_town()
    areas = town.tables.areas
    whole = union_all(areas.geometry.to_numpy()).bounds
    region = gpd.GeoDataFrame(
        {
            "area_id": ["AM01"], "level": "labour_market", "name": ["Kust & Klei"],
            "parent_id": None, "valid_from": None, "valid_to": None,
        },
        geometry=[box(*whole)], crs=areas.crs,
    )  # fmt: skip
    both = checked(pd.concat([areas, region], ignore_index=True), AREAS)
    told = pd.concat([town.tables.indicators, asked()], ignore_index=True)
    tables = replace(town.tables, indicators=told, areas=cast("gpd.GeoDataFrame", both))
    return replace(town, tables=tables)
