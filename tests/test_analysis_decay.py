"""Decays: known answers, which side of an equality counts, and what no decay may do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo_mbo.analysis import decay
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS

MADE = {
    "exponential": decay.exponential(rate=0.05),
    "power": decay.power(exponent=1.5),
    "power from 5": decay.power(exponent=1.5, floor_min=5),
    "gaussian": decay.gaussian(sigma_min=20),
    "linear": decay.linear(limit_min=45),
    "logistic": decay.logistic(inflection_min=40, sd_min=10),
    "steep logistic": decay.logistic(inflection_min=40, sd_min=0.01),
    "stepped": decay.stepped(steps_min=[10, 20, 40], weights=[0.8, 0.5, 0.1]),
    "binary": decay.binary(cutoff_min=30),
    "log-normal": decay.log_normal(rate=0.2),
}
TIMES = arrays(
    float,
    st.integers(0, 30),
    elements=st.floats(0, 1e6) | st.just(np.inf),
)


@pytest.mark.parametrize("name", MADE)
@given(times=TIMES)
def test_weights_fall_from_one_to_zero(name: str, times: np.ndarray) -> None:
    before = times.copy()
    weights = MADE[name](times)
    assert weights.shape == times.shape
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (weights[np.isinf(times)] == 0).all()
    order = np.argsort(times)
    assert (np.diff(weights[order]) <= 1e-15).all()
    np.testing.assert_array_equal(times, before)


@pytest.mark.parametrize("name", MADE)
def test_shape_precision_and_the_unknown_are_kept(name: str) -> None:
    made = MADE[name]
    assert made(np.zeros((2, 3))).tolist() == [[1.0] * 3] * 2
    assert made(np.zeros((0, 3))).shape == (0, 3)
    single = made(np.array([0, 12.5, 30, np.inf], np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, made(np.array([0, 12.5, 30, np.inf])), rtol=1e-5)
    np.testing.assert_array_equal(made(np.array([0, 25])), made(np.array([0.0, 25.0])))
    assert np.isnan(made(np.array([np.nan, 3.0]))).tolist() == [True, False]


@pytest.mark.parametrize(
    ("made", "at", "on"),
    [
        (decay.binary(cutoff_min=30), 30, 1.0),  # inclusive
        (decay.stepped(steps_min=[30], weights=[0.4]), 30, 0.4),  # open on the right
        (decay.linear(limit_min=30), 30, 0.0),
        (decay.power(exponent=2, floor_min=30), 30, 1.0),
        (decay.log_normal(rate=1), 1, 1.0),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_which_side_of_an_equality_counts(
    made: decay.Decay, at: float, on: float, kind: type
) -> None:
    limit = kind(at)
    before, exact, after = made(np.array([np.nextafter(limit, 0), limit, np.nextafter(limit, 99)]))
    assert exact == on
    assert before == pytest.approx(max(on, before))
    assert after <= exact <= before


def test_a_limit_that_no_binary_number_is_holds_in_single_precision() -> None:
    at = np.array([30.1], np.float32)  # a little above 30.1
    assert decay.binary(cutoff_min=30.1)(at) == 1
    assert decay.stepped(steps_min=[30.1], weights=[0])(at) == 0
    below = np.array([39.7], np.float32)  # a little below 39.7
    assert decay.stepped(steps_min=[39.7], weights=[0])(below) == 0


def test_not_reached_weighs_nothing_behind_a_last_step_above_zero() -> None:
    made = decay.stepped(steps_min=[10], weights=[0.5])
    assert made(np.array([1e9, np.inf])).tolist() == [0.5, 0.0]


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
@pytest.mark.parametrize(
    ("maker", "names"),
    [
        (decay.exponential, ["rate"]),
        (decay.power, ["exponent", "floor_min"]),
        (decay.gaussian, ["sigma_min"]),
        (decay.linear, ["limit_min"]),
        (decay.logistic, ["inflection_min", "sd_min"]),
        (decay.binary, ["cutoff_min"]),
        (decay.log_normal, ["rate"]),
    ],
)
def test_parameters_have_to_be_above_zero_all_told_at_once(maker, names, bad) -> None:
    with pytest.raises(InputError) as told:
        maker(**dict.fromkeys(names, bad))
    assert [breach.params["name"] for breach in told.value.breaches] == names


@pytest.mark.parametrize(
    ("steps", "weights", "codes"),
    [
        ([], [], ["steps_uneven"]),
        ([10], [0.5, 0.2], ["steps_uneven"]),
        ([10, 10], [0.5, 0.2], ["steps_not_rising"]),
        ([0, 10], [0.5, 0.2], ["steps_not_rising"]),
        ([10, np.inf], [0.5, 0.2], ["steps_not_rising"]),
        ([np.nan, 10], [0.5, 0.2], ["steps_not_rising"]),
        ([10, 20], [0.5, 1.2], ["weights_outside"]),
        ([20, 10], [np.nan], ["steps_uneven", "steps_not_rising", "weights_outside"]),
    ],
)
def test_wrong_steps_are_told_all_at_once(steps, weights, codes) -> None:
    with pytest.raises(InputError) as told:
        decay.stepped(steps_min=steps, weights=weights)
    assert [breach.code for breach in told.value.breaches] == codes
    assert all(told.value.text(lang) for lang in LANGS)


@pytest.mark.real_data
def test_gravity_of_belo_horizonte(real_data: Path) -> None:
    folder = real_data / "validation" / "accessibility_bho"
    tenths = np.load(folder / "travel_time_tenths_min.npz")["tt"]
    minutes = np.where(tenths < 0, np.inf, tenths / 10)
    land = pd.read_csv(folder / "land_use.csv")
    expected = pd.read_csv(folder / "expected_by_cell.csv").set_index("id").loc[land["id"]]
    steps = decay.stepped(steps_min=[10, 20, 30], weights=[0.68, 0.22, 0])
    cases = {
        "grav_exp_jobs_02": ("jobs", decay.exponential(rate=0.2)),
        "grav_exp_schools_01": ("schools", decay.exponential(rate=0.1)),
        "grav_power_jobs_2": ("jobs", decay.power(exponent=2)),
        "grav_linear_jobs_50": ("jobs", decay.linear(limit_min=50)),
        "grav_logistic_jobs_40_10": ("jobs", decay.logistic(inflection_min=40, sd_min=10)),
        "grav_stepped_jobs": ("jobs", steps),
        "cum_jobs_30": ("jobs", decay.binary(cutoff_min=30)),
        "cum_jobs_60": ("jobs", decay.binary(cutoff_min=60)),
    }
    for column, (what, made) in cases.items():
        ours = made(minutes) @ land[what].to_numpy(float)
        np.testing.assert_allclose(ours, expected[column], rtol=1e-9, err_msg=column)
