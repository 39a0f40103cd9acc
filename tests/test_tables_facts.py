"""Facts to indicators: keys, sums with bounds, what may not be added, and what totals tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.schema import INDICATORS
from geo_mbo.sources.catalogue import data_set
from geo_mbo.sources.facts import read_facts
from geo_mbo.sources.facts_mapped import read_mapped
from geo_mbo.tables.facts import facts_as_indicators
from geo_mbo.tables.facts_totals import tightened

SIDES = ["value", "value_low", "value_high"]


def nobody(_: Note) -> None:
    """Leave the notes unread."""


def facts(counts: Sequence[float | None], unit: str = "students", **dims: Any) -> pd.DataFrame:
    """Make facts of one year; None is a masked count of people."""
    values = pd.Series(counts, dtype=float)
    masked = values.isna()
    return pd.DataFrame(
        {
            **dims,
            "year": 2024,
            "kind": "history",
            "measure": "m",
            "unit": unit,
            "count": values,
            "masked": masked,
            "expected": values.mask(masked, 2.5),
            "low": values.mask(masked, 1.0),
            "high": values.mask(masked, 4.0),
            "label": None,
        }
    )


def of_file(golden: Path, key: str, name: str, **options: Any) -> pd.DataFrame:
    path = golden / "duo" / name
    return read_facts(path, data_set(key).table, **{"notify": nobody, **options})


def as_indicators(table: pd.DataFrame, areas: pd.DataFrame, **options: Any) -> pd.DataFrame:
    given = {"by": "institution", "indicator": "x", "source": "DUO", "notify": nobody}
    return facts_as_indicators(table, areas=areas, **{**given, **options})


def test_sums_of_an_institution_are_intervals(
    golden: Path, areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    table = of_file(golden, "students_by_track", "students_by_track.csv")
    found = as_indicators(table, areas, indicator="Studenten", notify=told.append)
    assert list(found.columns) == list(INDICATORS.columns)
    cells = found.set_index(["key", "year"])
    assert cells.loc[("01ZZ", 2024), SIDES].tolist() == [352.5, 351, 354]
    assert cells.loc[("01ZZ", 2025), SIDES].tolist() == [357, 357, 357]
    assert cells.loc[("02ZZ", 2025), SIDES].tolist() == [67.5, 66, 69]
    assert {*found["unit"]} == {"students"}
    assert [(n.code, n.count) for n in told] == [("count_masked", 2)]


def test_filters_choose(golden: Path, areas: gpd.GeoDataFrame) -> None:
    table = of_file(golden, "students_by_track", "students_by_track.csv")
    bol = as_indicators(table, areas, where={"track": ["bolvt", "BOLDT"], "year": 2025})
    assert bol.set_index("key")["value"].to_dict() == {"01ZZ": 247, "02ZZ": 65}
    with pytest.raises(InputError, match=r"no row has track 'BOL'. There are: BBL, BOLDT"):
        as_indicators(table, areas, where={"track": "BOL"})
    with pytest.raises(InputError, match=r"'leerweg' is no dimension .*track"):
        as_indicators(table, areas, where={"leerweg": "BBL"})
    with pytest.raises(InputError, match="no row has year '2030'"):
        as_indicators(table, areas, where={"year": [2025, 2030]})


def test_levels_are_the_same_however_written(areas: gpd.GeoDataFrame) -> None:
    table = facts([10, 20], institution_id="01ZZ", level=["1.0", "2.0"])
    assert as_indicators(table, areas, where={"level": 2})["value"].tolist() == [20]


def test_several_measures_need_a_filter(golden: Path, areas: gpd.GeoDataFrame) -> None:
    table = of_file(golden, "inflow_by_education_2024", "2024-inflow_by_education.csv")
    with pytest.raises(InputError, match=r"several kinds .*inflow_mbo.*filter on measure"):
        as_indicators(table, areas)
    found = as_indicators(table, areas, where={"measure": "inflow_programme"})
    assert found[SIDES].values.tolist() == [[47.5, 46, 49]]


def test_home_municipalities_by_name(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    table = of_file(golden, "students_sector_by_home", "sector_by_home.csv")
    found = as_indicators(
        table, areas, by="municipality", where={"year": 2025}, changes=changes, notify=told.append
    )
    assert found.set_index("key")["value"].to_dict() == {"GM0001": 24, "GM0004": 8}
    elsewhere = [n for n in told if n.code == "facts_elsewhere"]
    assert [(n.count, n.params["people"]) for n in elsewhere] == [(1, 11)]


def test_a_split_and_a_merger(areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    """Klaverdijk went into 's-Walmeerde; a quarter of Oudland with it, the rest to Haverdam."""
    table = facts([8, 100, 40], municipality=["Klaverdijk", "Oudland", "Haverdam"])
    found = as_indicators(table, areas, by="municipality", changes=changes)
    assert found.set_index("key")["value"].to_dict() == {"GM0001": 115, "GM0002": 33}


def test_a_brin_in_small_letters_is_the_same_institution(areas: gpd.GeoDataFrame) -> None:
    found = as_indicators(facts([8, 7], institution_id=["25lh", "25LH"]), areas)
    assert found[["key", "value"]].to_numpy().tolist() == [["25LH", 15]]


def test_codes_of_municipalities_in_any_writing(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    table = facts([8, 7, 6], municipality_id=["1", "GM0002", "0009"])
    found = as_indicators(table, areas, by="municipality", changes=changes)
    assert found.set_index("key")["value"].to_dict() == {"GM0001": 8, "GM0002": 13}
    with pytest.raises(InputError, match="GM0777"):
        as_indicators(facts([8], municipality_id=["777"]), areas, by="municipality")


def test_provinces_by_name_and_through_municipalities(
    golden: Path, areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    named = facts([10, None, 6], province=["Haverland", "BELGIE", "zandgouw"])
    found = as_indicators(named, areas, by="province", notify=told.append)
    assert found.set_index("key")["value"].to_dict() == {"PV91": 10, "PV92": 6}
    assert [n.code for n in told] == ["count_masked", "facts_elsewhere"]
    homes = facts([10, 20, 30], municipality=["Haverdam", "'s-Walmeerde", "Broekwaarde (Z.)"])
    through = as_indicators(homes, areas, by="province")
    assert through.set_index("key")["value"].to_dict() == {"PV91": 30, "PV92": 30}
    real = as_indicators(facts([5], province=["Friesland"]), areas, by="province")
    assert real["key"].tolist() == ["PV21"]
    with pytest.raises(InputError, match="1 names of regions are not known: Niemandsland"):
        as_indicators(facts([5], province=["Niemandsland"]), areas, by="province")


def test_regions_without_boundaries_keep_their_names(
    golden: Path, areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    name = "mbo-studentenprognose_arbeidsmarktregio_leeftijdscategorie.csv"
    table = of_file(golden, "prognosis_arbeidsmarktregio_leeftijdscategorie", name)
    found = as_indicators(table, areas, by="labour_market", notify=told.append)
    assert {*found["key"]} == {"Haverland Zuid", "Overig"}
    assert "facts_no_areas" in [n.code for n in told]
    region = areas.iloc[[0]].assign(area_id="AM01", level="labour_market", name="Haverland-Zuid")
    with_regions = pd.concat([areas, region], ignore_index=True)
    known = as_indicators(table, with_regions, by="labour_market")
    assert known[["key", "year", "value"]].values.tolist() == [
        ["AM01", 2025, 300],
        ["AM01", 2030, 280],
    ]


def test_a_name_of_several_regions_is_refused(areas: gpd.GeoDataFrame) -> None:
    two = pd.concat([areas.iloc[[0]], areas.iloc[[0]]], ignore_index=True)
    two = two.assign(area_id=["WK000100", "WK000200"], level="district", name="Centrum")
    table = facts([6, 7], district=["Centrum", "WK000200"])
    with pytest.raises(InputError, match="not known: Centrum"):
        as_indicators(table, two, by="district")
    assert as_indicators(table.iloc[[1]], two, by="district")["key"].tolist() == ["WK000200"]


def test_sites_of_a_forecast_keep_small_numbers(areas: gpd.GeoDataFrame) -> None:
    path = Path(__file__).parent / "golden"
    path /= "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    table = read_facts(path, data_set("prognosis_gemeente_onderwijslocatie").table)
    told: list[Note] = []
    found = as_indicators(table, areas, by="site", notify=told.append)
    cells = found.set_index(["key", "year"])
    assert cells.loc[("901X001", 2030), SIDES].tolist() == [3, 3, 3]
    # 40, a 3 that is masked from here on, and a masked one.
    assert cells.loc[("901X001", 2025), SIDES].tolist() == [45, 42, 48]
    assert {n.code: n.count for n in told}["count_small"] == 1
    assert {n.code for n in told} >= {"count_masked", "facts_without_key"}


def test_fewer_than_five_people_never_show(areas: gpd.GeoDataFrame) -> None:
    table = facts([3, 0, 2, 2, 7], institution_id=["a", "b", "c", "c", "d"], track=[*"xxxyx"])
    found = as_indicators(table, areas).set_index("key")[SIDES]
    assert found.loc["a"].tolist() == [2.5, 1, 4]
    assert found.loc["b"].tolist() == [0, 0, 0]
    assert found.loc["c"].tolist() == [5, 2, 8]
    assert found.loc["d"].tolist() == [7, 7, 7]


def test_what_totals_tell_does_not_make_people_traceable(areas: gpd.GeoDataFrame) -> None:
    parts = facts([20, None], institution_id=["a", "b"], province="P")
    total = facts([22], province="P")
    narrow = tightened(parts, total, by=["province"], notify=nobody)
    assert narrow.loc[1, ["low", "high"]].tolist() == [2, 2]
    found = as_indicators(narrow, areas).set_index("key")[SIDES]
    assert found.loc["b"].tolist() == [2.5, 1, 4]


def test_the_country_is_the_sum_of_all(golden: Path, areas: gpd.GeoDataFrame) -> None:
    table = of_file(golden, "students_programme_by_stay", "programme_by_stay.csv")
    found = as_indicators(table, areas, by="country", where={"year": [2022, 2025]})
    assert found[["key", "year", "value"]].values.tolist() == [
        ["NL", 2022, 43.5],
        ["NL", 2025, 78],
    ]


def test_countries_by_their_codes(golden: Path, areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    columns = {"country": "REF_AREA", "year": "TIME_PERIOD", "value": "OBS_VALUE"}
    table = read_mapped(golden / "duo" / "oecd.csv", columns=columns, unit="%")
    found = as_indicators(table, areas, by="country", notify=told.append)
    assert found.set_index("key")["value"].to_dict() == {"NL": 67.5, "BE": 55}
    groups = table.assign(country=["NLD", "EU27_2020"])
    assert as_indicators(groups, areas, by="country")["key"].tolist() == ["NL"]
    with pytest.raises(InputError, match="EU27_2020"):
        as_indicators(groups.iloc[[1]], areas, by="country")


def test_rates_are_taken_and_never_added(areas: gpd.GeoDataFrame) -> None:
    rates = facts([12.5, 14, 13], "ratio", institution_id=["a", "b", "b"], kind_of=[*"xxy"])
    with pytest.raises(
        InputError, match=r"1 of 'institution' .*'ratio', first b \(2024\).*kind_of"
    ):
        as_indicators(rates, areas)
    found = as_indicators(rates, areas, where={"kind_of": "x"})
    assert found["value"].tolist() == [12.5, 14]


def test_a_rate_of_merged_municipalities_is_missing_and_told(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    names = ["Klaverdijk", "'s-Walmeerde", "Haverdam"]
    rates = facts([12.5, 14, 3], "%", municipality=names)
    found = as_indicators(rates, areas, by="municipality", changes=changes, notify=told.append)
    assert found["value"].fillna(-1).tolist() == [3, -1]
    merged = [n for n in told if n.code == "facts_merged"]
    assert [n.rows for n in merged] == [("Klaverdijk", "'s-Walmeerde")]


def test_judgements_are_labels(golden: Path, areas: gpd.GeoDataFrame) -> None:
    columns = {"institution_id": "BRIN", "year": "Jaar", "label": "Kwaliteitszorg"}
    table = read_mapped(golden / "duo" / "judgements.csv", columns=columns)
    found = as_indicators(table, areas, indicator="Kwaliteitszorg", source="Inspectie")
    assert found["label"].tolist() == ["Voldoende", "Onvoldoende"]
    assert found["value"].isna().all()
    twice = pd.concat([table, table.assign(label="Goed")], ignore_index=True)
    with pytest.raises(InputError, match="more than one judgement, first 01ZZ"):
        as_indicators(twice, areas)


def test_classes_of_distance_keep_their_bounds(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    columns = {"municipality": "Gemeente", "year": "Schooljaar", "value": "Meeste studenten"}
    table = read_mapped(golden / "duo" / "distances_long.csv", columns=columns, unit="km")
    found = as_indicators(table, areas, by="municipality", changes=changes).set_index("key")
    assert found.loc["GM0001", SIDES].tolist() == [7.5, 5, 10]
    assert found.loc["GM0001", "label"] == "5 tot 10 km"
    assert found.loc["GM0004", "value_low"] == 50
    assert pd.isna(found.loc["GM0004", "value"])


def test_hidden_staff_is_missing_and_the_rest_is_a_least(
    areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    staff = facts([10, None, None], "persons", institution_id=["a", "a", "b"], grade=[*"xyx"])
    hidden = staff.assign(
        **{side: staff[side].mask(staff["masked"]) for side in ("expected", "low", "high")}
    )
    found = as_indicators(hidden, areas, notify=told.append).set_index("key")
    assert found.loc["a", SIDES].fillna(-1).tolist() == [-1, 10, -1]
    assert found.loc["b", SIDES].isna().all()
    assert [(n.code, n.count) for n in told] == [("facts_hidden", 2)]


def test_blank_cells_are_told(areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    table = facts([10, None], institution_id=["a", "a"], track=[*"xy"]).assign(masked=False)
    sides = ["expected", "low", "high"]
    table.loc[1, sides] = float("nan")
    found = as_indicators(table, areas, notify=told.append)
    assert found[SIDES].values.tolist() == [[10, 10, 10]]
    assert [(n.code, n.count) for n in told] == [("count_blank", 1)]


def test_no_rows_give_no_indicators(areas: gpd.GeoDataFrame) -> None:
    none = facts([10], institution_id=["a"]).iloc[:0]
    found = as_indicators(none, areas)
    assert found.empty
    assert list(found.columns) == list(INDICATORS.columns)


def test_inputs_are_unchanged(golden: Path, areas: gpd.GeoDataFrame) -> None:
    table = of_file(golden, "students_by_track", "students_by_track.csv")
    before = table.copy(deep=True)
    as_indicators(table, areas)
    tightened(table, table.iloc[:0], by=["institution_id"])
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_told_is_an_error(areas: gpd.GeoDataFrame) -> None:
    table = facts([10], institution_id=["a"])
    with pytest.raises(InputError, match=r"no column that tells its site\. It tells: institution"):
        as_indicators(table, areas, by="site")
    with pytest.raises(InputError, match="'by' is 'brin'"):
        as_indicators(table, areas, by="brin")


def test_order_of_rows_does_not_matter(golden: Path, areas: gpd.GeoDataFrame) -> None:
    table = of_file(golden, "students_by_track", "students_by_track.csv")
    shuffled = table.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(as_indicators(table, areas), as_indicators(shuffled, areas))


def test_totals_of_a_file_tighten_its_parts(golden: Path, told: list[Note]) -> None:
    parts = of_file(golden, "graduates_website", "graduates_website.csv")
    total = of_file(golden, "graduates_website", "graduates_website.csv", totals=True)
    found = tightened(parts, total, by=["institution_id", "sex"], notify=told.append)
    masked = found[found["masked"]].set_index("sex")
    assert masked.loc["man", ["expected", "low", "high"]].tolist() == [4, 4, 4]
    assert masked.loc["vrouw", ["expected", "low", "high"]].tolist() == [2, 2, 2]
    assert found["count"].isna().sum() == 2
    assert [(n.code, n.count) for n in told] == [("totals_tightened", 2)]


def test_a_file_of_fewer_dimensions_is_a_total() -> None:
    parts = facts([10, None, None], municipality=["A", "A", "B"], site_id=["x", "y", "x"])
    totals = facts([13, None], municipality=["A", "B"])
    found = tightened(parts, totals, by=["municipality"], notify=nobody)
    assert found[["low", "high"]].values.tolist() == [[10, 10], [3, 3], [1, 4]]


def test_a_total_over_other_dimensions_is_not_used() -> None:
    parts = facts([10, None, 20, None], institution_id="a", track=[*"xxyy"], level=[*"1212"])
    of_track = facts([12], institution_id="a", track="x", level=[None])
    same = tightened(parts, of_track, by=["institution_id"], notify=nobody)
    pd.testing.assert_frame_equal(same, parts)
    found = tightened(parts, of_track, by=["institution_id", "track"], notify=nobody)
    assert found["low"].tolist() == [10, 2, 20, 1]


def test_a_total_that_cannot_be_is_told_and_not_used(told: list[Note]) -> None:
    parts = facts([10, None, 10, None], institution_id=["a", "a", "b", "b"], track=[*"xyxy"])
    totals = facts([40, 9], institution_id=["a", "b"])
    found = tightened(parts, totals, by=["institution_id"], source="DUO", notify=told.append)
    pd.testing.assert_frame_equal(found, parts)
    assert [(n.code, n.count, n.rows) for n in told] == [
        ("totals_contradict", 2, ("a, 2024", "b, 2024"))
    ]


def test_a_total_without_its_dimension_is_an_error() -> None:
    with pytest.raises(InputError, match="no column 'track'"):
        tightened(facts([1], institution_id="a"), facts([1], track="x"), by=["track"])


@settings(max_examples=150, deadline=None)
@given(
    truth=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=12),
    blanks=st.sets(st.integers(0, 11)),
    masked_total=st.booleans(),
)
def test_bounds_hold_the_truth_and_never_widen(
    truth: list[tuple[str, int]], blanks: set[int], masked_total: bool
) -> None:
    groups, counts = zip(*truth, strict=True)
    hidden = [None if 1 <= n <= 4 else n for n in counts]
    parts = facts(hidden, group=list(groups), part=[str(n) for n in range(len(counts))])
    gone = parts.index.isin(list(blanks)) & (parts.index > 0)
    parts.loc[gone, ["count", "expected", "low", "high"]] = float("nan")
    parts.loc[gone, "masked"] = False
    sums = pd.Series(counts).groupby(list(groups)).sum()
    told = [None if masked_total and 1 <= n <= 4 else n for n in sums]
    found = tightened(parts, facts(told, group=list(sums.index)), by=["group"], notify=nobody)
    known = ~gone
    true = pd.Series(counts)[known]
    low, high = found.loc[known, "low"], found.loc[known, "high"]
    assert (low <= true + 1e-9).all()
    assert (high >= true - 1e-9).all()
    assert (low >= parts.loc[known, "low"]).all()
    assert (high <= parts.loc[known, "high"]).all()
    assert found.loc[known, "expected"].between(low - 1e-9, high + 1e-9).all()
    assert found.loc[gone, ["low", "high"]].isna().all(axis=None)
    if not blanks and not masked_total:
        added = found.groupby("group")["expected"].sum()
        assert (added - sums).abs().max() < 1e-9


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), min_size=1, max_size=20)
)
def test_sums_hold_the_truth(cells: list[tuple[str, int]]) -> None:
    """However cells were masked, the true sum of each key lies within its bounds."""
    keys, counts = zip(*cells, strict=True)
    masked = [None if 1 <= n <= 4 else n for n in counts]
    table = facts(masked, institution_id=list(keys), part=[str(n) for n in range(len(keys))])
    nowhere = pd.DataFrame(columns=["area_id", "level", "name", "parent_id"])
    found = as_indicators(table, nowhere).set_index("key")
    for key, true in pd.Series(counts).groupby(list(keys)).sum().items():
        assert found.loc[key, "value_low"] <= true <= found.loc[key, "value_high"]
