"""Gaps in three states, who gets the places, providers of a unit, and where an offer is lacking.

On the sample town by hand, and against a plain matching that tries one person after another.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis.capacity import allocate
from geo_mbo.analysis.coverage import coverage
from geo_mbo.analysis.lacking import lacking_offers
from geo_mbo.analysis.offer_times import time_to_offers
from geo_mbo.analysis.states import (
    AREA_KM2,
    YOUNG_PEOPLE,
    by_area,
    by_young_people,
    coverage_states,
    site_loads,
)
from geo_mbo.analysis.units import KEYS, Unit, participation
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix, matrix_from_long


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def t(town: SampleTown) -> Tables:
    return town.tables


@pytest.fixture(scope="module")
def bike(town: SampleTown) -> TravelMatrix:
    return town.matrix.select(modes=["bike"])


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def one_by_one(minutes: np.ndarray, rooms: list[int], limit: float) -> list[int]:
    """Give places to one person after another, the nearest pair first; the site of each, or -1."""
    pairs = sorted(
        (minutes[home, site], site, home)
        for home in range(len(minutes))
        for site in range(len(rooms))
        if minutes[home, site] <= limit
    )
    place, left = [-1] * len(minutes), list(rooms)
    for _, site, home in pairs:
        if place[home] < 0 and left[site] > 0:
            place[home], left[site] = site, left[site] - 1
    return place


class TestAllocate:
    @settings(deadline=None, max_examples=150)
    @given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 9))
    def test_as_one_person_after_another(self, seed: int, sites: int, homes: int) -> None:
        """Where no two ways are equally long both matchings are the same."""
        rng = np.random.default_rng(seed)
        minutes = rng.permutation(homes * sites).reshape(homes, sites).astype(float)
        rooms = rng.integers(0, 4, sites)
        limit = homes * sites * 0.7
        found = allocate(
            minutes,
            [np.arange(sites)],
            np.ones((1, homes)),
            rooms.astype(float),
            limit_min=limit,
        )
        place = one_by_one(minutes, rooms.tolist(), limit)
        assert found.served[0] == pytest.approx([float(at >= 0) for at in place], abs=1e-6)
        assert found.placed == pytest.approx(
            [float(place.count(site)) for site in range(sites)], abs=1e-6
        )

    @settings(deadline=None, max_examples=150)
    @given(st.integers(0, 10**6))
    def test_nobody_is_passed_over(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        minutes = rng.choice([5.0, 10, 15, 20, inf], (8, 3)).astype(np.float32)
        room = rng.choice([0.0, 1, 2.5, 7, inf], 3)
        offering = [np.array([0, 2]), np.array([0, 1, 2]), np.zeros(0, dtype=int)]
        demand = rng.choice([0.0, 0.5, 2], (3, 8))
        found = allocate(minutes, offering, demand, room, limit_min=15)
        assert (found.placed <= room * (1 + 1e-6) + 1e-6).all()
        assert found.placed.sum() == pytest.approx((found.served * demand).sum(), abs=1e-6)
        assert ((found.served >= 0) & (found.served <= 1)).all()
        assert not found.served[~found.reached].any()
        assert not found.reached[2].any()
        for unit, home in zip(*np.nonzero((found.served < 1 - 1e-5) & found.reached), strict=True):
            near = [site for site in offering[unit] if minutes[home, site] <= 15]
            # Whoever has no place finds every site within the limit full.
            assert all(found.placed[site] >= room[site] - 1e-5 for site in near)

    def test_those_refused_ask_the_next_site(self) -> None:
        minutes = np.array([[1.0, 9.0], [2.0, 3.0], [8.0, 4.0]])
        found = allocate(
            minutes, [np.array([0, 1])], np.ones((1, 3)), np.array([1.0, 1.0]), limit_min=10
        )
        # The second is refused by the first site, and is nearer to the second than the third is.
        assert found.served.tolist() == [[1, 1, 0]]
        assert (found.asked.tolist(), found.placed.tolist()) == ([2, 1], [1, 1])

    def test_units_share_the_room_of_a_site(self) -> None:
        minutes = np.array([[5.0], [6.0]])
        both = [np.array([0]), np.array([0])]
        found = allocate(minutes, both, np.ones((2, 2)), np.array([3.0]), limit_min=10)
        assert found.served.tolist() == [[1, 0.5], [1, 0.5]]

    def test_where_nobody_young_lives_there_is_room_or_not(self) -> None:
        minutes = np.array([[5.0], [4.0], [6.0]])
        demand = np.array([[2.0, 0.0, 0.0]])
        found = allocate(minutes, [np.array([0])], demand, np.array([1.0]), limit_min=10)
        assert found.served.tolist() == [[0.5, 1, 0]]

    def test_nothing_at_all(self) -> None:
        none = np.zeros((0, 0))
        found = allocate(none, [], np.zeros((0, 0)), np.zeros(0), limit_min=10)
        assert found.served.shape == (0, 0)
        lone = allocate(
            np.zeros((0, 1)), [np.array([0])], np.zeros((1, 0)), np.array([1.0]), limit_min=10
        )
        assert lone.placed.tolist() == [0]


class TestStates:
    def test_with_room_everywhere_it_is_coverage(self, town: SampleTown, t: Tables) -> None:
        unit = Unit(tracks=False)
        found = coverage_states(
            t,
            town.matrix,
            limit_min=16,
            rates=0.0,
            unit=unit,
        )
        one = coverage(town.matrix, t.offers, t.origins, limit_min=16)
        assert found["out"].tolist() == one["young_people_out"].tolist()
        assert found["share_out"].tolist() == one["share_out"].tolist()
        assert (found["full"] == 0).all()
        assert found["state"].tolist() == one["state"].tolist()

    def test_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        # 0.5 of 400 ask 98003 at 90BB001: 200 places. 0.5 of 400 ask 98001 at 90AA001, the first
        # by id of two equally near. With 100 places there 50 of 9002 get in, and 50 of 9001's 150.
        sites = t.sites.assign(capacity=[100.0, None, 250.0, None])
        found = coverage_states(replace(t, sites=sites), bike, limit_min=30, rates=0.5)
        care = found[found["unit"] == "98001"].set_index("area_id")
        # Refused 100 of 9001 go on to 90BB001 at the same distance, where 98003 asks 200 as well:
        # 50 + 150 of 98003 and 100 of 98001 for 250: 9002 first (50), then 200 of 250 at 16 min.
        assert care.loc["GM9001", "served"] == pytest.approx(100 + 300 * (50 + 100 * 0.8) / 150)
        code = found[found["unit"] == "98003"].set_index("area_id")
        assert code.loc["GM9001", "served"] == pytest.approx(100 + 300 * 0.8)
        assert code.loc["GM9001", "state"] == "served"
        assert care.loc["GM9002", "state"] == "out_of_reach"
        assert (found["served"] + found["full"] + found["out"]).tolist() == pytest.approx(
            found["whole"].tolist()
        )
        loads = site_loads(replace(t, sites=sites), bike, limit_min=30, rates=0.5)
        assert loads["placed"].tolist() == pytest.approx([100, 250, 250])
        assert loads["asked"].tolist() == pytest.approx([200, 250, 200])
        assert loads["filled"].tolist()[::2] == pytest.approx([1, 1])

    def test_a_site_without_places_is_full(self, bike: TravelMatrix, t: Tables) -> None:
        sites = t.sites.assign(capacity=0.0)
        found = coverage_states(replace(t, sites=sites), bike, limit_min=30, rates=1.0)
        assert set(found["state"]) == {"full", "out_of_reach"}
        assert (found["served"] == 0).all()

    def test_area_is_another_measure(self, bike: TravelMatrix, t: Tables) -> None:
        def share_out(weights: object) -> pd.Series:
            found = coverage_states(
                t,
                bike,
                limit_min=15,
                rates=0.0,
                weights=weights,  # type: ignore[arg-type]
            )
            return row(found, unit="98001", track="BOL", area_id="GM9001")

        people, area = share_out(by_young_people(t.origins)), share_out(by_area(t.areas, t.origins))
        # 9001 (300 people, 2 x 7 km) is 16 minutes away, 9002 (100 people, 4.5 x 7 km) 8.
        assert (people["weighed_by"], people["out"], people["share_out"]) == (
            YOUNG_PEOPLE,
            300,
            0.75,
        )
        assert area["weighed_by"] == AREA_KM2
        assert (area["out"], area["whole"]) == pytest.approx((14, 14 + 31.5))
        assert area["share_out"] == pytest.approx(14 / 45.5)

    def test_a_postcode_without_an_area_is_refused(self, t: Tables) -> None:
        with pytest.raises(InputError, match="for 1 of the origins, first '9003'"):
            by_area(t.areas[t.areas["area_id"] != "9003"], t.origins)

    def test_weights_of_other_origins_are_refused(self, bike: TravelMatrix, t: Tables) -> None:
        few = by_young_people(t.origins.iloc[:3])
        with pytest.raises(InputError, match="lack 2 of the origins, first '9004'"):
            coverage_states(t, bike, limit_min=15, rates=0.0, weights=few)

    @pytest.mark.parametrize("by", KEYS)
    @pytest.mark.parametrize("tracks", [True, False])
    def test_every_key(self, bike: TravelMatrix, t: Tables, by: str, tracks: bool) -> None:
        unit = Unit(by, tracks=tracks)
        rates = participation(t.enrolments, t.offers, t.origins, unit=unit)
        found = coverage_states(t, bike, limit_min=30, rates=rates, unit=unit)
        assert len(found) == 3 * 3  # three programmes, each alone in its dossier, domain, level
        assert set(found["by"]) == {by}
        assert found["track"].isna().all() == (not tracks)
        assert (found["share_out"] > 0).any()

    def test_a_key_that_is_no_key(self) -> None:
        with pytest.raises(InputError, match="by"):
            Unit("name")

    def test_offers_without_the_key_are_told(self, bike: TravelMatrix, t: Tables) -> None:
        bare = t.offers.assign(dossier=t.offers["dossier"].where(t.offers["site_id"] != "90AA002"))
        told: list[Note] = []
        found = coverage_states(
            replace(t, offers=bare),
            bike,
            limit_min=30,
            rates=0.0,
            unit=Unit("dossier"),
            notify=told.append,
        )
        assert set(found["unit"]) == {"99801", "99803"}
        assert [(note.code, note.count, note.rows) for note in told] == [
            ("offers_without_unit", 2, ("98002", "98003"))
        ]

    def test_an_offer_of_a_closed_site_is_out_of_reach(self, bike: TravelMatrix, t: Tables) -> None:
        closed = t.sites.assign(status=["existing", "closed", "existing", "candidate"])
        found = coverage_states(replace(t, sites=closed), bike, limit_min=99, rates=0.0)
        assert row(found, unit="98002", area_id="GM9002")["state"] == "out_of_reach"

    def test_an_area_without_young_people(self, bike: TravelMatrix, t: Tables) -> None:
        empty = t.origins.assign(weight=0.0)
        found = coverage_states(replace(t, origins=empty), bike, limit_min=15, rates=1.0)
        there = row(found, unit="98001", area_id="GM9001")
        assert (there["whole"], there["out"], there["share_out"]) == (0, 0, 0.5)

    def test_zero_rows(self, bike: TravelMatrix, t: Tables) -> None:
        some = coverage_states(t, bike, limit_min=30, rates=1.0)
        for offers, origins in ((t.offers.iloc[:0], t.origins), (t.offers, t.origins.iloc[:0])):
            none = coverage_states(
                replace(t, offers=offers, origins=origins), bike, limit_min=30, rates=1.0
            )
            assert none.empty
            assert none.dtypes.to_dict() == some.dtypes.to_dict()

    def test_order_and_names_do_not_matter(self, bike: TravelMatrix, t: Tables) -> None:
        sites = t.sites.assign(capacity=[100.0, None, 250.0, None])
        first = coverage_states(replace(t, sites=sites), bike, limit_min=30, rates=0.5)
        turned = coverage_states(
            replace(
                t,
                offers=t.offers.iloc[::-1],
                sites=sites.iloc[::-1],
                origins=t.origins.iloc[::-1],
            ),
            bike.select(sites=list(bike.sites)[::-1]),
            limit_min=30,
            rates=0.5,
        )
        pd.testing.assert_frame_equal(turned, first)
        renamed = t.origins.assign(origin_id="Z" + t.origins["origin_id"].str[::-1])
        times = bike.to_long().assign(origin_id=lambda rows: "Z" + rows["origin_id"].str[::-1])
        again = coverage_states(
            replace(t, sites=sites, origins=renamed),
            matrix_from_long(times),
            limit_min=30,
            rates=0.5,
        )
        assert again["served"].tolist() == pytest.approx(first["served"].tolist())


class TestProvidersOfAUnit:
    def test_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        found = time_to_offers(t, bike)
        code = found[(found["unit"] == "98003") & (found["area_id"] == "GM9001")]
        # The first is Beta at 16 and 8 minutes, the second Alfa's second site at 40 and 32.
        assert code["minutes_p50"].tolist() == [16, 40, inf]
        assert code["minutes_mean"].tolist() == [14, 38, inf]
        assert code["reached_share"].tolist() == [1, 1, 0]
        assert len(found) == 3 * 3 * 3

    def test_two_sites_of_one_institution_are_one_provider(
        self, bike: TravelMatrix, t: Tables
    ) -> None:
        one = t.sites.assign(institution_id="90AA")
        found = time_to_offers(replace(t, sites=one), bike)
        assert (found.loc[found["rank"] == 2, "reached_share"] == 0).all()

    @settings(deadline=None, max_examples=25)
    @given(st.integers(0, 10**6))
    def test_as_plain_loops(self, seed: int) -> None:
        """With every origin an area of its own the median is the time itself."""
        rng = np.random.default_rng(seed)
        town = sample_town()
        t = town.tables
        ids = list(t.sites["site_id"])
        rows = [(s, f"9800{k}") for s in ids for k in range(3) if rng.random() < 0.7]
        offers = pd.DataFrame(rows, columns=["site_id", "programme_id"]).assign(
            programme="P", dossier="D", domain="M", sector="S", level=3.0, track="BOL"
        )
        owners = rng.choice(["I1", "I2", "I3"], len(ids))
        sites = t.sites.assign(status="existing", institution_id=owners)
        origins = t.origins.assign(area_id=t.origins["origin_id"])
        tables = replace(t, sites=sites, offers=offers, origins=origins)
        found = time_to_offers(tables, town.matrix)
        times = town.matrix.to_long().set_index(["origin_id", "site_id", "mode"])["minutes"]
        for unit, home, mode, rank, minutes in found[
            ["unit", "area_id", "mode", "rank", "minutes_p50"]
        ].to_numpy():
            best: dict[str, float] = {}
            for site, owner in zip(ids, owners, strict=True):
                if (site, unit) in rows:
                    best[owner] = min(best.get(owner, inf), times[home, site, mode])
            assert minutes == [*sorted(best.values()), inf, inf, inf][rank - 1]


class TestParticipation:
    def test_a_masked_count_stays_an_interval(self, t: Tables) -> None:
        found = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        care = row(found, unit="98001", track="BBL")
        assert (care["rate_low"], care["rate"], care["rate_high"]) == pytest.approx(
            (1 / 700, 2.5 / 700, 4 / 700)
        )

    def test_enrolments_that_no_offer_knows_are_told(self, t: Tables) -> None:
        told: list[Note] = []
        lone = t.enrolments.assign(programme_id="97999")
        found = participation(lone, t.offers, t.origins, unit=Unit("domain"), notify=told.append)
        assert found.empty
        assert [(note.code, note.count) for note in told] == [("enrolments_without_unit", 104)]

    def test_nobody_young(self, t: Tables) -> None:
        found = participation(
            t.enrolments, t.offers, t.origins.assign(weight=0.0), unit=Unit("level")
        )
        assert found["rate"].isna().all()
        assert found["unit"].tolist() == ["2", "3", "3", "4"]


class TestLacking:
    def test_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        found = lacking_offers(t, bike, limit_min=36, rates=rates)
        wood = found[found["unit"] == "98002"]
        # Within 36 minutes of 90AA002 lives all of Boskerk and 9002; 9001 is 40 minutes away.
        assert wood["area_id"].tolist() == ["GM9001", "GM9003"]
        first = wood.iloc[0]
        assert (first["young_people_out"], first["share_lacking"]) == (300, 0.75)
        assert first["host_site_id"] == "90AA001"
        assert first["students"] == pytest.approx(300 * 40 / 700)

    def test_a_host_serves_the_neighbours_too(self, bike: TravelMatrix, t: Tables) -> None:
        """By a limit of 44 minutes a site in Aldermeer serves Boskerk as well."""
        rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        nowhere = t.offers.assign(site_id="99ZZ999")
        found = lacking_offers(replace(t, offers=nowhere), bike, limit_min=44, rates=rates)
        there = row(found, unit="98002", area_id="GM9001")
        assert (there["young_people_out"], there["young_people_gained"]) == (400, 650)

    def test_without_a_site_its_own_young_people_count(self, bike: TravelMatrix, t: Tables) -> None:
        moved = t.sites.assign(municipality_id="GM9001")
        rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        found = lacking_offers(replace(t, sites=moved), bike, limit_min=30, rates=rates)
        island = row(found, unit="98002", area_id="GM9003")
        assert pd.isna(island["host_site_id"])
        assert island["young_people_gained"] == 50

    def test_a_site_that_helps_nobody_is_no_host(self, bike: TravelMatrix, t: Tables) -> None:
        """By 10 minutes 9001 lacks care, and is out of reach of both sites of Aldermeer."""
        rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        found = lacking_offers(t, bike, limit_min=10, rates=rates)
        there = row(found, unit="98001", area_id="GM9001")
        assert pd.isna(there["host_site_id"])
        assert (there["young_people_out"], there["young_people_gained"]) == (300, 300)

    def test_full_is_lacking_too(self, bike: TravelMatrix, t: Tables) -> None:
        unit = Unit()
        rates = participation(t.enrolments, t.offers, t.origins, unit=unit)
        sites = t.sites.assign(capacity=0.0)
        found = lacking_offers(replace(t, sites=sites), bike, limit_min=30, rates=rates)
        wood = row(found, unit="98002", area_id="GM9002")
        assert (wood["young_people_out"], wood["young_people_full"]) == (0, 250)

    def test_fewer_than_five_are_not_listed_and_zero_rows(
        self, bike: TravelMatrix, t: Tables
    ) -> None:
        rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
        few = t.origins.assign(weight=[2.0, 2, 2, 2, 4])
        none = lacking_offers(replace(t, origins=few), bike, limit_min=30, rates=rates)
        assert none.empty
        some = lacking_offers(t, bike, limit_min=30, rates=rates)
        assert none.dtypes.to_dict() == some.dtypes.to_dict()
        most = lacking_offers(t, bike, limit_min=30, rates=rates, most=1)
        assert most["rank"].tolist() == [1, 1, 1]
        lone = lacking_offers(t, bike, limit_min=30, rates=rates.iloc[:0])
        assert lone["students"].isna().all()
        assert not isnan(lone["young_people_gained"].iloc[0])
