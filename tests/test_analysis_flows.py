"""Woongemeente x site x programme: nobody lost, nothing taught where it is not, nobody traced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import decay
from geo_mbo.analysis.calibration import CALIBRATION
from geo_mbo.analysis.flow_pairs import flow_pairs
from geo_mbo.analysis.flows import StudentFlows, student_flows
from geo_mbo.analysis.small_flows import veiled_flows
from geo_mbo.counts import COUNTS, intervals
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.schema import OFFERS, STUDENTS, checked, empty
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix, matrix_from_long

TOWN = sample_town()
BIKE = TOWN.matrix.select(modes=["bike"])


def estimated(
    tables: Tables, matrix: TravelMatrix = BIKE, **more
) -> tuple[StudentFlows, list[Note]]:
    notes: list[Note] = []
    return student_flows(tables, matrix, mode="bike", notify=notes.append, **more), notes


def counted(rows: list[dict]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    for name in STUDENTS.columns:
        if name not in table and not name.startswith("students"):
            table[name] = None
    small = table["count"].between(1, 4)
    return checked(table.join(intervals(table["count"], masked=small)), STUDENTS)


def made_town(seed: int) -> tuple[Tables, TravelMatrix, pd.DataFrame]:
    """A town whose sums are those of one true table, which is given too."""
    random = np.random.default_rng(seed)
    sites = TOWN.tables.sites.iloc[[0, 1, 2]]
    kinds = [("P1", "BOL"), ("P2", "BOL"), ("P2", "BBL"), ("P3", "BBL")]
    offers = [
        (site, programme, f"Name {programme}", None, None, None, 3, track)
        for site in sites["site_id"]
        for programme, track in kinds
        if random.random() < 0.7 or (programme, track) == ("P1", "BOL")
    ]
    table = checked(pd.DataFrame(offers, columns=list(OFFERS.columns)), OFFERS)
    homes = [("GM9001", "municipality"), ("GM9002", "municipality"), ("BE", "abroad")]
    truth = pd.DataFrame(
        [
            {
                "origin_id": home,
                "origin_kind": kind,
                "site_id": site,
                "institution_id": site[:4],
                "programme_id": programme,
                "track": track,
                "count": int(random.poisson(random.choice([1, 6, 30]))),
            }
            for home, kind in homes
            for site, programme, track in table[["site_id", "programme_id", "track"]].to_numpy()
        ]
    )

    def summed(keys: list[str]) -> pd.DataFrame:
        sums = truth.groupby(keys)["count"].sum().reset_index()
        kind = {} if "origin_kind" in keys else {"origin_kind": "unknown"}
        rows = sums[sums["count"] > 0].assign(year=2024, kind="history", **kind)
        return counted(rows.to_dict("records"))

    home = ["origin_id", "origin_kind", "institution_id"]
    tables = replace(
        TOWN.tables,
        sites=sites,
        offers=table,
        students=summed([*home, "site_id"]),
        residents=summed([*home, "track"]),
        enrolments=summed(["institution_id", "programme_id", "track"]),
    )
    return tables, BIKE, truth


KEY = ["origin_id", "site_id", "programme_id", "track"]


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=12)
def test_the_truth_lies_within_the_bounds_and_all_sums_are_met(seed) -> None:
    tables, matrix, truth = made_town(seed)
    told, notes = estimated(tables, matrix)
    # Where the true table has empty corners the way to it is long: near is enough.
    margins = told.margins
    assert (margins["gap"].abs() <= 0.02 * margins["students_high"].clip(1)).all()
    assert (margins["factor"] == 1).all()
    assert not margins["contradicted"].any()
    assert "margins_contradicted" not in {found.code for found in notes}
    both = truth.merge(told.flows, on=KEY, how="outer", indicator=True)
    left = both[both["_merge"] == "left_only"]
    assert (left["count"] == 0).all()
    both = both[both["_merge"] == "both"]
    assert (both["students_low"] <= both["count"] + 1e-6).all()
    assert (both["count"] <= both["students_high"] + 1e-6).all()
    # What no site offers is nowhere.
    offered = tables.offers[["site_id", "programme_id", "track"]]
    assert len(told.flows.merge(offered)) == len(told.flows)
    for keys, table in ((["origin_id", "site_id"], tables.students),):
        sums = told.flows.groupby(keys)[COUNTS[0]].sum()
        known = table.groupby(keys)[list(COUNTS)].sum()
        assert (sums >= known[COUNTS[1]] - 0.02 * known[COUNTS[2]]).all()
        assert (sums <= known[COUNTS[2]] + 0.02 * known[COUNTS[2]]).all()


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=12)
def test_no_small_cell_is_told_nearer_than_one_to_four(seed) -> None:
    tables, matrix, _ = made_town(seed)
    flows = estimated(tables, matrix)[0].flows
    small = flows["students_low"] <= 4
    width = flows["students_high"] - flows["students_low"]
    assert (width[small] >= 3 - 1e-6).all()
    assert (flows["students_low"] <= flows["students"]).all()
    assert (flows["students"] <= flows["students_high"]).all()
    # By subtraction from what is known of woongemeente x site nothing comes out nearer either.
    known = tables.students.groupby(["origin_id", "site_id"])["students"].sum()
    surely = tables.students.groupby(["origin_id", "site_id"])["students_low"].sum()
    for (home, site), cells in flows.groupby(["origin_id", "site_id"]):
        if known[home, site] != surely[home, site]:
            continue
        low, high = cells["students_low"].to_numpy(), cells["students_high"].to_numpy()
        least = np.maximum(low, known[home, site] - (high.sum() - high))
        most = np.minimum(high, known[home, site] - (low.sum() - low))
        tight = (most > 1e-6) & (least <= 4) & (most - least < 3 - 1e-3)
        # A site with one programme tells what woongemeente x site tells.
        assert not tight.any() or len(cells) == 1 or (known[home, site] < 7)


def test_nobody_of_the_town_is_lost_and_notes_say_what_does_not_fit() -> None:
    told, notes = estimated(TOWN.tables)
    now = TOWN.tables.students.query("year == 2024")
    sums = told.flows.groupby(["origin_id", "site_id"])["students"].sum()
    known = now.set_index(["origin_id", "site_id"]).sort_index()
    assert sums.index.tolist() == known.index.tolist()
    assert (sums >= known["students_low"] - 1e-6).all()
    assert (sums <= known["students_high"] + 1e-6).all()
    codes = [found.code for found in notes]
    assert codes == [
        "calibration_unreached",
        "flows_not_offered",
        "flows_scaled_enrolments",
        "margins_not_met",
        *codes[4:],
    ]
    assert all(found.text(lang) for found in notes for lang in LANGS)
    assert told.decays["mode"].tolist() == ["bike"] * 3
    assert set(told.flows["origin_kind"]) == {"municipality", "abroad", "unknown"}
    assert told.flows["year"].eq(2024).all()


def test_columns_and_types_do_not_depend_on_what_there_is() -> None:
    full, _ = estimated(TOWN.tables)
    nothing = replace(
        TOWN.tables, students=empty(STUDENTS), residents=empty(STUDENTS), enrolments=empty(STUDENTS)
    )
    none, notes = estimated(nothing)
    for name in ("flows", "margins", "decays"):
        one, other = getattr(full, name), getattr(none, name)
        assert other.empty
        assert one.dtypes.astype(str).to_dict() == other.dtypes.astype(str).to_dict()
    assert [found.code for found in notes] == ["flows_no_decay"]
    assert list(full.decays.columns) == ["mode", *CALIBRATION]
    without_year, _ = estimated(TOWN.tables, year=1999)
    assert without_year.flows.empty


@pytest.mark.parametrize("left", ["students", "residents", "enrolments"])
def test_one_table_alone_is_spread_by_what_else_is_known(left) -> None:
    gone = {
        name: empty(STUDENTS) for name in ("students", "residents", "enrolments") if name != left
    }
    tables = replace(TOWN.tables, **gone)
    told, _ = estimated(tables, decay=decay.exponential(rate=0.1))
    table = getattr(tables, left).query("year == 2024")
    low, high = table["students_low"].sum(), table["students_high"].sum()
    assert low - 1e-6 <= told.flows["students"].sum() <= high + 1e-6
    if left == "residents":
        # All of 90AA in BOL from GM9001 may be at either site; the near one has more of them.
        there = told.flows.query("origin_id == 'GM9001' and institution_id == '90AA'")
        by_site = there.query("track == 'BOL'").groupby("site_id")["students"].sum()
        assert by_site["90AA001"] > by_site["90AA002"] > 0
        assert by_site.sum() == pytest.approx(40)
        # Only the second site has BBL.
        assert set(there.query("track == 'BBL'")["site_id"]) == {"90AA002"}
    if left == "enrolments":
        assert told.flows["origin_id"].isna().all()
        assert told.flows.dropna(subset=["site_id"])["students"].sum() > 0


def test_students_at_a_site_or_institution_of_which_nothing_is_known_stay() -> None:
    more = counted(
        [
            {
                "origin_id": "GM9001",
                "origin_kind": "municipality",
                "site_id": site,
                "institution_id": school,
                "year": 2024,
                "kind": "history",
                "count": 30,
            }
            for site, school in (("99ZZ001", "99ZZ"), (None, "88YY"), (None, None))
        ]
    )
    tables = replace(TOWN.tables, students=pd.concat([TOWN.tables.students, more]))
    told, notes = estimated(tables)
    blank = told.flows[told.flows["programme_id"].isna()]
    assert blank["students"].tolist() == pytest.approx([30, 30, 30])
    found = next(one for one in notes if one.code == "flows_programme_unknown")
    assert found.params["people"] == 90


def test_far_away_students_follow_what_is_nowhere_near() -> None:
    # A and B offer the same; B alone offers "rare". Who comes from next to A to B, does so for it.
    offers = checked(
        pd.DataFrame(
            [
                (site, programme, programme, None, None, None, 3, "BOL")
                for site, programme in (
                    ("90AA001", "plain"),
                    ("90AA002", "plain"),
                    ("90AA002", "rare"),
                )
            ],
            columns=list(OFFERS.columns),
        ),
        OFFERS,
    )
    base = {"institution_id": "90AA", "year": 2024, "kind": "history"}
    at_home = base | {"origin_kind": "municipality"}
    tables = replace(
        TOWN.tables,
        offers=offers,
        students=counted(
            [
                at_home | {"origin_id": home, "site_id": site, "count": count}
                for home, site, count in (
                    ("GM9001", "90AA001", 80),
                    ("GM9001", "90AA002", 20),
                    ("GM9002", "90AA002", 80),
                )
            ]
        ),
        residents=empty(STUDENTS),
        enrolments=counted(
            [
                base | {"origin_kind": "unknown", "programme_id": one, "track": "BOL", "count": n}
                for one, n in (("plain", 130), ("rare", 50))
            ]
        ),
    )
    told, _ = estimated(tables, decay=decay.exponential(rate=0.1))
    cells = told.flows.query("site_id == '90AA002'").set_index(["origin_id", "programme_id"])
    share = cells["students"] / cells.groupby("origin_id")["students"].transform("sum")
    assert share["GM9001", "rare"] > 0.5 > share["GM9002", "rare"]
    assert cells["students"].xs("rare", level=1).sum() == pytest.approx(50, abs=0.1)


def test_flows_whose_travel_time_tells_nothing_say_so_and_go_on() -> None:
    one = replace(TOWN.tables, students=TOWN.tables.students.query("origin_id == 'GM9001'"))
    told, notes = estimated(one)
    codes = [found.code for found in notes]
    assert "flows_no_decay" in codes
    assert "flows_without_time" in codes
    assert told.decays.empty
    assert told.flows["students"].sum() > 95


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=4)
def test_order_of_rows_and_inputs(seed) -> None:
    tables, matrix, _ = made_town(seed)
    before = {name: getattr(tables, name).copy() for name in ("students", "offers", "enrolments")}
    mixed = replace(
        tables,
        **{
            name: getattr(tables, name).sample(frac=1, random_state=seed)
            for name in ("students", "residents", "enrolments", "offers", "sites", "origins")
        },
    )
    long = matrix.to_long().sample(frac=1, random_state=seed)
    one, other = estimated(tables, matrix)[0], estimated(mixed, matrix_from_long(long))[0]
    pd.testing.assert_frame_equal(one.flows, other.flows, rtol=1e-4, atol=1e-3)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(tables, name), table)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match="boat"):
        student_flows(TOWN.tables, TOWN.matrix, mode="boat")


def test_pairs_hold_every_student_with_a_place() -> None:
    now = TOWN.tables.students.query("year == 2024")
    pairs = flow_pairs(TOWN.matrix, now, TOWN.tables.origins, mode="bike")
    assert len(pairs) == 3 * 4
    placed = now.query("origin_kind == 'municipality'")
    assert pairs["students"].sum() == placed["students"].sum()
    minutes = pairs.set_index(["origin_id", "site_id"])["minutes"]
    assert minutes["GM9002", "90AA001"] == pytest.approx((200 * 36 + 50 * 44) / 250)
    assert minutes["GM9003", "90BB901"] == 4
    assert np.isinf(minutes["GM9003", "90AA001"])
    none = flow_pairs(TOWN.matrix, now.iloc[:0], TOWN.tables.origins, mode="bike")
    assert none["students"].sum() == 0
    assert len(none) == 12


def test_veiled_flows_keep_sums_and_leave_wide_cells_alone() -> None:
    flows = pd.DataFrame(
        {
            "site_id": ["a", "a", "a", "b", "b", "c"],
            "students": [2.0, 40.0, 8.0, 3.0, 3.0, 1.2],
            "students_low": [2.0, 40.0, 2.0, 3.0, 3.0, 0.0],
            "students_high": [2.0, 40.0, 14.0, 3.0, 3.0, 9.0],
        }
    )
    told = veiled_flows(flows, ["site_id"])
    np.testing.assert_allclose(
        told.groupby("site_id")["students"].sum(), flows.groupby("site_id")["students"].sum()
    )
    assert told.loc[0, list(COUNTS)].tolist() == [2.5, 1, 4]
    assert told.loc[1, list(COUNTS)].tolist() == [39.5, 38, 41]
    assert told.loc[2].tolist() == flows.loc[2].tolist()
    assert told.loc[3, list(COUNTS)].tolist() == [3, 1, 4]
    assert told.loc[5].tolist() == flows.loc[5].tolist()
    assert veiled_flows(flows.iloc[:0], ["site_id"]).empty
