"""Measures that other programs compute too, on Belo Horizonte: 898 places, 748,437 pairs.

The expected values are those of the R package accessibility (ipeaGIT); see the SOURCES.md there.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from geo_mbo import analysis
from geo_mbo.travel import TravelMatrix

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    there = real_data / "validation" / "accessibility_bho"
    if not there.is_dir():
        pytest.skip("the validation data (../shared/data/validation) are not here")
    return there


@pytest.fixture(scope="module")
def land(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "land_use.csv", dtype={"id": "str"})


@pytest.fixture(scope="module")
def expected(folder: Path, land: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(folder / "expected_by_cell.csv", dtype={"id": "str"}).set_index("id")


@pytest.fixture(scope="module")
def origins(land: pd.DataFrame) -> pd.DataFrame:
    """Every place an area of its own, so that its distribution is one value."""
    return pd.DataFrame(
        {"origin_id": land["id"], "area_id": land["id"], "weight": land["population"].astype(float)}
    )


def matrix_of(folder: Path, land: pd.DataFrame, columns: np.ndarray) -> TravelMatrix:
    tenths = np.load(folder / "travel_time_tenths_min.npz")["tt"][:, columns]
    minutes = np.where(tenths < 0, np.inf, tenths / 10).astype("float32")[None]
    data = {
        name: (("mode", "origin", "site"), values)
        for name, values in (("minutes", minutes), ("meters", minutes))
    }
    ids = [f"S{k:04d}" for k in range(len(columns))]
    return TravelMatrix(
        xr.Dataset(data, coords={"mode": ["transit"], "origin": land["id"].to_list(), "site": ids})
    )


def sites_of(count: int) -> pd.DataFrame:
    ids = pd.Series([f"S{k:04d}" for k in range(count)])
    return pd.DataFrame({"site_id": ids, "institution_id": "P" + ids, "status": "existing"})


def test_time_to_the_nearest_and_third_school(
    folder: Path, land: pd.DataFrame, expected: pd.DataFrame, origins: pd.DataFrame
) -> None:
    columns = np.repeat(np.arange(len(land)), land["schools"])  # a place may have several
    matrix = matrix_of(folder, land, columns)
    found = analysis.time_to_providers(matrix, origins, sites_of(len(columns)), n=3)
    for rank in (1, 3):
        mine = found[found["rank"] == rank].set_index("area_id")["minutes_p50"]
        due = expected[f"cost_to_closest_school_n{rank}"]
        np.testing.assert_allclose(mine.reindex(due.index), due, rtol=1e-6)
    assert np.isinf(found.query("rank == 1")["minutes_p50"]).sum() == 35


def test_people_within_half_an_hour(
    folder: Path, land: pd.DataFrame, expected: pd.DataFrame, origins: pd.DataFrame
) -> None:
    matrix = matrix_of(folder, land, np.arange(len(land)))
    found = analysis.site_reach(matrix, origins, sites_of(len(land)), limit_min=30)
    assert (found["young_people_within"].to_numpy() == expected["cum_pop_30_passive"]).all()


def test_gini(folder: Path, land: pd.DataFrame, expected: pd.DataFrame) -> None:
    due = json.loads((folder / "expected_inequality.json").read_text())["gini_index"]
    assert analysis.gini(expected["cum_jobs_30"], land["population"]) == pytest.approx(
        due, rel=1e-12
    )
