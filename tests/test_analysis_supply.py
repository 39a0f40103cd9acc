"""Coverage, duplication, forecast, equity and benchmark on the sample town, by hand-made numbers.

By bicycle the way to 90AA001 and 90BB001 takes 16, 8, 36, 44 minutes from 9001, 9002, 9003, 9004,
to 90AA002 40, 32, 12, 20. Aldermeer's 400 young people live 300 : 100, Boskerk's 250 live 200 : 50.
"""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pandas as pd
import pytest

from geo_mbo import analysis
from geo_mbo.analysis.weighting import open_sites
from geo_mbo.errors import InputError
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


@pytest.fixture(scope="module")
def students(t: Tables) -> pd.DataFrame:
    return t.students[t.students["year"] == 2024]


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_coverage(bike: TravelMatrix, t: Tables) -> None:
    found = analysis.coverage(bike, t.offers, t.origins, limit_min=16)
    assert len(found) == 3 * 3
    care = row(found, programme_id="98001", area_id="GM9001")
    assert (care["young_people_out"], care["minutes_nearest"], care["state"]) == (0, 16, "served")
    wood = row(found, programme_id="98002", area_id="GM9002")
    assert (wood["young_people_out"], wood["share_out"]) == (50, 0.2)
    assert (wood["minutes_nearest"], wood["nearest_site_id"]) == (12, "90AA002")
    code = row(found, programme_id="98003", area_id="GM9003")
    assert (code["share_out"], code["minutes_nearest"], code["state"]) == (1, inf, "out_of_reach")
    assert pd.isna(code["nearest_site_id"])


def test_coverage_of_one_track_and_of_a_programme_nobody_offers(
    bike: TravelMatrix, t: Tables
) -> None:
    taught = t.offers[t.offers["track"] == "BBL"]
    found = analysis.coverage(bike, taught, t.origins, limit_min=60, programmes=["98001", "98002"])
    assert found["state"].tolist() == ["out_of_reach"] * 3 + ["served", "served", "out_of_reach"]


def test_gaps(town: SampleTown, t: Tables) -> None:
    covered = analysis.coverage(town.matrix, t.offers, t.origins, limit_min=30)
    found = analysis.gaps(covered, t.offers)
    assert found["mode"].drop_duplicates().tolist() == ["walk", "bike", "car"]
    worst = found[found["mode"] == "bike"].iloc[0]
    assert (worst["programme"], worst["level"], worst["areas"]) == ("Timmeren", 2, 2)
    assert worst["area_ids"] == "GM9001;GM9003"
    assert (worst["young_people_out"], worst["share_out_national"]) == (450, 450 / 700)
    assert analysis.gaps(covered, t.offers, min_young_people=51).query("mode == 'car'").empty


def test_duplication(bike: TravelMatrix, t: Tables) -> None:
    def find(**options: object) -> pd.DataFrame:
        return analysis.duplication(bike, t.offers, t.sites, t.origins, t.enrolments, **options)

    near = find(limit_min=30).iloc[0]
    assert (near["programme_id"], near["site_a"], near["site_b"]) == ("98001", "90AA001", "90BB001")
    assert (near["young_people_both"], near["overlap"], near["distance_km"]) == (400, 1, 0)
    # Both tracks count: 12 and a masked cell.
    assert near[["students_a", "students_a_low", "students_a_high"]].tolist() == [14.5, 13, 16]
    assert near["small"]
    # Within 40 minutes 9001 still reaches r: 600 reach p, 650 reach r, 600 both.
    far = row(find(limit_min=40), programme_id="98003")
    people = ["young_people_a", "young_people_b", "young_people_both", "overlap"]
    assert far[people].tolist() == [650, 600, 600, 1]
    assert far["distance_km"] == pytest.approx(np.hypot(3, 3))
    assert (far["small"], far["small_possible"]) == (False, False)
    # Within 36 minutes 600 reach p, 350 reach r, and 9002 and 9003 both.
    overlaps = {m: len(find(limit_min=36, min_overlap=m)) for m in (0, 300 / 350, 0.86, 1)}
    assert overlaps == {0: 2, 300 / 350: 2, 0.86: 1, 1: 1}


def test_small_is_sure_or_possible(bike: TravelMatrix, t: Tables) -> None:
    def flags(alfa: tuple[float, float] | None) -> tuple[bool, bool]:
        mine = t.enrolments["institution_id"] == "90AA"
        counted = (
            t.enrolments[~mine]
            if alfa is None
            else t.enrolments.drop_duplicates(["institution_id", "programme_id"])
        )
        if alfa is not None:
            bounds = counted["institution_id"] == "90AA"
            counted = counted.assign(
                students_low=counted["students_low"].mask(bounds, alfa[0]),
                students_high=counted["students_high"].mask(bounds, alfa[1]),
            )
        found = analysis.duplication(
            bike, t.offers, t.sites, t.origins, counted, limit_min=30
        ).iloc[0]
        return found["small"], found["small_possible"]

    assert flags((14, 17)) == (True, True)
    assert flags((15, 18)) == (False, True)
    assert flags((18, 21)) == (False, False)
    assert flags(None) == (False, False)  # not known is not small


def test_duplication_within_one_institution_is_told_apart(bike: TravelMatrix, t: Tables) -> None:
    more = pd.concat([t.offers, t.offers.iloc[[0]].assign(site_id="90AA002")], ignore_index=True)
    args = (bike, more, t.sites, t.origins, t.enrolments)
    assert not analysis.duplication(*args, limit_min=60)["same_institution"].any()
    found = analysis.duplication(*args, limit_min=60, within_institution=True)
    assert found[found["same_institution"]][["site_a", "site_b"]].values.tolist() == [
        ["90AA001", "90AA002"]
    ]


def test_forecast_change(t: Tables) -> None:
    found = analysis.forecast_change(t.students, base_year=2024, year=2030, by="origin_id")
    island = row(found, origin_id="GM9003")  # from [1, 4] to 2
    assert island[["change", "change_low", "change_high"]].tolist() == pytest.approx(
        [2 / 2.5 - 1, 2 / 4 - 1, 2 / 1 - 1]
    )
    assert row(found, origin_id="UNKNOWN")["change"] == -1


def test_a_change_from_nothing_is_missing(t: Tables) -> None:
    rows = t.students[t.students["origin_id"].isin(["GM9001", "BE"])]
    none = rows[~((rows["origin_id"] == "BE") & (rows["year"] == 2024))]
    found = analysis.forecast_change(none, base_year=2024, year=2030, by="origin_id")
    abroad = row(found, origin_id="BE")
    assert (abroad["students_base"], abroad["students"]) == (0, 5)
    assert isnan(abroad["change"])
    perhaps = none.assign(students_low=0.0)
    found = analysis.forecast_change(perhaps, base_year=2024, year=2030, by="origin_id")
    assert row(found, origin_id="GM9001")["change_high"] == inf


def test_a_year_that_is_not_there_is_refused(t: Tables) -> None:
    with pytest.raises(InputError, match=r"no students in 2031\. There are: 2024, 2030"):
        analysis.forecast_change(t.students, base_year=2024, year=2031, by="site_id")


def test_gini() -> None:
    assert analysis.gini([5, 5, 5], [1, 2, 3]) == pytest.approx(0)
    assert analysis.gini([0, 1], [3, 1]) == pytest.approx(0.75)
    # Weights are people: one row of weight 2 is two rows of weight 1.
    assert analysis.gini([1, 3, 3], [1, 1, 1]) == pytest.approx(analysis.gini([3, 1], [2, 1]))
    assert isnan(analysis.gini([], []))
    assert isnan(analysis.gini([0, 0], [1, 1]))


def test_travel_inequality(bike: TravelMatrix, t: Tables, students: pd.DataFrame) -> None:
    schools = bike.select(sites=open_sites(t.sites)["site_id"])
    found = analysis.travel_inequality(schools, students, t.origins, limit_min=16)
    young = row(found, people_kind="young_people")
    # 100 at 8, 200 at 12, 300 at 16, 50 at 20, 50 never.
    assert young[["minutes_p20", "minutes_p50", "minutes_p80"]].tolist() == [12, 16, 16]
    assert young["minutes_p80_p20"] == pytest.approx(16 / 12)
    assert young["share_over_limit"] == pytest.approx(100 / 700)
    assert young["unreached_share"] == pytest.approx(50 / 700)
    people, minutes = np.array([100, 200, 300, 50]), np.array([8, 12, 16, 20])
    differences = np.abs(minutes[:, None] - minutes) * people[:, None] * people
    assert young["gini"] == pytest.approx(differences.sum() / (2 * 650 * people @ minutes))
    assert row(found, people_kind="students")["people"] == 145.5


def test_benchmark(town: SampleTown, t: Tables, students: pd.DataFrame) -> None:
    found = analysis.institution_benchmark(town.matrix, students, t.offers, t.sites, t.origins)
    beta = row(found, institution_id="90BB", mode="bike")
    # 28.5 at 16, 9.5 at 8, 2 at 36, 0.5 at 44; the candidate on the island is no site yet.
    assert (beta["sites"], beta["programmes"], beta["rank"]) == (1, 2, 1)
    added = 28.5 * 16 + 9.5 * 8 + 2 * 36 + 0.5 * 44
    assert beta["minutes_mean"] == pytest.approx(added / 40.5)
    assert beta["within_30_share"] == pytest.approx(38 / 40.5)
    assert beta["unreached_share"] == 0
    without = analysis.institution_benchmark(
        town.matrix, students.iloc[:0], t.offers, t.sites, t.origins
    )
    assert (without["rank"] == 0).all()
    assert without["minutes_mean"].isna().all()
    assert (without["students"] == 0).all()


def test_no_rank_where_the_mean_is_of_a_minority(t: Tables, students: pd.DataFrame) -> None:
    """Nearest of all by the mean of the few who get there would be a lie."""
    rows = sample_town().matrix.select(modes=["bike"]).to_long()
    cut = (rows["site_id"] == "90BB001") & (rows["minutes"] > 10)
    rows.loc[cut, ["minutes", "meters"]] = inf
    rows.loc[cut, "status"] = "over_limit"
    found = analysis.institution_benchmark(
        matrix_from_long(rows), students, t.offers, t.sites, t.origins
    )
    beta, alfa = row(found, institution_id="90BB"), row(found, institution_id="90AA")
    assert (beta["minutes_mean"], beta["rank"], alfa["rank"]) == (8, 0, 1)
    assert beta["unreached_share"] == pytest.approx(31 / 40.5)


def test_a_site_that_is_not_located_overlaps_with_nobody(town: SampleTown, t: Tables) -> None:
    from shapely import Point

    sites = t.sites.assign(
        geometry=t.sites.geometry.where(t.sites["site_id"] != "90BB001", Point())
    )
    rows = town.matrix.select(modes=["bike"]).to_long()
    lost = rows["site_id"] == "90BB001"
    rows.loc[lost, ["minutes", "meters"]] = inf
    rows.loc[lost, "status"] = "site_too_far"
    matrix = matrix_from_long(rows)
    found = analysis.duplication(
        matrix, t.offers, sites, t.origins, t.enrolments, limit_min=60, min_overlap=0
    )
    assert found.empty
    reach = analysis.site_reach(matrix, t.origins, sites, limit_min=60)
    assert row(reach, site_id="90BB001")["young_people_within"] == 0
