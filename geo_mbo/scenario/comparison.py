"""A scenario beside the present: who travels longer or shorter, and what falls out of reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.coverage import coverage, facts, is_gap
from geo_mbo.analysis.findings import Choices, latest, of_focus, settled
from geo_mbo.analysis.nearest import nearest_offering
from geo_mbo.analysis.trips import Trips, trips
from geo_mbo.analysis.weighting import Homes, homes, joined, named, open_sites, positions
from geo_mbo.counts import COUNTS, total
from geo_mbo.scenario.change import apply
from geo_mbo.scenario.model import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

ANY = ""
"""Stands for "any site", where a programme's id would stand, until the frames are made."""

_AREAS = {
    "area_id": "str",
    "mode": "str",
    "programme_id": "str",
    "limit_min": "float64",
    "young_people": "float64",
    "minutes_before": "float64",
    "minutes_after": "float64",
    "minutes_change": "float64",
    "young_people_within_before": "float64",
    "young_people_within_after": "float64",
}
_PEOPLE = {
    "mode": "str",
    "programme_id": "str",
    "threshold_min": "float64",
    "better": "float64",
    "same": "float64",
    "worse": "float64",
}
_MOVED = {
    "from_site_id": "str",
    "to_site_id": "str",
    "area_id": "str",
    "mode": "str",
    **dict.fromkeys(COUNTS, "float64"),
    "minutes_before": "float64",
    "minutes_after": "float64",
    "unreached_before_share": "float64",
}
_GAPS = {
    "programme_id": "str",
    "programme": "str",
    "area_id": "str",
    "mode": "str",
    "change": "str",
    "young_people_out_before": "float64",
    "young_people_out_after": "float64",
}


@dataclass(frozen=True)
class Comparison:
    """What a scenario changes. Where ``programme_id`` is missing, the nearest site of any provider.

    Attributes
    ----------
    scenario
        The scenario.
    choices
        What was asked, years and mode filled in.
    threshold_min
        From so many minutes on a change counts.
    areas
        ``area_id``, ``mode``, ``programme_id`` (missing: any site), ``limit_min``,
        ``young_people``, ``minutes_before``, ``minutes_after`` (weighted median to the nearest
        site; ``inf``: half or more reach none), ``minutes_change`` (0 where both are ``inf``),
        ``young_people_within_before``, ``_after`` the limit. Programmes whose sites change.
    people
        ``mode``, ``programme_id``, ``threshold_min``, and the young people for whom the nearest
        site gets nearer by at least the threshold (``better``), farther (``worse``), or neither
        (``same``).
    moved
        Students of sites that close, by the reference mode: ``from_site_id``, ``to_site_id``
        (missing: none in reach), ``area_id``, ``mode``, ``students`` (and bounds),
        ``minutes_before``, ``minutes_after`` (means over the same students, those who reach both
        sites; where nobody reached the old one ``inf``, and after over all; after is ``inf`` where
        there is no new site), ``unreached_before_share`` (0-1): whose old site is not reached.
    gaps
        Gaps (lacunes, as `analysis.gaps` has them) that appear or vanish: ``programme_id``,
        ``programme``, ``area_id``, ``mode``, ``change`` (``appears``, ``vanishes``),
        ``young_people_out_before``, ``_after``.
    """

    scenario: Scenario
    choices: Choices
    threshold_min: float
    areas: pd.DataFrame
    people: pd.DataFrame
    moved: pd.DataFrame
    gaps: pd.DataFrame


def compare(
    tables: Tables,
    matrix: TravelMatrix,
    scenario: Scenario,
    choices: Choices | None = None,
    *,
    threshold_min: float = 5,
) -> Comparison:
    """Put a scenario beside the present, by the measures that the present is told in.

    Students of a site that closes go to the nearest open site that offers their programme. Which
    programme they follow is not counted by site: they are divided over the programmes the site
    offered, by what its institution enrols in each (equally where that is not known). In truth not
    everybody goes to the nearest, and some stop: read it as what travel would ask of them.

    Parameters
    ----------
    tables
        The present.
    matrix
        Travel times to the open sites and to those the scenario opens (`candidate_sites`).
    scenario
        The scenario.
    choices
        What to ask, as for `geo_mbo.analysis.find`.
    threshold_min
        From so many minutes on a change counts.

    Raises
    ------
    StudyError
        The scenario cannot be done.
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.analysis import Choices
    >>> from geo_mbo.sample import sample_town
    >>> from geo_mbo.scenario import read_scenario
    >>> town = sample_town()
    >>> close = {"kind": "close", "site_id": "90AA002"}
    >>> plan = read_scenario({"name": "Dicht", "actions": [close]})
    >>> found = compare(town.tables, town.matrix, plan, Choices(mode="bike", limit_min=30))
    >>> found.people.query("mode == 'bike'").drop(columns=["mode", "threshold_min"])
      programme_id  better   same  worse
    3          NaN     0.0  450.0  250.0
    4        98002     0.0   50.0  650.0
    5        98003     0.0  450.0  250.0
    """
    asked = settled(choices or Choices(), tables, matrix)
    after = apply(tables, scenario)
    before_offers, after_offers = _offered(tables), _offered(after)
    programmes, origins = _changed(before_offers, after_offers), of_focus(tables.origins, asked)
    told = [
        coverage(matrix, offers, origins, limit_min=asked.limit_min, programmes=programmes)
        for offers in (before_offers, after_offers)
    ]
    key = ["programme_id", "area_id", "mode", "limit_min", "young_people"]
    both = told[0].merge(told[1], on=key, suffixes=("_before", "_after"))
    there = homes(matrix, tables.origins)
    return Comparison(
        scenario=scenario,
        choices=asked,
        threshold_min=threshold_min,
        areas=_areas(both),
        people=_people(matrix, there, (before_offers, after_offers), programmes, threshold_min),
        moved=_moved(tables, matrix, there, after_offers, asked),
        gaps=_gaps(both, tables.offers, min_share=asked.min_share_out),
    )


def _offered(tables: Tables) -> pd.DataFrame:
    """Give which open site offers which programme, and `ANY` at every open site."""
    import pandas as pd

    ids = open_sites(tables.sites)["site_id"]
    offers = tables.offers.loc[tables.offers["site_id"].isin(ids), ["site_id", "programme_id"]]
    anywhere = pd.DataFrame({"site_id": ids, "programme_id": ANY})
    return pd.concat([anywhere, offers.drop_duplicates()], ignore_index=True)


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Give `ANY`, and the programmes that are not offered at the same sites as before."""
    sets = [set(zip(o["programme_id"], o["site_id"], strict=True)) for o in (before, after)]
    return sorted({ANY} | {programme for programme, _ in sets[0] ^ sets[1]})


def _areas(both: pd.DataFrame) -> pd.DataFrame:
    before, after = both["minutes_nearest_before"], both["minutes_nearest_after"]
    found = both.assign(
        programme_id=both["programme_id"].replace(ANY, None),
        minutes_before=before,
        minutes_after=after,
        minutes_change=_change(before.to_numpy(), after.to_numpy()),
        young_people_within_before=both["young_people"] - both["young_people_out_before"],
        young_people_within_after=both["young_people"] - both["young_people_out_after"],
    )
    return joined([found], _AREAS)


def _change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Give the change in minutes; who reached nothing and reaches nothing has no change."""
    reached = np.isfinite(before) | np.isfinite(after)
    change = np.zeros(before.shape)
    np.subtract(after, before, out=change, where=reached)
    return change


def _people(
    matrix: TravelMatrix,
    there: Homes,
    offers: tuple[pd.DataFrame, pd.DataFrame],
    programmes: list[str],
    threshold_min: float,
) -> pd.DataFrame:
    import pandas as pd

    columns = [_columns(matrix, offered, programmes) for offered in offers]
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)
        before, after = (nearest_offering(minutes, found)[0].astype(float) for found in columns)
        change = _change(before, after)
        better, worse = change <= -threshold_min, change >= threshold_min
        # Without a threshold no change at all would be both better and worse.
        better, worse = better & (change < 0), worse & (change > 0)
        parts.append(
            pd.DataFrame(
                {
                    "mode": mode,
                    "programme_id": pd.Series(programmes, dtype="str").replace(ANY, None),
                    "threshold_min": threshold_min,
                    "better": better @ there.people,
                    "same": ~(better | worse) @ there.people,
                    "worse": worse @ there.people,
                }
            )
        )
    return joined(parts, _PEOPLE)


def _columns(matrix: TravelMatrix, offers: pd.DataFrame, programmes: list[str]) -> list[np.ndarray]:
    by_programme = offers.groupby("programme_id")["site_id"].unique()
    return [
        positions(sorted(by_programme.get(name, [])), matrix.sites, what="sites")
        for name in programmes
    ]


def _moved(
    tables: Tables,
    matrix: TravelMatrix,
    there: Homes,
    offers: pd.DataFrame,
    asked: Choices,
) -> pd.DataFrame:
    """Send the students of closed sites to the nearest open one with their programme."""
    now = tables.students[tables.students["year"] == asked.year]
    remaining = set(offers["site_id"])
    parts = []
    for site in open_sites(tables.sites)["site_id"]:
        if site not in remaining:
            mine = trips(matrix, now[now["site_id"] == site], there)
            weights = _programmes_of(site, tables, asked)
            columns = _columns(matrix, offers, list(weights))
            minutes = there.minutes(matrix, asked.mode)
            times, at = nearest_offering(minutes, columns)
            for k, weight in enumerate(weights.values()):
                parts.append(_sent(mine, (minutes, times[k], at[k]), weight))
    if not any(len(part) for part in parts):
        return joined([], _MOVED)
    return _gathered(joined(parts, _SENT), matrix, asked.mode)


_SENT = {
    "from_site_id": "str",
    "to": "int64",
    "area_id": "str",
    **dict.fromkeys(COUNTS, "float64"),
    "before": "float64",
    "after": "float64",
}


def _sent(
    mine: Trips, planes: tuple[np.ndarray, np.ndarray, np.ndarray], weight: float
) -> pd.DataFrame:
    """Give the parts of the trips that follow one programme, with their old and new time."""
    import pandas as pd

    minutes, times, at = planes
    counts = mine.pairs.iloc[mine.row].reset_index(drop=True)
    part = mine.part * weight
    return pd.DataFrame(
        {
            "from_site_id": counts["site_id"],
            "to": at[mine.origin],
            "area_id": counts["origin_id"],
            **{name: counts[name].to_numpy() * part for name in COUNTS},
            "before": mine.values(minutes),
            "after": times[mine.origin],
        }
    )


def _gathered(sent: pd.DataFrame, matrix: TravelMatrix, mode: str) -> pd.DataFrame:
    """Add up parts by old site, new site and home; a flow of nobody is none."""
    sent = sent[sent["students_high"] > 0]
    keys = ["from_site_id", "to", "area_id"]
    reached = np.isfinite(sent["before"])
    some = reached.groupby([sent[key] for key in keys]).transform("any")
    # Means before and after have to be of the same students, or their difference says nothing.
    told = {"before": reached, "after": np.isfinite(sent["after"]) & (reached | ~some)}
    sums = {"lost_people": sent["students"].mask(reached, 0.0)}
    for side, mask in told.items():
        sums[f"{side}_minutes"] = sent[side].where(mask, 0.0) * sent["students"]
        sums[f"{side}_people"] = sent["students"].where(mask, 0.0)
    found = sent.assign(**sums).groupby(keys, sort=True)[[*COUNTS, *sums]].sum().reset_index()
    for side in told:
        people = found[f"{side}_people"].to_numpy()
        mean = np.full(len(found), np.inf)
        np.divide(found[f"{side}_minutes"].to_numpy(), people, out=mean, where=people > 0)
        found[f"minutes_{side}"] = mean
    found = found.assign(
        to_site_id=named(matrix.sites, found["to"].to_numpy()),
        mode=mode,
        unreached_before_share=found["lost_people"] / found["students"],
    )
    return joined([found], _MOVED)


def _programmes_of(site: str, tables: Tables, asked: Choices) -> dict[str, float]:
    """Give the programmes a site offers with their share of its students; adds up to 1."""
    offered = sorted(set(tables.offers.loc[tables.offers["site_id"] == site, "programme_id"]))
    if not offered:
        return {ANY: 1.0}
    owner = tables.sites.set_index("site_id")["institution_id"][site]
    enrolled = latest(tables.enrolments, asked.year)
    counts = total(enrolled[enrolled["institution_id"] == owner], ["programme_id"])
    known = counts.set_index("programme_id")["students"].reindex(offered).fillna(0.0)
    if not known.sum() > 0:
        return dict.fromkeys(offered, 1 / len(offered))
    return dict(zip(offered, (known / known.sum()).tolist(), strict=True))


def _gaps(both: pd.DataFrame, offers: pd.DataFrame, *, min_share: float) -> pd.DataFrame:
    before, after = (
        is_gap(both[f"share_out_{side}"], both[f"young_people_out_{side}"], min_share=min_share)
        for side in ("before", "after")
    )
    changed = both[(before != after) & (both["programme_id"] != ANY)]
    names = facts(offers)["programme"]
    appears = after[changed.index]
    return joined(
        [
            changed.assign(
                programme=changed["programme_id"].map(names),
                change=named(("vanishes", "appears"), appears.to_numpy().astype(int)),
            )
        ],
        _GAPS,
    )
