"""Core and wide catchments, their overlap, modelled ones, and where they differ.

Every measure by hand on the sample town, and against a second one that tries all numbers within
the bounds.
"""

from __future__ import annotations

from itertools import product
from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis.catchment import observed_catchment, observed_catchments
from geo_mbo.analysis.differences import catchment_differences, site_differences
from geo_mbo.analysis.members import members
from geo_mbo.analysis.modelled import modelled_catchments
from geo_mbo.analysis.overlap import overlaps, site_overlap
from geo_mbo.analysis.privacy import veiled
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.travel import TravelMatrix, matrix_from_long

OPEN = ["90AA001", "90AA002", "90BB001"]


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def now(town: SampleTown) -> pd.DataFrame:
    return town.tables.students[town.tables.students["year"] == 2024]


@pytest.fixture(scope="module")
def bike(town: SampleTown) -> TravelMatrix:
    return town.matrix.select(modes=["bike"], sites=OPEN)


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def flows(cells: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    """Students from (site, municipality, low, high)."""
    return pd.DataFrame(
        {
            "site_id": [cell[0] for cell in cells],
            "origin_id": [cell[1] for cell in cells],
            "origin_kind": "municipality",
            "institution_id": [cell[0][:2] for cell in cells],
            "students": [(cell[2] + cell[3]) / 2 for cell in cells],
            "students_low": [float(cell[2]) for cell in cells],
            "students_high": [float(cell[3]) for cell in cells],
        }
    )


def within(numbers: tuple[int, ...], least: float) -> list[bool]:
    """Which areas are in the smallest set that gives the share, plainly."""
    order = sorted(range(len(numbers)), key=lambda k: (-numbers[k], k))
    found, so_far = [False] * len(numbers), 0
    for k in order:
        if numbers[k] > 0 and so_far < least * sum(numbers) * (1 - 1e-9):
            found[k] = True
        so_far += numbers[k]
    return found


CELL = st.tuples(st.integers(1, 5), st.integers(0, 3)).map(lambda c: (c[0], c[0] + c[1]))


class TestMembers:
    @settings(deadline=None, max_examples=150)
    @given(st.lists(CELL, min_size=1, max_size=5), st.sampled_from([0.3, 0.5, 0.75, 0.8, 1.0]))
    def test_all_numbers_within_the_bounds_agree(
        self, cells: list[tuple[int, int]], least: float
    ) -> None:
        low, high = np.array(cells, dtype=float).T
        surely, perhaps = members(low, high, least=least)
        tried = [within(x, least) for x in product(*(range(a, b + 1) for a, b in cells))]
        assert surely.tolist() == np.all(tried, axis=0).tolist()
        # Between whole numbers lie more cases, so that perhaps may hold more than was tried.
        assert not (np.any(tried, axis=0) & ~perhaps).any()
        halves = [
            within(x, least)
            for x in product(*({2 * a, max(2 * a, 2 * b - 1), 2 * b} for a, b in cells))
        ]
        assert not (np.any(halves, axis=0) & ~perhaps).any()

    @given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.sampled_from([0.5, 0.8]))
    def test_of_exact_counts_nothing_is_open(self, numbers: list[int], least: float) -> None:
        exact = np.array(numbers, dtype=float)
        surely, perhaps = members(exact, exact, least=least)
        assert surely.tolist() == perhaps.tolist() == within(tuple(numbers), least)


class TestObserved:
    def test_by_hand(self, now: pd.DataFrame) -> None:
        found = observed_catchments(now)
        # 38 of 40.5 come from Aldermeer: it alone is core and wide; Boskerk never is.
        beta = found[found["site_id"] == "90BB001"].set_index("area_id")
        assert beta["wide"].to_dict() == {"GM9001": True, "GM9002": False}
        assert beta["wide_perhaps"].to_dict() == {"GM9001": True, "GM9002": False}
        alfa = row(found, site_id="90AA001", area_id="GM9001")
        assert (alfa["share_low"], alfa["share_high"]) == pytest.approx((60 / 74, 60 / 71))

    def test_masked_areas_may_be_in_it(self) -> None:
        found = observed_catchments(flows([("S", "A", 6, 6), ("S", "B", 1, 4), ("S", "C", 1, 4)]))
        # A gives 6 of 11, at most 6 of 8; of B and C either may come next: 6 + 4 of 11 is enough.
        told = found.set_index("area_id")
        assert told["core"].tolist() == [True, False, False]
        assert told["core_perhaps"].tolist() == [True, True, True]
        assert told["core_surely"].tolist() == [True, False, False]
        assert told["wide"].tolist() == [True, True, True]  # 6 + 2.5 of 11 is less than 80 %
        assert told["wide_surely"].tolist() == [True, False, False]

    def test_agrees_with_the_catchment_of_one_share(self, now: pd.DataFrame) -> None:
        both = observed_catchments(now, wide=0.83)
        one = observed_catchment(now, share=0.83).query("rank > 0").reset_index(drop=True)
        assert both["wide"].tolist() == one["inside"].tolist()
        assert both["cumulative_share"].tolist() == pytest.approx(one["cumulative_share"].tolist())

    def test_a_site_of_fewer_than_five_has_no_shares(self) -> None:
        found = observed_catchments(flows([("S", "A", 3, 3), ("T", "A", 1, 4), ("T", "B", 1, 4)]))
        lone = row(found, site_id="S")
        assert lone["withheld"]
        assert isnan(lone["share"])
        assert not lone["core"]
        assert (lone["students_low"], lone["students"], lone["students_high"]) == (1, 2.5, 4)
        assert not found.loc[found["site_id"] == "T", "withheld"].any()

    def test_order_of_rows_and_names_do_not_matter(self, now: pd.DataFrame) -> None:
        found = observed_catchments(now)
        pd.testing.assert_frame_equal(observed_catchments(now.iloc[::-1]), found)
        renamed = now.assign(origin_id="X" + now["origin_id"], site_id="S" + now["site_id"])
        again = observed_catchments(renamed)
        assert again["wide"].tolist() == found["wide"].tolist()

    def test_zero_rows(self, now: pd.DataFrame) -> None:
        none, some = observed_catchments(now.iloc[:0]), observed_catchments(now)
        assert none.dtypes.to_dict() == some.dtypes.to_dict()
        assert site_overlap(now.iloc[:0]).dtypes.to_dict() == site_overlap(now).dtypes.to_dict()


class TestOverlap:
    @settings(deadline=None, max_examples=80)
    @given(
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=6, max_size=6).filter(
            lambda cells: (
                sum(a + b for a, b in cells[:3]) >= 5 and sum(a + b for a, b in cells[3:]) >= 5
            )
        )
    )
    def test_bounds_are_those_of_all_numbers(self, cells: list[tuple[int, int]]) -> None:
        rows = [
            ("A" if k < 3 else "B", f"GM{k % 3}", low, low + more)
            for k, (low, more) in enumerate(cells)
        ]
        told = flows(rows).pipe(veiled)
        found = site_overlap(told)
        ranges = [
            range(int(low), int(high) + 1)
            for low, high in zip(told["students_low"], told["students_high"], strict=True)
        ]
        tried = [(x[:3], x[3:]) for x in product(*ranges)]
        index = [
            2 * sum(map(min, a, b)) / (sum(a) + sum(b)) for a, b in tried if sum(a) + sum(b) > 0
        ]
        assert found["sorensen_low"].item() == pytest.approx(min(index), abs=1e-7)
        assert found["sorensen_high"].item() == pytest.approx(max(index), abs=1e-7)
        shared = [sum(map(min, a, b)) for a, b in tried]
        assert found["students_shared_low"].item() == min(shared)
        assert found["students_shared_high"].item() == max(shared)
        inside = [
            sum(n for n, there in zip(a, within(b, 0.8), strict=True) if there) / sum(a)
            for a, b in tried
            if sum(a) and sum(b)
        ]
        assert found["share_a_in_b_low"].item() <= min(inside) + 1e-9
        assert found["share_a_in_b_high"].item() >= max(inside) - 1e-9

    def test_by_hand(self, now: pd.DataFrame) -> None:
        found = row(site_overlap(now), site_a="90AA001", site_b="90BB001")
        assert found["students_shared"] == 38 + 2.5
        assert found["sorensen"] == pytest.approx(2 * 40.5 / (72.5 + 40.5))
        # Aldermeer alone is the wide catchment of Beta, and of Alfa's first site.
        assert found["share_a_in_b"] == pytest.approx(60 / 72.5)
        assert found["share_b_in_a"] == pytest.approx(38 / 40.5)
        assert (found["share_b_in_a_low"], found["share_b_in_a_high"]) == pytest.approx(
            (38 / 42, 38 / 39)
        )

    def test_few_students_are_withheld(self) -> None:
        found = site_overlap(flows([("A", "GM1", 1, 4), ("B", "GM1", 30, 30), ("C", "GM1", 9, 9)]))
        hidden = found[found["withheld"]]
        assert len(hidden) == 2
        assert hidden.drop(columns=["site_a", "site_b", "withheld"]).isna().all().all()
        assert row(found, site_a="B", site_b="C")["sorensen"] == pytest.approx(18 / 39)

    def test_permuted_rows_and_a_site_without_students(self, now: pd.DataFrame) -> None:
        pd.testing.assert_frame_equal(site_overlap(now.iloc[::-1]), site_overlap(now))
        lone = overlaps(now, ["90ZZ999", "90AA001"])
        assert np.isnan(lone.sorensen[:, 0, :]).all()
        assert (lone.shared[:, 0, :] == 0).all()


class TestModelled:
    def test_by_hand(self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame) -> None:
        choice = np.array([[0.5, 0, 0.5], [0.5, 0, 0.5], [0, 1, 0], [0, 1, 0], [0, 0, 0]])
        told: list[Note] = []
        found = modelled_catchments(
            bike, now, town.tables.origins, choice=choice, notify=told.append
        )
        assert row(found, site_id="90BB001")["students"] == pytest.approx(100.5 / 2)
        assert row(found, site_id="90AA002")["share"] == 1
        # The 2.5 of the island choose nothing.
        assert [(note.code, note.count) for note in told] == [("students_choose_nothing", 2)]

    @pytest.mark.parametrize(
        ("choice", "said"),
        [
            (np.zeros((4, 3)), r"is 4 x 3 .* should be 5 x 3"),
            (np.full((5, 3), 0.5), "5 origins .* first '9001'"),
            (np.vstack([np.zeros((4, 3)), [-1.0, 0, 0]]), "1 origins .* first '9005'"),
            (np.vstack([np.zeros((4, 3)), [nan, 0, 0]]), "1 origins .* first '9005'"),
        ],
    )
    def test_no_chances_are_refused(
        self,
        town: SampleTown,
        bike: TravelMatrix,
        now: pd.DataFrame,
        choice: np.ndarray,
        said: str,
    ) -> None:
        with pytest.raises(InputError, match=said):
            modelled_catchments(bike, now, town.tables.origins, choice=choice)
        with pytest.raises(InputError, match=said):
            catchment_differences(bike, now, town.tables.origins, mode="bike", choice=choice)


class TestDifferences:
    def test_by_hand(self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame) -> None:
        found = catchment_differences(bike, now, town.tables.origins, mode="bike")
        # Aldermeer's 100.5 are nearest to 90AA001, which 60 of them go to.
        alfa = row(found, site_id="90AA001", area_id="GM9001")
        assert (alfa["students"], alfa["students_nearest"]) == (60, 100.5)
        assert (alfa["students_passing"], alfa["share_nearest"]) == (0, 1)
        assert isnan(alfa["minutes_extra"])
        assert isnan(alfa["share_model"])
        boskerk = row(found, site_id="90AA001", area_id="GM9002")
        # 8 of 10 live in 9003: 36 minutes instead of 12; 2 in 9004: 44 instead of 20.
        assert (boskerk["students_passing"], boskerk["minutes_extra"]) == (10, 24)
        assert (boskerk["share_low"], boskerk["share_high"]) == pytest.approx((10 / 44, 10 / 41))
        island = row(found, site_id="90AA001", area_id="GM9003")
        assert (island["students_unreached"], island["students_passing"]) == (2.5, 0)

    def test_a_margin(self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame) -> None:
        for margin, passing in ((23.9, 10.0), (24.0, 0.0)):
            found = catchment_differences(
                bike, now, town.tables.origins, mode="bike", margin_min=margin
            )
            there = row(found, site_id="90AA001", area_id="GM9002")
            assert there["students_passing"] == passing

    def test_findings(self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame) -> None:
        told: list[Note] = []
        found = site_differences(
            catchment_differences(bike, now, town.tables.origins, mode="bike"),
            notify=told.append,
        )
        assert [note.code for note in told] == ["students_pass_nearer", "sites_draw_less"]
        assert told[1].rows == ("90AA001", "90AA002")
        assert told[0].text("nl") == (
            "Studenten die een dichterbij gelegen locatie voorbijgaan: 15; "
            "gemiddeld 24,0 minuten verder (fiets; locaties: 3)"
        )
        assert row(found, site_id="90BB001")["drawn"] == inf

    def test_the_three_add_up_to_the_same_students(
        self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame
    ) -> None:
        choice = np.array([[0.5, 0, 0.5], [0.2, 0.5, 0.3], [0, 1, 0], [0, 1, 0], [0, 0, 0]])
        found = catchment_differences(bike, now, town.tables.origins, mode="bike", choice=choice)
        on_land = found[found["area_id"] != "GM9003"]
        sums = on_land.groupby("area_id")[["students", "students_nearest", "students_model"]].sum()
        assert sums["students"].tolist() == pytest.approx([100.5, 42.5])
        assert sums["students_nearest"].tolist() == pytest.approx([100.5, 42.5])
        assert sums["students_model"].tolist() == pytest.approx([100.5, 42.5])

    def test_a_site_nobody_reaches(
        self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame
    ) -> None:
        rows = bike.to_long()
        lost = rows["site_id"] == "90BB001"
        rows.loc[lost, ["minutes", "meters"]] = inf
        rows.loc[lost, "status"] = "unreachable"
        found = catchment_differences(matrix_from_long(rows), now, town.tables.origins, mode="bike")
        beta = found[found["site_id"] == "90BB001"]
        assert beta["students_unreached"].tolist() == beta["students"].tolist() == [38, 2.5]
        assert (beta["students_passing"] == 0).all()
        sums = site_differences(found, notify=lambda _: None)
        assert row(sums, site_id="90BB001")["students_nearest"] == 0

    def test_order_does_not_matter(
        self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame
    ) -> None:
        origins = town.tables.origins
        first = catchment_differences(bike, now, origins, mode="bike")
        turned = bike.select(sites=OPEN[::-1], origins=list(bike.origins)[::-1])
        again = catchment_differences(turned, now.iloc[::-1], origins.iloc[::-1], mode="bike")
        pd.testing.assert_frame_equal(again, first)

    def test_zero_rows_and_all_masked(
        self, town: SampleTown, bike: TravelMatrix, now: pd.DataFrame
    ) -> None:
        origins = town.tables.origins
        none = catchment_differences(bike, now.iloc[:0], origins, mode="bike")
        some = catchment_differences(bike, now, origins, mode="bike")
        assert none.empty
        assert none.dtypes.to_dict() == some.dtypes.to_dict()
        sums = site_differences(none, notify=lambda _: None)
        assert (
            sums.dtypes.to_dict() == site_differences(some, notify=lambda _: None).dtypes.to_dict()
        )
        masked = now.assign(students=2.5, students_low=1.0, students_high=4.0)
        found = catchment_differences(bike, masked, origins, mode="bike")
        on_land = found[found["area_id"] != "GM9003"]  # there one cell is all there is
        assert (on_land["share_low"] < on_land["share_high"]).all()
        assert list(found[list(COUNTS)].query("students > 0").drop_duplicates().iloc[0]) == [
            2.5,
            1,
            4,
        ]
