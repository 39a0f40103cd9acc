"""Students and offers."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_mbo import tables
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.schema import OFFERS, STUDENTS
from geo_mbo.sources import duo

COUNTS = ["students", "students_low", "students_high"]


def prognosis(golden: Path) -> pd.DataFrame:
    return duo.read_prognosis(golden / "mbo-studentenprognose_gemeente_onderwijslocatie.csv")


def homes(golden: Path) -> pd.DataFrame:
    return duo.read_residents(golden / "2021-2025-11-studenten.csv")


def programmes(golden: Path) -> pd.DataFrame:
    return duo.read_enrolments(golden / "2021-2025-03-studenten.csv")


def test_students(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    raw = prognosis(golden)
    before = raw.copy()
    found = tables.students(raw, areas=areas, changes=changes, notify=told.append)
    assert raw.equals(before)
    assert found.columns.tolist() == [*STUDENTS.columns]
    key = ["origin_id", "site_id", "institution_id", "year"]
    cells = found.fillna({"site_id": ""}).set_index(key)[COUNTS]
    assert cells.loc[("GM0001", "901X001", "01ZZ", 2025)].tolist() == [40, 40, 40]
    assert cells.loc[("GM0001", "901X001", "01ZZ", 2030)].tolist() == [3, 3, 3]  # a forecast
    assert cells.loc[("GM0002", "901X001", "01ZZ", 2025)].tolist() == [2.5, 1, 4]  # was a plain 3
    assert cells.loc[("GM0002", "901X001", "02ZZ", 2025)].tolist() == [2.5, 1, 4]
    assert cells.loc[("UNKNOWN", "", "02ZZ", 2025)].tolist() == [11, 11, 11]
    assert [(note.code, note.count) for note in told] == [
        ("count_masked", 2),
        ("count_small", 1),
        ("students_without_site", 1),
    ]
    assert told[2].rows == ("Onbekend",)


def test_no_count_of_the_past_shows_fewer_than_five(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    quiet = {"notify": lambda _: None}
    made = [
        tables.students(prognosis(golden), areas=areas, changes=changes, **quiet),
        tables.residents(homes(golden), areas=areas, changes=changes, **quiet),
        tables.enrolments(programmes(golden), **quiet),
    ]
    for table in made:
        past = table[table["kind"] == "history"]
        shown = past["students_high"].between(0.001, 4.999)
        assert (past.loc[shown, ["students_low", "students_high"]] == [1, 4]).all(axis=None)


def test_residents(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    found = tables.residents(homes(golden), areas=areas, changes=changes, notify=told.append)
    cells = found[found["year"] == 2021].set_index(["origin_id", "track"])
    assert cells.loc[("GM0003", "BOL"), "students"] == 20
    assert cells.loc[("GM0004", "BOL"), "students"] == 7
    # 's-Walmeerde has the nine of its own and the six of Klaverdijk, which went into it.
    assert cells.loc[("GM0002", "BBL"), "students"] == 15
    assert cells.loc[("BE", "OTHER"), COUNTS].tolist() == [2.5, 1, 4]
    assert cells.loc[("ABROAD", "OTHER"), "origin_kind"] == "abroad"
    assert cells.loc[("UNKNOWN", "OTHER"), "origin_kind"] == "unknown"
    assert found["site_id"].isna().all()
    later = found[(found["year"] == 2022) & (found["origin_id"] == "GM0002")]
    assert later[COUNTS].values.tolist() == [[12.5, 11, 14]]
    assert "municipality_merged" in [note.code for note in told]


def test_enrolments(golden: Path) -> None:
    found = tables.enrolments(programmes(golden), notify=lambda _: None)
    cells = found.set_index(["programme_id", "year"])
    # Men 12 and women masked full time, women 5 part time: one programme, one track.
    assert cells.loc[("98001", 2021), COUNTS].tolist() == [19.5, 18, 21]
    assert cells.loc[("98001", 2022), COUNTS].tolist() == [5, 2, 8]
    assert cells.loc[("98002", 2021), COUNTS].tolist() == [10.5, 9, 12]  # a plain 3 became 1-4
    assert cells.loc[("98003", 2021), "track"] == "OTHER"
    assert found["origin_id"].isna().all()
    assert found["level"].tolist() == [3, 3, 2, 2, 4, 4]


def test_a_split_shares_out_all_three_columns(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    raw = homes(golden).head(2).assign(municipality="Oudland", count=[40.0, np.nan])
    raw["masked"] = [False, True]
    found = tables.residents(raw, areas=areas, changes=changes, notify=lambda _: None)
    assert found.set_index("origin_id").groupby(level=0)[COUNTS].sum().loc["GM0001"].tolist() == [
        30 + 0.75 * 2.5,
        30.75,
        33,
    ]
    assert found["students"].sum() == 42.5


def test_blank_counts_are_told(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    raw = homes(golden).assign(count=np.nan, masked=False)
    found = tables.residents(raw, areas=areas, changes=changes, notify=told.append)
    assert len(found) == 0
    assert found.columns.tolist() == [*STUDENTS.columns]
    assert [(note.code, note.count) for note in told] == [("count_blank", 14)]


def test_no_rows_keep_the_columns(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    assert len(tables.students(prognosis(golden).head(0), areas=areas, changes=changes)) == 0
    assert len(tables.residents(homes(golden).head(0), areas=areas, changes=changes)) == 0
    assert len(tables.enrolments(programmes(golden).head(0))) == 0
    offers = duo.read_offers(golden / "mbo_opleidingsaanbod.csv").head(0)
    assert tables.offers(offers).columns.tolist() == [*OFFERS.columns]


def test_an_unknown_name_stops_it(
    golden: Path, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    raw = prognosis(golden).replace({"municipality": {"Haverdam": "Havverdam"}})
    with pytest.raises(InputError, match=r"Mbo-studentenprognose: .*Havverdam \(Haverdam\?\)"):
        tables.students(raw, areas=areas, changes=changes, notify=lambda _: None)


def test_other_dimensions_have_no_origin(golden: Path, areas: gpd.GeoDataFrame) -> None:
    raw = duo.read_prognosis(golden / "mbo-studentenprognose_kwalificatieniveau.csv")
    found = tables.students(raw, areas=areas)
    assert found["level"].tolist() == [1, 4]
    assert found["origin_id"].isna().all()
    assert found["origin_kind"].tolist() == ["unknown"] * 2


NAMES = ["Haverdam", "Klaverdijk", "Oudland", "BELGIE", "Broekwaarde (Z.)", "Overig"]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(NAMES), st.sampled_from(["BBL", "BOLVT", "EX"]), st.integers(-1, 60)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_nobody_gets_lost(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame, rows: list[tuple[str, str, int]]
) -> None:
    names, tracks, counts = zip(*rows, strict=True)
    raw = pd.DataFrame({"municipality": names, "track": tracks, "count": counts}, dtype=object)
    raw["count"] = raw["count"].astype(float).mask(raw["count"] == -1)
    raw = raw.assign(
        masked=raw["count"].isna(), institution_id="01ZZ", province=None, age="17", year=2024
    )
    found = tables.residents(raw, areas=areas, changes=changes, notify=lambda _: None)
    small = [0 < c < 5 or c == -1 for c in counts]
    sides = {
        "students_low": sum(1 if s else c for s, c in zip(small, counts, strict=True)),
        "students_high": sum(4 if s else c for s, c in zip(small, counts, strict=True)),
    }
    for side, whole in sides.items():
        assert found[side].sum() == pytest.approx(whole)
    shuffled = raw.sample(frac=1, random_state=1)
    again = tables.residents(shuffled, areas=areas, changes=changes, notify=lambda _: None)
    pd.testing.assert_frame_equal(found, again)


def test_offers(golden: Path, told: list[Note]) -> None:
    raw = duo.read_offers(golden / "mbo_opleidingsaanbod.csv")
    found = tables.offers(raw, enrolments=programmes(golden), notify=told.append)
    assert found[["site_id", "programme_id", "track"]].values.tolist() == [
        ["901X001", "98001", "BOL"],
        ["901X003", "98002", "BBL"],
        ["901X004", "9901O0009", "OTHER"],
        ["901X199", "98001", "BOL"],
    ]
    assert found["level"].fillna(0).tolist() == [3, 2, 0, 3]
    assert found["sector"].fillna("").tolist() == [
        "Zorg, welzijn en sport",
        "Handel",
        "",
        "Zorg, welzijn en sport",
    ]
    assert [(note.code, note.count) for note in told] == [("offer_repeated", 1)]


def test_offers_at_no_site_and_levels_of_the_enrolments(golden: Path, told: list[Note]) -> None:
    raw = duo.read_offers(golden / "mbo_opleidingsaanbod.csv").assign(level=None)
    raw.loc[2, "site_id"] = None
    found = tables.offers(raw, enrolments=programmes(golden), notify=told.append)
    assert found["level"].fillna(0).tolist() == [3, 0, 3]
    assert [note.code for note in told] == ["offer_without_site", "offer_repeated"]
    assert tables.offers(raw, notify=told.append)["sector"].isna().all()
