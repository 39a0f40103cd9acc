"""Pairs of sites with the same programme against the same pairs by a merge of frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.measures import made
from benchmarks.row import Row, cpu_seconds

LIMIT_MIN = 45
MODE = "car"
LIMIT_S = 10
AREAS = 342


def rows(*, quick: bool) -> list[Row]:
    """Give the rows: ours beside the merges, and beside the time it may take at most."""
    from geo_mbo.analysis.pairs import provision_pairs
    from geo_mbo.analysis.units import Unit
    from geo_mbo.counts import COUNTS
    from geo_mbo.tables import Tables, no_tables
    from geo_mbo.travel import crow_flies_matrix

    origins_count, sites_count, programmes = (600, 120, 100) if quick else (4_070, 641, 600)
    origins, sites = made(origins_count, sites_count)
    sites = sites.assign(name=sites["site_id"], municipality_id=None, capacity=np.nan)
    matrix = crow_flies_matrix(origins, sites, modes=[MODE], limit_min=600)
    offers = made_offers(sites["site_id"].to_numpy(object), programmes)
    tables: Tables = replace(
        no_tables(),
        sites=sites,
        origins=origins,
        offers=offers,
        students=made_students(sites["site_id"].to_numpy(object)),
        enrolments=made_enrolments(offers, sites),
    )
    unit = Unit(levels=True)
    ours, mine = cpu_seconds(
        lambda: provision_pairs(tables, matrix, limit_min=LIMIT_MIN, unit=unit), times=1
    )
    long = matrix.to_long().query("minutes <= @LIMIT_MIN")[["origin_id", "site_id"]]
    weight = origins[["origin_id", "weight"]]

    def with_pandas() -> pd.DataFrame:
        """Merge offers with themselves, and the sites' origins with themselves."""
        keys = ["programme_id", "level", "track"]
        one = offers[[*keys, "site_id"]]
        pairs = one.merge(one, on=keys, suffixes=("_a", "_b"))
        pairs = pairs[pairs["site_id_a"] < pairs["site_id_b"]]
        near = long.merge(weight, on="origin_id")
        both = near.merge(long, on="origin_id", suffixes=("_a", "_b"))
        both = both[both["site_id_a"] < both["site_id_b"]]
        shared = both.groupby(["site_id_a", "site_id_b"])["weight"].sum().reset_index()
        found = pairs.merge(shared, how="left", on=["site_id_a", "site_id_b"])
        flows = tables.students[["origin_id", "site_id", *COUNTS]]
        alike = flows.merge(flows, on="origin_id", suffixes=("_a", "_b"))
        alike = alike[alike["site_id_a"] < alike["site_id_b"]]
        for name in COUNTS:
            alike[f"least_{name}"] = alike[[f"{name}_a", f"{name}_b"]].min(axis=1)
        both_counts = alike.groupby(["site_id_a", "site_id_b"])
        least = both_counts[[f"least_{name}" for name in COUNTS]].sum().reset_index()
        found = found.merge(least, how="left", on=["site_id_a", "site_id_b"])
        enrolled = tables.enrolments.groupby(["institution_id", *keys])[list(COUNTS)].sum()
        for side in ("a", "b"):
            owner = sites[["site_id", "institution_id"]].add_suffix(f"_{side}")
            named = enrolled.add_suffix(f"_{side}").rename_axis(
                index={"institution_id": f"institution_id_{side}"}
            )
            found = found.merge(owner, on=f"site_id_{side}").merge(
                named.reset_index(), how="left", on=[f"institution_id_{side}", *keys]
            )
        national = enrolled.groupby(keys).sum().add_suffix("_national").reset_index()
        found = found.merge(national, how="left", on=keys)
        return found.fillna({"weight": 0.0})

    theirs, other = cpu_seconds(with_pandas, times=1)
    agreed(mine, other)
    case = f"{sites_count} x {sites_count} pairs, {programmes} programmes: {len(mine)} rows"
    peer = "merges of pandas, without signals, forecast and bounds of shares"
    # In a small case the bounds of the overlap, which the merges do not give, outweigh the rest.
    return [
        Row("provision", case, ours, peer, theirs, "CPU s", 0.2 if quick else 1),
        Row("provision", case, ours, f"{LIMIT_S} s at most", LIMIT_S, "CPU s", 1),
    ]


def agreed(mine: pd.DataFrame, other: pd.DataFrame) -> None:
    """Refuse a benchmark of two answers."""
    keys = ["programme_id", "track", "site_id_a", "site_id_b"]
    ordered = other.sort_values(keys, ignore_index=True)
    sorted_mine = mine.sort_values(["unit", "track", "site_a", "site_b"], ignore_index=True)
    assert sorted_mine["site_a"].tolist() == ordered["site_id_a"].tolist()
    np.testing.assert_allclose(sorted_mine["young_people_both"], ordered["weight"])
    np.testing.assert_allclose(sorted_mine["students_a"], ordered["students_a"])
    np.testing.assert_allclose(sorted_mine["students_national"], ordered["students_national"])


def made_offers(sites: np.ndarray, programmes: int) -> pd.DataFrame:
    """Offers as skewed as real ones: a few programmes almost everywhere, most at a few sites."""
    random = np.random.default_rng(2)
    parts = []
    for k in range(programmes):
        count = max(2, min(len(sites), int(len(sites) * 0.4 / (1 + k / 8))))
        some = random.choice(sites, count, replace=False)
        tracks = random.random(count) < 0.4
        for track, chosen in (("BOL", some), ("BBL", some[tracks])):
            parts.append(
                pd.DataFrame(
                    {
                        "site_id": chosen,
                        "programme_id": f"{25_000 + k}",
                        "programme": f"Programme {k}",
                        "dossier": f"{23_000 + k // 3}",
                        "domain": f"{79_000 + k // 40}",
                        "sector": f"Sector {k % 9}",
                        "level": float(1 + k % 4),
                        "track": track,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def made_students(sites: np.ndarray) -> pd.DataFrame:
    """Students of each site from some sixty municipalities, most of them masked."""
    random = np.random.default_rng(3)
    site = np.repeat(sites, 60)
    area = np.concatenate([random.choice(AREAS, 60, replace=False) for _ in sites])
    counts = random.geometric(0.15, len(site))
    return counted(
        {
            "site_id": site,
            "origin_id": [f"GM{k:04d}" for k in area],
            "origin_kind": "municipality",
            "institution_id": None,
        },
        counts,
    )


def made_enrolments(offers: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Enrolments of each institution in what it offers."""
    random = np.random.default_rng(4)
    owned = offers.merge(sites[["site_id", "institution_id"]], on="site_id")
    cells = owned.drop_duplicates(["institution_id", "programme_id", "track"])
    given = {name: cells[name].array for name in ("institution_id", "programme_id", "track")}
    counts = random.geometric(0.05, len(cells))
    more = {"origin_kind": "unknown", "level": cells["level"].array}
    return counted({**given, **more}, counts)


def counted(columns: dict[str, object], counts: np.ndarray) -> pd.DataFrame:
    """Make a table of students of one year, with counts below five as masked cells."""
    from geo_mbo.counts import intervals
    from geo_mbo.schema import STUDENTS

    values = pd.Series(counts)
    frame = pd.DataFrame(columns).assign(year=2024, kind="history")
    for name in STUDENTS.columns:
        if name not in frame and not name.startswith("students"):
            frame[name] = None
    return frame.join(intervals(values, masked=values < 5))
