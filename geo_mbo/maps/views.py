"""What each map shows beyond the shared: catchments, travel times, gaps and duplication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.counts import COUNTS, total
from geo_mbo.maps.classes import (
    CATCHMENT_SHARES,
    MINUTES,
    SHARES,
    count_breaks,
    minute_breaks,
    programme_breaks,
)
from geo_mbo.maps.pack import (
    SMALLEST_SHOWN,
    masked,
    packed_json,
    packed_minutes,
    packed_shares,
    plain,
    positions,
    rough_people,
    shown_counts,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from geo_mbo.maps.shared import Basis

PROVIDER_RANKS = (1, 2, 3)
SAME_PAIR = ("programme_id", "site_a", "site_b")
"""A programme at two sites is one pair, whatever its tracks: they share the young people."""
OPEN = ("existing", "competitor")


def catchment_view(basis: Basis) -> dict[str, Any]:
    """Give who comes from where: each site's municipalities, and the municipality's main choice."""
    rows = basis.findings.catchment
    # Those from abroad have rank 0; they come behind the municipalities.
    rows = rows.assign(order=rows["rank"].mask(rows["rank"] == 0, len(rows) + 1))
    rows = rows.sort_values(["site_id", "order"], kind="stable")
    sites = basis.at_site(rows["site_id"])
    rows, sites = rows[sites >= 0], sites[sites >= 0]
    hidden = masked(rows)
    by_area = _by_area(basis)
    reach = basis.findings.site_reach
    reach_sites = basis.at_site(reach["site_id"])
    return {
        "breaks": {
            "share": list(CATCHMENT_SHARES),
            "students": count_breaks(by_area["students"]),
        },
        "rows": {
            "site": sites.tolist(),
            "area": basis.at_municipality(rows["area_id"]).tolist(),
            "inside": rows["inside"].astype(int).tolist(),
            "share": plain(np.where(hidden, np.nan, rows["share"].to_numpy(float)), decimals=4),
            **shown_counts(rows),
        },
        "totals": _site_totals(basis),
        "areas": _dominant(basis, by_area),
        "reach": {
            "site": reach_sites.tolist(),
            "mode": list(reach["mode"]),
            "within": plain(_rough(reach["young_people_within"]), decimals=0),
            "nearest": plain(_rough(reach["young_people_nearest"]), decimals=0),
        },
    }


def _site_totals(basis: Basis) -> dict[str, list[float | None]]:
    """Add up each site's students over all origins, in the order of the sites."""
    by_site = total(basis.findings.catchment, ["site_id"]).set_index("site_id")
    return shown_counts(by_site.reindex(basis.sites["site_id"]))


def _by_area(basis: Basis) -> pd.DataFrame:
    """Add up the students of each municipality on the map, in its order."""
    by_area = total(basis.findings.catchment, ["area_id"]).set_index("area_id")
    return by_area.reindex(basis.municipalities["area_id"])


def _dominant(basis: Basis, by_area: pd.DataFrame) -> dict[str, Any]:
    """Give each municipality's students and the institution most of them go to."""
    rows = basis.findings.catchment
    sites = basis.at_site(rows["site_id"])
    known = rows[sites >= 0].assign(institution=basis.site_institution[sites[sites >= 0]])
    chosen = total(known, ["area_id", "institution"]).sort_values(
        ["students", "institution"], ascending=[False, True], kind="stable"
    )
    first = chosen.drop_duplicates("area_id").set_index("area_id")
    first = first.reindex(basis.municipalities["area_id"])
    told = first["institution"].notna() & (first["students"] > 0)
    hidden = masked(first)
    share = first["students"] / by_area["students"]
    return {
        **shown_counts(by_area),
        "masked": masked(by_area).astype(int).tolist(),
        "top": plain(np.where(told & ~hidden, first["institution"], np.nan), decimals=0),
        "top_masked": (told & hidden).astype(int).tolist(),
        "top_share": plain(np.where(told & ~hidden, share, np.nan), decimals=3),
    }


def travel_view(basis: Basis) -> dict[str, Any]:
    """Give minutes to the nearest providers by municipality and origin, and of real students."""
    modes = basis.matrix.modes
    return {
        "ranks": list(PROVIDER_RANKS),
        "breaks": {
            "provider": {m: minute_breaks(_origin_minutes(basis, m, 1)) for m in modes},
            "students": {m: minute_breaks(_students_minutes(basis, m)) for m in modes},
            "site": list(MINUTES[2]),
        },
        "provider": {m: {str(r): _providers(basis, m, r) for r in PROVIDER_RANKS} for m in modes},
        "origin": {m: {str(r): _origins(basis, m, r) for r in PROVIDER_RANKS} for m in modes},
        "students": {m: _students(basis, m) for m in modes},
    }


def _providers(basis: Basis, mode: str, rank: int) -> dict[str, Any]:
    frame = basis.findings.providers
    frame = frame[(frame["mode"] == mode) & (frame["rank"] == rank)].set_index("area_id")
    frame = frame.reindex(basis.municipalities["area_id"])
    return {
        "p50": plain(frame["minutes_p50"]),
        "p80": plain(frame["minutes_p80"]),
        "mean": plain(frame["minutes_mean"]),
        "reached": plain(frame["reached_share"], decimals=3),
    }


def _origin_rows(basis: Basis, mode: str, rank: int) -> pd.DataFrame:
    frame = basis.findings.origin_times
    frame = frame[(frame["mode"] == mode) & (frame["rank"] == rank)].set_index("origin_id")
    return frame.reindex(basis.origins["origin_id"])


def _origins(basis: Basis, mode: str, rank: int) -> dict[str, Any]:
    frame = _origin_rows(basis, mode, rank)
    return {
        "minutes": plain(np.ceil(frame["minutes"].to_numpy(float) - 1e-6), decimals=0),
        "site": positions(frame["site_id"], list(basis.sites["site_id"])).tolist(),
    }


def _origin_minutes(basis: Basis, mode: str, rank: int) -> npt.NDArray[np.float64]:
    return _origin_rows(basis, mode, rank)["minutes"].to_numpy(float)


def _student_rows(basis: Basis, mode: str) -> pd.DataFrame:
    frame = basis.findings.travel_by_area
    key = "origin_id" if "origin_id" in frame.columns else "area_id"
    frame = frame[frame["mode"] == mode].set_index(key)
    return frame.reindex(basis.municipalities["area_id"])


def _students_minutes(basis: Basis, mode: str) -> npt.NDArray[np.float64]:
    frame = _student_rows(basis, mode)
    return np.where(masked(frame), np.nan, frame["minutes_p50"].to_numpy(float))


def _students(basis: Basis, mode: str) -> dict[str, Any]:
    """Give how students travel; the trip of a few is as secret as their number."""
    frame = _student_rows(basis, mode)
    hidden = masked(frame)

    def kept(name: str, decimals: int = 1) -> list[float | None]:
        return plain(np.where(hidden, np.nan, frame[name].to_numpy(float)), decimals=decimals)

    return {
        "p50": kept("minutes_p50"),
        "mean": kept("minutes_mean"),
        "reached": plain(np.where(hidden, np.nan, 1 - frame["unreached_share"]), decimals=3),
        "km": kept("km_mean"),
        "masked": hidden.astype(int).tolist(),
        **shown_counts(frame),
    }


def coverage_view(basis: Basis) -> dict[str, Any]:
    """Give each programme's share beyond the limit, the gaps, and the pairs that duplicate."""
    programmes = _programmes(basis)
    ids = list(programmes["programme_id"])
    modes = basis.matrix.modes
    grids = {m: _coverage(basis, ids, m) for m in modes}
    offers = basis.tables.offers
    still_there = basis.sites.loc[basis.sites["status"].isin(OPEN), "site_id"]
    offers = offers[offers["site_id"].isin(still_there)]
    offered = offers.assign(at=basis.at_site(offers["site_id"]))
    at_sites = {
        str(name): sorted(set(rows["at"].tolist()))
        for name, rows in offered[offered["at"] >= 0].groupby("programme_id")
    }
    return {
        "breaks": {
            "share": list(SHARES),
            "programmes": programme_breaks(len(ids)),
            "minutes": {m: minute_breaks(grids[m][1]) for m in modes},
        },
        "gap_share": basis.findings.choices.min_share_out,
        "programmes": {
            "id": ids,
            "name": list(programmes["programme"]),
            "level": plain(programmes["level"], decimals=0),
            "sector": list(programmes["sector"].fillna("")),
            "sites": [at_sites.get(i, []) for i in ids],
        },
        "share": {m: packed_shares(grids[m][0]) for m in modes},
        "nearest": {m: packed_minutes(grids[m][1]) for m in modes},
        "out": {m: packed_json([rough_people(row) for row in grids[m][2]]) for m in modes},
        "out_total": {m: rough_people(np.nansum(grids[m][2], axis=1)) for m in modes},
        "gaps": _gaps(basis, ids),
        "pairs": _pairs(basis, ids),
    }


def _programmes(basis: Basis) -> pd.DataFrame:
    """Every programme once, by name and level."""
    columns = ["programme_id", "programme", "level", "sector"]
    found = basis.tables.offers[columns].drop_duplicates("programme_id")
    return found.sort_values(["programme", "level"], kind="stable").reset_index(drop=True)


def _coverage(
    basis: Basis, programmes: list[str], mode: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give share and people beyond the limit, and minutes to the nearest, as grids.

    Each is programmes x municipalities, in the order share, minutes, people.
    """
    frame = basis.findings.coverage
    frame = frame[frame["mode"] == mode]
    row = positions(frame["programme_id"], programmes)
    column = basis.at_municipality(frame["area_id"])
    there = (row >= 0) & (column >= 0)
    shape = (len(programmes), len(basis.municipalities))
    found = []
    for name in ("share_out", "minutes_nearest", "young_people_out"):
        grid = np.full(shape, np.nan)
        grid[row[there], column[there]] = frame[name].to_numpy(float)[there]
        found.append(grid)
    return found[0], found[1], found[2]


def _gaps(basis: Basis, programmes: list[str]) -> dict[str, Any]:
    frame = basis.findings.gaps
    frame = frame[frame["programme_id"].isin(programmes)]
    return {
        "programme": positions(frame["programme_id"], programmes).tolist(),
        "mode": list(frame["mode"]),
        "young": plain(_rough(frame["young_people_out"]), decimals=0),
        "share": plain(frame["share_out_national"], decimals=3),
    }


def _pairs(basis: Basis, programmes: list[str]) -> dict[str, Any]:
    every = basis.findings.duplication
    same = list(SAME_PAIR)
    tracks = every.groupby(same, sort=False)["track"].agg(list)
    frame = every.drop_duplicates(same)
    frame = frame.assign(tracks=tracks.reindex(frame.set_index(same).index).to_numpy())
    a, b = basis.at_site(frame["site_a"]), basis.at_site(frame["site_b"])
    programme = positions(frame["programme_id"], programmes)
    there = (a >= 0) & (b >= 0) & (programme >= 0)
    frame = frame[there]
    sides = {
        side: shown_counts(
            frame[[f"{c.replace('students', f'students_{side}')}" for c in COUNTS]].set_axis(
                list(COUNTS), axis=1
            )
        )
        for side in ("a", "b")
    }
    return {
        "programme": programme[there].tolist(),
        "tracks": list(frame["tracks"]),
        "site_a": a[there].tolist(),
        "site_b": b[there].tolist(),
        "km": plain(frame["distance_km"]),
        "young_a": plain(_rough(frame["young_people_a"]), decimals=0),
        "young_b": plain(_rough(frame["young_people_b"]), decimals=0),
        "young_both": plain(_rough(frame["young_people_both"]), decimals=0),
        "overlap": plain(frame["overlap"], decimals=3),
        "small": frame["small"].astype(int).tolist(),
        "students_a": sides["a"],
        "students_b": sides["b"],
    }


def _rough(people: pd.Series) -> npt.NDArray[np.float64]:
    """Take numbers below five as 2.5: shown as "<5"."""
    numbers = people.to_numpy(float)
    return np.where((numbers > 0) & (numbers < SMALLEST_SHOWN), 2.5, np.round(numbers))
