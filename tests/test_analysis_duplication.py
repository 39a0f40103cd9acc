"""Every two sites with the same education, signals of small provision, and their forecast.

On the sample town by hand, and against plain loops over offers and origins.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from geo_mbo.analysis.growth import growth_of, pair_forecast
from geo_mbo.analysis.overlap import site_overlap
from geo_mbo.analysis.pairs import provision_pairs
from geo_mbo.analysis.signals import provision_signals
from geo_mbo.analysis.units import Unit
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.schema import AREAS, checked
from geo_mbo.tables import Tables, no_tables
from geo_mbo.travel import TravelMatrix, matrix_from_long

KEYS = ["unit", "track", "site_a", "site_b"]


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


class TestPairs:
    def test_by_hand(self, bike: TravelMatrix, t: Tables) -> None:
        found = provision_pairs(t, bike, limit_min=36)
        assert found[KEYS].values.tolist() == [
            ["98001", "BOL", "90AA001", "90BB001"],
            ["98003", "BOL", "90AA002", "90BB001"],
        ]
        code = row(found, unit="98003")
        # Within 36 minutes of 90AA002: 9002, 9003, 9004; of 90BB001: 9001, 9002, 9003.
        assert (code["young_people_a"], code["young_people_b"]) == (350, 600)
        assert (code["young_people_both"], code["overlap"]) == (300, 300 / 350)
        # 9003 is nearest to 90AA002, and 36 minutes from 90BB001; 9002 is 32 from 90AA002.
        assert (code["minutes_ab"], code["minutes_ba"]) == (36, 32)
        assert code["measured_from"] == "postcode"
        assert code["distance_km"] == pytest.approx(np.hypot(3, 3))
        assert (code["students_a"], code["students_b"], code["students_together"]) == (20, 17, 37)
        assert (code["students_national"], code["institutions_national"]) == (37, 2)
        # 20 is not fewer than 18; 37 is fewer than 50.
        assert (code["few_in_region"], code["few_in_region_perhaps"]) == (False, False)
        assert (code["few_nationally"], code["few_nationally_perhaps"]) == (True, True)
        assert (code["level"], code["region_a"], code["region_b"]) == (4, "PV90", "PV90")
        care = row(found, unit="98001")
        assert care["few_in_region"]
        assert (care["minutes_ab"], care["distance_km"]) == (0, 0)
        assert care["students_a"] == 12  # BBL, masked at Alfa, is another unit

    def test_tracks_together(self, bike: TravelMatrix, t: Tables) -> None:
        found = provision_pairs(t, bike, limit_min=36, unit=Unit(tracks=False))
        care = row(found, unit="98001")
        assert care[[f"students_a{side}" for side in ("", "_low", "_high")]].tolist() == [
            14.5,
            13,
            16,
        ]
        assert care["track"] is None or isnan(care["track"])

    def test_overlap_is_that_of_the_sites(self, bike: TravelMatrix, t: Tables) -> None:
        found = row(provision_pairs(t, bike, limit_min=36), unit="98003")
        now = t.students[t.students["year"] == 2024]
        alike = row(site_overlap(now), site_a="90AA002", site_b="90BB001")
        for name in ("sorensen", "share_a_in_b", "share_b_in_a"):
            for side in ("", "_low", "_high"):
                assert found[f"{name}{side}"] == alike[f"{name}{side}"]

    def test_later(self, bike: TravelMatrix, t: Tables) -> None:
        code = row(provision_pairs(t, bike, limit_min=36), unit="98003")
        # Alfa has 105 + 6 now and 93 in 2030; at least 108 + ..., see the bounds of the counts.
        assert code["forecast_year"] == 2030
        assert code["students_a_then"] == pytest.approx(20 * 93 / 111)
        assert code["students_a_then_low"] == pytest.approx(20 * 93 / 114)
        assert code["students_a_then_high"] == pytest.approx(20 * 93 / 108)
        assert code["students_b_then"] == pytest.approx(17 * 33 / 45.5)
        assert code["students_together_then"] == pytest.approx(20 * 93 / 111 + 17 * 33 / 45.5)
        years = pair_forecast(provision_pairs(t, bike, limit_min=36), t.students, t.sites)
        assert row(years, unit="98003", year=2030)["students_together"] == pytest.approx(
            code["students_together_then"]
        )

    def test_times_between_sites(self, bike: TravelMatrix, t: Tables) -> None:
        ids = ["90AA001", "90AA002", "90BB001"]
        times = pd.DataFrame(
            [(a, b, "bike", 0.0 if a == b else 7.0, 1.0) for a in ids for b in ids],
            columns=["origin_id", "site_id", "mode", "minutes", "meters"],
        )
        times.loc[
            (times["origin_id"] == "90BB001") & (times["site_id"] == "90AA002"), "minutes"
        ] = 9
        between = matrix_from_long(times)
        code = row(provision_pairs(t, bike, limit_min=30, between=between), unit="98003")
        assert (code["minutes_ab"], code["minutes_ba"]) == (7, 9)
        assert code["measured_from"] == "site"
        with pytest.raises(InputError, match="lack 1 of the origins, first '90BB001'"):
            provision_pairs(
                t, bike, limit_min=30, between=between.select(origins=["90AA001", "90AA002"])
            )

    def test_one_institution_is_counted_once(self, bike: TravelMatrix, t: Tables) -> None:
        merged = replace(
            t,
            sites=t.sites.assign(institution_id="90AA"),
            enrolments=t.enrolments.assign(institution_id="90AA"),
        )
        code = row(provision_pairs(merged, bike, limit_min=30), unit="98003")
        assert code["same_institution"]
        assert code["students_a"] == code["students_b"] == code["students_together"] == 37
        assert not code["few_in_region"]
        assert not code["few_nationally"]  # one provider

    @pytest.mark.parametrize("by", ["dossier", "domain"])
    def test_another_key_finds_more(self, bike: TravelMatrix, t: Tables, by: str) -> None:
        """Carpentry and care in one dossier or domain, at the same level and track."""
        offers = t.offers.copy()
        offers.loc[offers["programme_id"] == "98002", by] = offers.loc[0, by]
        offers.loc[offers["programme_id"] == "98002", "level"] = 3.0
        offers.loc[offers["programme_id"] == "98002", "track"] = "BOL"
        same = replace(t, offers=offers)
        assert len(provision_pairs(same, bike, limit_min=30)) == 2
        found = provision_pairs(same, bike, limit_min=30, unit=Unit(by, levels=True))
        assert len(found) == 4  # 90AA001, 90AA002 and 90BB001 with care or carpentry; programming
        assert set(found["by"]) == {by}

    def test_several_programmes_of_a_dossier_at_one_site_are_one(
        self, bike: TravelMatrix, t: Tables
    ) -> None:
        more = pd.concat([t.offers, t.offers.iloc[:1].assign(programme_id="98009")])
        found = provision_pairs(
            replace(t, offers=more), bike, limit_min=30, unit=Unit("dossier", levels=True)
        )
        assert len(found) == 2

    def test_a_level_that_is_not_known_keeps_its_pairs(self, bike: TravelMatrix, t: Tables) -> None:
        found = provision_pairs(
            replace(t, offers=t.offers.assign(level=np.nan)), bike, limit_min=30
        )
        assert len(found) == 2

    def test_labour_market_regions_go_first(self, bike: TravelMatrix, t: Tables) -> None:
        import geopandas as gpd

        # A border between p and r: 90AA001 and 90BB001 in the west, 90AA002 in the east.
        west, east = (
            box(140_000, 440_000, 155_000, 460_000),
            box(155_000, 440_000, 170_000, 460_000),
        )
        rows = {"area_id": ["AM01", "AM02"], "level": "labour_market", "name": ["West", "East"]}
        more = gpd.GeoDataFrame(
            rows | {"parent_id": None, "valid_from": None, "valid_to": None},
            geometry=[west, east],
            crs=28992,
        )
        areas = checked(pd.concat([t.areas, more], ignore_index=True), AREAS)
        small = t.enrolments.assign(students=9.0, students_low=9.0, students_high=9.0)
        found = provision_pairs(
            replace(t, areas=areas, enrolments=small), bike, limit_min=30
        ).set_index("unit")
        assert found["region_a"].to_dict() == {"98001": "AM01", "98003": "AM02"}
        assert found["few_in_region"].to_dict() == {"98001": True, "98003": False}
        signals = provision_signals(replace(t, areas=areas, enrolments=small))
        assert set(signals["region_level"]) == {"labour_market", "country"}
        assert row(signals, unit="98003", region_id="AM02")["institutions"] == 1

    def test_a_site_nobody_reaches_and_one_without_a_place(
        self, bike: TravelMatrix, t: Tables
    ) -> None:
        rows = bike.to_long()
        lost = rows["site_id"] == "90BB001"
        rows.loc[lost, ["minutes", "meters"]] = inf
        rows.loc[lost, "status"] = "site_too_far"
        sites = t.sites.assign(
            geometry=t.sites.geometry.where(t.sites["site_id"] != "90BB001", Point())
        )
        found = provision_pairs(replace(t, sites=sites), matrix_from_long(rows), limit_min=30)
        code = row(found, unit="98003")
        assert code["minutes_ab"] == code["minutes_ba"] == inf
        assert isnan(code["overlap"])
        assert isnan(code["distance_km"])
        assert pd.isna(code["region_b"])
        assert not code["few_in_region"]

    def test_enrolments_that_are_not_known_are_no_signal(
        self, bike: TravelMatrix, t: Tables
    ) -> None:
        found = provision_pairs(replace(t, enrolments=t.enrolments.iloc[:0]), bike, limit_min=30)
        assert found[["students_a", "students_together", "students_national"]].isna().all().all()
        flags = [name for name in found if name.startswith("few_")]
        assert not found[flags].any().any()

    def test_all_masked(self, bike: TravelMatrix, t: Tables) -> None:
        masked = dict(zip(COUNTS, (2.5, 1.0, 4.0), strict=True))
        found = provision_pairs(
            replace(
                t, enrolments=t.enrolments.assign(**masked), students=t.students.assign(**masked)
            ),
            bike,
            limit_min=30,
        )
        assert found["few_in_region"].all()
        assert (found["sorensen_low"] < found["sorensen_high"]).all()
        assert (found["students_together_low"] == 2).all()
        assert (found["students_together_high"] == 8).all()

    def test_a_count_below_five_is_an_interval(self, bike: TravelMatrix, t: Tables) -> None:
        three = t.enrolments.assign(students=3.0, students_low=3.0, students_high=3.0)
        found = provision_pairs(replace(t, enrolments=three), bike, limit_min=30)
        assert set(found["students_a_low"]) == {1}
        assert set(found["students_a_high"]) == {4}

    def test_zero_rows(self, bike: TravelMatrix, t: Tables) -> None:
        some = provision_pairs(t, bike, limit_min=30)
        for empty in (
            replace(t, offers=t.offers.iloc[:0]),
            replace(t, sites=t.sites.assign(status="closed")),
            replace(no_tables(), areas=t.areas),
        ):
            none = provision_pairs(empty, bike, limit_min=30)
            assert none.empty
            assert none.dtypes.to_dict() == some.dtypes.to_dict()
            signals = provision_signals(empty)
            assert signals.empty
            assert signals.dtypes.to_dict() == provision_signals(t).dtypes.to_dict()
        bare = replace(t, students=t.students.iloc[:0], origins=t.origins.iloc[:0])
        found = provision_pairs(bare, bike, limit_min=30)
        assert (found["young_people_both"] == 0).all()
        assert found["sorensen"].isna().all()
        assert found["forecast_year"].isna().all()
        assert pair_forecast(found, bare.students, t.sites).empty

    def test_order_does_not_matter(self, town: SampleTown, t: Tables) -> None:
        first = provision_pairs(t, town.matrix, limit_min=30)
        turned = replace(
            t,
            sites=t.sites.iloc[::-1],
            offers=t.offers.iloc[::-1],
            students=t.students.iloc[::-1],
            enrolments=t.enrolments.iloc[::-1],
            origins=t.origins.iloc[::-1],
        )
        again = provision_pairs(
            turned, town.matrix.select(sites=list(town.matrix.sites)[::-1]), limit_min=30
        )
        pd.testing.assert_frame_equal(again, first)
        pd.testing.assert_frame_equal(provision_signals(turned), provision_signals(t))


class TestPlainly:
    @settings(deadline=None, max_examples=25)
    @given(st.integers(0, 10**6))
    def test_as_plain_loops(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        town = sample_town()
        t = town.tables
        ids = list(t.sites["site_id"])
        rows = [
            (site, f"9800{k}", track)
            for site in ids
            for k in range(4)
            for track in ("BOL", "BBL")
            if rng.random() < 0.6
        ]
        offers = pd.DataFrame(rows, columns=["site_id", "programme_id", "track"]).assign(
            programme="P", dossier="D", domain="M", sector="S", level=3.0
        )
        status = rng.choice(["existing", "existing", "competitor", "closed"], len(ids))
        tables = replace(t, offers=offers, sites=t.sites.assign(status=status))
        limit = float(rng.choice([10, 16, 36, 50]))
        found = provision_pairs(tables, town.matrix, limit_min=limit)
        opened = [site for site, state in zip(ids, status, strict=True) if state != "closed"]
        times = town.matrix.to_long().set_index(["origin_id", "site_id", "mode"])["minutes"]
        people = t.origins.set_index("origin_id")["weight"]
        due = {}
        offered = set(rows)
        for mode in town.matrix.modes:
            for site, programme, track in rows:
                for other in opened:
                    if site in opened and site < other and (other, programme, track) in offered:
                        due[mode, programme, track, site, other] = sum(
                            people[home]
                            for home in people.index
                            if times[home, site, mode] <= limit
                            and times[home, other, mode] <= limit
                        )
        told = {
            (mode, *key): both
            for mode, *key, both in found[["mode", *KEYS, "young_people_both"]].values
        }
        assert told == due


class TestSignals:
    def test_two_small_institutions_in_a_region(self, t: Tables) -> None:
        found = provision_signals(t)
        care = row(found, unit="98001", region_id="PV90")
        assert (care["institutions"], care["institutions_small"]) == (2, 2)
        code = row(found, unit="98003", region_id="PV90")
        assert (code["institutions_small"], code["few"]) == (1, False)

    def test_what_masked_counts_leave_open(self, t: Tables) -> None:
        open_bounds = t.enrolments.assign(students=18.5, students_low=17.0, students_high=20.0)
        found = provision_signals(replace(t, enrolments=open_bounds))
        care = row(found, unit="98001", region_id="PV90")
        assert (care["few"], care["few_perhaps"]) == (False, True)

    @pytest.mark.parametrize(("count", "few"), [(17.0, True), (18.0, False)])
    def test_eighteen_is_not_fewer(self, t: Tables, count: float, few: bool) -> None:
        exact = t.enrolments.assign(students=count, students_low=count, students_high=count)
        found = provision_signals(replace(t, enrolments=exact))
        assert row(found, unit="98003", region_id="PV90")["few"] == few

    @pytest.mark.parametrize(("count", "few"), [(24.5, True), (25.0, False)])
    def test_fifty_is_not_fewer(self, t: Tables, count: float, few: bool) -> None:
        exact = t.enrolments.assign(students=count, students_low=count, students_high=count)
        found = provision_signals(replace(t, enrolments=exact))
        assert row(found, unit="98003", region_id="NL")["few"] == few

    def test_a_provider_without_an_offer_counts_in_the_country(self, t: Tables) -> None:
        more = t.enrolments.iloc[[2]].assign(institution_id="90ZZ")  # carpentry elsewhere
        found = provision_signals(replace(t, enrolments=pd.concat([t.enrolments, more])))
        wood = row(found, unit="98002", region_id="NL")
        assert (wood["institutions"], wood["students"]) == (2, 80)

    def test_of_another_year(self, t: Tables) -> None:
        found = provision_signals(t, year=2022)
        pd.testing.assert_frame_equal(found, provision_signals(t))

    def test_enrolments_without_a_track_are_told(self, t: Tables) -> None:
        told: list[Note] = []
        bare = t.enrolments.assign(track=t.enrolments["track"].where(t.enrolments.index != 2))
        provision_signals(replace(t, enrolments=bare), notify=told.append)
        assert [(note.code, note.count) for note in told] == [("enrolments_without_unit", 40)]


class TestGrowth:
    def test_bounds(self, t: Tables) -> None:
        _, ratio = growth_of(t.students, t.sites, ["90BB", "90ZZ"])
        # Beta: 38 + 5 and a masked cell now, 33 in 2030.
        assert ratio[:, 0] == pytest.approx([33 / 45.5, 33 / 47, 33 / 44])
        assert np.isnan(ratio[:, 1]).all()

    def test_without_a_forecast(self, t: Tables) -> None:
        history = t.students[t.students["kind"] == "history"]
        year, ratio = growth_of(history, t.sites, ["90AA"])
        assert isnan(year)
        assert np.isnan(ratio).all()
