"""Whole studies on real data, where they are there; ``pytest -s`` prints their figures."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_mbo.network import network_summary, read_network
from geo_mbo.study import Outcome, read_study, run_study

pytestmark = pytest.mark.real_data

FILES = (
    "index.html",
    "verzorgingsgebieden.html",
    "reistijd.html",
    "dekking.html",
    "kenmerken.html",
    "resultaten.gpkg",
    "resultaten.xlsx",
    "run.json",
)


def ran(folder: Path, study: str) -> Outcome:
    """Run a study from its text, and print what it took."""
    path = folder / "study.toml"
    path.write_text(study, encoding="utf-8")
    began = time.monotonic()
    outcome = run_study(read_study(path), folder=folder / "maps", offline=True)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\n{time.monotonic() - began:.1f} s, {peak_gb:.2f} GB at most")
    for file in outcome.written:
        print(f"  {file.name}: {file.stat().st_size / 1e6:.2f} MB")
    for found in outcome.notes:
        print(f"  note: {found.text('en')[:160]}")
    assert {file.name for file in outcome.written} == set(FILES)
    return outcome


def test_the_netherlands(real_data: Path, tmp_path: Path) -> None:
    """342 gemeenten, all PC4 with young people, 507 schools; crow-flies, the honest fall-back."""
    nl = real_data / "nl"
    outcome = ran(
        tmp_path,
        f"""
title = "Nederland: scholen voor voortgezet onderwijs"
[inputs]
municipalities = "{nl}/gemeenten_2025_rd.gpkg"
postcodes = "{nl}/pc4_rd.gpkg"
inhabitants = "{nl}/pc4_population_age5_2021.csv"
[inputs.sites]
path = "{nl}/vo_schools_2013_wgs84.geojson"
columns = {{ site_id = "id", name = "Naam2013", institution_id = "brin" }}
attribution = "DUO, schoolvestigingen 2013"
[parameters]
modes = ["walk", "bike", "ebike", "car"]
""",
    )
    tables, matrix = outcome.tables, outcome.matrix
    assert (tables.areas["level"] == "municipality").sum() == 342
    assert len(tables.sites) == 507
    assert len(tables.origins) > 3_900
    young = tables.origins["weight"].sum()
    print(f"  origins {len(tables.origins)}, young people {young:,.0f}")
    # Crow-flies by hand: distance x 1.3 at 16 km/h.
    first, site = tables.origins.geometry.iloc[0], tables.sites.geometry.iloc[0]
    by_hand = first.distance(site) * 1.3 / (16_000 / 60)
    got = matrix.minutes("bike")[0, 0]
    assert got == pytest.approx(by_hand, rel=1e-4) if by_hand <= 120 else np.isinf(got)
    providers = outcome.findings.providers
    national = providers[(providers["mode"] == "bike") & (providers["rank"] == 1)]
    assert len(national) == 342
    print(national["minutes_mean"].replace(np.inf, np.nan).describe().round(1).to_string())


def test_amsterdam(real_data: Path, tmp_path: Path) -> None:
    """An edge table with its own travel times, the PC4 of Amsterdam, and 73 schools."""
    nl = real_data / "nl"
    municipalities = gpd.read_file(nl / "gemeenten_2025_rd.gpkg").query("statcode == 'GM0363'")
    municipalities.to_file(tmp_path / "gemeente.gpkg")
    postcodes = gpd.read_file(nl / "pc4_rd.gpkg")
    inside = postcodes.representative_point().within(municipalities.union_all())
    postcodes[inside].to_file(tmp_path / "pc4.gpkg")
    outcome = ran(
        tmp_path,
        f"""
title = "Amsterdam: scholen voor voortgezet onderwijs"
[inputs]
municipalities = "gemeente.gpkg"
postcodes = "pc4.gpkg"
inhabitants = "{nl}/pc4_population_age5_2021.csv"
[inputs.roads]
path = "{real_data}/roads/roads_amsterdam_rd.gpkg"
columns = {{ travel_time = "TRAVELTIME", travel_time_unit = "s" }}
attribution = "Wegen Amsterdam (herkomst niet vermeld)"
[inputs.sites]
path = "{nl}/amsterdam_vo_schools_2015.geojson"
columns = {{ site_id = "id", name = "vestigingsnaam", institution_id = "brinnummer" }}
attribution = "DUO, schoolvestigingen 2015"
[parameters]
modes = ["walk", "bike", "car"]
limit_min = 15
snap_limit_m = 500
""",
    )
    matrix = outcome.matrix
    reached = np.isfinite(matrix.minutes("car"))
    print(f"  sites {len(matrix.sites)}, origins with a time {reached.any(axis=1).sum()}")
    assert len(matrix.sites) == 73
    assert reached.sum() > 100


@pytest.mark.parametrize(
    "name", ["tudelft_demo.osm.pbf", "tudelft_test.osm.pbf", "porto_portugal.osm.pbf"]
)
def test_networks_of_real_tags(real_data: Path, name: str) -> None:
    began = time.monotonic()
    network = read_network(real_data / "osm" / name, modes=("walk", "bike", "ebike", "car"))
    summary = network_summary(network)
    print(f"\n{name}: {time.monotonic() - began:.1f} s")
    print(summary.to_string(index=False))
    assert set(summary["mode"]) == {"walk", "bike", "ebike", "car"}
    assert (summary["nodes_in_largest"] > 0).all()
    assert (summary["share_in_largest"] > 0.3).all()
    assert isinstance(summary, pd.DataFrame)
