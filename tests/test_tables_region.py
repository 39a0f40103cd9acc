"""A region with its surroundings: nobody is lost, and nothing beyond the margin is left."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from geo_mbo.analysis import Choices, compared_indicators, find
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError
from geo_mbo.sample import sample_town
from geo_mbo.schema import AREAS, INDICATORS, RD, checked
from geo_mbo.tables import checked_tables
from geo_mbo.tables.region import ELSEWHERE, cut_out


@pytest.fixture(scope="module")
def town():
    return sample_town()


def cut(tables, names, *, margin_km=0.0, level="municipality", notify=lambda _: None):
    return cut_out(tables, level=level, names=names, margin_km=margin_km, notify=notify)


def names_of(tables) -> list[str]:
    areas = tables.areas
    return sorted(areas.loc[areas["level"] == "municipality", "name"])


def test_all_of_it_is_all_of_it(town) -> None:
    found = cut(town.tables, names_of(town.tables))
    for name in ("sites", "offers", "origins", "areas", "enrolments", "residents", "students"):
        cut_table, table = (pd.DataFrame(getattr(t, name)) for t in (found.tables, town.tables))
        by = [column for column in table.columns if column != "geometry"]
        pd.testing.assert_frame_equal(
            *(t.sort_values(by, ignore_index=True) for t in (cut_table, table))
        )


def test_one_municipality(town) -> None:
    notes: list = []
    found = cut(town.tables, ["aldermeer"], notify=notes.append)
    tables = checked_tables(found.tables)
    towns = tables.areas[tables.areas["level"] == "municipality"]
    assert found.municipalities == frozenset(towns["area_id"]) == {"GM9001"}
    assert set(tables.origins["area_id"]) == {"GM9001"}
    assert set(tables.sites["municipality_id"]) <= {"GM9001"}
    assert set(tables.offers["site_id"]) <= set(tables.sites["site_id"])
    homes = set(tables.students.loc[tables.students["origin_kind"] == "municipality", "origin_id"])
    assert homes <= {"GM9001"}
    assert [told.code for told in notes] == ["region_cut"]
    assert notes[0].count == len(town.tables.sites) - len(tables.sites)


def test_nobody_who_goes_to_a_site_is_lost(town) -> None:
    found = cut(town.tables, ["Aldermeer"]).tables
    there = town.tables.students["site_id"].isin(found.sites["site_id"])
    for name in COUNTS:
        before = town.tables.students.loc[there].groupby(["site_id", "year"])[name].sum()
        at_site = found.students.dropna(subset=["site_id"])
        pd.testing.assert_series_equal(before, at_site.groupby(["site_id", "year"])[name].sum())
    assert ELSEWHERE in set(found.students["origin_id"])


def test_a_wide_margin_brings_all_back(town) -> None:
    found = cut(town.tables, ["Aldermeer"], margin_km=100)
    assert len(found.tables.sites) == town.tables.sites["municipality_id"].notna().sum()
    assert found.municipalities == {"GM9001"}
    assert ELSEWHERE not in set(found.tables.students["origin_id"])


def test_the_margin_is_measured_from_the_border(town) -> None:
    around = checked(
        gpd.GeoDataFrame(
            {
                "area_id": ["GM1", "GM2", "GM3"],
                "level": "municipality",
                "name": ["Here", "Near", "Far"],
                "parent_id": None,
                "valid_from": None,
                "valid_to": None,
            },
            geometry=[box(100_000 + k, 400_000, 101_000 + k, 401_000) for k in (0, 3_000, 3_001)],
            crs=RD,
        ),
        AREAS,
    )
    tables = replace(town.tables, areas=around)
    assert names_of(cut(tables, ["Here"], margin_km=2).tables) == ["Here", "Near"]
    assert names_of(cut(tables, ["Here"], margin_km=1.999).tables) == ["Here"]


def test_larger_regions_are_kept_where_something_of_them_is(town) -> None:
    provinces = town.tables.areas[town.tables.areas["level"] == "province"]
    found = cut(town.tables, list(provinces["name"])[:1], level="province")
    assert set(found.tables.areas["level"]) >= {"province", "municipality"}


def test_a_region_that_is_not_there(town) -> None:
    with pytest.raises(InputError, match=r"'Nergens'.*Aldermeer"):
        cut(town.tables, ["Aldermeer", "Nergens"])
    with pytest.raises(InputError, match=r"inputs\.labour_markets"):
        cut(town.tables, ["FoodValley"], level="labour_market")


def test_gaps_are_those_of_the_region_itself(town) -> None:
    whole = find(town.tables, town.matrix, Choices(mode="bike"), notify=lambda _: None)
    focus = frozenset(["GM9001"])
    found = find(town.tables, town.matrix, Choices(mode="bike", focus=focus), notify=lambda _: None)
    assert set(found.coverage["area_id"]) == focus
    mine = whole.coverage[whole.coverage["area_id"].isin(focus)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.coverage.reset_index(drop=True), mine)
    # How students travel is told of all of them, wherever they live.
    pd.testing.assert_frame_equal(found.travel_by_site, whole.travel_by_site)
    assert np.isfinite(found.coverage["young_people"]).all()


def test_a_site_outside_every_municipality_is_beyond(town) -> None:
    lone = town.tables.sites.iloc[[0]].assign(
        site_id="lone", municipality_id=None, geometry=[Point(250_000, 500_000)]
    )
    sites = pd.concat([town.tables.sites, lone], ignore_index=True)
    tables = replace(town.tables, sites=gpd.GeoDataFrame(sites, crs=RD))
    assert "lone" not in set(cut(tables, ["Aldermeer"], margin_km=100).tables.sites["site_id"])


def test_a_region_partly_here_has_no_sum_of_its_part(town) -> None:
    def young(tables) -> pd.DataFrame:
        found = compared_indicators(tables, notify=lambda _: None)
        return found.query("indicator == 'inhabitants_15_24'").set_index("key")

    assert young(town.tables).loc["PV90", "value"] == 700
    part = young(checked_tables(cut(town.tables, ["Aldermeer"]).tables))
    assert part.loc["GM9001", "value"] == 400
    assert np.isnan(part.loc["PV90", "value"])
    near = cut(town.tables, ["Aldermeer"]).tables.indicators
    rates = replace(town.tables, indicators=town.tables.indicators.assign(unit="%"))
    assert "province" in set(near["key_kind"])
    assert "province" not in set(cut(rates, ["Aldermeer"]).tables.indicators["key_kind"])
    # What was published of it holds, whatever is left of it.
    told = town.tables.indicators.query("key == 'GM9001' and indicator == 'inhabitants_15_24'")
    told = told.assign(key_kind="province", key="PV90", value=710, value_low=710, value_high=710)
    both = replace(town.tables, indicators=pd.concat([town.tables.indicators, told]))
    assert young(cut(both, ["Aldermeer"]).tables).loc["PV90", "value"] == 710


def test_an_institution_partly_here_has_no_sum_of_its_sites(town) -> None:
    mine = town.tables.sites.query("institution_id == '90AA' and status == 'existing'")
    assert mine["municipality_id"].nunique() > 1
    rows = pd.DataFrame(
        {
            "key_kind": "site", "key": mine["site_id"], "indicator": "Studenten", "year": 2024,
            "value": 40.0, "value_low": 40.0, "value_high": 40.0, "label": None,
            "unit": "students", "source": "DUO",
        }
    )  # fmt: skip
    tables = replace(town.tables, indicators=checked(rows, INDICATORS))
    home = mine["municipality_id"].iloc[0]
    for names, known in (([home], 0), (list(mine["municipality_id"].unique()), 1)):
        found = compared_indicators(cut(tables, names).tables, notify=lambda _: None)
        assert found.query("key_kind == 'institution'")["value"].notna().sum() == known


def test_codes_that_are_nowhere_are_told(town) -> None:
    rows = pd.DataFrame(
        {
            "key_kind": "institution", "key": ["90AA", "99ZZ"], "indicator": "Oordeel",
            "year": 2024, "value": np.nan, "value_low": np.nan, "value_high": np.nan,
            "label": "Goed", "unit": "-", "source": "Inspectie",
        }
    )  # fmt: skip
    notes: list = []
    tables = replace(town.tables, indicators=checked(rows, INDICATORS))
    cut(tables, ["Aldermeer"], margin_km=5, notify=notes.append)
    told = {found.code: found for found in notes}
    assert told["indicator_institutions_nowhere"].rows == ("99ZZ",)
    assert "met 5 km eromheen" in told["region_cut"].text("nl")


def test_of_many_names_the_nearest_are_told(town) -> None:
    one = town.tables.areas[town.tables.areas["level"] == "municipality"].iloc[[0]]
    names = ["Utrecht", "Maastricht", *(f"Plaats {k}" for k in range(50))]
    many = pd.concat([one.assign(name=n, area_id=f"GM{k:04}") for k, n in enumerate(names)])
    tables = replace(town.tables, areas=gpd.GeoDataFrame(many, crs=RD))
    with pytest.raises(InputError, match=r"There are: Utrecht, (Maastricht, )?\.\.\.") as error:
        cut(tables, ["Utrcht"])
    assert len(str(error.value)) < 200
