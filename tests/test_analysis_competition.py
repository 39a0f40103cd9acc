"""Access where people compete: known answers, plain loops, what adds up, nothing there."""

from __future__ import annotations

import json
import tracemalloc
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from geo_mbo.analysis import competition, constrained, decay
from geo_mbo.analysis.raam import raam
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note
from tests.test_analysis_accessibility import Cells, cells, places

__all__ = ["cells"]

STEPS = decay.stepped(steps_min=[10.0001, 20.0001, 30.0001], weights=[0.68, 0.22, 0])
"""The steps of PySAL access, where exactly 10 minutes is within 10; ours are open on the right."""
SMOOTH = decay.exponential(rate=0.05)
NEAR = decay.binary(cutoff_min=30)


@pytest.fixture(scope="session")
def toy(real_data: Path) -> dict[str, Any]:
    text = (real_data / "validation" / "access_toy" / "expected.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture(scope="session")
def wilson(real_data: Path) -> dict[str, Any]:
    path = real_data / "validation" / "accessibility_bho" / "expected_constrained_3zones.json"
    return json.loads(path.read_text(encoding="utf-8"))


# Known answers


@pytest.mark.real_data
@pytest.mark.parametrize("way", ["gridlock", "inbound_faster", "outbound_faster", "both_faster"])
def test_home_to_school_is_not_school_to_home(toy: dict[str, Any], way: str) -> None:
    zones, scenario = pd.DataFrame(toy["zones"]), toy["scenarios"][way]
    pairs = pd.DataFrame(scenario["od"])
    minutes = pairs.pivot(index="origin", columns="dest", values="cost").to_numpy(float)
    given = (minutes, zones["pop"], zones["doc"])
    inverse = decay.power(exponent=1)
    found = {
        "2sfca_grav_doc": competition.two_step(*given, decay=inverse, limit_min=61),
        "3sfca_grav_doc": competition.three_step(*given, decay=inverse, limit_min=61),
        "2sfca_bin_doc": competition.two_step(*given, limit_min=30),
        "e2sfca_doc": competition.two_step(*given, decay=STEPS),
        "fca_doc": competition.fca_ratio(minutes, *given, cutoff_min=30),
        "raam_doc": raam(*given),
    }
    expected = scenario["access_1_1_10"]
    for name, values in found.items():
        np.testing.assert_allclose(values, list(expected[name].values()), rtol=1e-12, err_msg=name)
    np.testing.assert_allclose(
        found["3sfca_grav_doc"], scenario["independent_3sfca_grav"], rtol=1e-12
    )
    if way in ("inbound_faster", "outbound_faster"):
        turned = competition.two_step(minutes.T, *given[1:], decay=inverse, limit_min=61)
        assert not np.allclose(turned, found["2sfca_grav_doc"])


@pytest.mark.real_data
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_belo_horizonte(cells: Cells, kind: type) -> None:
    minutes = cells.minutes.astype(kind)
    people, jobs, schools = (cells.land[c] for c in ("population", "jobs", "schools"))
    half, tenth = decay.exponential(rate=0.05), decay.exponential(rate=0.1)
    two, balanced = competition.two_step, competition.balanced
    cells.check("fca2s_jobs_bin50", two(minutes, people, jobs, limit_min=50))
    cells.check("fca2s_jobs_exp05", two(minutes, people, jobs, decay=half))
    cells.check("fca2s_schools_bin30", two(minutes, people, schools, decay=NEAR))
    cells.check("bfca_jobs_exp05", balanced(minutes, people, jobs, decay=half))
    cells.check("bfca_schools_exp05", balanced(minutes, people, schools, decay=half))
    for what, name in (
        (jobs, "spatial_avail_jobs_exp01"),
        (schools, "spatial_avail_schools_exp01"),
    ):
        found = competition.spatial_availability(minutes, people, what, decay=tenth)
        told = cells.expected[name].notna().to_numpy()
        np.testing.assert_allclose(found[told], cells.expected[name][told], rtol=1e-9)
        # Nobody lives where the publisher has no answer, and ours is 0.
        assert (people[~told] == 0).all()
        assert (found[~told] == 0).all()
        same = constrained.singly_constrained(minutes, people, what, decay=tenth)
        np.testing.assert_array_equal(found, same)


@pytest.mark.real_data
def test_the_family_of_wilson(wilson: dict[str, Any]) -> None:
    inputs = wilson["inputs"]
    pairs = pd.DataFrame(inputs["travel_matrix"])
    minutes = pairs.pivot(index="from_id", columns="to_id", values="travel_time").to_numpy(float)
    one, other = pd.DataFrame(inputs["luA"]), pd.DataFrame(inputs["luB"])
    tenth = decay.exponential(rate=0.1)

    def expected(name: str, what: str) -> list[float]:
        return [row[what] for row in wilson[name]]

    total = constrained.total_constrained(minutes, one["jobs"], decay=tenth)
    np.testing.assert_allclose(total, expected("total_supply", "supply"), rtol=1e-9)
    assert total.sum() == pytest.approx(one["jobs"].sum())
    given = (minutes, one["population"], one["jobs"])
    active = constrained.singly_constrained(*given, decay=tenth)
    np.testing.assert_allclose(active, expected("singly_supply", "supply"), rtol=1e-9)
    passive = constrained.singly_constrained(*given, decay=tenth, passive=True)
    np.testing.assert_allclose(passive, expected("singly_demand", "demand"), rtol=1e-9)
    met = constrained.doubly_constrained(
        minutes, other["population"], other["jobs"], decay=decay.power(exponent=3)
    )
    table = pd.DataFrame(wilson["doubly_power3_flows"])
    # The publisher stopped where its flows missed the margins by its own error of 1.5e-7.
    np.testing.assert_allclose(met.flows().ravel(), table["flow"], rtol=4e-6)
    kappa = met.flows() / other["jobs"].to_numpy()
    np.testing.assert_allclose(kappa.ravel(), table["kappa_doubly"], rtol=4e-6)
    np.testing.assert_allclose(met.flows().sum(axis=1), other["population"], rtol=1e-9)
    np.testing.assert_allclose(met.flows().sum(axis=0), other["jobs"], rtol=1e-9)


# Plain loops


def plain_weights(minutes: np.ndarray, made: decay.Decay) -> np.ndarray:
    """Weights of each pair, one at a time; short numbers as they are written."""
    weights = np.zeros(minutes.shape)
    for at, time in np.ndenumerate(minutes):
        if time < inf:
            weights[at] = made(np.array([float(str(time))]))[0]
    return weights


def plain_two_step(weights: np.ndarray, people: np.ndarray, supply: np.ndarray) -> list[float]:
    origins, sites = weights.shape
    found = []
    for origin in range(origins):
        whole = 0.0
        for site in range(sites):
            load = sum(people[k] * weights[k, site] for k in range(origins))
            if load > 0:
                whole += weights[origin, site] * supply[site] / load
        found.append(whole)
    return found


@pytest.mark.parametrize("made", [NEAR, SMOOTH, STEPS])
@settings(deadline=None)
@given(given=places())
def test_two_and_three_steps(made: decay.Decay, given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    weights = plain_weights(minutes, made)
    two = competition.two_step(*given, decay=made)
    if made is NEAR:
        plain = competition.two_step(*given, limit_min=30)
        np.testing.assert_allclose(plain, two, rtol=1e-12)
        plain = competition.three_step(*given, limit_min=30)
        np.testing.assert_allclose(plain, competition.three_step(*given, decay=made), rtol=1e-12)
    np.testing.assert_allclose(two, plain_two_step(weights, people, supply), rtol=1e-12)
    chosen = weights.copy()
    for origin, row in enumerate(weights):
        if row.sum() > 0:
            chosen[origin] = row * row / row.sum()
    three = competition.three_step(*given, decay=made)
    np.testing.assert_allclose(three, plain_two_step(chosen, people, supply), rtol=1e-12)
    near = (minutes <= 20) & (minutes < inf)
    limited = competition.three_step(*given, decay=made, limit_min=20)
    np.testing.assert_allclose(limited, plain_two_step(chosen * near, people, supply), rtol=1e-12)


@pytest.mark.parametrize("made", [NEAR, SMOOTH])
@settings(deadline=None)
@given(given=places())
def test_balanced(made: decay.Decay, given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    weights = plain_weights(minutes, made)
    origins, sites = weights.shape
    found = competition.balanced(*given, decay=made)
    by_row, by_column = weights.sum(axis=1), weights.sum(axis=0)
    for origin in range(origins):
        whole = 0.0
        for site in range(sites):
            load = sum(
                people[k] * weights[k, site] / by_row[k] for k in range(origins) if by_row[k] > 0
            )
            if load > 0:
                whole += supply[site] / load * weights[origin, site] / by_column[site]
        assert found[origin] == pytest.approx(whole, rel=1e-12)


@settings(deadline=None)
@given(given=places())
def test_availability_adds_up_to_the_places_within_reach(given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    found = competition.spatial_availability(*given, decay=NEAR)
    near = (minutes <= 30) & (people[:, None] > 0)
    assert found.sum() == pytest.approx(supply[near.any(axis=0)].sum())
    for origin, got in enumerate(found):
        whole = 0.0
        for site, reached in enumerate(near[origin]):
            if reached:
                whole += supply[site] * people[origin] / people[near[:, site]].sum()
        assert got == pytest.approx(whole)
    # Per person it is what two steps give.
    per_person = competition.two_step(*given, decay=NEAR)
    np.testing.assert_allclose(found, per_person * people, rtol=1e-12)


@settings(deadline=None)
@given(given=places())
def test_constrained_measures_add_up(given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    total = constrained.total_constrained(minutes, supply, decay=SMOOTH)
    assert total.sum() == pytest.approx(supply.sum() if total.any() else 0)
    back = constrained.total_constrained(minutes, people, decay=SMOOTH, passive=True)
    assert back.sum() == pytest.approx(people.sum() if back.any() else 0)
    load = constrained.singly_constrained(*given, decay=SMOOTH, passive=True)
    can = (plain_weights(minutes, SMOOTH) * supply).sum(axis=1) > 0
    assert load.sum() == pytest.approx(people[can].sum())


def test_fca_ratio_counts_both_around_the_origin() -> None:
    minutes = np.array([[5, 40], [30, inf], [inf, inf]])
    between = np.array([[0, 30, 31], [30, 0, 99], [inf, 99, 0]])
    found = competition.fca_ratio(minutes, between, [10, 30, 0], [4, 100], cutoff_min=30)
    assert found[:2].tolist() == [4 / 40, 4 / 40]
    assert np.isnan(found[2])


def plain_raam(
    minutes: np.ndarray, people: np.ndarray, supply: np.ndarray, tau: float, rounds: int
) -> np.ndarray:
    """The same agents in a dense matrix, one origin at a time."""
    room = supply * people.sum() / supply.sum()
    travel = minutes / tau
    there = np.zeros(travel.shape)
    for origin, nearest in enumerate(travel.argmin(axis=1)):
        there[origin, nearest] = people[origin]
    for turn in range(rounds):
        cost = travel + there.sum(axis=0) / room
        moves = []
        for origin in range(len(travel)):
            low = int(cost[origin].argmin())
            high = max(
                (k for k in range(len(room)) if there[origin, k] > 0), key=lambda k: cost[origin, k]
            )
            gap = cost[origin, high] - cost[origin, low]
            even = gap / (1 / room[low] + 1 / room[high])
            step = max(0.2 * 0.5 ** (turn / 50), 0.005) * people[origin]
            leaving = int(min(even, there[origin, high], step) + 1e-9) if low != high else 0
            moves.append((origin, low, high, leaving))
        if turn < 20:
            coming = np.zeros(len(room))
            for _, low, _, leaving in moves:
                coming[low] += leaving
            scale = np.maximum(coming / room, 1)
            moves = [(o, low, high, round(n / scale[low])) for o, low, high, n in moves]
        for origin, low, high, leaving in moves:
            there[origin, low] += leaving
            there[origin, high] -= leaving
    paid = np.where(there > 0, cost, 0) * there
    return np.array(paid.sum(axis=1) / people)


@pytest.mark.parametrize("seed", range(8))
def test_raam(seed: int) -> None:
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(3, 80, (12, 6))
    minutes[rng.random(minutes.shape) < 0.2] = inf
    minutes[np.arange(12), rng.integers(0, 6, 12)] = 7.0
    people, supply = rng.integers(1, 900, 12) * 1.0, rng.integers(1, 400, 6) * 1.0
    found = raam(minutes, people, supply, tau_min=45, rounds=90)
    np.testing.assert_allclose(found, plain_raam(minutes, people, supply, 45, 90), rtol=1e-9)
    rows, columns = rng.permutation(12), rng.permutation(6)
    moved = raam(minutes[rows][:, columns], people[rows], supply[columns], tau_min=45, rounds=90)
    np.testing.assert_allclose(moved, found[rows], rtol=1e-6)


def test_raam_settles_where_nobody_gains_by_moving() -> None:
    minutes = np.array([[6.0, 30.0]] * 40 + [[30.0, 6.0]] * 2)
    found = raam(minutes, [1000] * 42, [500, 500], rounds=600)
    # 40 origins spread over both until the crowd makes up for the 24 minutes between them.
    assert found[:40].max() - found[:40].min() < 0.01
    assert found[0] == pytest.approx(found[41] + 24 / 60, abs=0.02)


def test_raam_where_some_are_not_there() -> None:
    minutes = np.array([[10.0, 5.0, 20.0], [10.0, inf, inf], [inf, inf, inf], [inf, 5.0, inf]])
    found = raam(minutes, [100, 0, 50, 20], [100, 0, 100])
    # No places at the second site: nobody goes there. 170 people for 200 places are the average.
    assert found[2] == inf
    assert found[3] == inf
    crowd = (found[0], found[1])
    assert crowd[0] > 10 / 60
    assert crowd[1] >= 10 / 60
    assert np.isinf(raam(minutes, [100, 0, 50, 20], [0, 0, 0])).all()
    nobody = raam(minutes, [0, 0, 0, 0], [1, 1, 1])
    assert nobody.tolist() == [5 / 60, 10 / 60, inf, 5 / 60]
    assert raam(np.zeros((0, 2)), [], [1, 1]).tolist() == []
    assert raam(np.zeros((1, 0)), [5], []).tolist() == [inf]


# Nothing there, and nobody


def every(minutes: np.ndarray, people: np.ndarray, supply: np.ndarray) -> dict[str, np.ndarray]:
    given = (minutes, people, supply)
    return {
        "two": competition.two_step(*given, decay=SMOOTH),
        "three": competition.three_step(*given, decay=SMOOTH),
        "balanced": competition.balanced(*given, decay=SMOOTH),
        "availability": competition.spatial_availability(*given, decay=SMOOTH),
        "total": constrained.total_constrained(minutes, supply, decay=SMOOTH),
    }


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_rows_or_columns(shape: tuple[int, int]) -> None:
    for name, found in every(np.zeros(shape), np.ones(shape[0]), np.ones(shape[1])).items():
        np.testing.assert_array_equal(found, np.zeros(shape[0]), err_msg=name)


@pytest.mark.filterwarnings("error")
def test_nobody_no_places_and_what_is_not_reached() -> None:
    minutes = np.array([[10.0, 20.0, inf], [10.0, 30.0, inf], [inf, inf, inf]], dtype=np.float32)
    for people, supply in (([0, 0, 0], [5, 5, 5]), ([9, 9, 9], [0, 0, 0])):
        for name, found in every(minutes, np.array(people), np.array(supply)).items():
            assert np.isfinite(found).all(), name
            if name != "total":
                assert (found == 0).all(), name
    usual = every(minutes, np.array([9, 9, 9]), np.array([5, 5, 500]))
    for name, found in usual.items():
        assert found[2] == 0, name  # who reaches nothing
        assert (found[:2] > 0).all(), name
        # Nobody reaches the third site: its places are worth nothing.
        other = every(minutes, np.array([9, 9, 9]), np.array([5, 5, 0]))[name]
        np.testing.assert_allclose(found, other if name != "total" else other * 510 / 10)


def test_weights_without_digits_left_do_not_spoil_an_answer() -> None:
    minutes = np.array([[14_600.0, 10.0], [14_700.0, 10.0]])  # e to the power -730 and -735
    for name, found in every(minutes, np.array([3, 3]), np.array([1e6, 6])).items():
        assert np.isfinite(found).all(), name
        if name in ("two", "availability"):
            assert found.sum() == pytest.approx(2 * 6 / 6 if name == "two" else 6)


@settings(deadline=None, max_examples=30)
@given(given=places())
def test_rows_and_columns_permuted_give_the_same(given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    before = [array.copy() for array in given]
    rows, columns = np.arange(len(people))[::-1], np.arange(len(supply))[::-1]
    moved = every(minutes[rows][:, columns], people[rows], supply[columns])
    for name, found in every(*given).items():
        np.testing.assert_allclose(moved[name], found[rows], rtol=1e-12)
    for array, kept in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_no_measure_holds_more_than_two_copies() -> None:
    rng = np.random.default_rng(1)
    minutes = rng.uniform(1, 90, (4068, 641)).astype(np.float32)
    given = (minutes, rng.integers(0, 900, 4068) * 1.0, rng.integers(1, 900, 641) * 1.0)
    tracemalloc.start()
    try:
        every(*given)
        constrained.singly_constrained(*given, decay=SMOOTH, passive=True)
        small = tracemalloc.get_traced_memory()[1]
        raam(*given, rounds=5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert small < minutes.nbytes
    assert peak < 2 * minutes.nbytes


# Both sides given


@settings(deadline=None, max_examples=40)
@given(given=places())
def test_doubly_constrained_flows_meet_both_sides(given: tuple[np.ndarray, ...]) -> None:
    minutes, people, supply = given
    if minutes.size == 0 or people.sum() == 0:
        return
    minutes = np.where(np.isinf(minutes), 120.0, minutes)  # all reach all: both can be met
    supply = supply + 1
    people = people * supply.sum() / people.sum()
    met = constrained.doubly_constrained(minutes, people, supply, decay=SMOOTH)
    flows = met.flows()
    np.testing.assert_allclose(flows.sum(axis=1), people, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(flows.sum(axis=0), supply, rtol=1e-7)
    table = met.table()
    assert table["flow"].sum() == pytest.approx(people.sum())
    np.testing.assert_allclose(flows[table["origin"], table["site"]], table["flow"])


def test_what_cannot_be_met_is_told() -> None:
    told: list[Note] = []
    minutes = np.array([[10.0, inf], [inf, inf]])
    met = constrained.doubly_constrained(
        minutes, [6, 4], [6, 4], decay=SMOOTH, rounds=20, notify=told.append
    )
    assert met.flows().tolist() == [[pytest.approx(6), 0], [0, 0]]
    assert met.error == pytest.approx(0.4)
    assert [found.code for found in told] == ["access_not_met"]
    assert all(found.text(lang) for found in told for lang in LANGS)
    assert told[0].count == 4
    nobody = constrained.doubly_constrained(minutes, [0, 0], [0, 0], decay=SMOOTH)
    assert (nobody.flows() == 0).all()
    assert len(nobody.table()) == 0
    assert list(nobody.table().dtypes.astype(str)) == ["int64", "int64", "float64"]


def test_bad_input_is_told() -> None:
    minutes = np.ones((2, 2))
    for call, codes in (
        (lambda: competition.two_step(minutes, [1], [1, -1], decay=NEAR), 2),
        (lambda: competition.two_step(minutes, [1, 1], [1, 1], decay=NEAR, limit_min=0), 1),
        (lambda: competition.two_step(minutes, [1, 1], [1, 1]), 1),
        (lambda: competition.three_step(minutes, [1, 1], [1, 1], decay=NEAR, limit_min=-1), 1),
        (lambda: competition.fca_ratio(minutes, np.ones((3, 3)), [1, 1], [1, 1], cutoff_min=9), 1),
        (lambda: competition.spatial_availability(minutes, [1, 1], [1, 1], decay=NEAR, alpha=0), 1),
        (lambda: constrained.doubly_constrained(minutes, [1, 1], [1, 2], decay=NEAR), 1),
        (lambda: raam(minutes, [1, 1], [1, 1], tau_min=0, rho=-1), 2),
        (lambda: raam(minutes, [1, 1], [1, 1], rounds=0), 1),
    ):
        with pytest.raises(InputError) as told:
            call()
        assert len(told.value.breaches) == codes
        assert all(told.value.text(lang) for lang in LANGS)
