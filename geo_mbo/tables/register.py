"""Sites by the register: institution, its establishments, and the locations these use.

The programmes on offer say where is taught what. The register says where an institution is
recognised and which locations its establishments use: there teaching *may* happen (the route is
that of the vignette ``duo-schools`` of the R package pdokr). What only one of them knows is told.

An establishment counts by the law it is recognised under: ``WET = WEB``, the law on education and
vocational education. Nothing in the file says which of them give vavo: a study that wants fewer or
others names the values itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.text import header
from geo_mbo.tables.sites import Geocode, registered

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

CHOSEN_BY = {
    "WET": "law",
    "SOORT": "kind",
    "VESTIGINGSKENMERK": "feature",
    "BEKOSTIGINGSCODE": "funding",
    "HOOFD NEVEN VESTIGING": "main_or_side",
}
"""Columns of the vestigingserkenningen that a study can choose by, and their names here."""

LAWS = ("WEB",)
ROUTES = ("both", "offers", "register")


@dataclass(frozen=True)
class Register:
    """The files of the register, all of one day.

    Attributes
    ----------
    establishments
        `geo_mbo.sources.rio_register.read_establishments`.
    used
        Which locations they use (`geo_mbo.sources.rio_register.read_establishment_locations`).
    owned
        Which institution they belong to
        (`geo_mbo.sources.rio_register.read_institution_establishments`).
    uses
        Which locations a board has in use (`geo_mbo.sources.rio_register.read_location_uses`);
        without it all that establishments use counts as in use.
    """

    establishments: pd.DataFrame
    used: pd.DataFrame
    owned: pd.DataFrame
    uses: pd.DataFrame | None = None


def register_places(
    register: Register,
    *,
    chosen: Mapping[str, Sequence[str]] | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Follow the register from institution to location.

    Parameters
    ----------
    register
        The files.
    chosen
        Column of the vestigingserkenningen (`CHOSEN_BY`) to the values that count. Without ``WET``
        it is WEB.
    notify
        Gets notes on establishments without a location or an institution, and on locations that
        are no longer in use.

    Returns
    -------
    pandas.DataFrame
        One row a location, establishment and institution: ``site_id``, ``institution_id``,
        ``establishment_id``, ``establishment`` (its name), ``kind``, ``law``; sorted.

    Raises
    ------
    InputError
        A column cannot be chosen by, or no establishment has the values.

    Examples
    --------
    >>> import pandas as pd
    >>> files = Register(
    ...     establishments=pd.DataFrame({"establishment_id": ["01ZZ00"], "law": ["WEB"],
    ...         "kind": ["VST"], "name": ["Haverdam"], "feature": [None], "funding": [None],
    ...         "main_or_side": [None]}),
    ...     used=pd.DataFrame({"site_id": ["901X001"], "board_id": ["901B001"],
    ...         "establishment_id": ["01ZZ00"]}),
    ...     owned=pd.DataFrame({"institution_id": ["01ZZ"], "establishment_id": ["01ZZ00"]}))
    >>> register_places(files)[["site_id", "institution_id", "establishment"]]
       site_id institution_id establishment
    0  901X001           01ZZ      Haverdam
    """
    asked = {header(column): values for column, values in (chosen or {}).items()}
    wanted = _wanted(register.establishments, {"WET": LAWS, **asked})
    used = _in_use(register, wanted, notify)
    for code, relation in (
        ("establishment_without_location", used),
        ("establishment_without_institution", register.owned),
    ):
        lone = ~wanted["establishment_id"].isin(relation["establishment_id"])
        if lone.any():
            notify(note(code, wanted.loc[lone, "establishment_id"]))
    places = used.merge(register.owned, on="establishment_id").merge(wanted, on="establishment_id")
    columns = ["site_id", "institution_id", "establishment_id", "name", "kind", "law"]
    named = places[columns].rename(columns={"name": "establishment"}).drop_duplicates()
    return named.sort_values(["site_id", "institution_id", "establishment_id"], ignore_index=True)


def register_sites(
    places: pd.DataFrame,
    *,
    areas: gpd.GeoDataFrame,
    locations: pd.DataFrame | None = None,
    institutions: pd.DataFrame | None = None,
    geocode: Geocode | None = None,
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give the sites that the register knows, under the contract of `geo_mbo.tables.sites.sites`.

    Parameters
    ----------
    places
        Locations with their institutions (`register_places`).
    areas, locations, institutions, geocode
        As for `geo_mbo.tables.sites.sites`.
    notify
        Gets notes as for `geo_mbo.tables.sites.sites`; of a location that several institutions
        use, it is told that it bears the first of them by code.

    Returns
    -------
    geopandas.GeoDataFrame
        Sites (`geo_mbo.schema.SITES`). An institution that `institutions` does not know bears the
        name of its establishment.
    """
    pairs = places.drop_duplicates(["site_id", "institution_id"])
    shared = pairs.loc[pairs["site_id"].duplicated(), "site_id"]
    if len(shared):
        notify(note("register_shared", sorted(shared.unique())))
    first = pairs.drop_duplicates("site_id").rename(columns={"establishment": "institution"})
    if institutions is not None:
        official = institutions.drop_duplicates("institution_id").set_index("institution_id")
        named = first["institution_id"].map(official["institution"])
        first = first.assign(institution=named.fillna(first["institution"]))
    whose = first[["site_id", "institution_id", "institution"]].reset_index(drop=True)
    return registered(whose, areas=areas, locations=locations, geocode=geocode, notify=notify)


def site_routes(
    offered: pd.DataFrame, registered: pd.DataFrame, *, notify: Notify = to_log
) -> pd.DataFrame:
    """Say of every site by which route it is known.

    Parameters
    ----------
    offered
        Sites that come from the programmes on offer or the students
        (`geo_mbo.tables.sites.sites`).
    registered
        Sites that come from the register (`register_sites`).
    notify
        Gets a note on the sites that both know, and on those that only one knows.

    Returns
    -------
    pandas.DataFrame
        ``site_id`` and ``route``: ``both``, ``offers`` or ``register``; by site.

    Examples
    --------
    >>> import pandas as pd
    >>> one, two = pd.DataFrame({"site_id": ["a", "b"]}), pd.DataFrame({"site_id": ["b", "c"]})
    >>> site_routes(one, two, notify=lambda found: print(found.code, found.rows))
    sites_by_both ()
    sites_by_offers ('a',)
    sites_by_register ('c',)
      site_id     route
    0       a    offers
    1       b      both
    2       c  register
    """
    import numpy as np
    import pandas as pd

    ids = pd.Series(sorted({*offered["site_id"], *registered["site_id"]}), dtype="str")
    by_offers, by_register = (ids.isin(table["site_id"]) for table in (offered, registered))
    route = np.select([by_offers & by_register, by_offers], ["both", "offers"], "register")
    table = pd.DataFrame({"site_id": ids, "route": pd.array(route, dtype="str")})
    for name in ROUTES:
        known = table.loc[table["route"] == name, "site_id"]
        if len(known):
            rows = known.iloc[:0] if name == "both" else known
            notify(note(f"sites_by_{name}", rows, count=len(known)))
    return table


def _wanted(establishments: pd.DataFrame, chosen: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Give the establishments that have the values asked of each column."""
    unknown = [name for name in chosen if name not in CHOSEN_BY]
    if unknown:
        allowed = ", ".join(CHOSEN_BY)
        raise InputError(
            [Breach("register_column", {"value": name, "allowed": allowed}) for name in unknown]
        )
    wanted = establishments
    for name, values in chosen.items():
        column = CHOSEN_BY[name]
        there = wanted[column]
        wanted = wanted[there.isin(list(values))]
        if wanted.empty:
            known = ", ".join(sorted(there.dropna().unique())) or "-"
            asked = ", ".join(values)
            raise InputError.of("register_none", column=name, value=asked, there=known)
    return wanted


def _in_use(register: Register, wanted: pd.DataFrame, notify: Notify) -> pd.DataFrame:
    """Give the locations that establishments use and their boards have in use."""
    used = register.used[register.used["establishment_id"].isin(wanted["establishment_id"])]
    if register.uses is None:
        return used[["site_id", "establishment_id"]]
    boards = register.uses[["site_id", "board_id"]].drop_duplicates()
    pairs = used.merge(boards, on=["site_id", "board_id"], how="left", indicator=True)
    ended = (pairs["_merge"] == "left_only").to_numpy()
    if ended.any():
        notify(note("location_out_of_use", sorted(used.loc[ended, "site_id"].unique())))
    return used.loc[~ended, ["site_id", "establishment_id"]]
