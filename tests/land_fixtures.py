"""Fixtures of the made-up land: ``conftest.py`` brings them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_mbo import tables
from geo_mbo.notes import Note
from geo_mbo.sources import cbs
from tests.land import MUNICIPALITIES, PROVINCES, polygons, raw_pc4


@pytest.fixture
def golden() -> Path:
    """Folder of tiny made-up files in the publishers' true formats."""
    return Path(__file__).parent / "golden"


@pytest.fixture
def told() -> list[Note]:
    """Where `notify=told.append` puts the notes."""
    return []


@pytest.fixture
def areas() -> gpd.GeoDataFrame:
    """The table of areas of this land."""

    def nobody(_: Note) -> None:
        """Leave the notes unread."""

    provinces = tables.provinces(polygons(PROVINCES))
    municipalities = tables.municipalities(polygons(MUNICIPALITIES), provinces=provinces)
    pc4 = tables.pc4(raw_pc4(), municipalities=municipalities, notify=nobody)
    return tables.all_areas(provinces, municipalities, pc4)


@pytest.fixture
def changes(golden: Path) -> pd.DataFrame:
    """Klaverdijk went into 's-Walmeerde; Oudland to a quarter with it, the rest to Haverdam."""
    return tables.municipality_changes(cbs.read_changes(golden / "gemeente_herindelingen.csv"))
