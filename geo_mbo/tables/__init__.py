"""Raw frames to tables that keep their contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame


@dataclass(frozen=True)
class Tables:
    """All tables of a study."""

    sites: GeoDataFrame
    offers: DataFrame
    students: DataFrame
    enrolments: DataFrame
    residents: DataFrame
    areas: GeoDataFrame
    origins: GeoDataFrame
    indicators: DataFrame
