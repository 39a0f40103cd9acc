"""The register side of RIO: recognised establishments, their locations and their institutions.

A vestigingserkenning is recognised under a law for some time, belongs to an institution, and uses
onderwijslocaties. The files hold what was as well as what is: every reader takes a day, and gives
what held on it. Which laws and kinds of establishment count is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.sources.periods import days, ends, holds
from geo_mbo.sources.text import read_text, take

if TYPE_CHECKING:
    import pandas as pd

_PERIOD = {"begins": "BEGINDATUM", "ends": "EINDDATUM"}
_ESTABLISHMENTS = {"establishment_id": "VESTIGINGSCODE", "law": "WET", "kind": "SOORT"}
_ESTABLISHMENTS_OPTIONAL = {
    **_PERIOD,
    "name": "VOLLEDIGE_NAAM",
    "short_name": "VERKORTE_NAAM",
    "main_or_side": "HOOFD_NEVEN_VESTIGING",
    "feature": "VESTIGINGSKENMERK",
    "founded": "STICHTINGSDATUM",
    "in_service": "IN_BEDRIJFDATUM",
    "out_of_service": "UIT_BEDRIJFDATUM",
    "recogniser_id": "ERKENNERCODE",
    "recogniser": "ERKENNER",
    "period_begins": "BEGINDATUM_PERIODE",
    "period_ends": "EINDDATUM_PERIODE",
    "funding": "BEKOSTIGINGSCODE",
    "foundation": "GRONDSLAG",
    "freedom": "VRIJHEID_VAN_ONDERWIJS",
    "directions": "RICHTINGEN",
}
_USED_AT = {
    "site_id": "ONDERWIJSLOCATIECODE",
    "board_id": "ONDERWIJSBESTUURID",
    "establishment_id": "VESTIGINGSCODE",
}
_OWNED = {"institution_id": "OIE_CODE", "establishment_id": "VESTIGINGSCODE"}
_USES = {"site_id": "ONDERWIJSLOCATIECODE", "board_id": "ONDERWIJSBESTUURID"}
_USES_OPTIONAL = {
    "begins": "INBEDRIJFDATUM",
    "ends": "UITBEDRIJFDATUM",
    "own_key": "EIGEN_ONDERWIJSLOCATIEGEBRUIK_SLEUTEL",
}


def read_establishments(path: Path | str, *, on: date | None = None) -> pd.DataFrame:
    """Read the vestigingserkenningen (``vestigingserkenningen.csv``) that hold on a day.

    A recognition has a time, and what is said of it (name, kind, law) has a time of its own
    within: a row counts when the day lies in both.

    Parameters
    ----------
    path
        The file.
    on
        The day; without one, the rows whose times have no end.

    Returns
    -------
    pandas.DataFrame
        One row an establishment: ``establishment_id`` (vestigingscode), ``law`` (WET), ``kind``
        (SOORT), ``begins``, ``ends``, ``name``, ``short_name``, ``main_or_side``, ``feature``,
        ``founded``, ``in_service``, ``out_of_service``, ``recogniser_id``, ``recogniser``,
        ``period_begins``, ``period_ends``, ``funding``, ``foundation``, ``freedom``,
        ``directions``; all text, days as ``YYYY-MM-DD``, missing where blank. Of several rows of
        one establishment that hold, the one that began last counts.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing, or a day is none.
    """
    path = Path(path)
    taken = take(
        read_text(path), _ESTABLISHMENTS, optional=_ESTABLISHMENTS_OPTIONAL, where=path.name
    )
    read = _dated(taken, _ESTABLISHMENTS_OPTIONAL, where=path.name)
    valid = read[
        holds(read["begins"], read["ends"], on)
        & holds(read["period_begins"], read["period_ends"], on)
    ]
    order = valid.sort_values(["establishment_id", "period_begins", "begins"], na_position="first")
    return order.drop_duplicates("establishment_id", keep="last").reset_index(drop=True)


def read_establishment_locations(path: Path | str, *, on: date | None = None) -> pd.DataFrame:
    """Read which onderwijslocaties an establishment uses.

    The file is ``relaties_onderwijslocatiegebruiken_vestigingserkenningen.csv``.

    Parameters
    ----------
    path, on
        As for `read_establishments`.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``board_id`` (onderwijsbestuur), ``establishment_id``; each combination once.

    Raises
    ------
    InputError, FileError
        As for `read_establishments`.
    """
    return _relation(path, _USED_AT, _PERIOD, on)


def read_institution_establishments(path: Path | str, *, on: date | None = None) -> pd.DataFrame:
    """Read which institution (BRIN) an establishment belongs to.

    The file is ``relaties_onderwijsinstellingserkenningen_vestigingserkenningen.csv``.

    Parameters
    ----------
    path, on
        As for `read_establishments`.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``establishment_id``; each pair once.

    Raises
    ------
    InputError, FileError
        As for `read_establishments`.
    """
    return _relation(path, _OWNED, _PERIOD, on)


def read_location_uses(path: Path | str, *, on: date | None = None) -> pd.DataFrame:
    """Read which onderwijslocaties a board has in use (``onderwijslocatiegebruiken.csv``).

    Parameters
    ----------
    path, on
        As for `read_establishments`.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``board_id``; each pair once.

    Raises
    ------
    InputError, FileError
        As for `read_establishments`.
    """
    return _relation(path, _USES, _USES_OPTIONAL, on)


def _relation(
    path: Path | str, needed: Mapping[str, str], optional: Mapping[str, str], on: date | None
) -> pd.DataFrame:
    path = Path(path)
    taken = take(read_text(path), needed, optional=optional, where=path.name)
    read = _dated(taken, optional, where=path.name)
    valid = read.loc[holds(read["begins"], read["ends"], on), list(needed)]
    return valid.drop_duplicates().reset_index(drop=True)


def _dated(taken: pd.DataFrame, columns: Mapping[str, str], *, where: str) -> pd.DataFrame:
    """Give the columns that hold days as days."""
    told = {ours: theirs for ours, theirs in columns.items() if "DATUM" in theirs}
    return taken.assign(
        **{
            ours: (ends if ours.endswith("ends") or ours == "out_of_service" else days)(
                taken[ours], where=where, column=theirs
            )
            for ours, theirs in told.items()
        }
    )
