"""Flows of a made country: the whole estimate against its bar, raking against pandas."""

from __future__ import annotations

import multiprocessing
import resource
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.row import Row, cpu_seconds

if TYPE_CHECKING:
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

HOMES, SITES, SCHOOLS, PROGRAMMES, STUDENTS = 342, 641, 60, 600, 450_000
SWEEPS = 20


def rows(*, quick: bool) -> list[Row]:
    shape = (60, 100, 12, 120, 40_000) if quick else (HOMES, SITES, SCHOOLS, PROGRAMMES, STUDENTS)
    # In a process of its own, so that its peak is that of the estimate.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        took_s, wall_s, peak_gb, told = pool.apply(estimated, (shape,))
    case = f"{shape[0]} x {shape[1]} x {shape[3]} programmes, {told}"
    mine, theirs, cells = raked(shape)
    return [
        Row("flows", case, took_s, "bar", 120, "CPU s", 1),
        Row("flows", f"{case}: wall", wall_s, "bar", 120, "s", 1),
        Row("flows", f"{case}: peak memory", peak_gb, "bar", 8, "GB", 1),
        Row("flows", f"{SWEEPS} rounds over {cells:,} cells", mine, "pandas", theirs, "CPU s", 3),
    ]


def estimated(shape: tuple[int, ...]) -> tuple[float, float, float, str]:
    """Estimate all flows; give CPU and wall seconds, peak GB, and how it went."""
    from geo_mbo.analysis.flows import student_flows

    tables, matrix = made_tables(shape)
    began, wall = time.process_time(), time.perf_counter()
    found = student_flows(tables, matrix, mode="car", notify=lambda _: None)
    took_s, wall_s = time.process_time() - began, time.perf_counter() - wall
    off = float(found.margins["gap"].abs().sum() / found.margins["students"].sum())
    told = f"{len(found.flows):,} cells, {100 * off:.2f} % of sums off"
    return took_s, wall_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, told


def raked(shape: tuple[int, ...]) -> tuple[float, float, int]:
    """Rake one table by ours and by pandas; both have to come to the same."""
    from geo_mbo.analysis.fitting import Margin, fit_margins

    cells = made_cells(shape)
    by = {
        "flows": ["home", "site"],
        "programmes": ["school", "programme"],
        "homes": ["school", "home"],
    }
    margins = []
    for name, keys in by.items():
        group = cells.groupby(keys, sort=False).ngroup().to_numpy()
        sums = np.bincount(group, weights=cells["count"])
        margins.append(Margin(name, [str(k) for k in range(len(sums))], group, *[sums] * 3))
    start = cells["draw"].to_numpy(float)

    def with_pandas() -> np.ndarray:
        frame = cells.assign(x=start)
        for _ in range(SWEEPS):
            for keys in reversed(by.values()):
                both = frame.groupby(keys)[["x", "count"]].transform("sum")
                frame["x"] *= (both["count"] / both["x"]).fillna(0.0)
        return frame["x"].to_numpy()

    def ours() -> np.ndarray:
        # Ten rounds for the start, and the others in the fit.
        return fit_margins(
            start, margins, sweeps=SWEEPS - 10, tolerance=0.0, notify=lambda _: None
        ).expected

    theirs, other = cpu_seconds(with_pandas, times=1)
    mine, same = cpu_seconds(ours, times=1)
    np.testing.assert_allclose(same, other, rtol=1e-3, atol=1e-3)
    return mine, theirs, len(cells)


def made_cells(shape: tuple[int, ...]) -> pd.DataFrame:
    """Draw students by home, site and programme, from one seed; only homes and sites that meet."""
    random = np.random.default_rng(1)
    homes, sites, schools, programmes, students = shape
    school = random.integers(0, schools, sites)
    liked = random.lognormal(0, 1.2, programmes)
    taught = [
        np.unique(random.choice(programmes, random.integers(5, 40), p=liked / liked.sum()))
        for _ in range(sites)
    ]
    site = np.repeat(np.arange(sites), [len(those) for those in taught])
    programme = np.concatenate(taught)
    weight = np.exp(-0.06 * made_minutes(shape))
    cells = pd.DataFrame(
        {
            "home": np.repeat(np.arange(homes), len(site)),
            "site": np.tile(site, homes),
            "programme": np.tile(programme, homes),
        }
    )
    cells["school"] = school[cells["site"]]
    cells["draw"] = weight[cells["home"], cells["site"]] * liked[cells["programme"]]
    drawn = cells["draw"] * random.lognormal(0, 0.5, len(cells))
    cells["count"] = random.poisson(drawn / drawn.sum() * students)
    met = cells.groupby(["home", "site"])["count"].transform("sum") > 0
    return cells[met].reset_index(drop=True)


def made_minutes(shape: tuple[int, ...]) -> np.ndarray:
    """Minutes between random places in a square of 250 by 250."""
    random = np.random.default_rng(2)
    home, site = random.uniform(0, 250, (shape[0], 2)), random.uniform(0, 250, (shape[1], 2))
    return np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1)) * 1.2 + 2


def made_tables(shape: tuple[int, ...]) -> tuple[Tables, TravelMatrix]:
    """Tables under their contracts, of the sums of the cells, small counts masked."""
    from geo_mbo.schema import OFFERS, SITES, checked
    from geo_mbo.tables import no_tables
    from geo_mbo.travel.matrix import labelled

    cells = made_cells(shape)
    names = {
        "origin_id": "GM" + cells["home"].astype(str).str.zfill(4),
        "site_id": cells["school"].astype(str).str.zfill(2)
        + "AA"
        + cells["site"].astype(str).str.zfill(3),
        "institution_id": cells["school"].astype(str).str.zfill(2) + "AA",
        "programme_id": "9" + cells["programme"].astype(str).str.zfill(4),
    }
    told = cells.assign(**names, track="BOL", origin_kind="municipality")
    sites = told[["site_id", "institution_id"]].drop_duplicates().sort_values("site_id")
    offers = told[["site_id", "programme_id", "track"]].drop_duplicates()
    offers = offers.assign(programme=offers["programme_id"], level=3.0)
    tables = replace(
        no_tables(),
        sites=_filled(sites.assign(name=sites["site_id"], status="existing"), SITES),
        offers=checked(offers.reindex(columns=list(OFFERS.columns)), OFFERS),
        students=_summed(told, ["origin_id", "origin_kind", "site_id", "institution_id"]),
        residents=_summed(told, ["origin_id", "origin_kind", "institution_id", "track"]),
        enrolments=_summed(
            told.assign(origin_kind="unknown"),
            ["origin_kind", "institution_id", "programme_id", "track"],
        ),
        origins=_origins(shape[0]),
    )
    at = told.drop_duplicates("site_id").set_index("site_id").loc[sites["site_id"], "site"]
    minutes = made_minutes(shape)[:, at.to_numpy()][None].astype(np.float32)
    planes = {
        "minutes": minutes,
        "meters": minutes * 1000,
        "status": np.zeros(minutes.shape),
        "origin_snap_m": np.zeros(minutes.shape[:2]),
        "site_snap_m": np.zeros((1, minutes.shape[2])),
    }
    ids = tables.origins["origin_id"], sites["site_id"]
    return tables, labelled(["car"], *ids, planes, source="made")


def _summed(told: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    from geo_mbo.counts import intervals
    from geo_mbo.schema import STUDENTS, checked

    sums = told.groupby(keys)["count"].sum().reset_index()
    sums = sums[sums["count"] > 0].reset_index(drop=True).assign(year=2025, kind="history")
    counts = intervals(sums["count"], masked=sums["count"] < 5)
    more = {n: None for n in STUDENTS.columns if n not in sums and not n.startswith("students")}
    return checked(sums.assign(**more).join(counts), STUDENTS)


def _filled(frame: pd.DataFrame, contract: Any) -> Any:
    import geopandas as gpd

    from geo_mbo.schema import RD, checked

    frame = frame.assign(located_by="given", located_quality="exact")
    frame = frame.reindex(columns=list(contract.columns))
    points = gpd.points_from_xy(np.full(len(frame), 150_000.0), np.full(len(frame), 450_000.0))
    return checked(gpd.GeoDataFrame(frame, geometry=points, crs=RD), contract)


def _origins(count: int) -> Any:
    import geopandas as gpd

    from geo_mbo.schema import ORIGINS, RD, checked

    ids = [f"GM{k:04d}" for k in range(count)]
    points = gpd.points_from_xy(np.full(count, 150_000.0), np.full(count, 450_000.0))
    table = {"origin_id": [f"{1000 + k}" for k in range(count)], "area_id": ids, "weight": 100.0}
    return checked(gpd.GeoDataFrame(table, geometry=points, crs=RD), ORIGINS)
