"""Which programme is taught at which site, and in which track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import OFFERS, checked
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.tables.codes import levels, tracks

if TYPE_CHECKING:
    import pandas as pd


def offers(
    raw: pd.DataFrame, *, enrolments: pd.DataFrame | None = None, notify: Notify = to_log
) -> pd.DataFrame:
    """Give the programmes on offer by site, vavo included.

    Parameters
    ----------
    raw
        The programmes on offer (`geo_mbo.sources.duo.read_offers`).
    enrolments
        Students by programme (`geo_mbo.sources.duo.read_enrolments`): they bring the sector, and
        the level where the offer does not say it.
    notify
        Gets notes on offers at no site, and on programmes that are there more than once at a site.

    Returns
    -------
    pandas.DataFrame
        Offers (`geo_mbo.schema.OFFERS`); vavo has no level and the track OTHER.

    Raises
    ------
    ContractError
        An offer has no programme.
    """
    ours = raw.assign(
        programme_id=raw["programme_id"].fillna(raw["unit_id"]),
        track=tracks(raw["track"]).fillna("OTHER"),
        level=levels(raw["level"]),
        sector=None,
    )
    nowhere = ours["site_id"].isna()
    if nowhere.any():
        notify(note("offer_without_site", ours.loc[nowhere, "programme_id"]))
    ours = ours[~nowhere]
    if enrolments is not None:
        known = _programmes(enrolments)
        ours["sector"] = ours["programme_id"].map(known["sector"])
        ours["level"] = ours["level"].fillna(ours["programme_id"].map(known["level"]))
    key = list(OFFERS.key)
    again = ours.duplicated(key)
    if again.any():
        notify(note("offer_repeated", count=int(again.sum())))
    table = ours[~again].sort_values(key)
    return checked(table, OFFERS, source=data_sets()["offers"].name)


def _programmes(enrolments: pd.DataFrame) -> pd.DataFrame:
    """Give each programme's sector and level: those of its last year."""
    latest = enrolments.sort_values("year").drop_duplicates("programme_id", keep="last")
    return latest.assign(level=levels(latest["level"])).set_index("programme_id")
