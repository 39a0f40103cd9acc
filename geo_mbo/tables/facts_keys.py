"""What facts are of: their words and codes to the keys of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note
from geo_mbo.tables.changes import municipality_changes
from geo_mbo.tables.names import category, name_key, province_code, province_key, resolve
from geo_mbo.tables.year_codes import absorbed

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "country": ("country",),
    "province": ("province_id", "province"),
    "labour_market": ("labour_market_id", "labour_market"),
    "corop": ("corop_id", "corop"),
    "rmc": ("rmc_id", "rmc"),
    "municipality": ("municipality_id", "municipality"),
    "district": ("district_id", "district"),
    "neighbourhood": ("neighbourhood_id", "neighbourhood"),
    "pc4": ("pc4",),
    "site": ("site_id",),
    "institution": ("institution_id",),
    "programme": ("programme_id",),
    "sector": ("sector",),
}
"""Kind of key to the dimensions that tell it, best first."""

REGIONS = ("province", "labour_market", "corop", "rmc", "district", "neighbourhood")
HOME_COUNTRY = "NL"
_ELSEWHERE = "-"


def keys_of(
    rows: pd.DataFrame,
    *,
    by: str,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None,
    source: str,
    notify: Notify,
) -> pd.DataFrame:
    """Give each row its key; rows of no key are told and left out.

    Parameters
    ----------
    rows
        Facts with a fresh index.
    by
        Kind of key (`geo_mbo.schema.KEY_KINDS`).
    areas, changes, source, notify
        As for `geo_mbo.tables.facts.facts_as_indicators`.

    Returns
    -------
    pandas.DataFrame
        ``row`` (position in `rows`), ``key``, ``share`` (below 1 where a municipality was split),
        ``published`` (what the publisher wrote) and ``part`` (of a municipality that is now only a
        part of the key).

    Raises
    ------
    InputError
        No dimension tells the key, or names of municipalities, regions or countries are unknown.
    """
    column = next((name for name in COLUMNS[by] if _told(rows, name)), None)
    if by == "country" and column is None:
        found = _plain(rows, rows["kind"]).assign(key=HOME_COUNTRY, published=HOME_COUNTRY)
    elif by == "municipality" and column is not None:
        found = _municipalities(
            rows, column, areas=areas, changes=changes, source=source, notify=notify
        )
    elif by == "province" and column is None and _home(rows) is not None:
        found = _municipalities(
            rows, str(_home(rows)), areas=areas, changes=changes, source=source, notify=notify
        )
        parents = areas.set_index("area_id")["parent_id"]
        within = found["key"] != _ELSEWHERE
        found["key"] = found["key"].mask(within, found["key"].map(parents))
    elif column is None:
        if rows.empty and any(name in rows for name in COLUMNS[by]):
            return _plain(rows, rows[next(n for n in COLUMNS[by] if n in rows)])
        there = ", ".join(kind for kind, names in COLUMNS.items() if any(n in rows for n in names))
        raise InputError.of("facts_no_key", source=source, kind=by, there=there or "-")
    elif by == "country":
        found = _countries(_plain(rows, rows[column]), source=source)
    elif by in REGIONS:
        found = _regions(_plain(rows, rows[column]), by, areas=areas, source=source, notify=notify)
    elif by == "institution":
        # A BRIN has capitals; people type it without.
        words = rows[column].astype("str").str.strip()
        brin = words.str.fullmatch(r"\d\d[A-Za-z]{2}").fillna(False).astype(bool)
        found = _plain(rows, words.mask(brin, words.str.upper()))
    else:
        found = _plain(rows, rows[column])
    return _kept(found, rows, source=source, notify=notify)


def _told(rows: pd.DataFrame, name: str) -> bool:
    return name in rows and bool(rows[name].notna().any())


def _home(rows: pd.DataFrame) -> str | None:
    return next((name for name in COLUMNS["municipality"] if _told(rows, name)), None)


def _plain(rows: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    import pandas as pd

    words = values.astype("str").str.strip()
    told = {"key": words, "share": 1.0, "published": words, "part": False}
    found = {"row": range(len(rows)), **told}
    return pd.DataFrame(found, index=range(len(rows)))


def _municipalities(
    rows: pd.DataFrame,
    column: str,
    *,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None,
    source: str,
    notify: Notify,
) -> pd.DataFrame:
    names = rows[column]
    if column == "municipality_id":
        digits = names.str.upper().str.removeprefix("GM").str.removesuffix(".0")
        coded = digits.str.fullmatch(r"\d{1,4}").fillna(False).astype(bool)
        names = names.mask(coded, "GM" + digits.str.zfill(4))
    found = resolve(
        names,
        provinces=rows.get("province"),
        areas=areas,
        changes=municipality_changes() if changes is None else changes,
        where=source,
        notify=notify,
    )
    home = found["origin_kind"] == "municipality"
    published = rows[column].iloc[found["row"]].reset_index(drop=True)
    known = municipality_changes() if changes is None else changes
    return found.assign(
        key=found["origin_id"].where(home, _ELSEWHERE),
        published=published,
        part=_parts(names.iloc[found["row"]].reset_index(drop=True), found["origin_id"], known),
    )[["row", "key", "share", "published", "part"]]


def _parts(names: pd.Series, keys: pd.Series, changes: pd.DataFrame) -> pd.Series:
    """Tell which rows are of a municipality that is now only a part of another."""
    gone = absorbed(changes)
    named = changes["old_name"].map(name_key)
    codes = {**dict(zip(named, changes["old_code"], strict=True)), **{c: c for c in gone}}
    old = names.map(lambda word: codes.get(word, codes.get(name_key(word))), na_action="ignore")
    return old.isin(gone) & (old != keys)


def _countries(found: pd.DataFrame, *, source: str) -> pd.DataFrame:
    from babel.core import get_global

    aliases = get_global("territory_aliases")

    def code(word: str) -> str | None:
        letters = word.upper()
        if len(letters) == 3 and len(aliases.get(letters, ())) == 1:
            return str(aliases[letters][0])
        return letters if len(letters) == 2 and letters.isalpha() else None

    # Groups of countries, such as OECD and EU27, are no country; they are told as elsewhere.
    known = {word: code(word) or _ELSEWHERE for word in found["key"].dropna().unique()}
    if known and all(answer == _ELSEWHERE for answer in known.values()):
        shown = "; ".join(known)
        raise InputError.of("facts_region_unknown", source=source, count=len(known), value=shown)
    return found.assign(key=found["key"].map(known))


def _regions(
    found: pd.DataFrame, by: str, *, areas: pd.DataFrame, source: str, notify: Notify
) -> pd.DataFrame:
    level = areas[areas["level"] == by]
    if level.empty and by != "province":
        notify(note("facts_no_areas", source=source, kind=by))
        return found
    spell = province_key if by == "province" else name_key
    codes = {str(code).upper(): str(code) for code in level["area_id"]}
    # Of districts and neighbourhoods many bear one name: only their codes tell.
    alone = level[~level["name"].map(spell).duplicated(keep=False)]
    named = dict(zip(alone["name"].map(spell), alone["area_id"], strict=True))
    known: dict[str, str] = {}
    unknown = []
    for word in found["key"].dropna().unique():
        code = codes.get(word.upper()) or named.get(spell(word))
        code = code or (province_code(word) if by == "province" else "")
        if not code and not category(word):
            unknown.append(word)
        known[word] = code or _ELSEWHERE
    if unknown:
        shown = "; ".join(unknown)
        raise InputError.of("facts_region_unknown", source=source, count=len(unknown), value=shown)
    return found.assign(key=found["key"].map(known))


def _kept(found: pd.DataFrame, rows: pd.DataFrame, *, source: str, notify: Notify) -> pd.DataFrame:
    """Leave out, and tell, the rows of abroad and unknown, and those that tell no key."""
    counted = rows["expected"].fillna(0).to_numpy()[found["row"]] * found["share"]
    for code, cells in (
        ("facts_elsewhere", found["key"] == _ELSEWHERE),
        ("facts_without_key", found["key"].isna()),
    ):
        if cells.any():
            people = round(float(counted[cells].sum()))
            notify(note(code, count=int(cells.sum()), source=source, people=people))
    return found[(found["key"] != _ELSEWHERE) & found["key"].notna()].reset_index(drop=True)
