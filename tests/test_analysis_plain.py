"""Each fast measure against a second one of plain loops, on random towns with ties and gaps."""

from __future__ import annotations

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo import analysis
from geo_mbo.analysis.weighting import area_quantiles, group_quantiles, homes, reached_stats
from geo_mbo.counts import COUNTS
from geo_mbo.travel import TravelMatrix, matrix_from_long

LIMIT = 30
MODES = ("bike", "car")
STATUS = ("existing", "existing", "competitor", "candidate", "closed")


class Town:
    """Thirteen homes in four areas, eight sites of five providers, times with ties and gaps."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.homes = [f"{1000 + k}" for k in range(13)]
        self.schools = [f"S{k}" for k in range(8)]
        self.origins = pd.DataFrame(
            {
                "origin_id": rng.permutation(self.homes),
                "area_id": rng.choice(["GM1", "GM2", "GM3"], 13),
                "weight": rng.integers(0, 5, 13) * 10.0,
            }
        )
        self.origins.loc[:1, ["area_id", "weight"]] = ["GM0", 0.0]  # nobody young lives in GM0
        self.sites = pd.DataFrame(
            {
                "site_id": self.schools,
                "institution_id": [*rng.choice(["I1", "I2", "I3"], 6), "I4", None],
                "institution": "School",
                "status": rng.choice(STATUS, 8),
            }
        )
        self.open = self.sites[self.sites["status"].isin(["existing", "competitor"])]
        rows = [(o, s, m) for o in self.homes for s in self.schools for m in MODES]
        times = pd.DataFrame(rows, columns=["origin_id", "site_id", "mode"])
        times["minutes"] = rng.choice([*range(5, 65, 5), inf], len(times)).astype(float)
        times["meters"] = times["minutes"] * 250
        lost = (times["origin_id"] == "1005") & (times["mode"] == "bike")
        times.loc[lost, ["minutes", "meters"]] = inf
        self.times = {(o, s, m): t for o, s, m, t in times[[*times.columns[:3], "minutes"]].values}
        self.matrix: TravelMatrix = matrix_from_long(times)
        pairs = [(a, s) for a in ("GM0", "GM1", "GM2", "BE") for s in (*self.schools, "GONE")]
        kept = [pairs[k] for k in np.flatnonzero(rng.random(len(pairs)) < 0.6)]
        self.students = pd.DataFrame(kept, columns=["origin_id", "site_id"])
        kinds = {"BE": "abroad"}
        owners = self.sites.set_index("site_id")["institution_id"]
        self.students["origin_kind"] = [kinds.get(a, "municipality") for a, _ in kept]
        self.students["institution_id"] = self.students["site_id"].map(owners)
        middle = rng.integers(2, 40, len(kept)).astype(float)
        self.students["students"] = middle
        self.students["students_low"], self.students["students_high"] = middle - 1.5, middle + 1.5
        offered = [(s, p, t) for s in self.schools for p in "ABC" for t in ("BOL", "BBL")]
        chosen = [offered[k] for k in np.flatnonzero(rng.random(len(offered)) < 0.5)]
        self.offers = pd.DataFrame(chosen, columns=["site_id", "programme_id", "track"])
        self.offers = self.offers.assign(programme="P", level=3.0, sector="S")

    def minutes(self, origin: str, mode: str, sites: list[str]) -> list[tuple[float, str]]:
        return [(self.times[origin, site, mode], site) for site in sites]

    def people(self) -> list[tuple[str, str, float, float]]:
        """Origin, area, young people, and the weight that spreads: 1 each in an empty area."""
        whole = self.origins.groupby("area_id")["weight"].sum()
        return [(o, a, w, w if whole[a] > 0 else 1.0) for o, a, w in self.origins.values.tolist()]


def quantile(values: list[tuple[float, float]], share: float) -> float:
    """Smallest value whose cumulative weight reaches the share."""
    whole, so_far = sum(w for _, w in values), 0.0
    for value, weight in sorted(values):
        so_far += weight
        if weight > 0 and so_far >= share * whole * (1 - 1e-9):
            return value
    return float("nan")


def mean(values: list[tuple[float, float]]) -> float:
    near = [(v, w) for v, w in values if v < inf and w > 0]
    return sum(v * w for v, w in near) / sum(w for _, w in near) if near else inf


@pytest.fixture(params=range(6))
def town(request: pytest.FixtureRequest) -> Town:
    return Town(request.param)


def test_time_to_providers(town: Town) -> None:
    found = analysis.time_to_providers(town.matrix, town.origins, town.sites, n=3)
    owner = town.open["institution_id"].fillna(town.open["site_id"])
    providers = {p: list(town.open["site_id"][owner == p]) for p in sorted(set(owner))}
    for _, got in found.iterrows():
        values, reached, whole = [], 0.0, 0.0
        for origin, area, _, weight in town.people():
            if area == got["area_id"]:
                best = sorted(
                    min(town.minutes(origin, got["mode"], s))[0] for s in providers.values()
                )
                time = [*best, inf, inf, inf][int(got["rank"]) - 1]
                values.append((time, weight))
                reached += weight * (time < inf)
                whole += weight
        assert got["minutes_mean"] == pytest.approx(mean(values))
        assert got["minutes_p50"] == quantile(values, 0.5)
        assert got["minutes_p80"] == quantile(values, 0.8)
        assert got["reached_share"] == pytest.approx(reached / whole)


def test_origin_times(town: Town) -> None:
    found = analysis.origin_times(town.matrix, town.origins, town.sites, n=2)
    owner = town.open["institution_id"].fillna(town.open["site_id"])
    for _, got in found.iterrows():
        nearest = []
        for provider in set(owner):
            ids = list(town.open["site_id"][owner == provider])
            time, site = min(town.minutes(got["origin_id"], got["mode"], ids))
            nearest.append((time, provider, site))
        ranked = [*sorted(nearest), (inf, "", ""), (inf, "", "")][int(got["rank"]) - 1]
        assert got["minutes"] == ranked[0]
        assert got["meters"] == ranked[0] * 250
        if ranked[0] < inf:
            assert got["site_id"] == ranked[2]
        else:
            assert pd.isna(got["site_id"])


def trips(town: Town, keys: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Origin, site and expected number of each part of these students."""
    parts = []
    for _, flow in keys.iterrows():
        home = [(o, w) for o, a, _, w in town.people() if a == flow["origin_id"]]
        if home and flow["site_id"] in town.schools:
            whole = sum(w for _, w in home)
            parts += [(o, flow["site_id"], flow["students"] * w / whole) for o, w in home]
    return parts


@pytest.mark.parametrize("by", ["origin_id", "site_id", "institution_id"])
def test_student_travel(town: Town, by: str) -> None:
    found = analysis.student_travel(town.matrix, town.students, town.origins, by=by)
    assert set(found[by]) == set(town.students[by].dropna())
    for _, got in found.iterrows():
        mine = town.students[town.students[by] == got[by]]
        values = [(town.times[o, s, got["mode"]], n) for o, s, n in trips(town, mine)]
        whole = sum(n for _, n in values)
        assert got["students"] == pytest.approx(whole)
        assert got["students"] + got["students_unplaced"] == pytest.approx(mine["students"].sum())
        assert got["students_high"] + got["students_unplaced_high"] == pytest.approx(
            mine["students_high"].sum()
        )
        if values:
            assert got["minutes_mean"] == pytest.approx(mean(values))
            assert got["km_mean"] == pytest.approx(mean(values) / 4)
            assert got["minutes_p50"] == quantile(values, 0.5)
            assert got["minutes_p80"] == quantile(values, 0.8)
            lost = sum(n for v, n in values if v == inf)
            assert got["unreached_share"] == pytest.approx(lost / whole, abs=1e-12)
        else:
            assert np.isnan(got["minutes_mean"])


def test_students_within(town: Town) -> None:
    found = analysis.students_within(
        town.matrix, town.students, town.origins, cutoffs_min=(15, LIMIT)
    )
    for _, got in found.iterrows():
        mine = town.students[town.students["origin_id"] == got["area_id"]]
        parts = trips(town, mine)
        near = sum(n for o, s, n in parts if town.times[o, s, got["mode"]] <= got["cutoff_min"])
        whole = sum(n for *_, n in parts)
        assert got["students"] == pytest.approx(near, abs=1e-9)
        if whole:
            assert got["share"] == pytest.approx(near / whole, abs=1e-9)
            assert got["share_low"] <= got["share"] + 1e-9
            assert got["share"] <= got["share_high"] + 1e-9
        else:
            assert np.isnan(got["share"])


def test_coverage(town: Town) -> None:
    found = analysis.coverage(town.matrix, town.offers, town.origins, limit_min=LIMIT)
    assert (
        len(found) == town.offers["programme_id"].nunique() * 2 * town.origins["area_id"].nunique()
    )
    for _, got in found.iterrows():
        offering = town.offers[town.offers["programme_id"] == got["programme_id"]]["site_id"]
        ids = sorted(set(offering))
        near = [
            (min(town.minutes(o, got["mode"], ids)), people, weight)
            for o, a, people, weight in town.people()
            if a == got["area_id"]
        ]
        assert got["young_people_out"] == sum(p for (t, _), p, _ in near if t > LIMIT)
        out = sum(w for (t, _), _, w in near if t > LIMIT) / sum(w for *_, w in near)
        assert got["share_out"] == pytest.approx(out)
        assert got["minutes_nearest"] == quantile([(t, w) for (t, _), _, w in near], 0.5)
        assert (got["state"] == "out_of_reach") == (out >= 0.5)
        if got["minutes_nearest"] < inf:
            site = got["nearest_site_id"]
            assert (got["minutes_nearest"], site) in [first for first, *_ in near]


def test_gaps(town: Town) -> None:
    covered = analysis.coverage(town.matrix, town.offers, town.origins, limit_min=LIMIT)
    found = analysis.gaps(covered, town.offers, min_share=0.4, min_young_people=10)
    told = {}
    for _, one in covered.iterrows():
        if one["share_out"] >= 0.4 and one["young_people_out"] >= 10:
            told.setdefault((one["programme_id"], one["mode"]), []).append(one)
    assert len(found) == len(told)
    everybody = town.origins["weight"].sum()
    for _, got in found.iterrows():
        rows = told[got["programme_id"], got["mode"]]
        assert got["area_ids"] == ";".join(sorted(one["area_id"] for one in rows))
        assert got["areas"] == len(rows)
        assert got["young_people_out"] == sum(one["young_people_out"] for one in rows)
        assert got["share_out_national"] == pytest.approx(got["young_people_out"] / everybody)


def test_site_reach_and_travel_catchment(town: Town) -> None:
    ids = sorted(town.open["site_id"])
    reach = analysis.site_reach(town.matrix, town.origins, town.sites, limit_min=LIMIT)
    assert len(reach) == len(ids) * len(MODES)
    for _, got in reach.iterrows():
        within = nearest = 0.0
        areas = set()
        for origin, area, people, _ in town.people():
            time = town.times[origin, got["site_id"], got["mode"]]
            first = min(town.minutes(origin, got["mode"], ids))
            within += people * (time <= LIMIT)
            nearest += people * (first[0] < inf and first[1] == got["site_id"])
            areas |= {area} if time <= LIMIT else set()
        assert (got["young_people_within"], got["young_people_nearest"]) == (within, nearest)
        assert got["areas_within"] == len(areas)
    pairs = analysis.travel_catchment(
        town.matrix.select(sites=ids), town.origins, mode="car", limit_min=LIMIT
    )
    car = reach[reach["mode"] == "car"].set_index("site_id")
    for flag, column in (("within", "young_people_within"), ("nearest", "young_people_nearest")):
        summed = pairs[pairs[flag]].groupby("site_id")["weight"].sum()
        assert summed.reindex(car.index).fillna(0).tolist() == car[column].tolist()


def test_duplication(town: Town) -> None:
    import geopandas as gpd

    sites = gpd.GeoDataFrame(town.sites, geometry=gpd.points_from_xy(range(8), [0] * 8), crs=28992)
    none = pd.DataFrame(columns=["institution_id", "programme_id", *COUNTS])
    found = analysis.duplication(
        town.matrix.select(modes=["bike"]),
        town.offers,
        sites,
        town.origins,
        none.astype(dict.fromkeys(COUNTS, float)),
        limit_min=LIMIT,
        min_overlap=0.3,
    )
    got = {
        (r["programme_id"], r["track"], r["site_a"], r["site_b"]): (
            r["young_people_both"],
            round(r["overlap"], 9),
        )
        for _, r in found.iterrows()
    }
    owner = town.open.set_index("site_id")["institution_id"]
    plain = {}
    for _, one in town.offers.iterrows():
        for _, two in town.offers.iterrows():
            a, b = one["site_id"], two["site_id"]
            same = one["programme_id"] == two["programme_id"] and one["track"] == two["track"]
            if not (same and a < b and a in owner and b in owner) or owner[a] == owner[b]:
                continue
            near = {
                s: {o for o, *_ in town.people() if town.times[o, s, "bike"] <= LIMIT}
                for s in (a, b)
            }
            count = {o: w for o, _, w, _ in town.people()}
            both = sum(count[o] for o in near[a] & near[b])
            smaller = min(sum(count[o] for o in near[s]) for s in (a, b))
            if smaller and both / smaller >= 0.3:
                plain[one["programme_id"], one["track"], a, b] = (both, round(both / smaller, 9))
    assert got == plain
    assert found["students_a"].isna().all()
    assert not found["small"].any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*range(0, 60, 4), inf]), st.integers(0, 5), st.integers(0, 2)),
        min_size=1,
        max_size=25,
    ),
    st.sampled_from([0.2, 0.5, 0.8, 1.0]),
)
def test_quantiles(rows: list[tuple[float, int, int]], share: float) -> None:
    values, weights, groups = (np.array(column) for column in zip(*rows, strict=True))
    found = group_quantiles(
        values.astype(float), weights.astype(float), groups, count=3, shares=(share,)
    )[0]
    for group in range(3):
        mine = [(v, float(w)) for v, w, g in rows if g == group]
        expected = quantile(mine, share)
        assert found[group] == expected or (np.isnan(found[group]) and np.isnan(expected))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_both_kinds_of_quantile_agree(seed: int) -> None:
    town = Town(seed)
    there = homes(town.matrix, town.origins)
    minutes = there.minutes(town.matrix, "car").T
    at = area_quantiles(minutes, there, shares=(0.5,))[0]
    sites, areas = len(town.schools), len(there.area_ids)
    groups = (np.arange(sites)[:, None] * areas + there.area).ravel()
    slow = group_quantiles(
        minutes.ravel().astype(float),
        np.tile(there.weight, sites),
        groups,
        count=sites * areas,
        shares=(0.5,),
    )
    assert np.take_along_axis(minutes, at, axis=1).ravel().tolist() == slow[0].tolist()
    assert (reached_stats(minutes, there)["minutes_p50"].ravel() == slow[0]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), min_size=1, max_size=12))
def test_gini_is_half_the_relative_mean_difference(rows: list[tuple[int, int]]) -> None:
    flat = [value for value, count in rows for _ in range(count)]
    found = analysis.gini([v for v, _ in rows], [w for _, w in rows])
    if sum(flat):
        plain = sum(abs(a - b) for a in flat for b in flat) / (2 * len(flat) * sum(flat))
        assert found == pytest.approx(plain, abs=1e-12)
    else:
        assert np.isnan(found)
