"""A scenario done to the tables: sites open and close, programmes start and stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from geo_mbo.errors import Breach, StudyError
from geo_mbo.scenario.model import Action, Scenario, nearest
from geo_mbo.schema import OFFERS, SITES, checked

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables

OPEN = ("existing", "competitor")

SAME_PLACE_M = 50
"""So far from where a known site lies its place may be given: coordinates are rounded."""


def candidate_sites(scenarios: Sequence[Scenario], tables: Tables) -> gpd.GeoDataFrame:
    """Give the sites that travel times are needed to: those there are, and all that scenarios open.

    One travel matrix to these sites serves the present and every scenario.

    Parameters
    ----------
    scenarios
        The scenarios.
    tables
        The present.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract SITES: `tables.sites`, then the new ones with status ``candidate``.

    Raises
    ------
    StudyError
        A new site has no place or no institution, or two places: all breaches at once.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> from geo_mbo.scenario import read_scenario
    >>> west = {"kind": "open", "site_id": "90AA901", "institution_id": "90AA",
    ...         "x_m": 150_000, "y_m": 450_000, "programmes": ["98001"]}
    >>> plan = read_scenario({"name": "West", "actions": [west]})
    >>> found = candidate_sites([plan], sample_town().tables)
    >>> found[["site_id", "municipality_id", "status"]].tail(1)
       site_id municipality_id     status
    4  90AA901          GM9001  candidate
    """
    known = set(tables.sites["site_id"])
    rows: dict[str, dict[str, object]] = {}
    breaches: list[Breach] = []
    for scenario in scenarios:
        for where, action in _numbered(scenario):
            new = action.to_site_id if action.kind == "move" else action.site_id
            if action.kind not in ("open", "move") or new in known:
                continue
            row = _candidate(action, tables, rows.get(new))
            if row is None:
                breaches.append(Breach("scenario_no_place", {"where": where, "site": new}))
            elif new in rows and rows[new]["geometry"] != row["geometry"]:
                breaches.append(Breach("scenario_two_places", {"where": where, "site": new}))
            else:
                rows[new] = row
    if breaches:
        raise StudyError(breaches)
    return _with_rows(tables.sites, list(rows.values()))


def apply(tables: Tables, scenario: Scenario) -> Tables:
    """Do what a scenario says.

    Parameters
    ----------
    tables
        The present; unchanged.
    scenario
        The scenario.

    Returns
    -------
    Tables
        With sites opened (status ``existing``) and closed (``closed``), and their offers. Students
        stay where they were counted: see `compare` for where they may go.

    Raises
    ------
    StudyError
        An action cannot be done: an unknown site or programme, a closed site that closes, an open
        one that opens, a known one at another place, a programme that is not there to stop or
        already there: all at once.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> from geo_mbo.scenario import read_scenario
    >>> close = {"kind": "close", "site_id": "90AA002"}
    >>> plan = read_scenario({"name": "Dicht", "actions": [close]})
    >>> after = apply(sample_town().tables, plan)
    >>> after.sites[["site_id", "status"]]
       site_id     status
    0  90AA001   existing
    1  90AA002     closed
    2  90BB001   existing
    3  90BB901  candidate
    >>> list(after.offers["site_id"])
    ['90AA001', '90BB001', '90BB001']
    """
    now, breaches = tables, list[Breach]()
    for where, action in _numbered(scenario):
        try:
            now = _done(now, action, where, catalogue=tables.offers)
        except StudyError as error:
            breaches += error.breaches
    if breaches:
        raise StudyError(breaches)
    return now


def _numbered(scenario: Scenario) -> list[tuple[str, Action]]:
    return [
        (f"scenario '{scenario.name}', action {number}", action)
        for number, action in enumerate(scenario.actions, start=1)
    ]


def _done(tables: Tables, action: Action, where: str, *, catalogue: pd.DataFrame) -> Tables:
    """Do one action. `catalogue`: the offers of the present, where a programme's facts stand."""
    site = action.site_id
    if action.kind == "open":
        opened = _opened(tables, action, site, where)
        return _started(opened, action, where, catalogue=catalogue)
    _refuse_unless_open(tables, site, where)
    if action.kind == "close":
        return _closed(tables, site)
    if action.kind == "move":
        moved = tables.offers[tables.offers["site_id"] == site].assign(site_id=action.to_site_id)
        owner = str(tables.sites.set_index("site_id")["institution_id"].fillna("")[site])
        opened = _opened(tables, replace(action, institution_id=owner), action.to_site_id, where)
        return _with_offers(_closed(opened, site), moved)
    if action.kind == "start":
        return _started(tables, action, where, catalogue=catalogue)
    return _stopped(tables, action, where)


def _opened(tables: Tables, action: Action, site: str, where: str) -> Tables:
    from shapely import Point

    there = tables.sites["site_id"] == site
    if not there.any():
        row = _candidate(action, tables, None)
        if row is None:
            raise StudyError.of("scenario_no_place", where=where, site=site)
        return replace(tables, sites=_with_rows(tables.sites, [row | {"status": "existing"}]))
    if tables.sites.loc[there, "status"].isin(OPEN).any():
        raise StudyError.of("scenario_already_open", where=where, site=site)
    known = tables.sites.geometry[there].iloc[0]
    if action.place_m and (known.is_empty or known.distance(Point(action.place_m)) > SAME_PLACE_M):
        raise StudyError.of("scenario_other_place", where=where, site=site)
    changed: dict[str, object] = {"status": "existing"}
    if action.institution_id:
        changed["institution_id"] = action.institution_id
        changed["institution"] = _institution(tables, action.institution_id)
    columns = {name: tables.sites[name].mask(there, value) for name, value in changed.items()}
    return replace(tables, sites=tables.sites.assign(**columns))


def _institution(tables: Tables, owner: str | None) -> str | None:
    """Give the name of an institution; None where no site has it."""
    names = tables.sites.loc[tables.sites["institution_id"] == owner, "institution"].dropna()
    return str(names.iloc[0]) if len(names) else None


def _closed(tables: Tables, site: str) -> Tables:
    status = tables.sites["status"].mask(tables.sites["site_id"] == site, "closed")
    offers = tables.offers[tables.offers["site_id"] != site].reset_index(drop=True)
    return replace(tables, sites=tables.sites.assign(status=status), offers=offers)


def _started(tables: Tables, action: Action, where: str, *, catalogue: pd.DataFrame) -> Tables:
    known = tuple(sorted(set(catalogue["programme_id"])))
    _refuse_unknown(action.programmes, known, where, "scenario_unknown_programme")
    new = catalogue[catalogue["programme_id"].isin(action.programmes)]
    facts = new.drop_duplicates("programme_id").drop(columns="track")
    tracks = (
        facts[["programme_id"]].merge(_column("track", action.tracks), how="cross")
        if action.tracks
        else new[["programme_id", "track"]].drop_duplicates()
    )
    added = facts.merge(tracks, on="programme_id").assign(site_id=action.site_id)
    key = list(OFFERS.key)
    doubled = added.merge(tables.offers[key], on=key)
    if len(doubled):
        first = str(doubled["programme_id"].iloc[0])
        raise StudyError.of(
            "scenario_already_offered", where=where, site=action.site_id, programme=first
        )
    return _with_offers(tables, added)


def _stopped(tables: Tables, action: Action, where: str) -> Tables:
    offers = tables.offers
    here = offers["site_id"] == action.site_id
    known = tuple(sorted(set(offers.loc[here, "programme_id"])))
    _refuse_unknown(action.programmes, known, where, "scenario_not_offered")
    gone = here & offers["programme_id"].isin(action.programmes)
    if action.tracks:
        gone &= offers["track"].isin(action.tracks)
    return replace(tables, offers=offers[~gone].reset_index(drop=True))


def _column(name: str, values: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(list(values), dtype="str")})


def _with_offers(tables: Tables, added: pd.DataFrame) -> Tables:
    import pandas as pd

    if added.empty:
        return tables
    whole = pd.concat([tables.offers, added[list(OFFERS.columns)]], ignore_index=True)
    return replace(tables, offers=checked(whole, OFFERS))


def _with_rows(sites: gpd.GeoDataFrame, rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    if not rows:
        return sites
    new = gpd.GeoDataFrame(rows, geometry="geometry", crs=sites.crs)
    new = new.reindex(columns=sites.columns).astype(
        {name: sites[name].dtype for name in SITES.columns}
    )
    whole = pd.concat([sites, new], ignore_index=True) if len(sites) else new
    return checked(cast("gpd.GeoDataFrame", whole), SITES)


def _candidate(
    action: Action, tables: Tables, before: dict[str, object] | None
) -> dict[str, object] | None:
    """Make the row of a new site; None where it has no place, not even from an earlier action."""
    from shapely import Point

    if action.place_m is None:
        return before
    point = Point(action.place_m)
    towns = tables.areas[tables.areas["level"] == "municipality"]
    around = towns.loc[towns.intersects(point), "area_id"]
    site = action.to_site_id if action.kind == "move" else action.site_id
    owner = action.institution_id or _owner(tables, action)
    return {
        "site_id": site,
        "name": action.name or site,
        "institution_id": owner,
        "institution": _institution(tables, owner),
        "municipality_id": around.iloc[0] if len(around) else None,
        "status": "candidate",
        "located_by": "given",
        "located_quality": "exact",
        "geometry": point,
    }


def _owner(tables: Tables, action: Action) -> str | None:
    """Give the institution of the site that moves."""
    moving = tables.sites.loc[tables.sites["site_id"] == action.site_id, "institution_id"].dropna()
    return str(moving.iloc[0]) if action.kind == "move" and len(moving) else None


def _refuse_unless_open(tables: Tables, site: str, where: str) -> None:
    _refuse_unknown([site], tuple(tables.sites["site_id"]), where, "scenario_unknown_site")
    status = str(tables.sites.set_index("site_id")["status"][site])
    if status not in OPEN:
        raise StudyError.of("scenario_not_open", where=where, site=site, status=status)


def _refuse_unknown(wanted: Sequence[str], known: tuple[str, ...], where: str, code: str) -> None:
    breaches = [
        Breach(code, {"where": where, "value": value, "nearest": nearest(value, known)})
        for value in wanted
        if value not in known
    ]
    if breaches:
        raise StudyError(breaches)
