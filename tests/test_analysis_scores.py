"""Access and equity of a study: by hand on the sample town, masked numbers, nothing there."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import competition, decay, inequality
from geo_mbo.analysis.score_planes import MEASURES, site_places
from geo_mbo.analysis.scores import access_scores, equity_scores
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.tables import Tables, no_tables
from geo_mbo.travel import TravelMatrix, matrix_from_long


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def bike(town: SampleTown) -> TravelMatrix:
    return town.matrix.select(modes=["bike"])


def quiet(_: Note) -> None:
    pass


def scores(tables: Tables, matrix: TravelMatrix, **options: object) -> pd.DataFrame:
    return access_scores(tables, matrix, limit_min=30, notify=quiet, **options)


def of(found: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found.iloc[0]


def test_access_by_hand(town: SampleTown, bike: TravelMatrix) -> None:
    found = scores(town.tables, bike)

    def value(area: str, measure: str) -> float:
        return float(of(found, area_id=area, measure=measure)["value"])

    # Aldermeer lives 300 : 100 at 16 and 8 minutes from two sites, 40 and 32 from the third.
    assert value("GM9001", "minutes_1") == 14
    assert value("GM9001", "minutes_3") == 38
    assert value("GM9001", "sites_within") == 2
    assert value("GM9002", "sites_within") == 1
    # 21 cut-offs from 20 to 40: the third site is within one of them (9001), or nine (9002).
    assert value("GM9001", "sites_interval") == pytest.approx(2 + (300 * 1 + 100 * 9) / 400 / 21)
    rate = -np.log(0.1) / 30
    gravity = (2 * np.exp(-rate * 16) + np.exp(-rate * 40)) * 0.75
    gravity += (2 * np.exp(-rate * 8) + np.exp(-rate * 32)) * 0.25
    assert value("GM9001", "sites_gravity") == pytest.approx(gravity)
    # Capacities 400 and 200 for Aldermeer's 400 young people; 32.5 students for Boskerk's 250.
    assert value("GM9001", "places_2sfca") == 1.5
    boskerk = of(found, area_id="GM9002", measure="places_2sfca")
    assert list(boskerk[["value", "value_low", "value_high"]]) == [32.5 / 250, 31 / 250, 34 / 250]
    island = found[found["area_id"] == "GM9003"].set_index("measure")
    assert (island.loc[["minutes_1", "minutes_3", "cost_raam"], "value"] == inf).all()
    assert (island.loc[["minutes_1", "minutes_3", "cost_raam"], "told_share"] == 0).all()
    assert (island.loc["sites_within":"places_available", "value"] == 0).all()


def test_places_and_young_people_add_up(town: SampleTown, bike: TravelMatrix) -> None:
    found = scores(town.tables, bike)
    available = found[found["measure"] == "places_available"]
    places = available["value"] * available["young_people"]
    assert places.sum() == pytest.approx(400 + 200 + 32.5)
    raam = found[found["measure"] == "cost_raam"]
    assert raam["value_low"].isna().all()
    known = town.tables.sites.assign(capacity=100.0)
    certain = scores(replace(town.tables, sites=known), bike)
    assert (certain["value"] == certain["value_low"]).all()
    assert (certain["value"] == certain["value_high"]).all()


def test_the_decay_of_the_study_is_used(town: SampleTown, bike: TravelMatrix) -> None:
    made = decay.linear(limit_min=20)
    found = scores(town.tables, bike, decay=made)
    got = of(found, area_id="GM9002", measure="sites_gravity")["value"]
    assert got == pytest.approx((8 / 20 * 200 + 0) / 250)
    people, places = np.array([300, 100, 200, 50, 50.0]), np.array([400, 32.5, 200])
    minutes = bike.select(sites=["90AA001", "90AA002", "90BB001"]).minutes("bike")
    plain = competition.two_step(minutes, people, places, decay=made, limit_min=30)
    got = of(found, area_id="GM9001", measure="places_e2sfca")["value"]
    assert got == pytest.approx((300 * plain[0] + 100 * plain[1]) / 400)


def test_columns_rows_and_order_are_fixed(town: SampleTown) -> None:
    found = scores(town.tables, town.matrix)
    assert len(found) == 3 * 3 * len(MEASURES)
    assert list(found["measure"][: len(MEASURES)]) == list(MEASURES)
    assert found["area_id"].is_monotonic_increasing
    none = scores(no_tables(), town.matrix)
    assert len(none) == 0
    assert list(none.dtypes) == list(found.dtypes)
    equity = equity_scores(town.tables, town.matrix, limit_min=30, notify=quiet)
    assert len(equity) == 3 * 58
    assert not equity.duplicated(["mode", "people_kind", "of", "measure"]).any()
    nobody = equity_scores(no_tables(), town.matrix, limit_min=30, notify=quiet)
    assert list(nobody.dtypes) == list(equity.dtypes)
    assert nobody["people"].eq(0).all()
    assert nobody["value"].isna().all()


def test_rows_permuted_and_ids_renamed_give_the_same(town: SampleTown, bike: TravelMatrix) -> None:
    t = town.tables
    moved = replace(
        t,
        sites=t.sites.iloc[::-1],
        origins=t.origins.iloc[[3, 0, 4, 1, 2]],
        students=t.students.sample(frac=1, random_state=3),
    )
    pd.testing.assert_frame_equal(scores(moved, bike), scores(t, bike))
    options = {"limit_min": 30, "notify": quiet}
    pd.testing.assert_frame_equal(
        equity_scores(moved, bike, **options), equity_scores(t, bike, **options)
    )
    long = bike.to_long()
    renamed = matrix_from_long(long.assign(site_id="Z" + long["site_id"]))
    other = replace(
        t,
        sites=t.sites.assign(site_id="Z" + t.sites["site_id"]),
        students=t.students.assign(site_id="Z" + t.students["site_id"]),
    )
    pd.testing.assert_frame_equal(scores(other, renamed), scores(t, bike))


def test_equity_by_hand(town: SampleTown, bike: TravelMatrix) -> None:
    found = equity_scores(town.tables, bike, limit_min=30, notify=quiet)
    own = found[found["of"] == "minutes_own"].set_index("measure")
    # Over 30 minutes: 10 and three masked cells of 145.5; 13 of 141 at least, 22 of 150 at most.
    over = own.loc["over_limit"]
    assert over["value"] == pytest.approx(17.5 / 145.5)
    assert (over["value_low"], over["value_high"]) == pytest.approx((13 / 141, 22 / 150))
    assert own.loc["unreached", "value"] == pytest.approx(2.5 / 145.5)
    assert own.loc["unreached", "value_high"] == pytest.approx(4 / 144)
    assert (own.loc[["gini", "theil", "mean"], "bounds"] == "outer").all()
    assert (own["people"] == 145.5).all()
    young = found[found["of"] == "sites_within"].set_index("measure")
    # 400 young people reach two sites, 250 one, 50 none; the line is one site.
    assert young.loc["mean", "value"] == pytest.approx(1050 / 700)
    assert young.loc["gini", "value"] == pytest.approx(inequality.gini([2, 1, 0], [400, 250, 50]))
    assert young.loc["fgt0", "value"] == pytest.approx(50 / 700)
    # Sites within reach differ between municipalities only.
    assert young.loc["theil", "value"] == pytest.approx(young.loc["theil_between", "value"])
    assert (young["bounds"] == "").all()
    nearest = found[found["of"] == "minutes_1"].set_index("measure")
    assert nearest.loc["unreached", "value"] == pytest.approx(50 / 700)
    assert nearest.loc["mean", "value"] == pytest.approx((400 * 14 + 250 * 13.6) / 650)


def test_bounds_hold_every_choice_of_masked_numbers(town: SampleTown, bike: TravelMatrix) -> None:
    found = equity_scores(town.tables, bike, limit_min=30, notify=quiet)
    own = found[found["of"] == "minutes_own"].set_index("measure")
    table = town.tables.students
    masked = (table["students_low"] != table["students_high"]).to_numpy()
    names = ["students", "students_low", "students_high"]
    for choice in ([1, 1, 1], [4, 4, 4], [1, 4, 1], [4, 1, 4], [1, 1, 4], [4, 4, 1], [2, 3, 1]):
        chosen = table.copy()
        for name in names:
            chosen.loc[masked, name] = np.resize(choice, masked.sum()).astype(float)
        other = replace(town.tables, students=chosen)
        each = equity_scores(other, bike, limit_min=30, notify=quiet)
        known = each[each["of"] == "minutes_own"].set_index("measure")["value"]
        for name in ("mean", "p20", "p50", "p80", "gini", "theil", "over_limit", "unreached"):
            low, high = own.loc[name, ["value_low", "value_high"]]
            assert low - 1e-12 <= known[name] <= high + 1e-12, name


def test_people_are_ranked_by_an_indicator(town: SampleTown, bike: TravelMatrix) -> None:
    told: list[Note] = []
    rows = pd.DataFrame(
        {
            "key_kind": ["municipality", "municipality", "pc4"],
            "key": ["GM9001", "GM9002", "9002"],
            "indicator": "income",
            "year": 2024,
            "value": [10.0, 30.0, 40.0],
            "value_low": nan_row(),
            "value_high": nan_row(),
            "label": None,
            "unit": "euro",
            "source": "made up",
        }
    )
    tables = replace(town.tables, indicators=rows)
    found = equity_scores(tables, bike, limit_min=30, rank_by="income", notify=told.append)
    got = of(found, of="sites_within", measure="concentration")["value"]
    # 9002 (100) is best off of all, then Boskerk (250), then 9001 (300); the island has no number.
    expected = inequality.concentration_index([2, 2, 1], [300, 100, 250], [10, 40, 30])
    assert got == pytest.approx(expected)
    lacking = [note for note in told if note.code == "access_no_rank"]
    assert [(note.rows, note.params["people"]) for note in lacking] == [(("9005",), 50)]
    assert all(note.text(lang) for note in told for lang in LANGS)
    with pytest.raises(InputError, match="inhabitants"):
        equity_scores(town.tables, bike, limit_min=30, rank_by="wealth", notify=quiet)


def nan_row() -> list[float]:
    return [float("nan")] * 3


def test_places_that_are_not_known_are_told(town: SampleTown, bike: TravelMatrix) -> None:
    told: list[Note] = []
    sites = town.tables.sites.assign(capacity=np.nan)
    nobody = replace(town.tables, sites=sites, students=town.tables.students.iloc[:0])
    found = access_scores(nobody, bike, limit_min=30, notify=told.append)
    assert [(note.code, note.count) for note in told] == [("access_no_places", 3)]
    competing = found["measure"].str.startswith(("places", "cost"))
    assert found.loc[competing, "value"].isna().all()
    assert found.loc[~competing, "value"].notna().all()
    assert all(isnan(x) for x in found.loc[competing, "value_low"])
    equity = equity_scores(nobody, bike, limit_min=30, notify=quiet)
    assert equity.loc[equity["of"] == "places_2sfca", "value"].isna().all()


def test_years_of_students(town: SampleTown, bike: TravelMatrix) -> None:
    sites = town.tables.sites
    forecast = site_places(town.tables, sites, year=2030, notify=quiet).set_index("site_id")
    assert forecast.loc["90AA002", "students"] == 26
    with pytest.raises(InputError) as told:
        scores(town.tables, bike, year=1999)
    assert told.value.breaches[0].code == "no_such_year"
    with pytest.raises(InputError):
        access_scores(town.tables, bike, limit_min=0, notify=quiet)
    with pytest.raises(InputError):
        scores(town.tables, bike.select(sites=["90AA001"]))


def test_an_area_without_young_people_is_told_by_its_origins(
    town: SampleTown, bike: TravelMatrix
) -> None:
    origins = town.tables.origins.assign(weight=[300.0, 100, 0, 0, 50])
    found = scores(replace(town.tables, origins=origins), bike)
    empty = found[found["area_id"] == "GM9002"].set_index("measure")
    assert empty.loc["minutes_1", "value"] == (12 + 20) / 2
    assert (empty["young_people"] == 0).all()
    assert isnan(empty.loc["places_available", "value"])  # of nobody there is no share
