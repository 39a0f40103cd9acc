"""A country of made-up sites and students over the real borders: to weigh the maps at full size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo_mbo.tables import Tables, no_tables

if TYPE_CHECKING:
    import geopandas as gpd

SITES, INSTITUTIONS, PROGRAMMES = 480, 60, 350


def country(folder: Path) -> Tables:
    """Give 342 municipalities and 4,068 PC4; sites, offers and students are made up."""
    areas = _areas(folder)
    origins = _origins(folder, areas)
    rng = np.random.default_rng(7)
    sites = _sites(origins, areas, rng)
    return Tables(
        **{
            **vars(no_tables()),
            "areas": areas,
            "origins": origins,
            "sites": sites,
            "offers": _offers(sites, rng),
            "students": _students(areas, sites, origins, rng),
        }
    )


def _areas(folder: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    towns = gpd.read_file(folder / "gemeenten_2025_rd.gpkg")
    provinces = gpd.read_file(folder / "provincies_2022_rd.gpkg")
    pc4 = gpd.read_file(folder / "pc4_rd.gpkg")
    provinces["code"] = [f"PV{k:02d}" for k in range(len(provinces))]
    pc4 = pc4[~(pc4.geometry.is_empty | pc4.geometry.isna())].reset_index(drop=True)
    pc4["code"] = pc4["postcode"].astype(int).astype(str)
    levels = [
        ("municipality", towns["statcode"], towns["statnaam"], towns, provinces, "code"),
        ("province", provinces["code"], provinces["provincie"], provinces, None, ""),
        ("pc4", pc4["code"], pc4["code"], pc4, towns, "statcode"),
    ]
    frames = []
    for level, ids, names, shapes, above, key in levels:
        parent: object = None
        if above is not None:
            points = shapes[["geometry"]].set_geometry(shapes.representative_point())
            joined = points.sjoin_nearest(above[[key, "geometry"]])
            parent = joined.loc[~joined.index.duplicated(), key].reindex(shapes.index).to_numpy()
        frames.append(
            gpd.GeoDataFrame(
                {
                    "area_id": ids.to_numpy(),
                    "level": level,
                    "name": names.to_numpy(),
                    "parent_id": parent,
                    "valid_from": None,
                    "valid_to": None,
                },
                geometry=shapes.geometry.to_numpy(),
                crs=28992,
            )
        )
    return pd.concat(frames, ignore_index=True)


def _origins(folder: Path, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    people = pd.read_csv(folder / "pc4_population_age5_2021.csv", dtype={"postcode": str})
    young = (
        people[people["leeftijd"].isin(["15-19", "20-24"])].groupby("postcode")["inwoners"].sum()
    )
    pc4 = areas[areas["level"] == "pc4"]
    frame = gpd.GeoDataFrame(
        {
            "origin_id": pc4["area_id"].to_numpy(),
            "area_id": pc4["parent_id"].to_numpy(),
            "weight": pc4["area_id"].map(young).fillna(0).clip(lower=0).to_numpy(float),
        },
        geometry=pc4.representative_point().to_numpy(),
        crs=28992,
    )
    return frame[frame["weight"] > 0].reset_index(drop=True)


def _sites(
    origins: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    share = origins["weight"].to_numpy() / origins["weight"].sum()
    at = rng.choice(len(origins), SITES, replace=False, p=share)
    places = origins.iloc[at].sort_values("origin_id")
    names = areas.set_index("area_id")["name"]
    owner = np.arange(SITES) * INSTITUTIONS // SITES
    return gpd.GeoDataFrame(
        {
            "site_id": [f"9{o:02d}X{k:03d}" for k, o in enumerate(owner)],
            "name": [
                f"College {o}, {names[a]}" for o, a in zip(owner, places["area_id"], strict=True)
            ],
            "institution_id": [f"9{o:02d}A" for o in owner],
            "institution": [f"College {o}" for o in owner],
            "street": None,
            "number": None,
            "postcode": None,
            "place": [names[a] for a in places["area_id"]],
            "municipality_id": places["area_id"].to_numpy(),
            "status": "existing",
            "capacity": np.nan,
            "located_by": "given",
            "located_quality": "exact",
        },
        geometry=places.geometry.to_numpy(),
        crs=28992,
    )


def _offers(sites: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        (
            site,
            str(25000 + p),
            f"Opleiding {p}",
            str(p),
            "domein",
            f"sector {p % 8}",
            1 + p % 4,
            "BOL",
        )
        for p in range(PROGRAMMES)
        for site in rng.choice(sites["site_id"], int(rng.integers(1, 60)), replace=False)
    ]
    columns = [
        "site_id",
        "programme_id",
        "programme",
        "dossier",
        "domain",
        "sector",
        "level",
        "track",
    ]
    return pd.DataFrame(rows, columns=columns)


def _students(
    areas: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    origins: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    towns = areas[areas["level"] == "municipality"].reset_index(drop=True)
    young = towns["area_id"].map(origins.groupby("area_id")["weight"].sum()).fillna(0).to_numpy()
    centre = towns.representative_point()
    km = np.hypot(
        centre.x.to_numpy()[:, None] - sites.geometry.x.to_numpy(),
        centre.y.to_numpy()[:, None] - sites.geometry.y.to_numpy(),
    )
    pull = np.exp(-km / 9_000)
    counts = rng.poisson(0.25 * young[:, None] * pull / pull.sum(axis=1, keepdims=True))
    town, site = np.nonzero(counts)
    number = counts[town, site].astype(float)
    small = number < 5
    return pd.DataFrame(
        {
            "origin_id": towns["area_id"].to_numpy()[town],
            "origin_kind": "municipality",
            "home_id": None,
            "site_id": sites["site_id"].to_numpy()[site],
            "institution_id": sites["institution_id"].to_numpy()[site],
            "programme_id": None,
            "level": np.nan,
            "track": None,
            "age": None,
            "year": 2025,
            "kind": "history",
            "students": np.where(small, 2.5, number),
            "students_low": np.where(small, 1, number),
            "students_high": np.where(small, 4, number),
        }
    )
