"""Measures on the dense matrix against the same measures by pandas on a long frame."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.row import Row, cpu_seconds


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.analysis import time_to_providers
    from geo_mbo.travel import crow_flies_matrix

    count_origins, count_sites = (2_000, 400) if quick else (4_070, 641)
    origins, sites = made(count_origins, count_sites)
    matrix = crow_flies_matrix(origins, sites, modes=["bike"], limit_min=600)
    ours, mine = cpu_seconds(lambda: time_to_providers(matrix, origins, sites, n=3))
    long = matrix.to_long()

    def with_pandas() -> pd.DataFrame:
        whole = long.merge(sites[["site_id", "institution_id"]], on="site_id")
        nearest = whole.groupby(["origin_id", "institution_id"])["minutes"].min().reset_index()
        nearest["rank"] = nearest.groupby("origin_id")["minutes"].rank(method="first")
        best = nearest[nearest["rank"] <= 3].merge(origins.drop(columns="geometry"))
        best["weighted"] = best["minutes"] * best["weight"]
        sums = best.groupby(["area_id", "rank"])[["weighted", "weight"]].sum()
        return (sums["weighted"] / sums["weight"]).reset_index(name="minutes_mean")

    theirs, other = cpu_seconds(with_pandas, times=1)
    both = mine.merge(other, on=["area_id", "rank"], suffixes=("", "_theirs"))
    np.testing.assert_allclose(both["minutes_mean"], both["minutes_mean_theirs"], rtol=1e-4)
    case = f"{count_origins} x {count_sites}: minutes to the 1st, 2nd, 3rd provider by gemeente"
    return [Row("measures", case, ours, "pandas on a long frame", theirs, "CPU s", 3)]


def made(count_origins: int, count_sites: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Random origins and sites over the extent of the Netherlands, from one seed."""
    random = np.random.default_rng(1)

    def points(count: int) -> gpd.GeoSeries:
        x, y = random.uniform(20_000, 270_000, count), random.uniform(310_000, 610_000, count)
        return gpd.GeoSeries(gpd.points_from_xy(x, y), crs=28992)

    origins = gpd.GeoDataFrame(
        {
            "origin_id": [f"{1000 + k}" for k in range(count_origins)],
            "area_id": [f"GM{k % 342:04d}" for k in range(count_origins)],
            "weight": random.integers(1, 1_000, count_origins).astype(float),
        },
        geometry=points(count_origins),
    )
    sites = gpd.GeoDataFrame(
        {
            "site_id": [f"{k:03d}X001" for k in range(count_sites)],
            "institution_id": [f"{k % 60:02d}AA" for k in range(count_sites)],
            "status": "existing",
        },
        geometry=points(count_sites),
    )
    return origins, sites
