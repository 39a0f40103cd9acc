"""Indicators beside the country, the others and their past; and what must not be given away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import compared_indicators, indicators_of, institution_indicators
from geo_mbo.analysis.indicators import COMPARED, counts_people
from geo_mbo.counts import adds
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.schema import INDICATORS, checked
from geo_mbo.tables import Tables

TOWN = sample_town()


def quiet(_: Note) -> None:
    """Keep the notes of the sample out of the log."""


def rows(*cells: tuple[Any, ...], unit: str = "students") -> pd.DataFrame:
    """Make indicators: key_kind, key, indicator, year, value (-1: masked; text: a judgement)."""
    made = []
    for kind, key, name, year, value in cells:
        words = isinstance(value, str)
        number = None if words else value
        low, high = (1, 4) if value == -1 else (number, number)
        made.append(
            {
                "key_kind": kind, "key": key, "indicator": name, "year": year,
                "value": 2.5 if value == -1 else number, "value_low": low, "value_high": high,
                "label": value if words else None, "unit": unit, "source": "DUO",
            }
        )  # fmt: skip
    return checked(pd.DataFrame(made), INDICATORS)


def tables(*parts: pd.DataFrame) -> Tables:
    return replace(TOWN.tables, indicators=pd.concat(parts, ignore_index=True))


def of(found: pd.DataFrame, kind: str, key: str, year: int = 2024) -> pd.Series:
    chosen = found.query("key_kind == @kind and key == @key and year == @year")
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_no_indicators_keep_their_columns() -> None:
    none = replace(TOWN.tables, indicators=TOWN.tables.indicators.iloc[:0])
    found = compared_indicators(none)
    assert list(found.columns) == list(COMPARED)
    assert found.empty
    assert indicators_of(found, "institution").empty
    assert institution_indicators(found).empty


def test_an_institution_stands_beside_the_country_the_others_and_its_past() -> None:
    found = compared_indicators(
        tables(
            rows(
                ("institution", "90AA", "Gediplomeerden", 2022, 100),
                ("institution", "90AA", "Gediplomeerden", 2024, 130),
                ("institution", "90BB", "Gediplomeerden", 2022, 90),
                ("institution", "90BB", "Gediplomeerden", 2024, 200),
                ("country", "NL", "Gediplomeerden", 2024, 5000),
            )
        ),
        notify=quiet,
    )
    alfa = of(found, "institution", "90AA")
    assert alfa["name"] == "Alfa College"
    assert (alfa["national"], alfa["national_summed"]) == (5000, False)
    assert (alfa["rank"], alfa["ranked"]) == (2, 2)
    assert (alfa["first_year"], alfa["difference"]) == (2022, 30)
    before = of(found, "institution", "90AA", 2022)
    assert (before["national"], before["national_summed"]) == (190, True)
    assert (before["rank"], before["first_year"]) == (1, 2022)
    assert np.isnan(before["difference"])
    latest = institution_indicators(found)
    assert latest[["key", "year", "value"]].to_numpy().tolist() == [
        ["90AA", 2024, 130.0],
        ["90BB", 2024, 200.0],
    ]


def test_a_rate_has_no_sum_and_no_made_up_nation() -> None:
    found = compared_indicators(
        tables(
            rows(
                ("municipality", "GM9001", "Vsv", 2024, 2.0),
                ("municipality", "GM9002", "Vsv", 2024, 4.0),
                ("municipality", "GM9003", "Vsv", 2024, 3.0),
                unit="%",
            )
        ),
        notify=quiet,
    )
    assert set(found["key_kind"]) == {"municipality"}
    assert found["national"].isna().all()
    assert found.set_index("key")["rank"].to_dict() == {"GM9001": 3, "GM9002": 1, "GM9003": 2}


def test_counts_of_municipalities_add_up_to_regions_only_where_all_have_one() -> None:
    cells = [("municipality", f"GM900{k}", "Instroom", 2024, 10 * k) for k in (1, 2, 3)]
    whole = of(compared_indicators(tables(rows(*cells)), notify=quiet), "province", "PV90")
    assert (whole["value"], whole["summed"], whole["name"]) == (60, True, "Voorbeeldland")
    partial = compared_indicators(tables(rows(*cells[:2])), notify=quiet)
    assert "province" not in set(partial["key_kind"])


def test_a_published_region_is_not_overwritten_by_a_sum() -> None:
    cells = [("municipality", f"GM900{k}", "Instroom", 2024, 10 * k) for k in (1, 2, 3)]
    told = rows(*cells, ("province", "PV90", "Instroom", 2024, 59))
    found = of(compared_indicators(tables(told), notify=quiet), "province", "PV90")
    assert (found["value"], found["summed"]) == (59, False)


def test_municipalities_add_up_to_the_region_around_them() -> None:
    province = TOWN.tables.areas.query("level == 'province'")
    west, south, east, north = province.total_bounds
    from shapely import box

    region = province.assign(area_id="AM01", level="labour_market", name="Kust")
    region = region.set_geometry([box(west, south, east, north)], crs=region.crs)
    areas = pd.concat([TOWN.tables.areas, region], ignore_index=True)
    cells = [("municipality", f"GM900{k}", "Instroom", 2024, 10 * k) for k in (1, 2, 3)]
    found = compared_indicators(replace(tables(rows(*cells)), areas=areas), notify=quiet)
    assert of(found, "labour_market", "AM01")["value"] == 60


def test_sites_add_up_to_their_institution() -> None:
    cells = [("site", "90AA001", "Studenten", 2024, 40), ("site", "90AA002", "Studenten", 2024, -1)]
    found = of(compared_indicators(tables(rows(*cells)), notify=quiet), "institution", "90AA")
    assert found[["value", "value_low", "value_high"]].tolist() == [42.5, 41, 44]


def test_a_judgement_has_no_numbers_and_no_rank() -> None:
    told = rows(
        ("institution", "90AA", "Oordeel", 2024, "voldoende"),
        ("institution", "90BB", "Oordeel", 2024, "onvoldoende"),
        unit="oordeel",
    )
    found = compared_indicators(tables(told), notify=quiet)
    assert found["judgement"].tolist() == ["voldoende", "onvoldoende"]
    assert found["rank"].tolist() == [0, 0]
    listed = indicators_of(found, "institution").iloc[0]
    assert (listed["words"], listed["asked"], listed["keys"]) == (True, True, 2)


def test_what_a_user_asked_for_comes_first() -> None:
    asked = rows(("municipality", "GM9001", "Zorg", 2024, 7))
    found = compared_indicators(tables(TOWN.tables.indicators, asked), notify=quiet)
    assert list(dict.fromkeys(found["indicator"])) == ["Zorg", "inhabitants_15_24", "inhabitants"]


def test_keys_that_the_study_does_not_have_are_kept_and_told() -> None:
    notes: list[Note] = []
    told = rows(
        ("institution", "99ZZ", "Fte", 2024, 12),
        ("municipality", "GM0001", "Fte", 2024, 9),
        ("site", "99ZZ001", "Fte", 2024, 9),
    )
    found = compared_indicators(tables(told), notify=notes.append)
    assert {*found["key"]} == {"99ZZ", "GM0001", "99ZZ001"}
    assert found["name"].isna().all()
    assert {note.code: note.rows for note in notes} == {
        "indicator_areas_elsewhere": ("GM0001",),
        "indicator_sites_elsewhere": ("99ZZ001",),
        "indicator_institutions_elsewhere": ("99ZZ",),
    }
    for note in notes:
        assert note.text("nl")


def test_inputs_are_not_changed_and_order_does_not_matter() -> None:
    asked = rows(("institution", "90AA", "A", 2024, 3), ("country", "NL", "A", 2024, 9))
    told = tables(TOWN.tables.indicators, asked)
    before = told.indicators.copy()
    found = compared_indicators(told, notify=quiet)
    assert told.indicators.equals(before)
    mixed = told.indicators.sample(frac=1, random_state=3)
    again = compared_indicators(replace(told, indicators=mixed), notify=quiet)
    by = ["key_kind", "key", "indicator", "year"]
    pd.testing.assert_frame_equal(
        found.sort_values(by, ignore_index=True), again.sort_values(by, ignore_index=True)
    )


# --- nothing is given away ---------------------------------------------------------------------


def test_a_count_below_five_is_a_range_whoever_gave_it() -> None:
    found = compared_indicators(tables(rows(("institution", "90AA", "A", 2024, 3))), notify=quiet)
    cell = of(found, "institution", "90AA")
    assert cell["masked"]
    assert cell[["value", "value_low", "value_high"]].tolist() == [2.5, 1, 4]
    assert cell["rank"] == 0


def test_a_kind_that_is_none_is_an_error() -> None:
    with pytest.raises(InputError, match="municipality"):
        indicators_of(compared_indicators(TOWN.tables), "gemeente")


def test_a_small_rate_is_no_count() -> None:
    told = rows(("institution", "90AA", "A", 2024, 3.2), unit="%")
    cell = of(compared_indicators(tables(told), notify=quiet), "institution", "90AA")
    assert (cell["value"], cell["masked"]) == (3.2, False)


def test_a_total_that_gives_away_a_masked_part_is_a_sum_with_bounds() -> None:
    notes: list[Note] = []
    told = rows(
        ("institution", "90AA", "A", 2024, 100),
        ("institution", "90BB", "A", 2024, -1),
        ("country", "NL", "A", 2024, 103),
    )
    found = compared_indicators(tables(told), notify=notes.append)
    nation = of(found, "country", "NL")
    assert nation[["value", "value_low", "value_high"]].tolist() == [102.5, 101, 104]
    assert nation["summed"]
    assert of(found, "institution", "90AA")["national"] == 102.5
    assert "indicator_totals_blurred" in [note.code for note in notes]


def test_a_total_over_many_masked_parts_stays_as_it_is() -> None:
    cells = [("institution", f"{k:02d}AA", "A", 2024, -1) for k in range(40)]
    found = compared_indicators(
        tables(rows(*cells, ("country", "NL", "A", 2024, 97))), notify=quiet
    )
    assert of(found, "country", "NL")["value"] == 97


def test_a_total_that_contradicts_its_parts_gives_nothing_away() -> None:
    told = rows(
        ("institution", "90AA", "A", 2024, 100),
        ("institution", "90BB", "A", 2024, -1),
        ("country", "NL", "A", 2024, 60),
    )
    found = compared_indicators(tables(told), notify=quiet)
    assert of(found, "country", "NL")["value"] == 60


def test_no_difference_with_a_masked_year() -> None:
    told = rows(
        ("institution", "90AA", "A", 2022, -1),
        ("institution", "90AA", "A", 2023, 8),
        ("institution", "90AA", "A", 2024, 9),
    )
    found = compared_indicators(tables(told), notify=quiet)
    assert np.isnan(of(found, "institution", "90AA", 2023)["difference"])
    last = of(found, "institution", "90AA", 2024)
    assert (last["first_year"], last["difference"]) == (2023, 1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=6), st.booleans())
def test_the_truth_is_within_and_no_small_count_can_be_worked_out(
    counts: list[int], published: bool
) -> None:
    cells = [("institution", f"{k:02d}AA", "A", 2024, n) for k, n in enumerate(counts)]
    if published:
        cells.append(("country", "NL", "A", 2024, sum(counts)))
    found = compared_indicators(tables(rows(*cells)), notify=quiet)
    parts = found[found["key_kind"] == "institution"]
    assert (parts["value_low"].to_numpy() <= np.array(counts)).all()
    assert (parts["value_high"].to_numpy() >= np.array(counts)).all()
    first = parts.iloc[0]
    low, high = first["national_low"], first["national_high"]
    assert low <= sum(counts) <= high or sum(counts) < 5
    # What a reader can work out: a part lies between the total and what the others can be.
    for k, count in enumerate(counts):
        if not 0 < count < 5:
            continue
        rest = parts.drop(index=parts.index[k])
        least = max(1.0, low - rest["value_high"].sum())
        most = min(4.0, high - rest["value_low"].sum())
        assert most - least >= 3


@pytest.mark.parametrize(
    ("unit", "add", "people"),
    [
        ("Students", True, True),
        (" inwoners ", True, True),
        ("banen", True, False),
        ("%", False, False),
    ],
)
def test_units(unit: str, add: bool, people: bool) -> None:
    assert (adds(unit), counts_people(unit)) == (add, people)
