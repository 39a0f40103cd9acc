"""Sites (onderwijslocaties): who teaches there, at which address, and where that is.

Every site that students go to, or where a programme is on offer, gets a row. Its point comes from
RIO, else from its address, else it is that of its PC4, else it is empty; which of these is told in
``located_by`` and in a note.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import RD, RD_BOUNDS_M, SITES, checked
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.sources.geofile import points_in_rd
from geo_mbo.tables.addresses import place_names, postcodes, whole_address
from geo_mbo.tables.areas import inside, of_level
from geo_mbo.tables.institutions import site_institutions

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Geocode = Callable[["pd.DataFrame"], "pd.DataFrame"]
"""Takes addresses (street, number, postcode, place), gives x_m and y_m on the same index."""

EUROPE_FROM_DEGREES = 50.0
"""South of this latitude a site of DUO lies in the Caribbean Netherlands, where no map reaches."""

_DATA_SETS = {"rio": "locations", "given": "sites"}
_ADDRESS = ("street", "number", "postcode", "place")
_OWNER = ("institution_id", "institution")
_PLACE = ("municipality_id", "located_by", "located_quality", "geometry")
_QUALITY = {"given": "exact", "rio": "exact", "address": "exact", "postcode4": "approximate"}


def sites(
    *,
    areas: gpd.GeoDataFrame,
    offers: pd.DataFrame | None = None,
    students: pd.DataFrame | None = None,
    locations: pd.DataFrame | None = None,
    institutions: pd.DataFrame | None = None,
    providers: pd.DataFrame | None = None,
    geocode: Geocode | None = None,
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give every site that is in the offers or among the students.

    Where several institutions share a site, it bears the one with most students there. Sites in
    the Caribbean Netherlands are left out, with a note.

    Parameters
    ----------
    areas
        The table of areas: municipalities, and PC4 for sites without coordinates.
    offers
        Programmes on offer, as read (`geo_mbo.sources.duo.read_offers`).
    students
        The prognosis by onderwijslocatie, as read (`geo_mbo.sources.duo.read_prognosis`).
    locations
        The onderwijslocaties of RIO, as read (`geo_mbo.sources.rio.read_locations`).
    institutions
        Names of the institutions, as read (`geo_mbo.sources.duo.read_institutions`).
    providers
        Which institution stands behind a provider (`geo_mbo.sources.rio.read_providers`).
    geocode
        Finds addresses, such as `geo_mbo.sources.pdok.locate`; nobody is asked where none is
        given.
    notify
        Gets notes on sites that are shared, left out, located otherwise than by RIO, not located,
        or outside every municipality.

    Returns
    -------
    geopandas.GeoDataFrame
        Sites (`geo_mbo.schema.SITES`), sorted by identifier, all of status ``existing``; the point
        is empty where nobody knows it.
    """
    whose = site_institutions(
        offers=offers,
        students=students,
        institutions=institutions,
        providers=providers,
        notify=notify,
    )
    addressed = _addressed(whose, locations, offers, students)
    return _at_their_places(addressed, areas=areas, geocode=geocode, notify=notify)


def registered(
    whose: pd.DataFrame,
    *,
    areas: gpd.GeoDataFrame,
    locations: pd.DataFrame | None = None,
    geocode: Geocode | None = None,
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give sites of which only the institution is known, at the address that RIO has of them.

    Parameters
    ----------
    whose
        ``site_id``, each once, ``institution_id`` and ``institution``.
    areas, locations, geocode, notify
        As for `sites`.

    Returns
    -------
    geopandas.GeoDataFrame
        As `sites` gives.
    """
    addressed = _addressed(whose, locations, None, None)
    return _at_their_places(addressed, areas=areas, geocode=geocode, notify=notify)


def _at_their_places(
    addressed: pd.DataFrame,
    *,
    areas: gpd.GeoDataFrame,
    geocode: Geocode | None,
    notify: Notify,
) -> gpd.GeoDataFrame:
    """Give sites with addresses and degrees their points; the Caribbean ones are left out."""
    caribbean = addressed["latitude"] < EUROPE_FROM_DEGREES
    if caribbean.any():
        notify(note("site_caribbean", addressed.loc[caribbean, "site_id"]))
    kept = addressed[~caribbean].reset_index(drop=True)
    points = points_in_rd(kept["longitude"], kept["latitude"])
    return _located(kept, points, by="rio", areas=areas, geocode=geocode, notify=notify)


def own_sites(
    raw: gpd.GeoDataFrame, *, areas: gpd.GeoDataFrame, notify: Notify = to_log
) -> gpd.GeoDataFrame:
    """Give a user's own sites as a table.

    Parameters
    ----------
    raw
        The user's sites (`geo_mbo.sources.own.read_sites`).
    areas
        The table of areas: municipalities, and PC4 for sites without coordinates.
    notify
        Gets notes as for `sites`.

    Returns
    -------
    geopandas.GeoDataFrame
        Sites (`geo_mbo.schema.SITES`) of status ``existing``, located as given.

    Raises
    ------
    ContractError
        A site has no identifier or name, or an identifier is twice there.
    """
    frame = raw.drop(columns="geometry").assign(place=place_names(raw["place"]))
    return _located(frame, raw.geometry, by="given", areas=areas, notify=notify)


def completed(
    own: gpd.GeoDataFrame, published: gpd.GeoDataFrame, *, notify: Notify = to_log
) -> gpd.GeoDataFrame:
    """Fill in what a user's own sites leave out with what publishers say of the same sites.

    An institution, an address and a place are each taken whole: half of one and half of another
    would be neither. A place that was not given itself, but guessed, gives way to a known one.

    Parameters
    ----------
    own, published
        Sites (`geo_mbo.schema.SITES`).
    notify
        Gets a note with the sites that are in both.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows of `own`.
    """
    both = own["site_id"].isin(published["site_id"])
    if not both.any():
        return own
    notify(note("sites_own_first", own.loc[both, "site_id"]))
    theirs = published.set_index("site_id").reindex(own["site_id"]).set_axis(own.index)
    guessed = (own["located_by"] != "given") & (theirs["located_quality"] != "none")
    nameless, same = own["institution"].isna(), own["institution_id"] == theirs["institution_id"]
    filled = own.copy()
    for names, lacking in (
        (_OWNER, own["institution_id"].isna() | (nameless & same)),
        (_ADDRESS, own[list(_ADDRESS)].isna().all(axis=1)),
        (_PLACE, guessed),
    ):
        at = both & lacking
        for name in names:
            filled.loc[at, name] = theirs.loc[at, name]
    return filled


def at_sites(table: pd.DataFrame, sites: pd.DataFrame, *, notify: Notify = to_log) -> pd.DataFrame:
    """Leave out the rows of offers or students whose site is not in the table of sites.

    Rows without a site stay. What is left out is told: the sites by name, the rows by number.

    Examples
    --------
    >>> import pandas as pd
    >>> offers = pd.DataFrame({"site_id": ["901X001", "901X199"]})
    >>> known = pd.DataFrame({"site_id": ["901X001"]})
    >>> at_sites(offers, known, notify=lambda found: print(found.count))["site_id"].tolist()
    1
    ['901X001']
    """
    away = table["site_id"].notna() & ~table["site_id"].isin(sites["site_id"])
    if not away.any():
        return table
    rows = int(away.sum())
    notify(note("rows_without_site", table.loc[away, "site_id"].unique(), lines=rows))
    return table[~away].reset_index(drop=True)


def _addressed(
    whose: pd.DataFrame,
    locations: pd.DataFrame | None,
    offers: pd.DataFrame | None,
    students: pd.DataFrame | None,
) -> pd.DataFrame:
    """Give each site its address and degrees: those of RIO, else the address of its offers."""
    import pandas as pd

    columns = ["site_id", "latitude", "longitude", *_ADDRESS]
    nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    known = nothing if locations is None else locations[columns]
    addressed = whose.merge(known.drop_duplicates("site_id"), on="site_id", how="left")
    if offers is not None:
        first = offers.drop_duplicates("site_id").set_index("site_id")
        for name in _ADDRESS:
            addressed[name] = addressed[name].fillna(addressed["site_id"].map(first[name]))
    addressed["place"] = place_names(addressed["place"])
    written = whole_address(addressed)
    if students is not None:
        # The prognosis writes street and place behind each other, without a house number.
        texts = students.drop_duplicates("site_id").set_index("site_id")["address"]
        written = written.mask(written == "", addressed["site_id"].map(texts).fillna(""))
    owner = addressed["institution"].fillna("")
    comma = ((owner != "") & (written != "")).map({True: ", ", False: ""})
    label: pd.Series = owner + comma + written
    degrees = {side: addressed[side].astype(float) for side in ("latitude", "longitude")}
    return addressed.assign(name=label.mask(label == "", addressed["site_id"]), **degrees)


def _located(
    frame: pd.DataFrame,
    points: gpd.GeoSeries,
    *,
    by: str,
    areas: gpd.GeoDataFrame,
    geocode: Geocode | None = None,
    notify: Notify,
) -> gpd.GeoDataFrame:
    """Give sites the best point there is, and the municipality around it."""
    import geopandas as gpd
    import numpy as np
    import shapely

    at, usable = points.to_numpy(object).copy(), _usable(points)
    known = ~(shapely.is_missing(at) | shapely.is_empty(at))
    if by == "rio" and (known & ~usable).any():
        notify(note("site_astray", frame.loc[known & ~usable, "site_id"]))
        known &= usable
    at[~known] = shapely.Point()
    located = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(at, crs=RD, index=frame.index))
    located["postcode"] = postcodes(frame["postcode"])
    located["located_by"] = np.where(known, by, "none")
    if geocode is not None:
        located = _by_address(located, geocode, notify)
    located = _by_postcode(located, of_level(areas, "pc4"), notify)
    nowhere = located["located_by"] == "none"
    if nowhere.any():
        notify(note("unlocated", located.loc[nowhere, "site_id"]))
    located["located_quality"] = located["located_by"].map(_QUALITY).fillna("none")
    located["municipality_id"] = inside(located.geometry, of_level(areas, "municipality"))
    outside = ~nowhere & located["municipality_id"].isna()
    if outside.any():
        notify(note("site_outside", located.loc[outside, "site_id"]))
    capacity = frame["capacity"] if "capacity" in frame else float("nan")
    table = located.assign(status="existing", capacity=capacity).sort_values("site_id")
    return cast("gpd.GeoDataFrame", checked(table, SITES, source=data_sets()[_DATA_SETS[by]].name))


def _by_address(located: gpd.GeoDataFrame, geocode: Geocode, notify: Notify) -> gpd.GeoDataFrame:
    known = located["postcode"].notna() | located["place"].notna()
    asked = (located["located_by"] == "none") & known & located["street"].notna()
    if not asked.any():
        return located
    found = geocode(located.loc[asked, list(_ADDRESS)])
    return _moved(located, found["x_m"], found["y_m"], by="address", notify=notify)


def _by_postcode(
    located: gpd.GeoDataFrame, pc4: gpd.GeoDataFrame, notify: Notify
) -> gpd.GeoDataFrame:
    asked = located["located_by"] == "none"
    if not asked.any():
        return located
    points = pc4.set_index("area_id").geometry.representative_point()
    digits = located.loc[asked, "postcode"].str[:4]
    x_m, y_m = digits.map(points.x), digits.map(points.y)
    return _moved(located, x_m, y_m, by="postcode4", notify=notify)


def _moved(
    located: gpd.GeoDataFrame, x_m: pd.Series, y_m: pd.Series, *, by: str, notify: Notify
) -> gpd.GeoDataFrame:
    """Give the sites on the index of `x_m` that got usable coordinates their points."""
    points = points_in_rd(x_m, y_m, crs=RD).set_axis(x_m.index)
    found = x_m.index[_usable(points)]
    if not len(found):
        return located
    notify(note(f"located_by_{by}", located.loc[found, "site_id"]))
    moved = located.copy()
    moved.loc[found, "geometry"] = points.loc[found]
    moved.loc[found, "located_by"] = by
    return moved


def _usable(points: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
    """Say which points lie where RD New is valid."""
    import numpy as np

    least_x, least_y, greatest_x, greatest_y = RD_BOUNDS_M
    within = points.x.between(least_x, greatest_x) & points.y.between(least_y, greatest_y)
    return np.asarray(within, bool)
