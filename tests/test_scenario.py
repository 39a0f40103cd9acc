"""Scenarios on the sample town: read, done, and put beside the present, by hand-made numbers."""

from __future__ import annotations

from dataclasses import fields, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import Choices, find
from geo_mbo.errors import FileError, InputError, MissingFileError, StudyError
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.scenario import Scenario, apply, candidate_sites, compare, read_scenario
from geo_mbo.schema import ORIGINS, SITES, STUDENTS, checked, empty
from geo_mbo.tables import Tables
from geo_mbo.travel import matrix_from_long, travel_matrix

ASKED = Choices(mode="bike", limit_min=30)
CLOSE = {"kind": "close", "site_id": "90AA002"}
ISLAND = {"kind": "open", "site_id": "90BB901", "programmes": ["98001"]}
NEW = {"kind": "open", "site_id": "90AA901", "institution_id": "90AA", "name": "Alfa Zuid"}
PLACE = {"x_m": 157_000, "y_m": 448_000}  # junction d, in Boskerk


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


def plan(*actions: dict[str, Any], name: str = "Plan") -> Scenario:
    return read_scenario({"name": name, "actions": list(actions)})


def offered(tables: Tables) -> set[tuple[str, str, str]]:
    key = ["site_id", "programme_id", "track"]
    return set(tables.offers[key].itertuples(index=False, name=None))


def status(tables: Tables) -> dict[str, str]:
    return dict(zip(tables.sites["site_id"], tables.sites["status"], strict=True))


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name].isna() if value is None else frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_a_scenario_reads_the_same_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'name = "Plan"\nactions = [\n  { kind = "close", site_id = "90AA002" },\n'
        '  { kind = "open", site_id = "90BB901", programmes = ["98001"] },\n]\n',
        encoding="utf-8",
    )
    assert read_scenario(path) == plan(CLOSE, ISLAND)


def test_files_that_are_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_scenario(tmp_path / "none.toml")
    path = tmp_path / "plan.toml"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(FileError):
        read_scenario(path)


def test_all_breaches_come_at_once() -> None:
    wrong = [
        {"kind": "close", "site": "90AA002"},  # unknown key, and the right one missing
        {"kind": "shut", "site_id": "90AA002"},
        {"kind": "close", "site_id": 7},
        {**NEW, "x_m": 157_000},
        {**NEW, "x_m": 448_000, "y_m": 157_000},
        {**NEW, "lon": 52.0, "lat": 5.4},
        {**NEW, "x_m": "far", "y_m": True},
        {"kind": "start", "site_id": "90AA001", "programmes": "98001", "tracks": ["bol"]},
    ]
    with pytest.raises(StudyError) as error:
        read_scenario({"naam": "Plan", "actions": wrong})
    codes = [breach.code.removeprefix("scenario_") for breach in error.value.breaches]
    assert codes == [
        *("unknown_key", "missing_key"),
        *("unknown_key", "missing_key"),
        *("wrong_value", "wrong_value", "half_place", "outside", "outside"),
        *("wrong_value", "wrong_value", "wrong_value", "wrong_value"),
    ]
    assert "closest is 'site_id'" in error.value.text("en")
    assert "komt 'name'" in error.value.text("nl")


@pytest.mark.parametrize("actions", [7, "close", [3], {"kind": "close"}])
def test_actions_that_are_no_list_of_actions(actions: object) -> None:
    with pytest.raises(StudyError, match="'actions' is"):
        read_scenario({"name": "Plan", "actions": actions})


def test_degrees_become_rd() -> None:
    (action,) = plan({**NEW, "lon": 5.3876389, "lat": 52.1561606}).actions
    # The tower in Amersfoort, origin of RD New.
    assert action.place_m == pytest.approx((155_000, 463_000), abs=150)


def test_close(town: SampleTown) -> None:
    after = apply(town.tables, plan(CLOSE))
    assert status(after)["90AA002"] == "closed"
    assert {site for site, *_ in offered(after)} == {"90AA001", "90BB001"}


def test_open_a_candidate_and_close_it_again(town: SampleTown) -> None:
    after = apply(town.tables, plan(ISLAND))
    assert status(after)["90BB901"] == "existing"
    assert offered(after) - offered(town.tables) == {("90BB901", "98001", "BOL")}
    shut = apply(town.tables, plan(ISLAND, {"kind": "close", "site_id": "90BB901"}))
    assert offered(shut) == offered(town.tables)


def test_open_a_new_site(town: SampleTown) -> None:
    after = apply(town.tables, plan({**NEW, **PLACE, "programmes": ["98002"], "tracks": ["BOL"]}))
    new = row(after.sites, site_id="90AA901")
    assert (new["institution"], new["municipality_id"], new["status"]) == (
        "Alfa College",
        "GM9002",
        "existing",
    )
    made = row(after.offers, site_id="90AA901")
    assert (made["programme"], made["track"], made["level"]) == ("Timmeren", "BOL", 2)
    checked(after.sites, SITES)


def test_move(town: SampleTown) -> None:
    move = {"kind": "move", "site_id": "90AA002", "to_site_id": "90AA902", **PLACE}
    after = apply(town.tables, plan(move))
    assert status(after)["90AA002"] == "closed"
    new = row(after.sites, site_id="90AA902")
    assert (new["institution_id"], new["institution"]) == ("90AA", "Alfa College")
    moved = {key[1:] for key in offered(after) if key[0] == "90AA902"}
    assert moved == {("98002", "BBL"), ("98003", "BOL")}
    # Onto a candidate of another institution: the school stays what it is.
    onto = {"kind": "move", "site_id": "90AA002", "to_site_id": "90BB901"}
    after = apply(town.tables, plan(onto))
    assert row(after.sites, site_id="90BB901")["institution_id"] == "90AA"


def test_start_and_stop(town: SampleTown) -> None:
    start = {"kind": "start", "site_id": "90AA001", "programmes": ["98002", "98003"]}
    after = apply(town.tables, plan(start))
    assert offered(after) - offered(town.tables) == {
        ("90AA001", "98002", "BBL"),
        ("90AA001", "98003", "BOL"),
    }
    stop = {**start, "kind": "stop", "tracks": ["BOL"]}
    kept = apply(town.tables, plan(start, stop))
    assert offered(kept) - offered(town.tables) == {("90AA001", "98002", "BBL")}


def test_what_cannot_be_done_is_told_at_once(town: SampleTown) -> None:
    wrong = plan(
        {"kind": "close", "site_id": "90AA02"},
        {"kind": "close", "site_id": "90BB901"},
        CLOSE,
        CLOSE,
        {"kind": "open", "site_id": "90AA001"},
        NEW,
        {"kind": "start", "site_id": "90AA001", "programmes": ["98001"]},
        {"kind": "start", "site_id": "90AA001", "programmes": ["9800", "12345"]},
        {"kind": "stop", "site_id": "90AA001", "programmes": ["98003"]},
    )
    with pytest.raises(StudyError) as error:
        apply(town.tables, wrong)
    assert [breach.code.removeprefix("scenario_") for breach in error.value.breaches] == [
        "unknown_site",
        "not_open",
        "not_open",
        "already_open",
        "no_place",
        "already_offered",
        "unknown_programme",
        "unknown_programme",
        "not_offered",
    ]
    first = error.value.text("en").splitlines()[0]
    assert first.startswith("scenario 'Plan', action 1: there is no site '90AA02'; closest is")
    assert len(error.value.text("nl").splitlines()) == 9


def test_tables_are_unchanged(town: SampleTown) -> None:
    before = {f.name: getattr(town.tables, f.name).copy() for f in fields(Tables)}
    actions = plan(
        CLOSE,
        ISLAND,
        {**NEW, **PLACE},
        {"kind": "start", "site_id": "90AA001", "programmes": ["98003"]},
        {"kind": "stop", "site_id": "90BB001", "programmes": ["98003"]},
    )
    apply(town.tables, actions)
    candidate_sites([actions], town.tables)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(town.tables, name), frame)


def test_candidate_sites(town: SampleTown) -> None:
    first, second = plan(CLOSE, ISLAND, {**NEW, **PLACE}), plan({**NEW, **PLACE}, name="Tweede")
    found = candidate_sites([first, second], town.tables)
    assert found["site_id"].tolist()[-1] == "90AA901"
    assert len(found) == 5
    pd.testing.assert_frame_equal(found.iloc[:4], town.tables.sites)
    pd.testing.assert_frame_equal(candidate_sites([], town.tables), town.tables.sites)
    with pytest.raises(StudyError) as error:
        candidate_sites(
            [first, plan({**NEW, "x_m": 150_000, "y_m": 450_000}), plan({**NEW, "site_id": "X"})],
            town.tables,
        )
    codes = [breach.code for breach in error.value.breaches]
    assert codes == ["scenario_two_places", "scenario_no_place"]


def test_candidates_where_there_are_no_sites(town: SampleTown) -> None:
    bare = replace(town.tables, sites=empty(SITES))
    assert candidate_sites([plan({**NEW, **PLACE})], bare)["site_id"].tolist() == ["90AA901"]


def test_closing_boskerk(town: SampleTown) -> None:
    found = compare(town.tables, town.matrix, plan(CLOSE), ASKED)
    # 9003 goes from 12 to 36 minutes, 9004 from 20 to 44.
    boskerk = row(found.areas, area_id="GM9002", mode="bike", programme_id=None)
    assert boskerk["minutes_before":"young_people_within_after"].tolist() == [12, 36, 24, 250, 0]
    anyone = row(found.people, mode="bike", programme_id=None)
    assert anyone["better":"worse"].tolist() == [0, 450, 250]
    # On foot the site at p was as near for both already.
    assert row(found.people, mode="walk", programme_id=None)["worse"] == 0
    assert set(found.areas["programme_id"].dropna()) == {"98002", "98003"}
    island = row(found.areas, area_id="GM9003", mode="bike", programme_id="98002")
    assert (island["minutes_before"], island["minutes_change"]) == (inf, 0)
    lost = row(found.areas, area_id="GM9001", mode="bike", programme_id="98002")
    assert (lost["minutes_after"], lost["minutes_change"]) == (inf, inf)
    gaps = found.gaps[found.gaps["mode"] == "bike"]
    keys = ["programme_id", "programme", "area_id", "change"]
    assert gaps[keys].values.tolist() == [
        ["98002", "Timmeren", "GM9002", "appears"],
        ["98003", "Programmeren", "GM9002", "appears"],
    ]
    assert gaps["young_people_out_before"].tolist() == [0, 0]
    assert gaps["young_people_out_after"].tolist() == [250, 250]


def test_a_known_site_opens_where_it_was_and_nowhere_else(town: SampleTown) -> None:
    again = {"kind": "open", "site_id": "90AA002", "programmes": ["98001"]}
    r = town.tables.sites.set_index("site_id").geometry["90AA002"]
    there = apply(town.tables, plan(CLOSE, {**again, "x_m": r.x, "y_m": r.y}))
    assert status(there)["90AA002"] == "existing"
    move = {"kind": "move", "site_id": "90AA002", "to_site_id": "90BB901", **PLACE}
    for elsewhere in (plan(CLOSE, {**again, **PLACE}), plan(move)):
        with pytest.raises(StudyError) as error:
            apply(town.tables, elsewhere)
        assert [breach.code for breach in error.value.breaches] == ["scenario_other_place"]
        assert error.value.text("nl") != error.value.text("en")


def test_gaps_of_a_scenario_follow_the_choice_of_the_present(town: SampleTown) -> None:
    """A fifth of Boskerk (9004) is 44 minutes from p: within 40 a gap at 0.2, none at 0.5."""
    for least, due in ((0.5, False), (0.2, True)):
        asked = Choices(mode="bike", limit_min=40, min_share_out=least)
        gaps = compare(town.tables, town.matrix, plan(CLOSE), asked).gaps
        found = gaps.query("mode == 'bike' and area_id == 'GM9002' and programme_id == '98003'")
        assert (len(found) == 1) == due


def test_nobody_s_gap_is_no_gap_of_a_scenario(town: SampleTown) -> None:
    nobody = town.tables.origins["weight"].mask(town.tables.origins["area_id"] == "GM9002", 0.0)
    empty_town = replace(town.tables, origins=town.tables.origins.assign(weight=nobody))
    gaps = compare(empty_town, town.matrix, plan(CLOSE), ASKED).gaps
    assert "GM9002" not in set(gaps["area_id"])


def test_before_and_after_are_of_the_same_students(town: SampleTown) -> None:
    """Who could not reach the old site is in the share beside the times, not in one of them."""
    rows = town.matrix.to_long()
    cut = (rows["origin_id"] == "9004") & (rows["site_id"] == "90AA002")
    rows.loc[cut, ["minutes", "meters"]] = inf
    rows.loc[cut, "status"] = "over_limit"
    found = compare(town.tables, matrix_from_long(rows), plan(CLOSE), ASKED).moved
    kept = row(found, area_id="GM9002", to_site_id="90BB001")
    # 9003 (200) goes from 12 to 36; 9004 (50) had no way, and goes 44 now.
    assert (kept["minutes_before"], kept["minutes_after"]) == pytest.approx((12, 36))
    assert kept["unreached_before_share"] == pytest.approx(0.2)
    assert (found["students_high"] > 0).all()


def test_where_students_of_a_closed_site_go(town: SampleTown) -> None:
    found = compare(town.tables, town.matrix, plan(CLOSE), ASKED).moved
    # Alfa enrols 40 in Timmeren, which nobody else offers, and 20 in Programmeren, as Beta does.
    lost = row(found, area_id="GM9002", to_site_id=None)
    assert lost["students":"minutes_after"].tolist() == pytest.approx([20, 20, 20, 13.6, inf])
    kept = row(found, area_id="GM9002", to_site_id="90BB001")
    assert kept["students":"minutes_after"].tolist() == pytest.approx([10, 10, 10, 13.6, 37.6])
    masked = row(found, area_id="GM9001", to_site_id="90BB001")
    assert masked["students":"minutes_after"].tolist() == pytest.approx(
        [2.5 / 3, 1 / 3, 4 / 3, 38, 14]
    )
    mine = town.tables.students.query("site_id == '90AA002' and year == 2024")
    assert found["students"].sum() == pytest.approx(mine["students"].sum())
    assert set(found["from_site_id"]) == {"90AA002"}
    equal = replace(town.tables, enrolments=empty(STUDENTS))
    halves = compare(equal, town.matrix, plan(CLOSE), ASKED).moved
    assert row(halves, area_id="GM9002", to_site_id=None)["students"] == pytest.approx(15)


def test_opening_on_the_island(town: SampleTown) -> None:
    found = compare(town.tables, town.matrix, plan(ISLAND), ASKED)
    assert row(found.people, mode="car", programme_id="98001")["better":"worse"].tolist() == [
        50,
        650,
        0,
    ]
    island = row(found.areas, area_id="GM9003", mode="bike", programme_id="98001")
    assert island["minutes_before":"minutes_change"].tolist() == [inf, 4, -inf]
    gap = row(found.gaps, mode="bike", programme_id="98001")
    assert (gap["area_id"], gap["change"]) == ("GM9003", "vanishes")
    assert found.moved.empty
    assert list(found.moved.columns) == list(
        compare(town.tables, town.matrix, plan(CLOSE), ASKED).moved.columns
    )


def test_the_threshold_is_inclusive(town: SampleTown) -> None:
    def worse(threshold_min: float) -> float:
        found = compare(town.tables, town.matrix, plan(CLOSE), ASKED, threshold_min=threshold_min)
        return float(row(found.people, mode="bike", programme_id=None)["worse"])

    assert (worse(24), worse(24.1), worse(0)) == (250, 0, 250)


def test_doing_nothing_changes_nothing(town: SampleTown) -> None:
    found = compare(town.tables, town.matrix, plan(), ASKED)
    assert (found.areas["minutes_change"] == 0).all()
    assert (found.people[["better", "worse"]] == 0).all(axis=None)
    assert found.people["same"].eq(700).all()
    assert found.gaps.empty
    assert found.moved.empty


def test_present_and_scenario_are_told_by_the_measures(town: SampleTown) -> None:
    """What compare says of a scenario is what find says of the tables it makes."""
    found = compare(town.tables, town.matrix, plan(CLOSE, ISLAND), ASKED)
    for side, tables in (
        ("before", town.tables),
        ("after", apply(town.tables, plan(CLOSE, ISLAND))),
    ):
        told = find(tables, town.matrix, ASKED, notify=lambda _: None)
        near = told.providers.query("rank == 1").set_index(["area_id", "mode"])["minutes_p50"]
        mine = found.areas[found.areas["programme_id"].isna()].set_index(["area_id", "mode"])
        assert mine[f"minutes_{side}"].to_dict() == near.to_dict()


def test_a_new_site_over_the_roads(town: SampleTown) -> None:
    """One matrix to existing and candidate sites serves present and scenario."""
    new = plan({**NEW, **PLACE, "programmes": ["98001"]})
    sites = candidate_sites([new], town.tables)
    matrix = travel_matrix(
        town.network, town.tables.origins, sites, modes=["bike"], notify=lambda _: None
    )
    found = compare(town.tables, matrix, new, ASKED)
    # At junction d: 9004 lives there, 9003 is 2 km away, which was 12 to r.
    boskerk = row(found.areas, area_id="GM9002", programme_id=None)
    assert boskerk["minutes_before":"minutes_change"].tolist() == pytest.approx([12, 8, -4])
    care = row(found.people, programme_id="98001")
    assert care["better"] == 250
    with pytest.raises(InputError, match="lack 1 of the sites, first '90AA901'"):
        compare(town.tables, town.matrix, new, ASKED)


def test_permuted_rows_give_the_same_answer(town: SampleTown) -> None:
    rng = np.random.default_rng(5)
    mixed = {
        f.name: (frame := getattr(town.tables, f.name))
        .iloc[rng.permutation(len(frame))]
        .reset_index(drop=True)
        for f in fields(Tables)
    }
    first = compare(town.tables, town.matrix, plan(CLOSE, ISLAND), ASKED)
    again = compare(Tables(**mixed), town.matrix, plan(CLOSE, ISLAND), ASKED)
    for name in ("areas", "people", "moved", "gaps"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))


def test_without_students_or_origins_the_columns_stay(town: SampleTown) -> None:
    first = compare(town.tables, town.matrix, plan(CLOSE), ASKED)
    for lost in ({"students": empty(STUDENTS)}, {"origins": empty(ORIGINS)}):
        found = compare(replace(town.tables, **lost), town.matrix, plan(CLOSE), ASKED)
        for name in ("areas", "people", "moved", "gaps"):
            frame, due = getattr(found, name), getattr(first, name)
            assert frame.dtypes.to_dict() == due.dtypes.to_dict()
