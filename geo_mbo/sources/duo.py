"""Files of DUO: institutions, programmes on offer, students, and the prognosis.

Columns are found by name, in any order. The formats are those of the data portal
(onderwijsdata.duo.nl) of 2026; files of the website (``;``, Windows-1252, ``<5``) read as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.sources.cells import INDICATION, by_year, counted, known_year
from geo_mbo.sources.text import finite, header, once, read_text, take, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

SITE_PATTERN = r"^(\d{3}X\d{3})(?:-(.*))?$"
"""An onderwijslocatie in the prognosis: its code, a hyphen, street and place."""

_KINDS = {"HISTORIE": "history", "PROGNOSE": "forecast"}

_INSTITUTIONS = {"institution_id": "INSTELLINGSCODE", "institution": "INSTELLINGSNAAM"}
_ADDRESS = {
    "street": "STRAATNAAM",
    "number": "HUISNUMMER-TOEVOEGING",
    "postcode": "POSTCODE",
    "place": "PLAATSNAAM",
}
_INSTITUTION_AREAS = {"municipality": "GEMEENTENAAM", "province": "PROVINCIE"}
_OFFERS = {
    "site_id": "ONDERWIJSLOCATIECODE",
    "programme_id": "ERKENDEOPLEIDINGSCODE",
    "programme": "OPLEIDINGSEENHEID_NAAM",
    "track": "LEERTRAJECT",
    "level": "MBONIVEAU",
}
_OFFERS_OPTIONAL = {
    "unit_id": "OPLEIDINGSEENHEIDCODE",
    "unit_type": "OPLEIDINGSEENHEID_TYPE",
    "dossier": "KWALIFICATIEDOSSIER",
    "domain": "DOMEIN",
    "provider_id": "ONDERWIJSAANBIEDERID",
    "provider": "NAAM",
    "street": "STRAATNAAM",
    "house": "HUISNUMMER",
    "addition": "HUISNUMMERTOEVOEGING",
    "postcode": "POSTCODE",
    "place": "PLAATSNAAM",
}
_RESIDENTS = {
    **_INSTITUTIONS,
    "municipality": "WOONGEMEENTE",
    "age": "LEEFTIJDSCATEGORIE",
    "track": "LEERWEG",
}
_ENROLMENTS = {
    **_INSTITUTIONS,
    "programme_id": "ERKENDE OPLEIDING CODE",
    "programme": "ERKENDE OPLEIDING NAAM",
    "level": "NIVEAU",
    "track": "LEERWEG",
}
_DIMENSIONS = {
    **_INSTITUTIONS,
    "municipality": "Gemeentenaam",
    "location": "Onderwijslocatie",
    "level": "Kwalificatieniveau",
    "track": "Leerweg",
    "age": "Leeftijdscategorie",
    "sector": "Sectorkamer",
}


def read_institutions(path: Path | str) -> pd.DataFrame:
    """Read the addresses of the institutions (``instellingenmbo.csv``): head offices, no sites.

    Older files, with the column ``BRIN NUMMER``, read as well.

    Returns
    -------
    pandas.DataFrame
        ``institution_id`` (BRIN), ``institution``, ``street``, ``number``, ``postcode``, ``place``,
        ``municipality``, ``province``; all text.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; or columns are missing.
    """
    path = Path(path)
    frame = read_text(path)
    needed = dict(_INSTITUTIONS)
    if header(needed["institution_id"]) not in frame and header("BRIN NUMMER") in frame:
        needed["institution_id"] = "BRIN NUMMER"
        if header("VESTIGINGSNAAM") in frame:
            needed["institution"] = "VESTIGINGSNAAM"
    optional = {**_ADDRESS, **_INSTITUTION_AREAS}
    taken = take(frame, needed, optional=optional, where=path.name)
    return taken.reset_index(drop=True)


def read_offers(path: Path | str) -> pd.DataFrame:
    """Read the programmes on offer by site (``mbo_opleidingsaanbod.csv``).

    Returns
    -------
    pandas.DataFrame
        ``site_id`` (onderwijslocatiecode), ``programme_id`` (erkende opleiding),
        ``programme``, ``track``, ``level``, ``unit_id``, ``unit_type``, ``dossier``, ``domain``,
        ``provider_id``, ``provider``, ``street``, ``number``, ``postcode``, ``place``; all text.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; or columns are missing.
    """
    path = Path(path)
    taken = take(read_text(path), _OFFERS, optional=_OFFERS_OPTIONAL, where=path.name)
    whole = taken["house"].fillna("") + taken["addition"].fillna("")
    numbered = taken.assign(number=whole.mask(whole == ""))
    return numbered.drop(columns=["house", "addition"]).reset_index(drop=True)


def read_residents(path: Path | str) -> pd.DataFrame:
    """Read students by institution, woongemeente, age and track (file ``...-11-...``).

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``institution``, ``municipality`` and ``province`` (names, as
        published), ``age``, ``track``, all text; ``year``; ``count`` (missing where masked or
        blank); ``masked``.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text` and `geo_mbo.sources.cells.by_year`.
    """
    return _by_year(path, _RESIDENTS, {"province": "WOONPROVINCIE"})


def read_enrolments(path: Path | str) -> pd.DataFrame:
    """Read students by institution, programme and track (file ``...-03-...``).

    Men and women, columns of their own in the file, are rows of their own.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``institution``, ``programme_id`` (crebo), ``programme``, ``level``,
        ``track``, ``sector``, all text; ``year``; ``count`` (missing where masked or blank);
        ``masked``.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text` and `geo_mbo.sources.cells.by_year`.
    """
    return _by_year(path, _ENROLMENTS, {"sector": "SECTORKAMER NAAM"})


def read_prognosis(path: Path | str) -> pd.DataFrame:
    """Read a file of the student prognosis, whatever its dimensions are.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``institution``, ``municipality``, ``location``, ``level``, ``track``,
        ``age``, ``sector``, all text, missing where the file has no such dimension; ``site_id``
        and ``address``, the two parts of ``location`` (text up to the first hyphen, and after it;
        missing where it does not start with a code); ``year``; ``kind`` (history or forecast);
        ``count`` (missing where masked or blank); ``masked``.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing; a year, a count or a type is
        none; or the same row is there twice.
    """
    import pandas as pd

    path = Path(path)
    frame = read_text(path)
    needed = {"year": "Jaar", "count": "Aantal", "kind": "Type"}
    optional = {**_DIMENSIONS, "indication": INDICATION}
    taken = take(frame, needed, optional=optional, where=path.name)
    kinds = taken["kind"].str.upper().map(_KINDS)
    if kinds.isna().any():
        raise wrong_cell(
            "unknown_kind",
            taken["kind"],
            kinds.isna(),
            where=path.name,
            allowed="Historie, Prognose",
        )
    known = taken["location"].drop_duplicates()
    parts = known.str.extract(SITE_PATTERN).set_axis(known)
    counts = counted(
        taken["count"], where=path.name, column="Aantal", indication=taken["indication"]
    )
    dimensions = taken[list(_DIMENSIONS)]
    # Two releases in one file would count everybody twice.
    key = dimensions.drop(columns="institution").assign(year=taken["year"])
    once(key, where=path.name)
    read = dimensions.assign(
        site_id=taken["location"].map(parts[0]),
        address=taken["location"].map(parts[1]),
        year=_years(taken["year"], path.name),
        kind=kinds,
        count=counts["count"],
        masked=counts["masked"],
    )
    return pd.DataFrame(read).reset_index(drop=True)


def _by_year(path: Path | str, needed: dict[str, str], optional: dict[str, str]) -> pd.DataFrame:
    path = Path(path)
    long = by_year(read_text(path), where=path.name)
    taken = take(long, needed, optional=optional, where=path.name)
    return taken.assign(year=long["year"], count=long["count"], masked=long["masked"])


def _years(values: pd.Series, where: str) -> pd.Series:
    years = finite(values)
    wrong = years.isna() | (years % 1 != 0) | ~known_year(years)
    if wrong.any():
        raise wrong_cell("year_unlikely", values, wrong, where=where)
    return years.astype("int64")
