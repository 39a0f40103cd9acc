"""What all maps show alike: areas, sites, institutions and the minutes between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.maps.classes import INSTITUTIONS, spread_colours
from geo_mbo.maps.geometry import label_points, latlon, topology
from geo_mbo.maps.pack import packed_json, packed_minutes, positions, rough_people

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from geo_mbo.analysis import Findings
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

ELSEWHERE = ("NL", "BE", "DE", "ABROAD", "UNKNOWN")
"""Origins of students that lie on no map; named in every list."""

_NEAR_KM = 15.0


@dataclass(frozen=True)
class Basis:
    """The tables and the matrix with one order of areas, origins, sites and institutions.

    Attributes
    ----------
    tables, findings, matrix
        What is shown.
    """

    tables: Tables
    findings: Findings
    matrix: TravelMatrix

    @property
    def mode(self) -> str:
        """The mode that is shown first."""
        return self.findings.choices.mode

    @property
    def limit_min(self) -> float:
        """Travel time in minutes that counts as within reach."""
        return self.findings.choices.limit_min

    @cached_property
    def municipalities(self) -> gpd.GeoDataFrame:
        """Municipalities, by name."""
        areas = self.tables.areas
        found = areas[areas["level"] == "municipality"]
        return found.sort_values("name", kind="stable").reset_index(drop=True)

    @cached_property
    def provinces(self) -> gpd.GeoDataFrame:
        """Provinces, by name."""
        areas = self.tables.areas
        found = areas[areas["level"] == "province"]
        return found.sort_values("name", kind="stable").reset_index(drop=True)

    @cached_property
    def pc4(self) -> gpd.GeoDataFrame:
        """PC4 areas, by code; may be none."""
        areas = self.tables.areas
        found = areas[areas["level"] == "pc4"]
        return found.sort_values("area_id", kind="stable").reset_index(drop=True)

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """Sites, by institution and name."""
        by = ["institution", "name", "site_id"]
        return self.tables.sites.sort_values(by, kind="stable").reset_index(drop=True)

    @cached_property
    def origins(self) -> gpd.GeoDataFrame:
        """Origins that the matrix knows, by identifier: neighbours come behind each other."""
        known = self.tables.origins[self.tables.origins["origin_id"].isin(self.matrix.origins)]
        return known.sort_values("origin_id", kind="stable").reset_index(drop=True)

    @cached_property
    def institutions(self) -> pd.DataFrame:
        """Institutions of the sites, id and name; a site without one is its own."""
        import pandas as pd

        ids = self.sites["institution_id"].fillna(self.sites["site_id"])
        names = self.sites["institution"].fillna(ids)
        frame = pd.DataFrame({"institution_id": ids, "institution": names})
        return frame.drop_duplicates("institution_id").reset_index(drop=True)

    @cached_property
    def site_institution(self) -> npt.NDArray[np.int64]:
        """The position of each site's institution."""
        ids = self.sites["institution_id"].fillna(self.sites["site_id"])
        return positions(ids, list(self.institutions["institution_id"]))

    def at_municipality(self, ids: pd.Series) -> npt.NDArray[np.int64]:
        """Give the position of each municipality; places off the map are -2, -3, ... unknown -1."""
        found = positions(ids, list(self.municipalities["area_id"]))
        off = positions(ids, ELSEWHERE)
        return np.asarray(np.where((found < 0) & (off >= 0), -2 - off, found))

    def at_site(self, ids: pd.Series) -> npt.NDArray[np.int64]:
        """Give the position of each site; -1 where it is not there."""
        return positions(ids, list(self.sites["site_id"]))

    def minutes(self, mode: str) -> npt.NDArray[np.float32]:
        """Give minutes from each origin to each site in the order of this basis; ``inf`` beyond."""
        rows = positions(self.origins["origin_id"], list(self.matrix.origins))
        columns = positions(self.sites["site_id"], list(self.matrix.sites))
        found = np.full((len(rows), len(columns)), np.inf, dtype=np.float32)
        there = columns >= 0
        found[:, there] = self.matrix.minutes(mode)[np.ix_(rows, columns[there])]
        return found


def shared_data(basis: Basis) -> dict[str, Any]:
    """Give what every page holds: areas of both levels, sites, institutions, origins, minutes."""
    places = latlon(basis.sites.geometry)
    sites = basis.sites
    return {
        "mode": basis.mode,
        "modes": list(basis.matrix.modes),
        "limit": basis.limit_min,
        "elsewhere": list(ELSEWHERE),
        "areas": {"municipality": _municipalities(basis), "pc4": _pc4(basis)},
        "provinces": list(basis.provinces["name"]),
        "sites": {
            "id": list(sites["site_id"]),
            "name": list(sites["name"]),
            "place": list(sites["place"].fillna("")),
            "status": list(sites["status"]),
            "institution": basis.site_institution.tolist(),
            "at": places,
        },
        "institutions": _institutions(basis),
        "origins": {
            "area": basis.at_municipality(basis.origins["area_id"]).tolist(),
            "young": rough_people(basis.origins["weight"]),
        },
        "minutes": {mode: packed_minutes(basis.minutes(mode).T) for mode in basis.matrix.modes},
    }


def _municipalities(basis: Basis) -> dict[str, Any]:
    areas = basis.municipalities
    young = basis.origins.groupby("area_id")["weight"].sum()
    return {
        "topo": topology(areas),
        "id": list(areas["area_id"]),
        "name": list(areas["name"]),
        "parent": positions(areas["parent_id"], list(basis.provinces["area_id"])).tolist(),
        "label": label_points(areas),
        "young": rough_people(areas["area_id"].map(young)),
        "about": _about(basis),
    }


def _about(basis: Basis) -> list[int] | None:
    """Say which municipalities the study is about; None where it is about all of them."""
    focus = basis.findings.choices.focus
    if focus is None or focus.issuperset(basis.municipalities["area_id"]):
        return None
    return [int(area_id in focus) for area_id in basis.municipalities["area_id"]]


def _pc4(basis: Basis) -> dict[str, Any] | None:
    areas = basis.pc4
    if areas.empty:
        return None
    return {
        "topo": packed_json(topology(areas)),
        "id": list(areas["area_id"]),
        "parent": basis.at_municipality(areas["parent_id"]).tolist(),
        "origin": positions(areas["area_id"], list(basis.origins["origin_id"])).tolist(),
    }


def _institutions(basis: Basis) -> dict[str, Any]:
    """Name, number and colour of each institution; a number is unique, a colour is so nearby."""
    colours = institution_colours(basis)
    return {
        "id": list(basis.institutions["institution_id"]),
        "name": list(basis.institutions["institution"]),
        "colour": [INSTITUTIONS[c] for c in colours],
    }


def institution_colours(basis: Basis) -> list[int]:
    """Give each institution a colour that no institution near it has."""
    import geopandas as gpd

    count = len(basis.institutions)
    if count <= len(INSTITUTIONS):
        return list(range(count))
    located = ~(basis.sites.geometry.is_empty | basis.sites.geometry.isna())
    owners = basis.site_institution[located.to_numpy()]
    points = gpd.GeoSeries(basis.sites.geometry[located])
    x, y = points.x.to_numpy() / 1000, points.y.to_numpy() / 1000
    near = np.exp(-np.hypot(x[:, None] - x, y[:, None] - y) / _NEAR_KM)
    nearness = np.zeros((count, count))
    np.add.at(nearness, (owners[:, None], owners[None, :]), near)
    np.fill_diagonal(nearness, 0)
    return spread_colours(nearness, len(INSTITUTIONS))
