"""The family of Wilson, forward and calibrated, against closed forms and plain regressions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from geo_mbo.analysis import decay
from geo_mbo.analysis.calibration import CALIBRATION, FORMS, calibrate, fitted_decay
from geo_mbo.analysis.interaction import CONSTRAINTS, interaction_flows
from geo_mbo.analysis.poisson import fit_poisson
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note


def made(minutes: np.ndarray, students: np.ndarray | None = None) -> pd.DataFrame:
    """Pairs of a table of minutes, with students that are known."""
    rows, columns = np.indices(minutes.shape).reshape(2, -1)
    pairs = pd.DataFrame(
        {
            "origin_id": [f"GM{row:04d}" for row in rows],
            "site_id": [f"{column:03d}X" for column in columns],
            "minutes": minutes.ravel(),
        }
    )
    if students is None:
        return pairs
    counts = ("students", "students_low", "students_high")
    return pairs.assign(**dict.fromkeys(counts, students.ravel().astype(float)))


def totals(values: list[float], what: str) -> pd.Series:
    ids = [f"GM{k:04d}" if what == "origins" else f"{k:03d}X" for k in range(len(values))]
    return pd.Series(values, index=ids, dtype=float)


def town(seed: int, origins: int = 8, sites: int = 5, per_pair: float = 40) -> pd.DataFrame:
    """Flows that were drawn from a doubly constrained model with rate 0.06."""
    random = np.random.default_rng(seed)
    minutes = random.uniform(2, 60, (origins, sites)).round(1)
    size = random.uniform(0.5, 2, (origins, 1)) * random.uniform(0.5, 2, (1, sites))
    return made(minutes, random.poisson(per_pair * size * np.exp(-0.06 * minutes)))


@pytest.mark.real_data
def test_three_zones_of_the_family(real_data: Path) -> None:
    path = real_data / "validation" / "accessibility_bho" / "expected_constrained_3zones.json"
    told = json.loads(path.read_text())
    pairs = pd.DataFrame(told["inputs"]["travel_matrix"])
    pairs = pairs.rename(
        columns={"from_id": "origin_id", "to_id": "site_id", "travel_time": "minutes"}
    )
    zones = {name: pd.DataFrame(told["inputs"][name]).set_index("id") for name in ("luA", "luB")}
    people, jobs, places = zones["luA"]["population"], zones["luA"]["jobs"], zones["luB"]["jobs"]
    made = decay.exponential(rate=0.1)

    def flows(constraint, **more):
        given = {"origins": people, "sites": jobs, "decay": made} | more
        return interaction_flows(pairs, constraint=constraint, **given)

    def expected(name, key, value):
        return pd.DataFrame(told[name]).set_index(key)[value]

    whole = flows("unconstrained", origins=people * 0 + 1, total=float(jobs.sum()))
    sides = {
        ("total_supply", "from_id", "supply"): whole.groupby("origin_id"),
        ("singly_supply", "from_id", "supply"): flows("attraction").groupby("origin_id"),
        ("singly_demand", "to_id", "demand"): flows("production").groupby("site_id"),
    }
    for name, grouped in sides.items():
        np.testing.assert_allclose(grouped["students"].sum(), expected(*name), rtol=1e-12)
    doubly = flows("doubly", sites=places, decay=decay.power(exponent=3))
    theirs = pd.DataFrame(told["doubly_power3_flows"]).rename(
        columns={"from_id": "origin_id", "to_id": "site_id"}
    )
    both = doubly.merge(theirs, on=["origin_id", "site_id"])
    assert len(both) == 9
    # They stop where margins are off by 1.5e-7; ours are exact to 1e-10.
    np.testing.assert_allclose(both["students"], both["flow"], rtol=1e-6)
    np.testing.assert_allclose(doubly.groupby("origin_id")["students"].sum(), people, rtol=1e-9)
    np.testing.assert_allclose(doubly.groupby("site_id")["students"].sum(), places, rtol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    constraint=st.sampled_from(CONSTRAINTS),
)
@settings(deadline=None, max_examples=60)
def test_totals_hold_whatever_the_order_and_the_scale(seed, shape, constraint) -> None:
    random = np.random.default_rng(seed)
    pairs = made(random.uniform(0, 60, shape))
    leave, arrive = random.uniform(1, 90, shape[0]), random.uniform(1, 90, shape[1])
    given = {
        "origins": totals(leave, "origins"),
        "sites": totals(arrive / arrive.sum() * leave.sum(), "sites"),
        "decay": decay.exponential(rate=0.08),
        "constraint": constraint,
    }
    flows = interaction_flows(pairs, **given)
    assert flows["students"].sum() == pytest.approx(leave.sum())
    by = {side: flows.groupby(f"{side}_id")["students"].sum() for side in ("origin", "site")}
    if constraint in ("production", "doubly"):
        np.testing.assert_allclose(by["origin"], given["origins"], rtol=1e-8)
    if constraint in ("attraction", "doubly"):
        np.testing.assert_allclose(by["site"], given["sites"], rtol=1e-8)
    order = random.permutation(len(pairs))
    shuffled = interaction_flows(pairs.iloc[order], **given)
    np.testing.assert_allclose(shuffled["students"], flows["students"].to_numpy()[order], rtol=1e-8)


def test_who_reaches_nothing_is_told_and_does_not_count() -> None:
    pairs = made(np.array([[10.0, 20.0], [np.inf, np.inf]]))
    given = {
        "origins": totals([30, 12], "origins"),
        "sites": totals([1, 1], "sites"),
        "decay": decay.exponential(rate=0.1),
    }
    notes: list[Note] = []
    flows = interaction_flows(pairs, **given, constraint="production", notify=notes.append)
    assert flows["students"].sum() == pytest.approx(30)
    assert [(found.code, found.rows) for found in notes] == [
        ("interaction_stranded_origins", ("GM0001",))
    ]
    assert all("12" in notes[0].text(lang) for lang in LANGS)


def test_totals_that_cannot_be_met_are_told_and_no_loop_without_end() -> None:
    # Both origins reach the first site only, which has room for 10 of their 30.
    pairs = made(np.array([[5.0, np.inf], [5.0, np.inf]]))
    notes: list[Note] = []
    interaction_flows(
        pairs,
        origins=totals([20, 10], "origins"),
        sites=totals([10, 20], "sites"),
        decay=decay.exponential(rate=0.1),
        constraint="doubly",
        notify=notes.append,
    )
    assert notes[0].code == "interaction_unbalanced"
    assert "001X" in notes[0].rows


def test_no_pairs_no_flows() -> None:
    none = made(np.zeros((0, 0)))
    for constraint in CONSTRAINTS:
        flows = interaction_flows(
            none,
            origins=totals([], "origins"),
            sites=totals([], "sites"),
            decay=decay.exponential(rate=0.1),
            constraint=constraint,
        )
        assert flows.columns.tolist() == ["origin_id", "site_id", "minutes", "students"]
        assert flows.empty


def test_wrong_pairs_and_masses_are_told_at_once() -> None:
    pairs = made(np.array([[10.0, -1.0], [np.nan, 5.0]]))
    pairs = pd.concat([pairs, pairs.iloc[:1]])
    given = {"decay": decay.exponential(rate=0.1), "constraint": "doubly"}
    with pytest.raises(InputError) as told:
        interaction_flows(
            pairs, origins=totals([1, 1], "origins"), sites=totals([1, 1], "sites"), **given
        )
    assert [breach.code for breach in told.value.breaches] == ["pairs_twice", "pairs_below_zero"]
    good = made(np.ones((2, 2)))
    bad = {"origins": totals([1, -1], "origins"), "sites": totals([np.nan, 1], "sites")}
    with pytest.raises(InputError) as told:
        interaction_flows(good, **bad, **given)
    assert [breach.code for breach in told.value.breaches] == ["masses_below_zero"] * 2
    with pytest.raises(InputError, match="have to be as many"):
        interaction_flows(
            good, origins=totals([1, 1], "origins"), sites=totals([1, 2], "sites"), **given
        )
    with pytest.raises(InputError, match="minutes"):
        interaction_flows(good.drop(columns="minutes"), **bad, **given)


# Calibration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "made_decay"),
    [
        ("exponential", decay.exponential(rate=0.07)),
        ("power", decay.power(exponent=1.7)),
        ("log_normal", decay.log_normal(rate=0.3)),
    ],
)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_decay_is_found_back_from_the_flows_it_makes(form, made_decay, constraint) -> None:
    minutes = np.random.default_rng(3).uniform(0.5, 60, (7, 5))
    pairs = made(minutes)
    leave, arrive = np.arange(3.0, 10), np.array([8.0, 12, 6, 9, 7])
    flows = interaction_flows(
        pairs,
        origins=totals(leave, "origins"),
        sites=totals(arrive, "sites"),
        decay=made_decay,
        constraint=constraint,
    )["students"].to_numpy()
    known = made(minutes, flows * 100).assign(
        origin_mass=np.repeat(leave, 5), site_mass=np.tile(arrive, 7)
    )
    fit = calibrate(known, constraint=constraint).set_index("decay").loc[form]
    rate = {"exponential": 0.07, "power": 1.7, "log_normal": 0.3}[form]
    assert fit["rate"] == pytest.approx(rate, rel=1e-6)
    assert fit["rate_low"] == fit["rate"] == fit["rate_high"]
    assert fit["deviance"] == pytest.approx(0, abs=1e-6)
    assert fit["srmse"] == pytest.approx(0, abs=1e-6)
    for name, own in (("origin", "attraction"), ("site", "production")):
        expected = 1.0 if constraint in ("unconstrained", own) else np.nan
        np.testing.assert_allclose(fit[f"{name}_exponent"], expected, rtol=1e-6)
    times = np.array([5.0, 30.0, np.inf])
    np.testing.assert_allclose(
        fitted_decay(fit.rename(form).to_frame().T.assign(decay=form).iloc[0])(times),
        made_decay(times),
        rtol=1e-4,
    )


def plain(pairs: pd.DataFrame, constraint: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Poisson regression with a column for each effect: rate first, errors, log likelihood."""
    effects = []
    if constraint in ("production", "doubly"):
        effects.append(pd.get_dummies(pairs["origin_id"]).to_numpy(float))
    if constraint in ("attraction", "doubly"):
        one = pd.get_dummies(pairs["site_id"]).to_numpy(float)
        effects.append(one[:, 1:] if effects else one)
    if not effects:
        effects.append(np.ones((len(pairs), 1)))
    y = pairs["students"].to_numpy()
    masses = [
        np.log(pairs.groupby(f"{side}_id")["students"].transform("sum").to_numpy())[:, None]
        for side, own in (("origin", "attraction"), ("site", "production"))
        if constraint in ("unconstrained", own)
    ]
    x = np.hstack([-pairs[["minutes"]].to_numpy(), *masses, *effects])
    b = np.linalg.lstsq(x, np.log(y + 0.5), rcond=None)[0]
    for _ in range(100):
        mean = np.exp(x @ b)
        z = x @ b + (y - mean) / mean
        b = np.linalg.solve(x.T @ (x * mean[:, None]), x.T @ (mean * z))
    mean = np.exp(x @ b)
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ (x * mean[:, None]))))
    from scipy.stats import poisson

    return b, errors, float(poisson.logpmf(y, mean).sum())


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_a_regression_with_a_column_for_each_effect(constraint, seed) -> None:
    pairs = town(seed)
    fit = calibrate(pairs, constraint=constraint, forms=["exponential"]).iloc[0]
    b, errors, likelihood = plain(pairs, constraint)
    assert fit["rate"] == pytest.approx(b[0], rel=1e-8)
    assert fit["rate_se"] == pytest.approx(errors[0], rel=1e-6)
    assert fit["log_likelihood"] == pytest.approx(likelihood, rel=1e-10)
    assert fit["aic"] == pytest.approx(2 * len(b) - 2 * likelihood, rel=1e-10)
    if constraint == "unconstrained":
        assert fit["origin_exponent"] == pytest.approx(b[1], rel=1e-7)
        assert fit["site_exponent"] == pytest.approx(b[2], rel=1e-7)


def test_as_the_full_likelihood_at_its_greatest() -> None:
    pairs = town(5, origins=4, sites=3)
    y, c = (pairs[name].to_numpy().reshape(4, 3) for name in ("students", "minutes"))

    def loss(v: np.ndarray) -> float:
        eta = v[1:5, None] + np.append(v[5:7], 0)[None] - v[0] * c
        return float((np.exp(eta) - y * eta).sum())

    best = minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-7})
    fit = calibrate(pairs, constraint="doubly", forms=["exponential"]).iloc[0]
    assert fit["rate"] == pytest.approx(best.x[0], rel=1e-4)


def test_margins_and_mean_trip_are_met_where_the_model_says_so() -> None:
    pairs = town(9)
    fit = calibrate(pairs, constraint="doubly").set_index("decay")
    exponential = fit.loc["exponential"]
    assert exponential["minutes_predicted"] == pytest.approx(exponential["minutes_observed"])
    assert (fit["pseudo_r2"].between(0, 1)).all()
    assert fit["aic"].idxmin() == "exponential"  # the town was drawn from it
    assert exponential["rate"] == pytest.approx(0.06, abs=4 * exponential["rate_se"])
    assert list(fit.reset_index()[list(CALIBRATION)].dtypes.astype(str)) == list(
        CALIBRATION.values()
    )


def test_errors_of_the_rate_are_as_the_spread_of_rates() -> None:
    fits = [
        calibrate(town(0).assign(students=drawn), constraint="doubly", forms=["exponential"])
        for drawn in np.random.default_rng(8).poisson(town(0)["students"], (60, 40))
    ]
    rates = pd.concat(fits)
    assert rates["rate"].std() == pytest.approx(rates["rate_se"].mean(), rel=0.3)


def test_one_more_of_far_away_lowers_the_rate_and_masked_counts_bound_it() -> None:
    pairs = town(4, per_pair=10)
    small = pairs["students"].between(1, 4)
    assert small.sum() > 5
    masked = pairs.assign(
        students=pairs["students"].mask(small, 2.5),
        students_low=pairs["students"].mask(small, 1),
        students_high=pairs["students"].mask(small, 4),
    )
    fit = calibrate(masked, constraint="doubly", forms=["power"]).iloc[0]
    assert fit["rate_low"] < fit["rate"] < fit["rate_high"]
    random = np.random.default_rng(1)
    for _ in range(20):
        any_of = pairs["students"].mask(small, random.integers(1, 5, len(pairs)))
        within = pairs.assign(students=any_of, students_low=any_of, students_high=any_of)
        rate = calibrate(within, constraint="doubly", forms=["power"]).iloc[0]["rate"]
        assert fit["rate_low"] - 1e-9 <= rate <= fit["rate_high"] + 1e-9


def test_pairs_not_reached_are_left_out_and_told() -> None:
    pairs = town(2)
    pairs.loc[3, "minutes"] = np.inf
    pairs.loc[4, ["minutes", "students", "students_low", "students_high"]] = [np.inf, 0, 0, 0]
    notes: list[Note] = []
    fit = calibrate(pairs, constraint="doubly", forms=["power"], notify=notes.append).iloc[0]
    assert (fit["pairs"], fit["pairs_unreached"]) == (38, 2)
    assert fit["students_unreached"] == pairs.loc[3, "students"]
    assert fit["students"] + fit["students_unreached"] == pairs["students"].sum()
    assert [(found.code, found.count) for found in notes] == [("calibration_unreached", 1)]
    without = calibrate(pairs.drop([3, 4]), constraint="doubly", forms=["power"]).iloc[0]
    assert fit["rate"] == without["rate"]


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_origins_and_sites_without_students_change_no_rate_with_effects(constraint) -> None:
    pairs = town(6)
    more = made(np.full((10, 6), 25.0), np.zeros((10, 6)))
    padded = pd.concat([pairs, more]).drop_duplicates(["origin_id", "site_id"])
    before, after = (
        calibrate(table, constraint=constraint, forms=["exponential"]).iloc[0]
        for table in (pairs, padded)
    )
    assert np.isfinite(after["rate_se"])
    if constraint == "doubly":
        assert after["rate"] == pytest.approx(before["rate"], rel=1e-9)
        assert after["deviance"] == pytest.approx(before["deviance"], rel=1e-9)


def test_an_island_without_links_to_the_rest() -> None:
    pairs = town(7, origins=6, sites=6)
    far = (pairs["origin_id"] < "GM0003") != (pairs["site_id"] < "003X")
    counts = ["students", "students_low", "students_high"]
    pairs.loc[far, counts] = 0
    pairs.loc[far, "minutes"] = np.inf
    fit = calibrate(pairs, constraint="doubly", forms=["exponential"]).iloc[0]
    y = pairs[~far].reset_index(drop=True)
    effects = pd.get_dummies(y[["origin_id", "site_id"]]).to_numpy(float)
    x = np.column_stack([-y["minutes"], effects])
    b = np.zeros(x.shape[1])
    for _ in range(60):
        mean = np.exp(np.clip(x @ b, -30, 30))
        z = x @ b + (y["students"].to_numpy() - mean) / mean
        b = np.linalg.pinv(x.T @ (x * mean[:, None])) @ (x.T @ (mean * z))
    assert fit["rate"] == pytest.approx(b[0], rel=1e-6)


@pytest.mark.parametrize(
    ("minutes", "students", "constraint", "code"),
    [
        ([[5, 10, 20]], [[9, 5, 2]], "doubly", "calibration_not_told"),  # one origin
        ([[5], [10], [20]], [[9], [5], [2]], "doubly", "calibration_not_told"),  # one site
        ([[5], [10], [20]], [[9], [5], [2]], "production", "calibration_not_told"),
        ([[5, 10, 20]], [[9, 5, 2]], "attraction", "calibration_not_told"),
        ([[9, 9], [9, 9]], [[3, 4], [5, 1]], "doubly", "calibration_not_told"),  # as long
        ([[5, 20], [20, 5]], [[9, 0], [0, 7]], "doubly", "calibration_separated"),
        ([[5, np.inf], [np.inf, 5]], [[9, 0], [0, 7]], "doubly", "calibration_not_told"),
        ([[5, 20], [20, 5]], [[0, 0], [0, 0]], "doubly", "calibration_empty"),
        ([[np.inf, 5]], [[3, 0]], "production", "calibration_empty"),
    ],
)
def test_flows_that_tell_no_rate(minutes, students, constraint, code) -> None:
    pairs = made(np.array(minutes, float), np.array(students, float))
    notes: list[Note] = []
    with pytest.raises(InputError) as told:
        calibrate(pairs, constraint=constraint, forms=["exponential"], notify=notes.append)
    assert [breach.code for breach in told.value.breaches] == [code]
    assert all(told.value.text(lang) for lang in LANGS)


def test_one_origin_tells_a_rate_where_sites_have_masses() -> None:
    pairs = made(np.array([[5.0, 10.0, 20.0, 40.0]]), np.array([[40.0, 30.0, 10.0, 4.0]]))
    fit = calibrate(pairs.assign(site_mass=[1, 2, 1, 3.0]), constraint="production")
    assert (fit["rate"] > 0).all()


def test_farther_is_more_is_told_and_makes_no_decay() -> None:
    pairs = made(np.array([[5.0, 20.0], [20.0, 5.0]]), np.array([[1.0, 9.0], [8.0, 1.0]]))
    notes: list[Note] = []
    fit = calibrate(pairs, constraint="doubly", forms=["power"], notify=notes.append).iloc[0]
    assert fit["rate"] < 0
    assert [found.code for found in notes] == ["calibration_rising"]
    with pytest.raises(InputError, match="exponent"):
        fitted_decay(fit)


def test_competition_is_estimated_where_it_differs_by_pair() -> None:
    random = np.random.default_rng(11)
    pairs = town(11, origins=12, sites=9).assign(
        competition=random.uniform(1, 9, 108), site_mass=np.tile(random.uniform(5, 50, 9), 12)
    )
    size = pairs["site_mass"] * pairs["competition"] ** -0.4 * np.exp(-0.05 * pairs["minutes"])
    pairs = pairs.assign(**dict.fromkeys(["students", "students_low", "students_high"], size * 9))
    fit = calibrate(pairs, constraint="production", forms=["exponential"]).iloc[0]
    assert fit["competition_exponent"] == pytest.approx(-0.4, rel=1e-6)
    by_site = pairs.assign(competition=np.tile(np.arange(1.0, 10), 12))
    with pytest.raises(InputError, match="competition"):
        calibrate(by_site, constraint="doubly", forms=["exponential"])


def test_inputs_stay_as_they_are_and_order_does_not_matter() -> None:
    pairs = town(13)
    before = pairs.copy()
    fit = calibrate(pairs, constraint="doubly")
    shuffled = calibrate(pairs.sample(frac=1, random_state=1), constraint="doubly")
    pd.testing.assert_frame_equal(pairs, before)
    pd.testing.assert_frame_equal(fit, shuffled, rtol=1e-8)


@pytest.mark.parametrize("form", FORMS)
def test_unknown_words_are_refused(form) -> None:
    with pytest.raises(InputError, match="constraint"):
        calibrate(town(1), constraint="triply", forms=[form])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="form"):
        calibrate(town(1), constraint="doubly", forms=[form, "square"])  # type: ignore[list-item]


def test_few_reachable_pairs_do_not_run_away() -> None:
    """Flows of which nearly all pairs are out of reach: the first step alone would overflow."""
    rng = np.random.default_rng(5)
    rows = [
        (o, s, float(rng.uniform(1, 120)), float(rng.integers(1, 400)))
        for o in range(340)
        for s in rng.choice(220, size=4, replace=False)
    ]
    frame = pd.DataFrame(rows, columns=["o", "s", "minutes", "students"])
    found = fit_poisson(
        frame["students"].to_numpy(),
        -frame[["minutes"]].to_numpy(),
        groups=[frame["o"].to_numpy(), frame["s"].to_numpy()],
        names=["minutes"],
    )
    assert np.isfinite(found.coefficients).all()
    assert np.isfinite(found.means).all()
    # Sums by origin and by site are met: what maximum likelihood with effects means.
    for side in ("o", "s"):
        sums = frame.assign(mean=found.means).groupby(side)[["students", "mean"]].sum()
        np.testing.assert_allclose(sums["mean"], sums["students"], rtol=1e-6)
