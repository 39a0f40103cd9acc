"""The benchmark of institutions and regions, market shares and concentration.

By hand on the sample town, and by trying all numbers within the bounds.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import inf, isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo import analysis
from geo_mbo.analysis.benchmark_wide import wide_benchmark
from geo_mbo.analysis.market import concentration, hhi_of, market_shares
from geo_mbo.messages import Lang, catalogue
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix, matrix_from_long

ENDS = ["value", "value_low", "value_high"]


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def t(town: SampleTown) -> Tables:
    return town.tables


@pytest.fixture(scope="module")
def bike(town: SampleTown) -> TravelMatrix:
    return town.matrix.select(modes=["bike"])


@pytest.fixture(scope="module")
def now(t: Tables) -> pd.DataFrame:
    return t.students[t.students["year"] == 2024]


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


class TestConcentration:
    @settings(deadline=None, max_examples=200)
    @given(
        st.lists(
            st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 1, 3])), min_size=1, max_size=5
        ).filter(lambda cells: sum(low for low, _ in cells) > 0)
    )
    def test_bounds_hold_for_all_numbers(self, cells: list[tuple[int, int]]) -> None:
        low = np.array([a for a, _ in cells], dtype=float)
        high = low + [b for _, b in cells]
        middle, least, most = hhi_of(np.zeros(len(low), int), (low + high) / 2, low, high, count=1)
        tried = [
            sum(n * n for n in x) / sum(x) ** 2
            for x in product(*(np.linspace(a, b, 4) for a, b in zip(low, high, strict=True)))
        ]
        assert least[0] <= min(tried) + 1e-9
        assert least[0] == pytest.approx(min(tried), abs=0.02)  # between the numbers tried
        assert most[0] >= max(tried) - 1e-9
        assert most[0] <= 1
        assert least[0] - 1e-12 <= middle[0] <= most[0] + 1e-12

    def test_the_least_is_exact(self) -> None:
        # 10 and 1 to 4: as equal as can be is 10 and 4; two of 1 to 4 can be equal.
        group = np.array([0, 0, 1, 1])
        low, high = np.array([10.0, 1, 1, 1]), np.array([10.0, 4, 4, 4])
        _, least, most = hhi_of(group, (low + high) / 2, low, high, count=2)
        assert least == pytest.approx([116 / 196, 0.5])
        assert most[0] == pytest.approx(101 / 121)

    def test_one_provider_and_none(self) -> None:
        three = np.array([3.0])
        found = hhi_of(np.array([1]), three, three, three, count=2)
        for index in found:
            assert isnan(index[0])
            assert index[1] == 1

    def test_by_hand(self, now: pd.DataFrame) -> None:
        found = row(concentration(now), area_id="GM9002")
        assert found["hhi"] == pytest.approx((40**2 + 2.5**2) / 42.5**2)
        assert found["hhi_high"] == pytest.approx((40**2 + 1) / 41**2)
        island = row(concentration(now), area_id="GM9003")
        assert (island["withheld"], isnan(island["hhi"]), island["providers"]) == (True, True, 1)
        by_site = row(concentration(now, by="site_id"), area_id="GM9001")
        assert by_site["providers"] == 3

    def test_shares_and_zero_rows(self, now: pd.DataFrame) -> None:
        found = market_shares(now)
        sums = found[~found["withheld"]].groupby("area_id")["share"].sum()
        assert sums.tolist() == pytest.approx([1, 1])
        beta = row(found, area_id="GM9001", provider_id="90BB")
        assert (beta["share_low"], beta["share_high"]) == pytest.approx((38 / 102, 38 / 99))
        for made in (market_shares, concentration):
            none = made(now.iloc[:0])
            assert none.empty
            assert none.dtypes.to_dict() == made(now).dtypes.to_dict()
            pd.testing.assert_frame_equal(made(now.iloc[::-1]), made(now))


class TestWide:
    def test_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        found = wide_benchmark(t, bike, limit_min=30)

        def told(subject: str, measure: str) -> pd.Series:
            return row(found, subject_id=subject, measure=measure)

        # 60 at 14 minutes on average, 10 at 37.6, 2.5 at 38, 30 at 13.6; 2.5 reach nothing.
        mean = told("90AA", "minutes_mean")
        assert mean["value"] == pytest.approx((840 + 376 + 95 + 408) / 102.5)
        assert mean["value_low"] == pytest.approx((840 + 376 + 38 + 408) / 101)
        assert mean["national"] == pytest.approx((1719 + 532 + 94) / 143)
        assert mean["peers_mean"] == told("90BB", "minutes_mean")["value"]
        assert (mean["subject"], mean["peer_ids"], mean["unit"]) == (
            "Alfa College",
            "90BB",
            "minutes",
        )
        # At 4 minutes a kilometre.
        assert told("90AA", "km_mean")["value"] == pytest.approx(mean["value"] / 4)
        lost = told("90AA", "unreached_share")
        assert lost[ENDS].tolist() == pytest.approx([2.5 / 105, 1 / 105, 4 / 105], abs=1e-3)
        assert told("90AA", "students")["value"] == 111
        assert told("90AA", "told_share")["value"] == pytest.approx(105 / 111)
        # Its wide catchment is Aldermeer and Boskerk; 102.5 of the 143 who live there.
        assert told("90AA", "market_share")["value"] == pytest.approx(102.5 / 143)
        # Beta's is Aldermeer: 38 of 100.5.
        assert told("90BB", "market_share")[ENDS].tolist() == pytest.approx(
            [38 / 100.5, 38 / 102, 38 / 99]
        )
        # Within 30 minutes: 9001 and 9002 reach both institutions, Boskerk one.
        people = {"90AA": (62.5 * 2 + 40 * 1) / 105, "90BB": (38 * 2 + 2.5) / 40.5}
        everybody = (100.5 * 2 + 42.5) / 145.5
        for subject, value in people.items():
            assert told(subject, "access_index")["value"] == pytest.approx(value / everybody)
        assert told("NL", "access_index")["value"] == pytest.approx(1)

    def test_quantiles_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        found = wide_benchmark(t, bike, limit_min=30)
        beta = found[found["subject_id"] == "90BB"].set_index("measure")
        # 28.5 at 16 minutes, 9.5 at 8, 2 at 36, 0.5 at 44: half of 40.5 is at 16, 95 % at 36.
        assert beta.loc[["minutes_p50", "minutes_p80", "minutes_p95"], "value"].tolist() == [
            16,
            16,
            36,
        ]
        # With one of Boskerk 95 % of 39 is at 16 minutes.
        assert beta.loc["minutes_p95", "value_low"] == 16

    def test_bounds_hold_for_all_numbers(self, bike: TravelMatrix, t: Tables) -> None:
        found = wide_benchmark(t, bike, limit_min=30).set_index(["subject_id", "measure"])
        masked = t.students["students_low"] != t.students["students_high"]
        exact = []
        for numbers in product(
            (1.0, 2.0, 4.0), repeat=int((masked & (t.students["year"] == 2024)).sum())
        ):
            students = t.students[t.students["year"] == 2024].copy()
            # Tenfold, so that no number is below five; times and shares stay as they are.
            for name in ("students", "students_low", "students_high"):
                students.loc[masked, name] = numbers
                students[name] *= 10
            told = wide_benchmark(replace(t, students=students), bike, limit_min=30)
            exact.append(told.set_index(["subject_id", "measure"])["value"])
        tried = pd.concat(exact, axis=1)
        for key, ends in found.iterrows():
            if key[1] in ("students", "access_index"):
                continue
            least, most = tried.loc[key].min(), tried.loc[key].max()
            assert ends["value_low"] <= least + 1e-9, key
            assert ends["value_high"] >= most - 1e-9, key
            if key[1] in ("minutes_mean", "km_mean", "told_share"):
                assert ends["value_low"] == pytest.approx(least), key
                assert ends["value_high"] == pytest.approx(most), key

    def test_growth(self, bike: TravelMatrix, t: Tables) -> None:
        now = t.students[t.students["year"] == 2024]
        before = now.assign(
            year=2020,
            **{name: now[name] * 2 for name in ("students", "students_low", "students_high")},
        )
        found = wide_benchmark(
            replace(t, students=pd.concat([t.students, before])), bike, limit_min=30
        )
        alfa = row(found, subject_id="90AA", measure="growth")
        assert (alfa["value"], alfa["base_year"], alfa["year"]) == (-0.5, 2020, 2024)
        assert alfa["value_low"] == pytest.approx(108 / 228 - 1)
        assert row(found, subject_id="PV90", measure="growth")["value"] == pytest.approx(-0.5)
        assert "growth" not in set(wide_benchmark(t, bike, limit_min=30)["measure"])
        past = wide_benchmark(
            replace(t, students=pd.concat([t.students, before])), bike, limit_min=30, year=2020
        )
        assert row(past, subject_id="NL", measure="students")["value"] == 2 * 156.5

    def test_peers_are_the_nearest_in_size(self, bike: TravelMatrix, t: Tables) -> None:
        sizes = {f"I{k}": 10.0 * (k + 1) for k in range(7)}
        one = t.students[t.students["year"] == 2024].iloc[0]
        rows = pd.DataFrame(
            [
                {
                    **one,
                    "institution_id": name,
                    "students": n,
                    "students_low": n,
                    "students_high": n,
                }
                for name, n in sizes.items()
            ]
        )
        found = wide_benchmark(replace(t, students=rows), bike, limit_min=30)
        peers = {
            name: row(found, subject_id=name, measure="students")["peer_ids"].split(";")
            for name in sizes
        }
        assert peers["I0"] == ["I1", "I2", "I3", "I4", "I5"]
        # I2 and I4 are equally near to I3: the first by id goes first.
        assert peers["I3"] == ["I2", "I4", "I1", "I5", "I0"]
        middle = row(found, subject_id="I3", measure="students")
        assert (middle["peers_low"], middle["peers_mean"], middle["peers_high"]) == (10, 34, 60)

    def test_fewer_than_five_are_withheld(self, bike: TravelMatrix, t: Tables) -> None:
        few = (
            t.students[t.students["year"] == 2024]
            .iloc[[0]]
            .assign(institution_id="90CC", students=3.0, students_low=3.0, students_high=3.0)
        )
        told: list[Note] = []
        found = wide_benchmark(
            replace(t, students=pd.concat([t.students, few])),
            bike,
            limit_min=30,
            notify=told.append,
        )
        small = found[found["subject_id"] == "90CC"]
        assert small["withheld"].all()
        assert small.loc[small["measure"] != "students", ENDS].isna().all().all()
        assert row(small, measure="students")[ENDS].tolist() == [2.5, 1, 4]
        assert [(note.code, note.rows) for note in told] == [("subjects_withheld", ("90CC",))]
        assert not found["peer_ids"].str.contains("90CC").any()

    def test_few_known_trips_are_withheld(self, bike: TravelMatrix, t: Tables) -> None:
        now = t.students[t.students["year"] == 2024]
        abroad = now[(now["site_id"] == "90BB001") & (now["origin_id"] != "GM9001")]
        found = wide_benchmark(replace(t, students=abroad), bike, limit_min=30)
        beta = found[found["subject_id"] == "90BB"].set_index("measure")
        assert beta.loc["students", "value"] == 7.5
        assert beta.loc["minutes_mean", "withheld"]
        assert isnan(beta.loc["minutes_mean", "value"])

    def test_nobody_reaches(self, bike: TravelMatrix, t: Tables) -> None:
        rows = bike.to_long()
        lost = rows["site_id"] == "90BB001"
        rows.loc[lost, ["minutes", "meters"]] = inf
        rows.loc[lost, "status"] = "unreachable"
        found = wide_benchmark(t, matrix_from_long(rows), limit_min=30)
        beta = found[found["subject_id"] == "90BB"].set_index("measure")["value"]
        assert (beta["minutes_mean"], beta["minutes_p50"], beta["unreached_share"]) == (inf, inf, 1)
        # A peer without a mean is not averaged.
        alfa = row(found, subject_id="90AA", measure="minutes_mean")
        assert isnan(alfa["peers_mean"])

    def test_metres_that_are_not_known(self, bike: TravelMatrix, t: Tables) -> None:
        data = bike.data.copy(deep=True)
        data["meters"][:] = np.nan
        found = wide_benchmark(t, TravelMatrix(data), limit_min=30)
        assert not found["measure"].str.startswith("km_").any()
        assert found["measure"].str.startswith("minutes_").any()

    def test_zero_rows_and_order(self, town: SampleTown, t: Tables) -> None:
        some = wide_benchmark(t, town.matrix, limit_min=30)
        none = wide_benchmark(replace(t, students=t.students.iloc[:0]), town.matrix, limit_min=30)
        assert none.empty
        assert none.dtypes.to_dict() == some.dtypes.to_dict()
        turned = replace(
            t,
            students=t.students.iloc[::-1],
            sites=t.sites.iloc[::-1],
            origins=t.origins.iloc[::-1],
            areas=t.areas.iloc[::-1],
        )
        again = wide_benchmark(turned, town.matrix, limit_min=30)
        pd.testing.assert_frame_equal(again, some)
        masked = t.students.assign(students=2.5, students_low=1.0, students_high=4.0)
        found = wide_benchmark(replace(t, students=masked), town.matrix, limit_min=30)
        assert (found["value_low"].dropna() <= found["value_high"].dropna()).all()


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_column_of_the_planners_measures_has_a_label(
    town: SampleTown, t: Tables, now: pd.DataFrame, lang: Lang
) -> None:
    unit, quiet = analysis.Unit(), {"notify": lambda _: None}
    rates = analysis.participation(t.enrolments, t.offers, t.origins, unit=unit)
    matrix = town.matrix.select(sites=["90AA001", "90AA002", "90BB001"])
    pairs = analysis.provision_pairs(t, matrix, limit_min=30)
    differences = analysis.catchment_differences(matrix, now, t.origins, mode="bike")
    made = [
        analysis.observed_catchments(now),
        analysis.site_overlap(now),
        differences,
        analysis.site_differences(differences, **quiet),
        rates,
        analysis.coverage_states(t, matrix, limit_min=30, rates=rates),
        analysis.site_loads(t, matrix, limit_min=30, rates=rates),
        analysis.time_to_offers(t, matrix),
        analysis.lacking_offers(t, matrix, limit_min=30, rates=rates),
        pairs,
        analysis.pair_forecast(pairs, t.students, t.sites),
        analysis.provision_signals(t),
        market_shares(now),
        concentration(now),
        wide_benchmark(t, matrix, limit_min=30),
    ]
    words = catalogue(lang)
    assert not {name for frame in made for name in frame if f"field.{name}" not in words}
