"""Published distances in any form: means, classes, and students by class."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import compare_published
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sources.facts_mapped import read_mapped
from geo_mbo.tables.distances import _least_mean, published_distances

HOME = {"municipality": "Gemeente", "year": "Schooljaar", "mode": "Vervoermiddel"}
WIDE = ["0 tot 5 km", "5 tot 10 km", "10 tot 30 km", "30 km of meer"]


def test_means_by_home(golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    columns = {**HOME, "value": "Gemiddelde reisafstand"}
    facts = read_mapped(golden / "duo" / "distances_long.csv", columns=columns, unit="km")
    found = published_distances(
        facts, by=["origin_id"], measure="km", areas=areas, changes=changes, source="DUO"
    )
    assert found[["origin_id", "mode", "year", "measure", "value"]].values.tolist() == [
        ["GM0001", "ov", 2024, "km", 8.4],
        ["GM0002", "ov", 2024, "km", 21],
    ]


def test_a_class_a_row(golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    columns = {**HOME, "value": "Meeste studenten"}
    facts = read_mapped(golden / "duo" / "distances_long.csv", columns=columns, unit="km")
    found = published_distances(
        facts, by=["origin_id"], measure="km", areas=areas, changes=changes, source="DUO"
    )
    assert found["value"].isna().all()
    assert found[["low", "high"]].values.tolist() == [[5, 10], [15, 20], [50, np.inf]]


def test_students_by_class(golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    """Home 1: 120 in 0-5, 60 in 5-10, 1 to 4 in 10-30, none beyond 30 km."""
    columns = {"municipality_id": "Gemeentecode", "year": "Jaar", "mode": "Vervoer"}
    path = golden / "duo" / "distances_wide.csv"
    facts = read_mapped(path, columns=columns, wide=WIDE, unit="students", masks=["<5", "*"])
    found = published_distances(
        facts, by=["origin_id"], measure="km", areas=areas, changes=changes, source="DUO"
    ).set_index("origin_id")
    assert found.loc["GM0001", "low"] == pytest.approx((60 * 5 + 1 * 10) / 181)
    assert found.loc["GM0001", "high"] == pytest.approx((120 * 5 + 60 * 10 + 4 * 30) / 184)
    assert found.loc["GM0002", "high"] == np.inf


def test_they_are_held_against_computed_ones(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    columns = {**HOME, "value": "Meeste studenten"}
    facts = read_mapped(golden / "duo" / "distances_long.csv", columns=columns, unit="km")
    published = published_distances(
        facts, by=["origin_id"], measure="km", areas=areas, changes=changes, source="DUO"
    )
    computed = pd.DataFrame({"origin_id": ["GM0001", "GM0002"], "mode": "transit"})
    computed = computed.assign(measure="km", value=[7.0, 26.0])
    rows = compare_published(published, computed, by=["origin_id"], modes={"ov": "transit"}).rows
    at = rows.set_index("origin_id")
    assert at.loc["GM0001", "inside"]
    assert at.loc["GM0002", "difference"] == 6
    assert at.loc["GM0004", "status"] == "not_computed"


def test_by_institution_and_by_both(areas: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("BRIN;Gemeente;Minuten\n01ZZ;Haverdam;31,5\n02ZZ;Haverdam;44\n", "utf-8")
    columns = {"institution_id": "BRIN", "municipality": "Gemeente", "value": "Minuten"}
    facts = read_mapped(path, columns=columns, year=2024, unit="min")
    both = published_distances(
        facts, by=["origin_id", "institution_id"], measure="minutes", areas=areas, source="x"
    )
    assert both[["origin_id", "institution_id", "value"]].values.tolist() == [
        ["GM0001", "01ZZ", 31.5],
        ["GM0001", "02ZZ", 44],
    ]
    school = published_distances(
        facts, by=["institution_id"], measure="minutes", areas=areas, source="x"
    )
    assert school["institution_id"].tolist() == ["01ZZ", "02ZZ"]
    assert school["mode"].isna().all()


def test_merged_municipalities_have_no_mean(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame, tmp_path: Path, told: list[Note]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Gemeente;km\nKlaverdijk;9\n's-Walmeerde;7\nHaverdam;5\n", "utf-8")
    facts = read_mapped(
        path, columns={"municipality": "Gemeente", "value": "km"}, year=2024, unit="km"
    )
    found = published_distances(
        facts,
        by=["origin_id"],
        measure="km",
        areas=areas,
        changes=changes,
        source="x",
        notify=told.append,
    )
    assert found["origin_id"].tolist() == ["GM0001"]
    assert "facts_merged" in [n.code for n in told]


def test_words_that_are_no_class(areas: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("BRIN;Klasse;Aantal\n01ZZ;0 tot 5 km;9\n01ZZ;ver weg;7\n", "utf-8")
    columns = {"institution_id": "BRIN", "klasse": "Klasse", "value": "Aantal"}
    facts = read_mapped(path, columns=columns, year=2024, unit="students")
    with pytest.raises(InputError, match="1 words are no class of distance or time: ver weg"):
        published_distances(
            facts, by=["institution_id"], measure="km", classes="klasse", areas=areas, source="x"
        )
    with pytest.raises(InputError, match="column 'category' is missing"):
        published_distances(facts, by=["institution_id"], measure="km", areas=areas, source="x")
    with pytest.raises(InputError, match="'measure' is 'mijl'"):
        published_distances(facts, by=["institution_id"], measure="mijl", areas=areas, source="x")


@settings(max_examples=60, deadline=None)
@given(
    classes=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 2)),
        min_size=1,
        max_size=4,
    )
)
def test_the_least_mean_is_the_least_of_all(classes: list[tuple[int, int, int]]) -> None:
    """Against every way to fill the classes."""
    edges = np.array([edge for edge, _, _ in classes], float)
    fewest = np.array([low for _, low, _ in classes], float)
    most = fewest + np.array([more for _, _, more in classes])
    ways = product(*(range(int(a), int(b) + 1) for a, b in zip(fewest, most, strict=True)))
    means = [np.dot(counts, edges) / sum(counts) for counts in ways if sum(counts)]
    found = _least_mean(edges, fewest, most)
    if means:
        assert found == pytest.approx(min(means))
    else:
        assert np.isnan(found)
