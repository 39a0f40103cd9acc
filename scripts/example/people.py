"""Inhabitants, students one by one, and the years to come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from scipy.stats import norm

from . import names
from .extras import drive
from .land import Pc4
from .streets import Network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BANDS = [f"{a} tot {a + 5} jaar" for a in range(0, 95, 5)] + ["95 jaar of ouder"]
# Share of each age band: a country village, and what a town has more or less of it.
_RURAL = np.array(
    [48, 52, 57, 60, 48, 44, 48, 52, 55, 60, 72, 78, 74, 66, 58, 52, 38, 24, 10, 4], dtype=float
)
_URBAN = np.array(
    [54, 52, 52, 58, 82, 92, 80, 68, 60, 56, 58, 60, 54, 46, 40, 34, 25, 16, 8, 3], dtype=float
)
SENTINEL = -99997
TINY = {"works": 25.0, "islet": 60.0}
ABROAD = ("BELGIE", "DUITSLAND", "OVERIG BUITENLAND", "ONBEKEND")
SLOTS, DECAY = 31_200, 12_000.0


@dataclass(frozen=True)
class Offer:
    """A programme at a site in one learning path."""

    site: int
    programme: int
    path: str


def offers() -> list[Offer]:
    """Return every programme offered at every site, BOL and BBL apart."""
    return [
        Offer(s, k, path)
        for k, p in enumerate(names.programmes())
        for s in p.sites
        for path in p.paths
    ]


def inhabitants(pc4s: list[Pc4], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return inhabitants by PC4 and age band, rounded to five as the CBS does."""
    rows = []
    for i, p in enumerate(pc4s):
        total = p.weight
        if p.urban and i in works(pc4s):
            total = TINY["works"]
        mix = np.where(p.urban, 1.0, 0.15) * _URBAN + np.where(p.urban, 0.0, 0.85) * _RURAL
        if p.gemeente in names.SHRINKING:
            mix = mix * np.linspace(0.82, 1.25, len(mix))
        mix = mix * rng.lognormal(0, 0.06, len(mix))
        ages = total * mix / mix.sum() / 5
        # Where few live every band would round to nothing: round the running total instead.
        few = np.diff(np.round(np.cumsum(ages)), prepend=0.0)
        rows.append((few if total < 100 else np.round(ages)) * 5)
    return np.array(rows, dtype=np.int64)


def works(pc4s: list[Pc4]) -> list[int]:
    """Return the PC4s that are docks and works: hardly anybody lives there."""
    big = [i for i, p in enumerate(pc4s) if p.urban and p.gemeente in ("GM9101", "GM9102")]
    return [big[17], big[-1]]


def road_metres(net: Network, sites: list[int], homes: Floats) -> Floats:
    """Return metres by road from PC4s (rows) to sites (columns), either way round.

    Ferries count thrice.  Where no road leads, the crow flies 25 km further.
    """
    xy = net.points()
    car, rows, cols, metres = [], [], [], []
    for e in net.edges:
        if any(drive(net, e)):
            line = xy[e.nodes]
            length = float(np.hypot(*np.diff(line, axis=0).T).sum())
            rows.append(e.u)
            cols.append(e.v)
            metres.append(length * (3 if "route" in e.tags else 1))
            car += [e.u, e.v]
    graph = coo_matrix((metres, (rows, cols)), (len(xy),) * 2).tocsr()
    road = np.unique(car)
    tree = cKDTree(xy[road])
    starts = road[tree.query(xy[sites])[1]]
    dist = dijkstra(graph, directed=False, indices=starts)
    at = road[tree.query(homes)[1]]
    found = dist[:, at].T + 300
    crow = np.hypot(*(homes[:, None] - xy[sites][None]).transpose(2, 0, 1))
    return np.where(np.isfinite(found), found, crow + 25_000)


def students(
    pc4s: list[Pc4], bands: npt.NDArray[np.int64], metres: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw students one by one: home, offer, age, sex, and the years they are there.

    The chance of an offer is its popularity times exp(-distance / 12 km) times a taste that an
    institution has in a gemeente, so most go near, but not always nearest.

    Returns
    -------
    pandas.DataFrame
        One row a student place: pc4, gemeente, offer, age, woman, and y2021 .. y2025.
    """
    every, courses, sites = offers(), names.programmes(), names.sites()
    codes = [g.code for g in names.GEMEENTEN]
    gem = np.array([codes.index(p.gemeente) for p in pc4s])
    inst = [i.brin for i in names.INSTITUTIONS]
    site = np.array([o.site for o in every])
    brin = np.array([inst.index(sites[o.site].brin) for o in every])
    popular = np.empty(len(every))
    for j, o in enumerate(every):
        c = courses[o.programme]
        whole = sum(sites[s].size for s in c.sites)
        share = {("BOL",): 1.0, ("BBL",): 1.0}.get(c.paths, 0.62 if o.path == "BOL" else 0.38)
        popular[j] = c.weight * share * (sites[o.site].size / whole) ** 0.8
    taste = rng.lognormal(0, 0.45, (len(codes), len(inst)))
    youth = bands[:, 3] * 1.0 + bands[:, 4] * 0.55
    pull = popular[None] * np.exp(-metres[:, site] / DECAY) * taste[gem][:, brin]
    pull /= pull.sum(axis=1, keepdims=True)
    home = np.sort(rng.choice(len(pc4s), SLOTS, p=youth / youth.sum()))
    offer = np.empty(SLOTS, dtype=np.int64)
    for i in np.unique(home):
        here = np.flatnonzero(home == i)
        offer[here] = rng.choice(len(every), len(here), p=pull[i])
    abroad = np.full(SLOTS, "", dtype=object)
    strange = rng.random(SLOTS) < 0.011
    abroad[strange] = rng.choice(ABROAD, int(strange.sum()), p=(0.36, 0.3, 0.1, 0.24))
    offer[strange] = rng.choice(len(every), int(strange.sum()), p=popular / popular.sum())
    # Two small courses of one programme, a few km apart: too few students in each.
    doubled = next(k for k, c in enumerate(courses) if c.crebo == names.DOUBLED)
    twin = [j for j, o in enumerate(every) if o.programme == doubled and o.path == "BOL"]
    drawn = np.array([every[j].programme for j in offer]) == doubled
    near = np.flatnonzero((gem[home] == 0) & (abroad == "") & ~drawn)
    offer[drawn] = 0
    spare = rng.choice(near, 34, replace=False)
    offer[spare[:17]], offer[spare[17:]] = twin[0], twin[1]

    path = np.array([every[j].path for j in offer])
    level = np.array([courses[every[j].programme].level for j in offer])
    women = np.array([courses[every[j].programme].women for j in offer])
    ages = np.where(
        path == "BOL",
        1 + np.searchsorted(np.cumsum([0.12, 0.22, 0.22, 0.16, 0.21]), rng.random(SLOTS)),
        1 + np.searchsorted(np.cumsum([0.04, 0.09, 0.13, 0.13, 0.22]), rng.random(SLOTS)),
    )
    ages = np.where(rng.random(SLOTS) < np.where(level <= 2, 0.03, 0.003), 0, ages)
    kind = np.where(path == "BBL", "BBL", "BOLVT").astype(object)
    odd = rng.random(SLOTS)
    kind[(odd < 0.012) & (path == "BOL")] = "BOLDT"
    kind[odd > 0.997] = "EX"
    woman = rng.random(SLOTS) < women
    kind[spare], woman[spare] = "BOLVT", np.arange(len(spare)) % 2 == 0
    frame = pd.DataFrame(
        {
            "pc4": np.array([p.number for p in pc4s])[home],
            "gemeente": np.array(codes)[gem[home]],
            "abroad": abroad,
            "offer": offer,
            "site": site[offer],
            "brin": np.array(inst)[brin[offer]],
            "programme": [every[j].programme for j in offer],
            "leerweg": kind,
            "age": ages,
            "woman": woman,
        }
    )
    outlook = np.array([g.outlook for g in names.GEMEENTEN])[gem[home]]
    # A place is mostly filled or mostly empty, but not the same every year.
    lasting = rng.normal(size=SLOTS)
    for year in names.YEARS:
        luck = norm.cdf(0.8 * lasting + 0.6 * rng.normal(size=SLOTS))
        frame[f"y{year}"] = luck < 0.802 * outlook ** ((year - 2025) / 10 * 0.9)
    return frame


def forecast(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return students by gemeente of residence and site, 2021-2040.

    Returns
    -------
    pandas.DataFrame
        Columns gemeente (code, or empty for abroad), site, year, count.
    """
    home = frame["gemeente"].where(frame["abroad"] == "", "")
    known = frame.assign(home=home).groupby(["home", "site"])[[f"y{y}" for y in names.YEARS]].sum()
    outlook = {g.code: g.outlook for g in names.GEMEENTEN} | {"": 0.98}
    rows = []
    for (code, site), counts in known.iterrows():
        past = counts.to_numpy(dtype=float)
        if past.sum() == 0:
            continue
        for year, n in zip(names.YEARS, past, strict=True):
            rows.append((code, int(site), year, int(n)))
        drift = 0.0
        base = 0.75 * past[-1] + 0.25 * past.mean() * outlook[code] ** 0.18
        for year in range(2026, 2041):
            ahead = year - 2025
            drift = 0.8 * drift + rng.normal(0, 0.008)
            trend = outlook[code] ** (min(ahead, 10) / 10 + max(0, ahead - 10) / 20)
            rows.append((code, int(site), year, round(base * trend * (1 + drift))))
    return pd.DataFrame(rows, columns=["gemeente", "site", "year", "count"])
