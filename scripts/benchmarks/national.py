"""Every six-digit postcode to every site of a made country, to disk: time and memory of it all."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.places import quiet
from benchmarks.row import Row

ORIGINS, SITES = 460_000, 641


def rows(*, quick: bool) -> list[Row]:
    if quick:
        return []
    from benchmarks.made import made_country

    with tempfile.TemporaryDirectory() as folder:
        made_country().save(Path(folder) / "roads")
        # In processes of their own, so that each tells of its own memory only.
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            first_s, first_mb = pool.apply(job, (folder, 1_000))
            again_s, _ = pool.apply(job, (folder, 1_000))
            whole_s, whole_mb = pool.apply(job, (folder, ORIGINS))
            turning_s, turning_mb = pool.apply(job, (folder, 1_000, True))
    case = f"made country by car, {ORIGINS:,} x {SITES}, minutes, metres and status to disk"
    start = f"made country by car, 1,000 x {SITES}"
    return [
        Row("national", f"{case} (prepared before)", whole_s, "bar", 30, "s", 1),
        Row("national", f"{case}: peak memory", whole_mb / 1000, "bar", 4, "GB", 1),
        Row("national", f"{start}, with the preparation", first_s, "bar", 60, "s", 1),
        Row(
            "national", f"{start}, the preparation: peak memory", first_mb / 1000, "bar", 4, "GB", 1
        ),
        Row("national", f"{start}, prepared before", again_s, "without", first_s, "s", 3),
        Row("national", f"{start}, turns take time: all", turning_s, "bar", 180, "s", 1),
        Row("national", f"{start}, turns take time: peak", turning_mb / 1000, "bar", 8, "GB", 1),
    ]


def job(folder: str, origins: int, turning: bool = False) -> tuple[float, float]:
    """Load the roads, search, write; give seconds and peak MB."""
    import geopandas as gpd

    from benchmarks.made import made_sites
    from geo_mbo.cache import Cache
    from geo_mbo.modes import chosen, turn_seconds
    from geo_mbo.network import Network
    from geo_mbo.travel import Search, travel_matrix

    network = Network.load(Path(folder) / "roads")
    if turning:
        network = replace(network, turn_s=turn_seconds(chosen(["car"])))
    random = np.random.default_rng(3)
    at = random.choice(len(network.node_x), origins, replace=False)
    x, y = (side[at] + random.normal(0, 20, origins) for side in (network.node_x, network.node_y))
    homes = gpd.GeoDataFrame(
        {"origin_id": [f"o{k}" for k in range(origins)]},
        geometry=gpd.points_from_xy(x, y),
        crs=network.crs,
    )
    sites = made_sites(network, SITES)
    search = Search(
        cache=Cache(Path(folder) / "cache"), engine="prepared", store=Path(folder) / "matrix.zarr"
    )
    began = time.perf_counter()
    travel_matrix(network, homes, sites, modes=["car"], search=search, notify=quiet)
    took_s = time.perf_counter() - began
    return took_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
