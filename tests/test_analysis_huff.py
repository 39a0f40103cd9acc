"""Huff: chances worked out by hand, what adds up, and places without a choice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import decay
from geo_mbo.analysis.huff import (
    competing_destinations,
    huff_areas,
    huff_chances,
    huff_choice,
    huff_sites,
)
from geo_mbo.analysis.modelled import modelled_catchments
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.travel import matrix_from_long

SIZE = pd.Series({"90AA001": 90.0, "90AA002": 30.0, "90BB001": 60.0})


def test_the_town_by_hand() -> None:
    town = sample_town()
    notes: list[Note] = []
    choice = huff_choice(
        town.matrix.select(modes=["bike"]),
        town.tables.origins,
        SIZE,
        decay=decay.linear(limit_min=40),
        exponent=2,
        notify=notes.append,
    ).set_index(["area_id", "site_id"])
    # 9001: 16, 40, 16 minutes weigh 0.6, 0, 0.6; 9002: 8, 32, 8 weigh 0.8, 0.2, 0.8.
    first = np.array([8100 * 0.6, 0, 3600 * 0.6]) / (11700 * 0.6)
    second = np.array([8100 * 0.8, 900 * 0.2, 3600 * 0.8]) / (11700 * 0.8 + 900 * 0.2)
    people = 300 * first + 100 * second
    np.testing.assert_allclose(choice.loc["GM9001", "people"], people, rtol=1e-12)
    np.testing.assert_allclose(choice.loc["GM9001", "probability"], people / 400, rtol=1e-12)
    # 9004 is 44 and 20 minutes away: all go to the one within 40; the island reaches nothing.
    assert [(found.rows, found.params["people"]) for found in notes] == [(("9005",), 50.0)]
    areas = huff_areas(choice.reset_index(), town.tables.origins).set_index("area_id")
    assert areas["reached_share"].tolist() == [1, 1, 0]
    chance = people / 400
    assert areas.loc["GM9001", "entropy"] == pytest.approx(-(chance * np.log(chance)).sum())
    assert areas.loc["GM9001", "choices"] == pytest.approx(np.exp(areas.loc["GM9001", "entropy"]))
    assert areas["site_id"].tolist()[:2] == ["90AA001", "90AA002"]
    assert areas.loc["GM9003", ["entropy", "choices", "site_id", "probability"]].isna().all()
    sites = huff_sites(choice.reset_index(), SIZE)
    assert sites["people"].sum() == pytest.approx(650)  # all but the island
    assert sites["market_share"].sum() == pytest.approx(1)
    assert sites["attraction"].tolist() == SIZE.tolist()


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_nobody_is_lost_and_order_does_not_matter(seed) -> None:
    random = np.random.default_rng(seed)
    rows = [
        (f"{o}", f"{s}", "bike", minutes, np.nan, "ok" if np.isfinite(minutes) else "unreachable")
        for o in range(5)
        for s in range(3)
        for minutes in [random.choice([np.inf, random.uniform(1, 60)])]
    ]
    columns = ["origin_id", "site_id", "mode", "minutes", "meters", "status"]
    long = pd.DataFrame(rows, columns=columns)
    origins = pd.DataFrame(
        {
            "origin_id": [f"{o}" for o in range(5)],
            "area_id": [f"GM000{o % 2}" for o in range(5)],
            "weight": random.integers(0, 50, 5).astype(float),
        }
    )
    size = pd.Series({f"{s}": float(random.integers(0, 9)) for s in range(3)})

    def all_of(table, people, sizes):
        lost: list[Note] = []
        choice = huff_choice(
            matrix_from_long(table),
            people,
            sizes,
            decay=decay.exponential(rate=0.05),
            notify=lost.append,
        )
        return choice, sum(found.params["people"] for found in lost)

    choice, lost = all_of(long, origins, size)
    assert len(choice) == 2 * 3
    assert choice["people"].sum() + lost == pytest.approx(origins["weight"].sum())
    sums = choice.groupby("area_id")["probability"].sum(min_count=1).dropna()
    np.testing.assert_allclose(sums, 1)
    other, _ = all_of(long.sample(frac=1, random_state=seed), origins.iloc[::-1], size.iloc[::-1])
    both = choice.merge(other, on=["area_id", "site_id", "mode"])
    assert len(both) == 6
    np.testing.assert_allclose(both["people_x"], both["people_y"], atol=1e-9)


def test_no_origins_and_no_sites() -> None:
    town = sample_town()
    fall = decay.exponential(rate=0.1)
    none = huff_choice(town.matrix, town.tables.origins.iloc[:0], SIZE, decay=fall)
    assert none.empty
    assert huff_sites(none, SIZE).empty
    assert huff_areas(none, town.tables.origins).empty
    nothing = huff_choice(
        town.matrix, town.tables.origins, SIZE.iloc[:0], decay=fall, notify=lambda _: None
    )
    assert nothing.columns.tolist() == none.columns.tolist()
    assert nothing.empty


def test_sites_that_draw_nothing_leave_no_choice_and_it_is_told() -> None:
    town = sample_town()
    notes: list[Note] = []
    choice = huff_choice(
        town.matrix.select(modes=["car"]),
        town.tables.origins,
        SIZE * 0,
        decay=decay.exponential(rate=0.1),
        notify=notes.append,
    )
    assert choice["people"].sum() == 0
    assert notes[0].params["people"] == 700


def test_wrong_masses_are_refused() -> None:
    town = sample_town()
    fall = decay.exponential(rate=0.1)
    for bad in (-1.0, np.nan, np.inf):
        wrong = SIZE.where(SIZE > 30, bad)
        with pytest.raises(InputError, match="90AA002"):
            huff_choice(town.matrix, town.tables.origins, wrong, decay=fall)
    with pytest.raises(InputError, match="exponent"):
        huff_choice(town.matrix, town.tables.origins, SIZE, decay=fall, exponent=0)
    with pytest.raises(InputError, match="99ZZ"):
        huff_choice(town.matrix, town.tables.origins, pd.Series({"99ZZ": 1.0}), decay=fall)


def test_what_competes_is_what_is_near_not_the_site_itself() -> None:
    pairs = pd.DataFrame(
        {
            "origin_id": ["a", "a", "a", "b"],
            "site_id": ["a", "b", "c", "a"],
            "minutes": [0.0, 10.0, np.inf, 5.0],
        }
    )
    near = competing_destinations(
        pairs, pd.Series({"a": 100.0, "b": 50.0, "c": 70.0}), decay=decay.power(exponent=1)
    )
    assert near.to_dict() == {"a": 5.0, "b": 20.0, "c": 0.0}


def test_chances_by_origin_are_those_by_area_and_make_catchments() -> None:
    town = sample_town()
    fall = decay.exponential(rate=0.05)
    chances = huff_chances(town.matrix, SIZE, mode="bike", decay=fall)
    np.testing.assert_allclose(chances.sum(axis=1), [1, 1, 1, 1, 0])
    assert (chances[:, 3] == 0).all()  # the candidate was not named
    choice = huff_choice(
        town.matrix.select(modes=["bike"]),
        town.tables.origins,
        SIZE,
        decay=fall,
        notify=lambda _: None,
    )
    first = choice.query("area_id == 'GM9001'")["probability"].to_numpy()
    np.testing.assert_allclose((300 * chances[0] + 100 * chances[1])[:3] / 400, first)
    now = town.tables.students.query("year == 2024")
    found = modelled_catchments(
        town.matrix, now, town.tables.origins, choice=chances, notify=lambda _: None
    )
    assert set(found["site_id"]) == set(SIZE.index)
