"""Which institution teaches at which site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.counts import MASKED_EXPECTED
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.tables.names import name_key

if TYPE_CHECKING:
    import pandas as pd


def site_institutions(
    *,
    offers: pd.DataFrame | None,
    students: pd.DataFrame | None,
    institutions: pd.DataFrame | None,
    providers: pd.DataFrame | None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give every site once, with its institution.

    The prognosis names institutions by BRIN; the programmes on offer name a provider, whose
    institution comes from RIO, else from its name. Of several at one site it is the one with most
    students in the last year of the past, else the one with most programmes.

    Parameters
    ----------
    offers, students, institutions, providers
        As for `geo_mbo.tables.sites.sites`.
    notify
        Gets notes on sites that are shared, and on providers that are no known institution.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``institution_id`` and ``institution`` (missing where unknown), by site.
    """
    import pandas as pd

    names = ["site_id", "institution_id", "institution", "weight", "rank"]
    parts = [pd.DataFrame(columns=names)]
    if students is not None:
        parts.append(_by_students(students).assign(rank=0))
    if offers is not None:
        parts.append(_by_offers(offers, institutions, providers, notify).assign(rank=1))
    every = pd.concat([part[names] for part in parts if len(part)] or parts)
    known = every[every["institution_id"].notna()]
    shared = known.drop_duplicates(["site_id", "institution_id"])["site_id"]
    shared = shared[shared.duplicated()]
    if len(shared):
        notify(note("site_shared", sorted(shared.unique())))
    unknown = every["institution_id"].isna()
    order = every.assign(unknown=unknown, weight=-every["weight"].astype(float))
    first = order.sort_values(["site_id", "unknown", "rank", "weight", "institution_id"])
    table = first.drop_duplicates("site_id")[["site_id", "institution_id", "institution"]]
    if institutions is not None:
        official = institutions.drop_duplicates("institution_id").set_index("institution_id")
        named = table["institution_id"].map(official["institution"])
        table = table.assign(institution=named.fillna(table["institution"]))
    return table.reset_index(drop=True)


def _by_students(students: pd.DataFrame) -> pd.DataFrame:
    rows = students[students["site_id"].notna()]
    past = rows[rows["kind"] == "history"]
    last = past["year"].max() if len(past) else rows["year"].min()
    weight = rows["count"].mask(rows["masked"], MASKED_EXPECTED).where(rows["year"] == last, 0.0)
    key = ["site_id", "institution_id", "institution"]
    counted = rows.assign(weight=weight.fillna(0.0))
    return counted.groupby(key, dropna=False)[["weight"]].sum().reset_index()


def _by_offers(
    offers: pd.DataFrame,
    institutions: pd.DataFrame | None,
    providers: pd.DataFrame | None,
    notify: Notify,
) -> pd.DataFrame:
    import pandas as pd

    rows = offers[offers["site_id"].notna()]
    brin = pd.Series(pd.NA, index=rows.index, dtype="str")
    if providers is not None:
        stands = providers.drop_duplicates("provider_id").set_index("provider_id")
        brin = rows["provider_id"].map(stands["institution_id"])
    if institutions is not None:
        keys = institutions["institution"].fillna("").map(name_key)
        by_name = institutions.assign(key=keys).drop_duplicates("key").set_index("key")
        named = rows["provider"].fillna("").map(name_key).map(by_name["institution_id"])
        brin = brin.fillna(named)
    lost = brin.isna() & rows["provider"].notna()
    if lost.any():
        notify(note("provider_unknown", rows.loc[lost, "provider"].unique()))
    owned = rows.assign(institution_id=brin, institution=rows["provider"])
    key = ["site_id", "institution_id", "institution"]
    return owned.groupby(key, dropna=False).size().rename("weight").reset_index()
