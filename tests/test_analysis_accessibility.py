"""Access of origins and sites: known answers, plain loops, traps, bad input, nothing there."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo_mbo.analysis import accessibility as access
from geo_mbo.analysis import decay
from geo_mbo.analysis.blocks import blocks, by_decay, exact, plane_of
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.sample import sample_town

TIMES = [*range(0, 70, 5), 12.5, 30.1, inf]


class Cells(NamedTuple):
    """Belo Horizonte: minutes from each cell to each, and what there is."""

    minutes: np.ndarray
    land: pd.DataFrame
    expected: pd.DataFrame

    def check(self, name: str, found: np.ndarray, rtol: float = 1e-9) -> None:
        # Weights of e to the power -680 are 0 in the publisher's way of adding up.
        np.testing.assert_allclose(found, self.expected[name], rtol=rtol, atol=1e-290)


@pytest.fixture(scope="session")
def cells(real_data: Path) -> Cells:
    folder = real_data / "validation" / "accessibility_bho"
    tenths = np.load(folder / "travel_time_tenths_min.npz")["tt"]
    minutes = np.where(tenths < 0, inf, tenths / 10)
    land = pd.read_csv(folder / "land_use.csv")
    return Cells(minutes, land, pd.read_csv(folder / "expected_by_cell.csv"))


@st.composite
def places(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minutes with ties and gaps, people and places; any side may be without rows."""
    shape = draw(st.tuples(st.integers(0, 6), st.integers(0, 5)))
    kind = draw(st.sampled_from([np.float32, np.float64]))
    minutes = draw(arrays(float, shape, elements=st.sampled_from(TIMES))).astype(kind)
    amounts = st.integers(0, 9).map(float)
    return (
        minutes,
        draw(arrays(float, shape[0], elements=amounts)),
        draw(arrays(float, shape[1], elements=amounts)),
    )


# Known answers


@pytest.mark.real_data
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_belo_horizonte(cells: Cells, kind: type) -> None:
    minutes = cells.minutes.astype(kind)
    people, jobs, schools = (cells.land[c] for c in ("population", "jobs", "schools"))
    cells.check("cost_to_closest_school_n1", access.time_to_nth(minutes, schools, n=1))
    cells.check("cost_to_closest_school_n3", access.time_to_nth(minutes, schools, n=3))
    cells.check("cum_jobs_30", access.cumulative(minutes, jobs, cutoff_min=30))
    cells.check("cum_jobs_60", access.cumulative(minutes, jobs, cutoff_min=60))
    cells.check("cum_schools_30", access.cumulative(minutes, schools, cutoff_min=30))
    reached = access.cumulative(minutes, people, cutoff_min=30, passive=True)
    cells.check("cum_pop_30_passive", reached)
    # Cut-offs five minutes apart, and rounded down as all cumulative access of accessibility.
    between = access.cumulative_interval(
        minutes, jobs, from_min=40, to_min=60, step_min=5, rounded_down=True
    )
    cells.check("cum_interval_jobs_40_60_mean", between)
    balancing = access.balancing_time(minutes, people, jobs, step_min=1)
    cells.check("balancing_cost_jobs", np.where(np.isinf(balancing), nan, balancing))
    assert np.isinf(balancing).sum() == 2


@pytest.mark.real_data
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("name", "made", "what"),
    [
        ("grav_exp_jobs_02", decay.exponential(rate=0.2), "jobs"),
        ("grav_exp_schools_01", decay.exponential(rate=0.1), "schools"),
        ("grav_power_jobs_2", decay.power(exponent=2), "jobs"),
        ("grav_linear_jobs_50", decay.linear(limit_min=50), "jobs"),
        ("grav_logistic_jobs_40_10", decay.logistic(inflection_min=40, sd_min=10), "jobs"),
        (
            "grav_stepped_jobs",
            decay.stepped(steps_min=[10, 20, 30], weights=[0.68, 0.22, 0]),
            "jobs",
        ),
    ],
)
def test_belo_horizonte_by_decay(
    cells: Cells, name: str, made: decay.Decay, what: str, kind: type
) -> None:
    found = access.gravity(cells.minutes.astype(kind), cells.land[what], decay=made)
    # Where all is farther than an hour the publisher's logistic gives 0 instead of a hair.
    cells.check(name, np.where(found < 1e-20, 0, found) if "logistic" in name else found)


# Plain loops


@settings(deadline=None)
@given(given=places(), cutoff=st.sampled_from([5, 12.5, 30, 30.1]))
def test_cumulative(given: tuple[np.ndarray, ...], cutoff: float) -> None:
    minutes, people, amounts = given
    limit = minutes.dtype.type(cutoff)
    for origin, found in enumerate(access.cumulative(minutes, amounts, cutoff_min=cutoff)):
        assert found == sum(
            amount for time, amount in zip(minutes[origin], amounts, strict=True) if time <= limit
        )
    passive = access.cumulative(minutes, people, cutoff_min=cutoff, passive=True)
    np.testing.assert_array_equal(passive, access.cumulative(minutes.T, people, cutoff_min=cutoff))


@settings(deadline=None)
@given(given=places(), step=st.sampled_from([1, 2.5, 7]), down=st.booleans())
def test_interval_is_the_mean_over_cutoffs(
    given: tuple[np.ndarray, ...], step: float, down: bool
) -> None:
    minutes, _, amounts = given
    found = access.cumulative_interval(
        minutes, amounts, from_min=10, to_min=30, step_min=step, rounded_down=down
    )
    cutoffs = [c for c in np.arange(10, 99, step) if c <= 30]
    each = [access.cumulative(minutes, amounts, cutoff_min=cutoff) for cutoff in cutoffs]
    mean = np.array(sum(each) / len(cutoffs))
    np.testing.assert_allclose(found, np.floor(mean + 1e-12) if down else mean, rtol=1e-12)


@settings(deadline=None)
@given(given=places())
def test_gravity(given: tuple[np.ndarray, ...]) -> None:
    minutes, people, amounts = given
    for made in (
        decay.exponential(rate=0.05),
        decay.binary(cutoff_min=30.1),
        lambda t: 1 / (1 + t),
    ):
        active = access.gravity(minutes, amounts, decay=made)
        passive = access.gravity(minutes, people, decay=made, passive=True)
        for origin in range(len(minutes)):
            times = [float(str(time)) for time in minutes[origin]]
            whole = sum(
                amount * float(made(np.array([time]))[0])
                for time, amount in zip(times, amounts, strict=True)
            )
            assert active[origin] == pytest.approx(whole, rel=1e-12)
        np.testing.assert_allclose(
            passive, access.gravity(minutes.T, people, decay=made), rtol=1e-12
        )


@settings(deadline=None)
@given(given=places(), n=st.integers(1, 12))
def test_time_to_nth(given: tuple[np.ndarray, ...], n: int) -> None:
    minutes, people, amounts = given
    active = access.time_to_nth(minutes, amounts, n=n)
    nearest = access.time_to_nth(minutes, n=n)
    for origin in range(len(minutes)):
        every = sorted(zip(minutes[origin].tolist(), amounts, strict=True))
        so_far, due = 0.0, inf
        for time, amount in every:
            so_far += amount
            if so_far >= n:
                due = time
                break
        assert active[origin] == pytest.approx(due, rel=1e-6)
        assert nearest[origin] == pytest.approx([*[t for t, _ in every], *[inf] * n][n - 1])
    passive = access.time_to_nth(minutes, people, n=n, passive=True)
    np.testing.assert_array_equal(passive, access.time_to_nth(minutes.T, people, n=n))


@settings(deadline=None)
@given(given=places(), step=st.sampled_from([None, 1, 10]))
def test_balancing_time(given: tuple[np.ndarray, ...], step: float | None) -> None:
    minutes, people, amounts = given
    found = access.balancing_time(minutes, people, amounts, step_min=step)
    for origin in range(len(minutes)):
        due = inf
        for time in sorted(minutes[origin].tolist()):
            near = minutes[origin] <= time
            if time < inf and amounts[near].sum() > people[origin]:
                due = time
                break
        if people[origin] == 0:
            due = 0
        elif step and due < inf:
            due = np.ceil(due / step - 1e-6) * step
        assert found[origin] == pytest.approx(due, rel=1e-6)


# Traps


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_cutoff_that_is_no_binary_number_is_within(kind: type) -> None:
    minutes = np.array([[30.1, np.nextafter(kind(30.1), kind(99))]], dtype=kind)
    assert access.cumulative(minutes, [5, 7], cutoff_min=30.1).tolist() == [5]
    made = decay.binary(cutoff_min=30.1)
    assert access.gravity(minutes, [5, 7], decay=made).tolist() == [5]
    step = decay.stepped(steps_min=[30.1], weights=[0])
    assert access.gravity(minutes, [5, 7], decay=step).tolist() == [0]
    found = access.cumulative_interval(minutes, [5, 7], from_min=30.1, to_min=30.1)
    assert found.tolist() == [5]


def test_short_numbers_are_meant_and_others_are_kept() -> None:
    given = np.array([0, 30.1, 999.9, 1 / 3, 1e-7, inf, 40_000.123], dtype=np.float32)
    found = exact(given)
    assert found[:3].tolist() == [0, 30.1, 999.9]
    np.testing.assert_array_equal(found.astype(np.float32), given)
    assert found[3] == np.float32(1 / 3)
    double = np.array([1 / 3, 30.123456])
    np.testing.assert_array_equal(exact(double), double)
    assert exact(double) is not double


@settings(deadline=None)
@given(st.lists(st.floats(0, 5000, width=32), min_size=2, max_size=20))
def test_short_numbers_keep_their_order(times: list[float]) -> None:
    given = np.sort(np.array(times, dtype=np.float32))
    assert (np.diff(exact(given)) >= 0).all()
    np.testing.assert_array_equal(exact(given).astype(np.float32), given)


def test_what_is_not_reached_weighs_nothing_whatever_the_decay_says() -> None:
    minutes = np.array([[10.0, inf], [inf, inf]])
    for made in (np.ones_like, lambda t: t * np.exp(-t / 9), lambda t: t):
        with np.errstate(invalid="ignore"):
            found = access.gravity(minutes, [2, 1000], decay=made)
        assert np.isfinite(found).all()
        assert found[1] == 0
    assert access.cumulative(minutes, [2, 1000], cutoff_min=1e300).tolist() == [2, 0]
    assert access.cumulative_interval(minutes, [2, 1e9], from_min=5, to_min=20).tolist()[1] == 0


def test_a_decay_may_change_the_block_it_gets_but_not_what_was_given() -> None:
    def spoiling(minutes: np.ndarray) -> np.ndarray:
        minutes *= 0
        minutes += 1
        return minutes

    given = np.array([[10.0, 20.0]])
    assert access.gravity(given, [1, 2], decay=spoiling).tolist() == [3]
    assert given.tolist() == [[10, 20]]
    fixed = np.broadcast_to(1.0, (1, 2))
    assert access.gravity(given, [1, 2], decay=lambda _: fixed).tolist() == [3]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_nothing_there(shape: tuple[int, int]) -> None:
    minutes = np.full(shape, inf, dtype=np.float32)
    people, supply = np.ones(shape[0]), np.ones(shape[1])
    made = decay.exponential(rate=0.1)
    for passive, amounts, size in ((False, supply, shape[0]), (True, people, shape[1])):
        none = np.zeros(size)
        for found in (
            access.cumulative(minutes, amounts, cutoff_min=30, passive=passive),
            access.gravity(minutes, amounts, decay=made, passive=passive),
            access.cumulative_interval(minutes, amounts, from_min=9, to_min=30, passive=passive),
        ):
            np.testing.assert_array_equal(found, none)
        far = access.time_to_nth(minutes, amounts, n=1, passive=passive)
        np.testing.assert_array_equal(far, np.full(size, inf))
    np.testing.assert_array_equal(
        access.balancing_time(minutes, people, supply), np.full(shape[0], inf)
    )


def test_rows_and_columns_permuted_give_the_same() -> None:
    rng = np.random.default_rng(3)
    minutes = rng.choice([*TIMES], (50, 30)).astype(np.float32)
    amounts, people = rng.integers(0, 9, 30).astype(float), rng.integers(0, 9, 50).astype(float)
    rows, columns = rng.permutation(50), rng.permutation(30)
    moved = minutes[rows][:, columns]
    made = decay.power(exponent=1.5)
    for found, other in (
        (
            access.time_to_nth(minutes, amounts, n=9),
            access.time_to_nth(moved, amounts[columns], n=9),
        ),
        (
            access.gravity(minutes, amounts, decay=made),
            access.gravity(moved, amounts[columns], decay=made),
        ),
        (
            access.balancing_time(minutes, people, amounts),
            access.balancing_time(moved, people[rows], amounts[columns]),
        ),
    ):
        np.testing.assert_allclose(other, found[rows], rtol=1e-12)


def test_a_travel_matrix_of_one_mode_does() -> None:
    town = sample_town()
    bike = town.matrix.select(modes=["bike"])
    found = access.cumulative(bike, [1, 1, 1, 1], cutoff_min=16)
    np.testing.assert_array_equal(
        found, access.cumulative(town.matrix.minutes("bike"), [1, 1, 1, 1], cutoff_min=16)
    )
    with pytest.raises(InputError) as told:
        access.cumulative(town.matrix, [1, 1, 1, 1], cutoff_min=16)
    assert told.value.breaches[0].code == "access_modes"


def test_blocks_cover_every_row_once_and_hold_no_copy() -> None:
    plane = np.arange(100_000, dtype=float).reshape(-1, 50)
    rows = [at for at, _ in blocks(plane)]
    assert rows[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(rows))
    assert rows[-1].stop == len(plane)
    assert all(np.shares_memory(block, plane) for _, block in blocks(plane))


def test_no_measure_holds_a_copy_of_the_matrix() -> None:
    rng = np.random.default_rng(1)
    minutes = rng.uniform(1, 90, (4068, 641)).astype(np.float32)
    amounts, people = np.ones(641), np.ones(4068)
    made = decay.exponential(rate=0.1)
    tracemalloc.start()
    try:
        access.cumulative(minutes, amounts, cutoff_min=30)
        access.gravity(minutes, amounts, decay=made)
        access.gravity(minutes, people, decay=made, passive=True)
        access.cumulative_interval(minutes, amounts, from_min=20, to_min=40)
        access.time_to_nth(minutes, n=3)
        access.balancing_time(minutes, people, amounts)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < minutes.nbytes


# Bad input


def codes(told: pytest.ExceptionInfo[InputError]) -> list[str]:
    assert all(told.value.text(lang) for lang in LANGS)
    return [breach.code for breach in told.value.breaches]


def test_times_that_are_no_times_are_told() -> None:
    for bad in (nan, -1, -inf):
        with pytest.raises(InputError) as told:
            access.cumulative(np.array([[5, 5], [5, bad]]), [1, 1], cutoff_min=30)
        assert codes(told) == ["access_no_times"]
        assert (told.value.breaches[0].params["row"], told.value.breaches[0].params["column"]) == (
            2,
            2,
        )
    with pytest.raises(InputError) as told:
        plane_of(np.zeros(3))
    assert codes(told) == ["access_not_a_plane"]
    assert plane_of(np.array([[1, 2]])).dtype == float


def test_amounts_that_do_not_fit_are_told_all_at_once() -> None:
    minutes = np.ones((2, 3))
    with pytest.raises(InputError) as told:
        access.balancing_time(minutes, [1, 2, 3], [1, nan, -2])
    assert codes(told) == ["access_amounts_count", "access_amounts_wrong"]
    assert told.value.breaches[1].params == {
        "name": "supply",
        "count": 2,
        "value": "nan",
        "place": 2,
    }
    with pytest.raises(InputError) as told:
        access.cumulative(minutes, [[1, 2, 3]], cutoff_min=9)
    assert codes(told) == ["access_amounts_count"]


@pytest.mark.parametrize("bad", [0, -5, nan, inf])
def test_options_have_to_be_above_zero(bad: float) -> None:
    minutes = np.ones((1, 1))
    with pytest.raises(InputError):
        access.cumulative(minutes, [1], cutoff_min=bad)
    with pytest.raises(InputError) as told:
        access.cumulative_interval(minutes, [1], from_min=bad, to_min=bad, step_min=bad)
    assert len(told.value.breaches) == 3
    with pytest.raises(InputError):
        access.balancing_time(minutes, [1], [1], step_min=bad)
    with pytest.raises(InputError) as told:
        access.time_to_nth(minutes, n=bad)
    assert codes(told) == ["access_not_counted"]


def test_an_interval_has_to_end_after_it_begins() -> None:
    with pytest.raises(InputError) as told:
        access.cumulative_interval(np.ones((1, 1)), [1], from_min=30, to_min=20)
    assert codes(told) == ["access_interval"]


def test_a_decay_that_gives_no_weights_is_told() -> None:
    minutes = np.array([[5.0, 10.0]])
    for bad, code in (
        (lambda t: t[0], "access_decay_shape"),
        (lambda t: -t, "access_decay_wrong"),
        (lambda t: t * nan, "access_decay_wrong"),
        (lambda t: t / 0, "access_decay_wrong"),
    ):
        with np.errstate(divide="ignore"), pytest.raises(InputError) as told:
            by_decay(bad)(minutes)
        assert codes(told) == [code]
