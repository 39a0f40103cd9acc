"""A made-up town, small enough to check every number by hand: see `sample_town`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.counts import intervals
from geo_mbo.network import Network
from geo_mbo.schema import AREAS, INDICATORS, OFFERS, ORIGINS, RD, SITES, STUDENTS, checked
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix, matrix_from_long

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from shapely import Geometry

ZERO_M = (150_000.0, 450_000.0)
"""Where junction a lies, in RD New."""

MINUTES_PER_KM = {"walk": 10, "bike": 4, "car": 1}

_JUNCTIONS_KM = {
    "a": (0, 0),
    "b": (2, 0),
    "p": (4, 0),
    "q": (7, 0),
    "r": (7, 3),
    "s": (4, 3),
    "d": (7, -2),
    "i": (12, 1),
    "j": (12, 2),
}
_ROADS = ("ab", "bp", "pq", "qr", "rs", "sp", "qd", "ij")
_ONE_WAY = "pq"
_HOMES = {
    "9001": ("a", "GM9001", 300),
    "9002": ("b", "GM9001", 100),
    "9003": ("q", "GM9002", 200),
    "9004": ("d", "GM9002", 50),
    "9005": ("i", "GM9003", 50),
}
_BOXES_KM = {
    "9001": (-1, -3, 1, 4),
    "9002": (1, -3, 5.5, 4),
    "9003": (5.5, -1, 9, 4),
    "9004": (5.5, -3, 9, -1),
    "9005": (11, 0, 13, 3),
}
_MUNICIPALITIES = {"GM9001": "Aldermeer", "GM9002": "Boskerk", "GM9003": "Cattewaard"}
_KM = {  # on foot | by bicycle and car, to p | r | j; None: no road
    "9001": ((4, 10, None), (4, 10, None)),
    "9002": ((2, 8, None), (2, 8, None)),
    "9003": ((3, 3, None), (9, 3, None)),
    "9004": ((5, 5, None), (11, 5, None)),
    "9005": ((None, None, 1), (None, None, 1)),
}
_PLACES = {"90AA001": 0, "90BB001": 0, "90AA002": 1, "90BB901": 2}


@dataclass(frozen=True)
class SampleTown:
    """The town: its tables, its travel times made by hand, and its roads."""

    tables: Tables
    matrix: TravelMatrix
    network: Network


def sample_town() -> SampleTown:
    """Make a town that is small enough to check every number by hand.

    ::

                                                                    .------ island ------.
                                                                    |  j  90BB901        |
            s -----3----- r  90AA002                                |  |  (candidate)    |
            |             |                                         |  1                 |
            3             3                                         |  |                 |
            |             |                                         |  i  9005 (50)      |
            |             |                                         '--------------------'
       a --2-- b --2-- p ===3==> q                                     no road reaches it
       9001   9002     |  one    9003 (200)
       (300)  (100)    |  way     |
                    90AA001       2  dead end
                    90BB001       |
                                  d  9004 (50)

    Letters are junctions, figures kilometres. ``9001`` .. ``9005`` are postcode areas (origins)
    with their young people in brackets. Aldermeer (GM9001) holds 9001 and 9002, Boskerk (GM9002)
    9003 and 9004, the island Cattewaard (GM9003) 9005. From p to q is one-way for bicycles and
    cars; who walks may go both ways. Walking takes 10 minutes a kilometre, cycling 4, driving 1.
    Minutes to the sites:

    ======  =======================  =======================  =================
    origin  90AA001 and 90BB001 (p)  90AA002 (r)              90BB901 (j)
    ======  =======================  =======================  =================
            walk  bike  car          walk  bike  car          walk  bike  car
    9001      40    16    4           100    40   10           not reached
    9002      20     8    2            80    32    8           not reached
    9003      30    36    9            30    12    3           not reached
    9004      50    44   11            50    20    5           not reached
    9005     not reached              not reached               10     4    1
    ======  =======================  =======================  =================

    On purpose: a one-way street, a dead end, an island, two sites at one junction, an origin that
    reaches no open site, masked counts, students from Belgium and of unknown home, one programme at
    two institutions (98001, dubbeling), one out of reach of Aldermeer by bicycle (98002, lacune).

    Examples
    --------
    >>> town = sample_town()
    >>> town.matrix.select(origins=["9003"], sites=["90AA001"]).to_long()[["mode", "minutes"]]
       mode  minutes
    0  walk     30.0
    1  bike     36.0
    2   car      9.0
    """
    return SampleTown(_tables(), _matrix(), _network())


def _tables() -> Tables:
    return Tables(
        sites=_sites(),
        offers=_offers(),
        students=_students(),
        enrolments=_enrolments(),
        residents=_residents(),
        areas=_areas(),
        origins=_origins(),
        indicators=_indicators(),
    )


def _matrix() -> TravelMatrix:
    import pandas as pd

    rows = []
    for origin, ways in _KM.items():
        for mode, pace in MINUTES_PER_KM.items():
            for site, place in sorted(_PLACES.items()):
                km = ways[0 if mode == "walk" else 1][place]
                far = np.inf if km is None else km
                rows.append((origin, site, mode, far * pace, far * 1000))
    columns = ["origin_id", "site_id", "mode", "minutes", "meters"]
    return matrix_from_long(pd.DataFrame(rows, columns=columns), source="made up by hand")


def _network() -> Network:
    names = list(_JUNCTIONS_KM)
    points = np.array([_at(name) for name in names])
    tail, head = (np.array([names.index(road[k]) for road in _ROADS]) for k in (0, 1))
    ends = points[np.column_stack([tail, head]).ravel()]
    length_m = np.hypot(*(points[head] - points[tail]).T)
    return Network(
        node_x=points[:, 0],
        node_y=points[:, 1],
        node_osm=np.full(len(names), -1),
        tail=tail,
        head=head,
        length_m=length_m,
        seconds={mode: _seconds(length_m, mode) for mode in MINUTES_PER_KM},
        joinable=np.ones(len(_ROADS), dtype=bool),
        shape_x=ends[:, 0],
        shape_y=ends[:, 1],
        shape_start=np.arange(0, len(ends) + 1, 2),
        source="sample town",
        crs=f"EPSG:{RD}",
    )


def _seconds(length_m: np.ndarray, mode: str) -> np.ndarray:
    """Give seconds there and back; the one-way street is closed backwards but for who walks."""
    both = np.tile(length_m / 1000 * MINUTES_PER_KM[mode] * 60, (2, 1))
    if mode != "walk":
        both[1, _ROADS.index(_ONE_WAY)] = np.inf
    return both


def _at(junction: str) -> tuple[float, float]:
    x_km, y_km = _JUNCTIONS_KM[junction]
    return ZERO_M[0] + x_km * 1000, ZERO_M[1] + y_km * 1000


def _geo(rows: dict[str, Any], geometry: list[Geometry]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame(rows, geometry=geometry, crs=RD)


def _sites() -> gpd.GeoDataFrame:
    from shapely import Point

    at = ["p", "r", "p", "j"]
    rows = {
        "site_id": ["90AA001", "90AA002", "90BB001", "90BB901"],
        "name": ["Alfa Aldermeer", "Alfa Boskerk", "Beta Aldermeer", "Beta Cattewaard"],
        "institution_id": ["90AA", "90AA", "90BB", "90BB"],
        "institution": ["Alfa College", "Alfa College", "Beta College", "Beta College"],
        "street": ["Schoolstraat", "Molenweg", "Schoolstraat", "Havenkade"],
        "number": ["1", "12", "3", "2"],
        "postcode": ["9002AB", "9003CD", "9002AB", "9005EF"],
        "place": ["Aldermeer", "Boskerk", "Aldermeer", "Cattewaard"],
        "municipality_id": ["GM9001", "GM9002", "GM9001", "GM9003"],
        "status": ["existing", "existing", "existing", "candidate"],
        "capacity": [400.0, None, 200.0, None],
        "located_by": "given",
        "located_quality": "exact",
    }
    return checked(_geo(rows, [Point(_at(name)) for name in at]), SITES)


def _offers() -> pd.DataFrame:
    import pandas as pd

    care = ("98001", "Verzorging", "99801", "Zorg en welzijn", "Zorg, welzijn en sport", 3, "BOL")
    wood = ("98002", "Timmeren", "99802", "Bouw en infra", "Techniek", 2, "BBL")
    code = ("98003", "Programmeren", "99803", "ICT", "ICT en creatief", 4, "BOL")
    given = {
        "90AA001": [care],
        "90AA002": [wood, code],
        "90BB001": [care, code],
    }
    rows = [(site, *offer) for site, offers in given.items() for offer in offers]
    return checked(pd.DataFrame(rows, columns=list(OFFERS.columns)), OFFERS)


def _counted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of students; a count of -1 is masked (1-4 students)."""
    import pandas as pd

    table = pd.DataFrame(rows)
    for name in STUDENTS.columns:
        if name not in table and not name.startswith("students"):
            table[name] = None
    masked = table["count"] == -1
    return checked(table.join(intervals(table["count"], masked=masked)), STUDENTS)


def _students() -> pd.DataFrame:
    flows = [  # home, kind of home, site, students in 2024 (-1: masked), forecast for 2030
        ("GM9001", "municipality", "90AA001", 60, 48),
        ("GM9002", "municipality", "90AA001", 10, 12),
        ("GM9003", "municipality", "90AA001", -1, 2),
        ("BE", "abroad", "90AA001", 6, 5),
        ("GM9001", "municipality", "90AA002", -1, 2),
        ("GM9002", "municipality", "90AA002", 30, 24),
        ("GM9001", "municipality", "90BB001", 38, 30),
        ("GM9002", "municipality", "90BB001", -1, 3),
        ("UNKNOWN", "unknown", "90BB001", 5, 0),
    ]
    return _counted(
        [
            {
                "origin_id": home,
                "origin_kind": kind,
                "site_id": site,
                "institution_id": site[:4],
                "year": year,
                "kind": "history" if year == 2024 else "forecast",
                "count": count,
            }
            for home, kind, site, now, later in flows
            for year, count in ((2024, now), (2030, later))
        ]
    )


def _enrolments() -> pd.DataFrame:
    cells = [  # institution, programme, level, track, students in 2024 (-1: masked)
        ("90AA", "98001", 3, "BOL", 12),
        ("90AA", "98001", 3, "BBL", -1),
        ("90AA", "98002", 2, "BBL", 40),
        ("90AA", "98003", 4, "BOL", 20),
        ("90BB", "98001", 3, "BOL", 12),
        ("90BB", "98003", 4, "BOL", 17),
    ]
    names = ["institution_id", "programme_id", "level", "track", "count"]
    more = {"origin_kind": "unknown", "year": 2024, "kind": "history"}
    return _counted([dict(zip(names, cell, strict=True)) | more for cell in cells])


def _residents() -> pd.DataFrame:
    cells = [  # institution, woongemeente, age, track, students in 2024 (-1: masked)
        ("90AA", "GM9001", "16", "BOL", 40),
        ("90AA", "GM9001", "19", "BBL", 22),
        ("90AA", "GM9002", "17", "BOL", 40),
        ("90BB", "GM9001", "17", "BOL", 38),
        ("90BB", "GM9002", "18", "BOL", -1),
    ]
    names = ["institution_id", "origin_id", "age", "track", "count"]
    more = {"origin_kind": "municipality", "year": 2024, "kind": "history"}
    return _counted([dict(zip(names, cell, strict=True)) | more for cell in cells])


def _areas() -> gpd.GeoDataFrame:
    from shapely import box, union_all

    boxes = {
        name: box(*(np.tile(ZERO_M, 2) + np.multiply(sides, 1000)).tolist())
        for name, sides in _BOXES_KM.items()
    }
    rows: list[tuple[str, str, str, str | None, Geometry]] = [
        (name, "pc4", name, _HOMES[name][1], shape) for name, shape in boxes.items()
    ]
    for gm, name in _MUNICIPALITIES.items():
        inside = union_all([boxes[pc4] for pc4, home in _HOMES.items() if home[1] == gm])
        rows.append((gm, "municipality", name, "PV90", inside))
    rows.append(("PV90", "province", "Voorbeeldland", None, union_all(list(boxes.values()))))
    names = ("area_id", "level", "name", "parent_id")
    columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    table = _geo(columns | {"valid_from": None, "valid_to": None}, [row[4] for row in rows])
    return checked(table, AREAS)


def _origins() -> gpd.GeoDataFrame:
    from shapely import Point

    rows = {
        "origin_id": list(_HOMES),
        "area_id": [home[1] for home in _HOMES.values()],
        "weight": [home[2] for home in _HOMES.values()],
    }
    return checked(_geo(rows, [Point(_at(home[0])) for home in _HOMES.values()]), ORIGINS)


def _indicators() -> pd.DataFrame:
    import pandas as pd

    young = dict.fromkeys(_MUNICIPALITIES, 0)
    for _, gm, weight in _HOMES.values():
        young[gm] += weight
    counts = [("pc4", name, home[2]) for name, home in _HOMES.items()]
    counts += [("municipality", gm, weight) for gm, weight in young.items()]
    rows = [
        {
            "key_kind": kind,
            "key": key,
            "indicator": indicator,
            "year": 2024,
            **dict.fromkeys(("value", "value_low", "value_high"), weight * times),
            "label": None,
            "unit": "persons",
            "source": "made up",
        }
        for kind, key, weight in counts
        for indicator, times in (("inhabitants", 8), ("inhabitants_15_24", 1))
    ]
    return checked(pd.DataFrame(rows), INDICATORS)
