"""Measures of access at national size against the long-table way and against PySAL access.

The long table is how the R package accessibility goes about it: a row a pair, amounts joined to
it, sums by origin; ids are text, as they are there and in every table of geo_mbo. (With whole
numbers for ids pandas takes a quarter to an eighth of the time.) PySAL gets whole numbers.
"""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.row import Row, cpu_seconds

MODES = 3
CUTOFF_MIN, RATE = 45.0, 0.05


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.analysis import accessibility, competition, decay
    from geo_mbo.analysis.raam import raam

    shape = (1_000, 200) if quick else (4_068, 641)
    times, people, places = made(*shape)
    case = f"{shape[0]} x {shape[1]} x {MODES} modes"
    smooth = decay.exponential(rate=RATE)
    jobs: dict[str, Callable[[], list[np.ndarray]]] = {
        "cumulative": lambda: [
            accessibility.cumulative(plane, places, cutoff_min=CUTOFF_MIN) for plane in times
        ],
        "gravity": lambda: [accessibility.gravity(plane, places, decay=smooth) for plane in times],
        "2SFCA": lambda: [
            competition.two_step(plane, people, places, limit_min=CUTOFF_MIN) for plane in times
        ],
    }
    ours = {name: cpu_seconds(job) for name, job in jobs.items()}
    found = [_memory(case, jobs, times)]
    long = [long_table(plane) for plane in times]
    text = [with_text(table) for table in long]
    for name, way in (("cumulative", _pandas_cumulative), ("gravity", _pandas_gravity)):
        theirs, other = cpu_seconds(lambda way=way: [way(t, places) for t in text], times=1)
        _alike(ours[name][1], other)
        peer = "pandas, long, text ids"
        found.append(Row("access", f"{name}, {case}", ours[name][0], peer, theirs, "CPU s", 20))
    for name, (theirs, other) in _pysal(long, people, places).items():
        _alike(ours[name][1], other)
        bar = 10 if name == "2SFCA" else 1
        peer = "PySAL access"
        found.append(Row("access", f"{name}, {case}", ours[name][0], peer, theirs, "CPU s", bar))
    few = (times[0][:1_000, :200], people[:1_000], places[:200])
    took, mine = cpu_seconds(lambda: raam(*few), times=1)
    for theirs, other in _pysal_raam(long_table(few[0]), *few[1:]):
        np.testing.assert_allclose(mine, other, rtol=1e-9)
        found.append(Row("access", "RAAM, 1000 x 200", took, "PySAL access", theirs, "CPU s", 1))
    return found


def made(origins: int, sites: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Make minutes by mode, people and places, the same every time."""
    rng = np.random.default_rng(1)
    minutes = [
        np.round(rng.gamma(2.5, 40, (origins, sites)), 1).clip(0.1).astype(np.float32)
        for _ in range(MODES)
    ]
    return minutes, rng.integers(1, 900, origins) * 1.0, rng.integers(50, 3_000, sites) * 1.0


def long_table(plane: np.ndarray) -> pd.DataFrame:
    origin, site = (at.ravel() for at in np.indices(plane.shape))
    minutes = np.round(plane.ravel().astype(float), 4)
    return pd.DataFrame({"origin": origin, "dest": site, "cost": minutes})


def with_text(long: pd.DataFrame) -> pd.DataFrame:
    """Give the table with text for ids, in the same order."""
    return pd.DataFrame(
        {
            "origin": "o" + long["origin"].map("{:05}".format),
            "dest": "s" + long["dest"].map("{:05}".format),
            "cost": long["cost"],
        }
    )


def _land(places: np.ndarray) -> pd.DataFrame:
    ids = [f"s{site:05}" for site in range(len(places))]
    return pd.DataFrame({"dest": ids, "places": places})


def _pandas_cumulative(long: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    near = long[long["cost"] <= CUTOFF_MIN].merge(_land(places), on="dest")
    sums = near.groupby("origin")["places"].sum()
    return sums.reindex(long["origin"].unique(), fill_value=0.0).to_numpy()


def _pandas_gravity(long: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    all_pairs = long.merge(_land(places), on="dest")
    all_pairs["weighted"] = all_pairs["places"] * np.exp(-RATE * all_pairs["cost"])
    return all_pairs.groupby("origin")["weighted"].sum().to_numpy()


def _pysal(
    long: list[pd.DataFrame], people: np.ndarray, places: np.ndarray
) -> dict[str, tuple[float, list[np.ndarray]]]:
    made_of = [_peer(table, people, places) for table in long]
    if None in made_of:
        return {}

    def every(way: Callable[[Any], pd.DataFrame]) -> Callable[[], list[np.ndarray]]:
        def job() -> list[np.ndarray]:
            tables = (way(peer).fillna(0.0).sort_index() for peer in made_of)
            return [table.iloc[:, -1].to_numpy() for table in tables]

        return job

    def smooth(minutes: float) -> float:
        return float(np.exp(-RATE * minutes))

    ways = {
        "cumulative": every(lambda peer: peer.weighted_catchment("c", max_cost=CUTOFF_MIN)),
        "gravity": every(lambda peer: peer.weighted_catchment("g", weight_fn=smooth)),
        "2SFCA": every(lambda peer: peer.two_stage_fca("t", max_cost=CUTOFF_MIN)),
    }
    return {name: cpu_seconds(way, times=1) for name, way in ways.items()}


def _pysal_raam(
    long: pd.DataFrame, people: np.ndarray, places: np.ndarray
) -> list[tuple[float, np.ndarray]]:
    peer = _peer(long, people.astype(int), places)
    if peer is None:
        return []
    theirs, table = cpu_seconds(lambda: peer.raam("r"), times=1)
    return [(theirs, table.sort_index().iloc[:, -1].to_numpy())]


def _peer(long: pd.DataFrame, people: np.ndarray, places: np.ndarray) -> Any:
    """Make the peer's object; none where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from access import Access
    except ImportError:
        print("PySAL access is not installed: its rows are left out")
        return None
    return Access(
        demand_df=pd.DataFrame({"id": np.arange(len(people)), "people": people}),
        demand_index="id",
        demand_value="people",
        supply_df=pd.DataFrame({"id": np.arange(len(places)), "places": places}),
        supply_index="id",
        supply_value="places",
        cost_df=long,
        cost_origin="origin",
        cost_dest="dest",
        cost_name="cost",
    )


def _memory(case: str, jobs: dict[str, Callable[[], object]], times: list[np.ndarray]) -> Row:
    tracemalloc.start()
    for job in jobs.values():
        job()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    copies = peak / times[0].nbytes
    return Row("access", f"{case}: peak beside the matrix", copies, "bar", 2.0, "copies", 1)


def _alike(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)
