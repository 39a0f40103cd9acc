"""Municipalities through the years: which there were, and tables on the boundaries of another."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import unary_union
from shapely.geometry import Point, Polygon, box

from geo_mbo import tables
from geo_mbo.counts import ADDING, COUNTS, PEOPLE
from geo_mbo.errors import CrsError, GeoMboError, InputError
from geo_mbo.notes import Note
from geo_mbo.schema import INDICATORS, STUDENTS, checked, empty
from geo_mbo.tables.changes import municipality_changes
from geo_mbo.tables.names import resolve
from geo_mbo.tables.year_weights import address_weights, split_weights
from geo_mbo.tables.years import (
    municipalities_of,
    successions,
    to_year,
    year_of_codes,
)

COUNTS_BY_YEAR = {
    2015: 393,
    2016: 390,
    2017: 388,
    2018: 380,
    2019: 355,
    2020: 355,
    2021: 352,
    2022: 345,
    2023: 342,
    2024: 342,
    2025: 342,
    2026: 342,
}
SPLIT = ("GM0140", "GM0053", "GM0788")


def quiet(_: Note) -> None:
    """Leave the notes unread."""


def students(numbers: dict[str, float], **more: object) -> pd.DataFrame:
    values = [*numbers.values()]
    return pd.DataFrame({"origin_id": [*numbers], **more, **dict.fromkeys(COUNTS, values)})


def everyone(year: int) -> dict[str, float]:
    codes = municipalities_of(year)["municipality_id"]
    return {code: 10.0 + n for n, code in enumerate(codes)}


def pieces(old: int, new: int) -> pd.DataFrame:
    """Some number of people in every piece of an old municipality that is in a new one."""
    pairs = successions(old, new)
    people = pd.Series(range(len(pairs))) % 89 * 100.0 + 400
    return pairs[["old_code", "new_code"]].assign(weight=people)


def test_the_number_of_municipalities_is_that_of_cbs() -> None:
    assert {year: len(municipalities_of(year)) for year in COUNTS_BY_YEAR} == COUNTS_BY_YEAR


def test_codes_and_changes_of_the_package_tell_one_story() -> None:
    changes = municipality_changes()
    for year in range(2016, 2027):
        pairs = successions(year - 1, year)
        assert {*pairs["old_code"]} == {*municipalities_of(year - 1)["municipality_id"]}
        assert {*pairs["new_code"]} == {*municipalities_of(year)["municipality_id"]}
    assert {*successions(2015, 2025)["new_code"]} == {*municipalities_of(2025)["municipality_id"]}
    known = municipalities_of(2015).set_index("municipality_id")["name"]
    assert (changes["old_code"].map(known) == changes["old_name"]).all()


def test_a_change_in_the_course_of_a_year_counts_from_the_next() -> None:
    assert "GM0457" in {*municipalities_of(2022)["municipality_id"]}
    assert "GM0457" not in {*municipalities_of(2023)["municipality_id"]}
    assert {"GM1921"} == {*municipalities_of(2015)["municipality_id"]} & {"GM1921", "GM1940"}
    assert {"GM1940"} == {*municipalities_of(2016)["municipality_id"]} & {"GM1921", "GM1940"}


@pytest.mark.parametrize("year", [2014, 2027])
def test_a_year_that_is_not_known(year: int) -> None:
    with pytest.raises(InputError, match=f"municipalities of {year} are not known"):
        municipalities_of(year)


def test_the_study_s_own_changes_go_on_where_the_package_stops() -> None:
    own = pd.DataFrame(
        {
            "date": "2027-01-01",
            "old_code": ["GM0014", "GM0034"],
            "old_name": ["Groningen", "Almere"],
            "new_code": "GM2001",
            "share": 1.0,
        }
    )
    changes = municipality_changes(own)
    assert len(municipalities_of(2027, changes=changes)) == 341
    moved = to_year(
        students({"GM0014": 7.0, "GM0034": 5.0}),
        from_year=2026,
        to_year=2027,
        changes=changes,
        notify=quiet,
    )
    assert moved.set_index("origin_id")["students"].to_dict() == {"GM2001": 12.0}
    with pytest.raises(InputError, match="1 have no date that can be read, first GM0014"):
        municipalities_of(2027, changes=own.assign(date=["soon", "2027-01-01"]))


def test_year_of_codes() -> None:
    for year, count in COUNTS_BY_YEAR.items():
        found = year_of_codes(municipalities_of(year)["municipality_id"])
        assert year in found
        assert {COUNTS_BY_YEAR[y] for y in found} == {count}
    assert year_of_codes([]) == tuple(COUNTS_BY_YEAR)
    with pytest.raises(InputError, match="2026 comes nearest, and lacks 1: GM0381"):
        year_of_codes(["GM0381", "GM1942", "GM1992"])


def test_mergers_add_up_and_the_rest_stays(told: list[Note]) -> None:
    table = students({"GM0381": 6.0, "GM0363": 9.0, "GM0425": 2.5, "GM0424": 1.0})
    moved = to_year(table, from_year=2015, to_year=2016, notify=told.append)
    assert moved["origin_id"].tolist() == ["GM1942", "GM0363"]
    assert moved["students"].tolist() == [9.5, 9.0]
    assert {n.code: {*n.rows} for n in told} == {
        "boundaries_merged": {"GM0381", "GM0424", "GM0425"}
    }
    assert table["origin_id"].tolist() == ["GM0381", "GM0363", "GM0425", "GM0424"]


def test_bounds_add_to_bounds() -> None:
    table = students({"GM0381": 2.5, "GM0424": 2.5})
    table = table.assign(students_low=1.0, students_high=4.0)
    moved = to_year(table, from_year=2015, to_year=2025, notify=quiet)
    assert moved[[*COUNTS]].to_numpy().tolist() == [[5.0, 2.0, 8.0]]


def test_a_split_goes_by_the_shares_in_the_list(told: list[Note]) -> None:
    moved = to_year(students({"GM0053": 1000.0}), from_year=2018, to_year=2019, notify=told.append)
    assert moved.set_index("origin_id")["students"].round(6).to_dict() == {
        "GM1966": 883.0,
        "GM1969": 117.0,
    }
    assert [note.code for note in told] == ["boundaries_shared"]


def test_a_split_without_shares_needs_weights() -> None:
    table = students({"GM0140": 100.0})
    with pytest.raises(InputError, match="shares that are not known: 1: GM0140"):
        to_year(table, from_year=2017, to_year=2018)
    weights = pd.DataFrame(
        {
            "old_code": ["GM0140"] * 3,
            "new_code": ["GM0080", "GM1900", "GM1949"],
            "weight": [3, 5, 2],
        }
    )
    moved = to_year(table, from_year=2017, to_year=2018, weights=weights, notify=quiet)
    assert moved["students"].tolist() == [30.0, 50.0, 20.0]


def test_weights_go_before_the_shares_in_the_list() -> None:
    weights = pd.DataFrame(
        {"old_code": "GM0053", "new_code": ["GM1966", "GM1969"], "weight": [3, 1]}
    )
    moved = to_year(
        students({"GM0053": 8.0}), from_year=2018, to_year=2019, weights=weights, notify=quiet
    )
    assert moved["students"].tolist() == [6.0, 2.0]


def test_back_in_time_goes_by_people_and_not_without() -> None:
    table = students({"GM1942": 100.0, "GM1940": 7.0, "GM1945": 3.0})
    with pytest.raises(InputError, match=r"1 municipalities have to be shared out.*GM1942"):
        to_year(table, from_year=2025, to_year=2015)
    inhabitants = pd.DataFrame(
        {"old_code": ["GM0381", "GM0424", "GM0425"], "weight": [6.0, 1.0, 3.0]}
    )
    moved = to_year(table, from_year=2025, to_year=2015, weights=inhabitants, notify=quiet)
    assert moved.set_index("origin_id")["students"].to_dict() == {
        "GM0381": 60.0,
        "GM0424": 10.0,
        "GM0425": 30.0,
        "GM1921": 7.0,
        "GM0241": 3.0,
    }


def test_a_chain_of_changes_needs_no_weights_between() -> None:
    own = pd.DataFrame(
        {
            "date": ["2027-01-01"] * 3,
            "old_code": ["GM1942", "GM1942", "GM0406"],
            "old_name": ["Gooise Meren", "Gooise Meren", "Huizen"],
            "new_code": ["GM2001", "GM2002", "GM2002"],
            "share": [0.25, 0.75, 1.0],
        }
    )
    changes = municipality_changes(own)
    pairs = successions(2015, 2027, changes=changes).set_index(["old_code", "new_code"])["share"]
    assert pairs["GM0381"].to_dict() == {"GM2001": 0.25, "GM2002": 0.75}
    moved = to_year(
        students({"GM0381": 4.0}), from_year=2015, to_year=2027, changes=changes, notify=quiet
    )
    assert moved.set_index("origin_id")["students"].to_dict() == {"GM2001": 1.0, "GM2002": 3.0}


def test_what_is_no_municipality_stays() -> None:
    table = pd.DataFrame(
        {
            "origin_id": ["GM0381", "BE", "UNKNOWN", None],
            **{name: [1.0, 2.0, 3.0, 4.0] for name in COUNTS},
        }
    )
    moved = to_year(table, from_year=2015, to_year=2025, notify=quiet)
    assert moved["origin_id"].fillna("-").tolist() == ["GM1942", "BE", "UNKNOWN", "-"]
    assert moved["students"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_codes_of_neither_year_are_all_named() -> None:
    table = students({"GM9999": 1.0, "GM0363": 1.0, "GM1950": 2.0, "gm0363": 3.0})
    with pytest.raises(InputError, match="3: GM1950, GM9999, gm0363"):
        to_year(table, from_year=2015, to_year=2016)


def test_codes_that_are_of_the_other_year_already_stay_and_are_told(told: list[Note]) -> None:
    table = students({"GM0381": 6.0, "GM1942": 4.0})
    moved = to_year(table, from_year=2015, to_year=2025, notify=told.append)
    assert moved[["origin_id", "students"]].to_numpy().tolist() == [["GM1942", 10.0]]
    assert {note.code: note.rows for note in told} == {
        "codes_of_other_year": ("GM1942",),
        "boundaries_merged": ("GM0381",),
    }


def test_all_other_columns_are_the_key_of_a_row() -> None:
    table = pd.concat(
        [
            students({"GM0381": 1.0, "GM0424": 2.0}, level=[2.0, None], year=2015),
            students({"GM0425": 4.0}, level=[None], year=2015),
        ],
        ignore_index=True,
    )
    moved = to_year(table, from_year=2015, to_year=2025, notify=quiet)
    assert [*moved.columns] == [*table.columns]
    assert moved["students"].tolist() == [1.0, 6.0]


def test_a_whole_table_of_students_keeps_its_contract() -> None:
    table = checked(
        students(
            {"GM0381": 6.0, "GM0424": 2.5, "BE": 1.0},
            origin_kind=["municipality", "municipality", "abroad"],
            home_id=None,
            site_id="901X001",
            institution_id="01AA",
            programme_id=None,
            level=2.0,
            track="BOL",
            age=None,
            year=2015,
            kind="history",
        ),
        STUDENTS,
    )
    moved = checked(to_year(table, from_year=2015, to_year=2025, notify=quiet), STUDENTS)
    assert moved["students"].tolist() == [8.5, 1.0]
    assert_frame_equal(to_year(table, from_year=2015, to_year=2015, notify=quiet), table)
    nobody = empty(STUDENTS)
    assert_frame_equal(to_year(nobody, from_year=2015, to_year=2025, notify=quiet), nobody)


def indicators(*rows: tuple[str, str, str, float | None, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["key_kind", "key", "indicator", "value", "unit"])
    table = table.assign(year=2015, label=None, source="CBS")
    return checked(table.assign(value_low=table["value"], value_high=table["value"]), INDICATORS)


def test_indicators_add_up_where_they_are_counts(told: list[Note]) -> None:
    table = indicators(
        ("municipality", "GM0381", "inhabitants", 100, "inhabitants"),
        ("municipality", "GM0424", "inhabitants", 30, "inhabitants"),
        ("municipality", "GM0478", "inhabitants", 30, "inhabitants"),
        ("municipality", "GM0385", "inhabitants", None, "inhabitants"),
        ("municipality", "GM0363", "income", 30.5, "x 1 000 euro"),
        ("province", "PV27", "income", 31.0, "x 1 000 euro"),
    )
    moved = to_year(table, from_year=2015, to_year=2025, column="key", notify=told.append)
    values = checked(moved, INDICATORS).set_index(["key", "indicator"])["value"]
    assert values["GM1942", "inhabitants"] == 130
    assert pd.isna(values["GM0385", "inhabitants"])
    assert values["GM0363", "income"] == 30.5
    assert values["PV27", "income"] == 31.0
    assert [(n.code, n.count) for n in told] == [("boundaries_merged", 3), ("sum_not_known", 1)]


def test_rates_of_what_changed_are_refused() -> None:
    table = indicators(
        ("municipality", "GM0381", "income", 30.5, "x 1 000 euro"),
        ("municipality", "GM0381", "youth", 12.0, "%"),
        ("municipality", "GM9999", "youth", 12.0, "%"),
    )
    with pytest.raises(InputError) as raised:
        to_year(table, from_year=2015, to_year=2025, column="key", notify=quiet)
    assert [b.code for b in raised.value.breaches] == ["codes_of_neither_year", "rates_do_not_add"]
    assert "income (x 1 000 euro), youth (%)" in str(raised.value)
    assert "Leave them out" in str(raised.value)
    assert "Laat ze weg" in raised.value.text("nl")


def test_rates_of_what_was_only_renamed_stay() -> None:
    table = indicators(("municipality", "GM1921", "income", 30.5, "x 1 000 euro"))
    moved = to_year(table, from_year=2015, to_year=2025, column="key", notify=quiet)
    assert moved[["key", "value"]].to_numpy().tolist() == [["GM1940", 30.5]]


def test_all_that_is_wrong_is_told_at_once() -> None:
    table = students({"GM0140": 1.0, "GM9999": 2.0})
    with pytest.raises(InputError) as raised:
        to_year(table, from_year=2017, to_year=2018)
    assert [b.code for b in raised.value.breaches] == [
        "codes_of_neither_year",
        "split_needs_weights",
    ]


def test_units_that_add_up_have_one_home() -> None:
    assert PEOPLE < ADDING
    assert {"fte", "addresses", "dwellings", "households"} <= ADDING - PEOPLE


def test_a_table_without_counts_is_refused() -> None:
    with pytest.raises(InputError, match="There are: origin_id, people"):
        to_year(pd.DataFrame({"origin_id": [], "people": []}), from_year=2015, to_year=2016)


def test_weights_below_zero_are_refused() -> None:
    weights = pd.DataFrame({"old_code": ["GM0381", "GM0424"], "weight": [5.0, -1.0]})
    with pytest.raises(InputError, match="Weights: 1 are missing or below zero, first for GM0424"):
        to_year(students({"GM1942": 1.0}), from_year=2025, to_year=2015, weights=weights)


def test_weights_that_no_change_asks_for_are_told(told: list[Note]) -> None:
    weights = pd.DataFrame(
        {
            "old_code": ["GM0381", "GM0424", "GM0425", "GM0034", "GM0034"],
            "new_code": ["GM1942", "GM1942", "GM1942", "GM1942", "GM0034"],
            "weight": [5.0, 0.0, 5.0, 8.0, 900.0],
        }
    )
    moved = to_year(
        students({"GM1942": 10.0, "GM0034": 1.0}),
        from_year=2025,
        to_year=2015,
        weights=weights,
        notify=told.append,
    )
    assert moved.set_index("origin_id")["students"].to_dict() == {
        "GM0381": 5.0,
        "GM0424": 0.0,
        "GM0425": 5.0,
        "GM0034": 1.0,
    }
    unused = next(note for note in told if note.code == "weights_unused")
    assert (unused.rows, unused.params["people"]) == (("GM0034 > GM1942",), 8)


def test_lost_students_are_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from geo_mbo.tables import years

    whole = years._ways

    def leaking(*args: object, **kwargs: object) -> pd.DataFrame:
        ways = whole(*args, **kwargs)  # type: ignore[arg-type]
        return ways.assign(part=ways["part"] * 0.9)

    monkeypatch.setattr(years, "_ways", leaking)
    with pytest.raises(GeoMboError, match="no longer right"):
        to_year(students({"GM0381": 6.0}), from_year=2015, to_year=2025, notify=quiet)


def test_there_and_back_keeps_every_student() -> None:
    table, weights = students(everyone(2015)), pieces(2015, 2025)
    there = to_year(table, from_year=2015, to_year=2025, weights=weights, notify=quiet)
    back = to_year(there, from_year=2025, to_year=2015, weights=weights, notify=quiet)
    assert {*there["origin_id"]} == {*municipalities_of(2025)["municipality_id"]}
    assert {*back["origin_id"]} == {*municipalities_of(2015)["municipality_id"]}
    for found in (there, back):
        assert found["students"].sum() == pytest.approx(table["students"].sum(), rel=1e-12)


def test_back_and_there_again_gives_what_was_but_for_splits() -> None:
    table, weights = students(everyone(2025)), pieces(2015, 2025)
    back = to_year(table, from_year=2025, to_year=2015, weights=weights, notify=quiet)
    again = to_year(back, from_year=2015, to_year=2025, weights=weights, notify=quiet)
    before, after = (t.set_index("origin_id")["students"] for t in (table, again))
    after = after.reindex(before.index)
    pairs = successions(2015, 2025)
    parts = {old: pairs.loc[pairs["old_code"] == old, "new_code"].tolist() for old in SPLIT}
    touched = {code for codes in parts.values() for code in codes}
    rest = [code for code in before.index if code not in touched]
    assert len(rest) == 342 - 9
    assert (after[rest] - before[rest]).abs().max() < 1e-9
    for codes in parts.values():
        assert after[codes].sum() == pytest.approx(before[codes].sum(), rel=1e-12)


@settings(max_examples=12, deadline=None)
@given(
    people=st.lists(st.integers(1, 10_000), min_size=414, max_size=414),
    years=st.tuples(st.integers(2015, 2026), st.integers(2015, 2026)),
)
def test_students_who_live_as_the_people_do_come_back_exactly(
    people: list[int], years: tuple[int, int]
) -> None:
    older, newer = sorted(years)
    pairs = successions(older, newer)
    weights = pairs[["old_code", "new_code"]].assign(weight=people[: len(pairs)])
    for side, (start, goal) in (("old_code", (older, newer)), ("new_code", (newer, older))):
        numbers = weights.groupby(side)["weight"].sum().astype(float)
        table = students(numbers.to_dict())
        there = to_year(table, from_year=start, to_year=goal, weights=weights, notify=quiet)
        again = to_year(there, from_year=goal, to_year=start, weights=weights, notify=quiet)
        found = again.set_index("origin_id")["students"].reindex(numbers.index)
        assert ((found - numbers).abs() / numbers).max() < 1e-9
        assert there["students"].sum() == pytest.approx(sum(weights["weight"]), rel=1e-12)


@settings(max_examples=12, deadline=None)
@given(
    numbers=st.dictionaries(
        st.sampled_from(sorted(municipalities_of(2016)["municipality_id"])),
        st.floats(0, 1e6),
        min_size=1,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_does_not_matter(numbers: dict[str, float], order: object) -> None:
    table, weights = students(numbers), pieces(2016, 2023)
    shuffled = [*table.index]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (
        to_year(t, from_year=2016, to_year=2023, weights=weights, notify=quiet)
        .set_index("origin_id")["students"]
        .sort_index()
        for t in (table, table.loc[shuffled])
    )
    assert one.index.equals(other.index)
    assert (one - other).abs().max() <= 1e-9 * max(one.max(), 1)


def areas(codes: list[str], edges: list[float], **more: object) -> gpd.GeoDataFrame:
    boxes = [box(a, 400_000, b, 401_000) for a, b in pairwise(edges)]
    return gpd.GeoDataFrame({"area_id": codes, **more}, geometry=boxes, crs=28992)


def points(people: dict[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"weight": [*people.values()]}, geometry=[Point(x, 400_500) for x in people], crs=28992
    )


def test_split_weights(told: list[Note]) -> None:
    old = areas(["GM0001", "GM0002"], [100_000, 102_000, 103_000])
    new = areas(["GM0003", "GM0002"], [100_000, 101_000, 103_000])
    people = points({100_500: 30, 101_500: 10, 102_500: 7, 104_000: 2})
    found = split_weights(old, new, people, notify=told.append)
    assert found.to_numpy().tolist() == [
        ["GM0001", "GM0002", 10.0],
        ["GM0001", "GM0003", 30.0],
        ["GM0002", "GM0002", 7.0],
    ]
    assert [(n.code, n.count, n.params["people"]) for n in told] == [("points_astray", 1, 2)]


def test_a_point_on_a_boundary_counts_once() -> None:
    both = areas(["GM0001", "GM0002"], [100_000, 101_000, 102_000])
    found = split_weights(both, both, points({101_000: 5}), notify=quiet)
    assert found.to_numpy().tolist() == [["GM0001", "GM0001", 5.0]]


def test_only_municipalities_weigh_and_the_coordinates_are_guarded() -> None:
    mixed = areas(
        ["PV20", "GM0002"], [100_000, 101_000, 102_000], level=["province", "municipality"]
    )
    found = split_weights(mixed, mixed, points({101_500: 5}), notify=quiet)
    assert found["old_code"].tolist() == ["GM0002"]
    with pytest.raises(InputError, match="No point lies in an area of both years"):
        split_weights(mixed, mixed, points({100_500: 5}), notify=quiet)
    with pytest.raises(CrsError):
        split_weights(mixed.to_crs(4326), mixed, points({101_500: 5}))


def test_address_weights(told: list[Note]) -> None:
    old = pd.DataFrame(
        {
            "pc6": ["1001AA", "1001AA", "1001AB", "1001AC", "1001AC"],
            "number": ["1", "2", "1", "1", "1"],
            "municipality_id": ["GM0001"] * 5,
        }
    )
    new = old.assign(municipality_id=["GM0002", "GM0002", "GM0003", "GM0002", "GM0002"]).iloc[1:]
    found = address_weights(old, new, notify=told.append)
    assert found.to_numpy().tolist() == [["GM0001", "GM0002", 2.0], ["GM0001", "GM0003", 1.0]]
    assert [(n.code, n.count) for n in told] == [("addresses_unmatched", 1)]
    with pytest.raises(InputError, match="no address in common"):
        address_weights(old, new.assign(number="9"))


@pytest.fixture(scope="module")
def real_2015(real_data: Path) -> dict[str, str]:
    page = json.loads((real_data / "nl" / "gemeenten_2015_topo_q1e3.json").read_text("utf-8"))
    shapes = page["objects"]["layer"]["geometries"]
    return {s["properties"]["statcode"]: s["properties"]["statnaam"] for s in shapes}


@pytest.mark.real_data
def test_real_codes_of_2015_become_exactly_those_of_2025(
    real_data: Path, real_2015: dict[str, str]
) -> None:
    nl = real_data / "nl"
    real_2025 = gpd.read_file(nl / "gemeenten_2025_rd.gpkg", ignore_geometry=True)
    real_2022 = gpd.read_file(nl / "gemeenten_2022_wgs84.geojson", ignore_geometry=True)
    for year, codes in ((2015, real_2015), (2022, real_2022["statcode"])):
        assert {*municipalities_of(year)["municipality_id"]} == {*codes}
        assert year_of_codes(codes) == (year,)
    weights = pieces(2015, 2025)
    table = students(dict.fromkeys(real_2015, 100.0))
    moved = to_year(table, from_year=2015, to_year=2025, weights=weights, notify=quiet)
    assert {*moved["origin_id"]} == {*real_2025["statcode"]}
    assert len(moved) == 342
    assert moved["students"].sum() == pytest.approx(39_300, abs=1e-6)
    names = municipalities_of(2025).set_index("municipality_id")["name"]
    assert names.to_dict() == real_2025.set_index("statcode")["statnaam"].to_dict()


@pytest.mark.real_data
def test_real_names_of_2015_resolve(real_data: Path, real_2015: dict[str, str]) -> None:
    from geo_mbo.sources import geofile

    nl = real_data / "nl"
    now = tables.municipalities(
        geofile.read_areas(nl / "gemeenten_2025_rd.gpkg"),
        provinces=tables.provinces(geofile.read_areas(nl / "provincies_2022_rd.gpkg")),
        notify=quiet,
    )
    changes = municipality_changes()
    chosen = {c: n for c, n in real_2015.items() if c != "GM0140"}
    found = resolve(
        pd.Series([*chosen.values()]), areas=now, changes=changes, where="2015", notify=quiet
    )
    pairs = successions(2015, 2025)
    for row, code in enumerate(chosen):
        answer = {*found.loc[found["row"] == row, "origin_id"]}
        assert answer == {*pairs.loc[pairs["old_code"] == code, "new_code"]}, code


def topology(path: Path) -> gpd.GeoDataFrame:
    """Read the shapes of a TopoJSON file with whole-number arcs."""
    page = json.loads(path.read_text("utf-8"))
    scale, shift = (np.array(page["transform"][name]) for name in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in page["arcs"]]

    def ring(numbers: list[int]) -> np.ndarray:
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.vstack([parts[0], *(part[1:] for part in parts[1:])])

    def polygon(numbers: list[list[int]]) -> Polygon:
        # Coarse arcs leave slivers of two points.
        rings = [line for line in map(ring, numbers) if len(line) >= 4]
        return Polygon(rings[0], rings[1:]).buffer(0) if rings else Polygon()

    shapes = page["objects"]["layer"]["geometries"]
    bodies = [
        unary_union([polygon(p) for p in ([s["arcs"]] if s["type"] == "Polygon" else s["arcs"])])
        for s in shapes
    ]
    codes = [s["properties"]["statcode"] for s in shapes]
    return gpd.GeoDataFrame({"area_id": codes}, geometry=bodies, crs=4326)


@pytest.fixture(scope="module")
def real_weights(real_data: Path) -> pd.DataFrame:
    nl = real_data / "nl"
    old = topology(nl / "gemeenten_2015_topo_q1e3.json").to_crs(28992)
    new = gpd.read_file(nl / "gemeenten_2025_rd.gpkg").rename(columns={"statcode": "area_id"})
    pc4 = gpd.read_file(nl / "pc4_rd.gpkg")
    people = gpd.GeoDataFrame(
        {"origin_id": pc4["postcode"].astype(str), "weight": pc4["inwoners"].fillna(0).clip(0)},
        geometry=pc4.representative_point(),
        crs=28992,
    )
    return split_weights(old, new.to_crs(28992), people, notify=quiet)


@pytest.mark.real_data
def test_real_there_and_back_keeps_every_student(real_weights: pd.DataFrame) -> None:
    table = students(everyone(2015))
    there = to_year(table, from_year=2015, to_year=2025, weights=real_weights, notify=quiet)
    back = to_year(there, from_year=2025, to_year=2015, weights=real_weights, notify=quiet)
    assert len(there) == 342
    assert {*back["origin_id"]} == {*municipalities_of(2015)["municipality_id"]}
    assert there["students"].sum() == pytest.approx(table["students"].sum(), rel=1e-12)
    assert back["students"].sum() == pytest.approx(table["students"].sum(), rel=1e-12)


@pytest.mark.real_data
def test_the_shares_in_the_list_are_near_those_of_real_postcodes(
    real_weights: pd.DataFrame,
) -> None:
    changes = municipality_changes().set_index(["old_code", "new_code"])["share"]
    sums = real_weights.set_index(["old_code", "new_code"])["weight"]
    for old in ("GM0053", "GM0788"):
        listed = changes[old]
        seen = sums[old].reindex(listed.index).fillna(0)
        assert ((seen / seen.sum()) - listed).abs().max() < 0.12, old
