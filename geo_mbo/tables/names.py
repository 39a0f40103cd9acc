"""Names of municipalities to codes: spelling, aliases, mergers and splits.

DUO publishes where students live by name, without a code, and spells names its own way (`S
GRAVENHAGE`, `Bergen (L)`, `Hengelo (O)`). Names that were not told apart by anything are an error
that lists them all: nobody is dropped. Abroad and unknown are categories of their own.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from math import isnan
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

ABROAD = ("BE", "DE", "ABROAD")
UNKNOWN = "UNKNOWN"
_NO_SUFFIX = ("", "GEMEENTE", "GEM")
_SUFFIXED = re.compile(r"^(.*?)\s*\(([^()]*)\)$")

Answer = tuple[str, float]
"""Identifier of an origin, and the share of the students that live there."""


class _NoAnswerError(Exception):
    """A name that cannot be told: the code of its breach, and what to show of it."""

    def __init__(self, code: str, shown: str) -> None:
        super().__init__(code, shown)
        self.code, self.shown = code, shown


@dataclass(frozen=True)
class _Candidate:
    code: str
    suffix: str
    province: str


@dataclass(frozen=True)
class _Gazetteer:
    """All that a name can stand for."""

    current: Mapping[str, Sequence[_Candidate]]
    codes: Mapping[str, str]
    old: Mapping[str, Sequence[str]]
    successors: Mapping[str, Sequence[Answer]]


def name_key(name: str) -> str:
    """Bring a name to one spelling: capitals, no accents, no apostrophes, hyphens or dots.

    Examples
    --------
    >>> name_key("'s-Gravenhage"), name_key("Súdwest-Fryslân"), name_key("S GRAVENHAGE ")
    ('S GRAVENHAGE', 'SUDWEST FRYSLAN', 'S GRAVENHAGE')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", " ", plain.upper()).strip()


def province_key(name: str) -> str:
    """Bring the name or abbreviation of a province to one spelling.

    Examples
    --------
    >>> province_key("Friesland"), province_key("(NH.)")
    ('FRYSLAN', 'NOORD HOLLAND')
    """
    key = name_key(name)
    return _provinces().get(key, (key, ""))[0]


def province_code(name: str) -> str:
    """Give the code of CBS for a province of the Netherlands; "" for any other name.

    Examples
    --------
    >>> province_code("Fryslân")
    'PV21'
    """
    return _provinces().get(name_key(name), ("", ""))[1]


def category(name: str) -> str:
    """Give abroad (BE, DE, ABROAD) or UNKNOWN where a name stands for that; "" for any other.

    Examples
    --------
    >>> category("OVERIG BUITENLAND"), category("Overig"), category("Haverdam")
    ('ABROAD', 'UNKNOWN', '')
    """
    return _categories().get(name_key(name), "")


def resolve(
    names: pd.Series,
    *,
    provinces: pd.Series | None = None,
    areas: pd.DataFrame,
    changes: pd.DataFrame,
    where: str,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give each row the municipality or category that its name stands for.

    Parameters
    ----------
    names
        Names of municipalities as published.
    provinces
        Names of their provinces, on the same index: they tell apart municipalities that bear one
        name. May be missing.
    areas
        The table of areas: municipalities, and provinces where there are any.
    changes
        Municipalities that went into others: ``old_code``, ``old_name``, ``new_code``, ``share``.
    where
        What to call the file in a message.
    notify
        Gets a note on names of municipalities that are no more.

    Returns
    -------
    pandas.DataFrame
        ``row`` (position in `names`), ``origin_id`` (code, or BE, DE, ABROAD, UNKNOWN),
        ``origin_kind``, ``share``; one row a name, and several where a municipality was split.

    Raises
    ------
    InputError
        Names that stand for nothing, for several municipalities, or for one whose split has no
        shares: all of them at once.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame({"area_id": ["GM0518"], "level": ["municipality"],
    ...                       "name": ["'s-Gravenhage"], "parent_id": [None]})
    >>> changes = pd.DataFrame(columns=["old_code", "old_name", "new_code", "share"])
    >>> resolve(pd.Series(["S GRAVENHAGE", "BELGIE"]), areas=areas, changes=changes, where="x.csv")
       row origin_id   origin_kind  share
    0    0    GM0518  municipality    1.0
    1    1        BE        abroad    1.0
    """
    import pandas as pd

    pairs = pd.DataFrame({"name": names.fillna("").to_numpy(object)})
    pairs["province"] = "" if provinces is None else provinces.fillna("").to_numpy(object)
    distinct = pairs.drop_duplicates()
    gazetteer = _gazetteer(areas, changes)
    answers: dict[tuple[str, str], Sequence[Answer]] = {}
    failed: list[_NoAnswerError] = []
    for name, province in distinct.itertuples(index=False, name=None):
        try:
            answers[name, province] = _answer(name, province, gazetteer)
        except _NoAnswerError as nothing:
            failed.append(nothing)
    if failed:
        raise InputError(_breaches(failed, where))
    _tell(answers, gazetteer, where, notify)
    known = pd.DataFrame(
        [
            (name, province, origin, share)
            for (name, province), found in answers.items()
            for origin, share in found
        ],
        columns=["name", "province", "origin_id", "share"],
    )
    rows = pairs.assign(row=range(len(pairs))).merge(known, on=["name", "province"], how="left")
    return _with_kinds(rows.sort_values(["row", "origin_id"], ignore_index=True))


def _with_kinds(rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    kinds = np.select(
        [rows["origin_id"].isin(ABROAD), rows["origin_id"] == UNKNOWN],
        ["abroad", "unknown"],
        "municipality",
    )
    table = rows.assign(origin_kind=kinds, share=rows["share"].astype(float))
    return table[["row", "origin_id", "origin_kind", "share"]]


def _answer(name: str, province: str, gazetteer: _Gazetteer) -> Sequence[Answer]:
    """Give the origins that a name stands for; `_NoAnswerError` where there is none."""
    key, suffix = _split(name)
    category = _categories().get(key, UNKNOWN if not key else "")
    if category:
        return [(category, 1.0)]
    if name.strip() in gazetteer.codes or name.strip() in gazetteer.successors:
        return _successors(name.strip(), gazetteer, name)
    found = _told_apart(gazetteer.current.get(key, ()), suffix, province)
    if len(found) == 1:
        return [(found[0].code, 1.0)]
    if found:
        several = ", ".join(gazetteer.codes[c.code] for c in found)
        raise _NoAnswerError("ambiguous_municipality", f"{name} ({several})")
    if len(set(gazetteer.old.get(key, ()))) == 1:
        return _successors(gazetteer.old[key][0], gazetteer, name)
    abroad = _categories().get(name_key(province), "")
    if abroad:
        return [(abroad, 1.0)]
    raise _NoAnswerError("unknown_municipality", _with_suggestion(name, key, gazetteer))


def _split(name: str) -> tuple[str, str]:
    """Take the suffix in parentheses off, and follow aliases."""
    found = _SUFFIXED.match(name.strip())
    base, suffix = (found[1], name_key(found[2])) if found else (name, "")
    key = name_key(base)
    return _municipalities().get(key, key), "" if suffix in _NO_SUFFIX else suffix


def _told_apart(
    candidates: Sequence[_Candidate], suffix: str, province: str
) -> Sequence[_Candidate]:
    """Keep the candidates that the suffix, and where that is not enough the province, allow."""
    if suffix:
        candidates = [c for c in candidates if _fits(suffix, c)]
    if len(candidates) > 1 and province:
        key = province_key(province)
        candidates = [c for c in candidates if key in (c.province, _suffix_province(c, key))]
    return candidates


def _fits(suffix: str, candidate: _Candidate) -> bool:
    if candidate.suffix:
        same = suffix.replace(" ", "") == candidate.suffix.replace(" ", "")
        return same or province_key(suffix) == province_key(candidate.suffix)
    return not candidate.province or _abbreviates(suffix, candidate.province)


def _suffix_province(candidate: _Candidate, key: str) -> str:
    """Give the province `key` where the candidate's own suffix abbreviates it."""
    return key if candidate.suffix and _abbreviates(candidate.suffix, key) else ""


def _abbreviates(suffix: str, province: str) -> bool:
    letters = suffix.replace(" ", "")
    initials = "".join(word[0] for word in province.split())
    return province_key(suffix) == province or letters == initials or province.startswith(letters)


def _successors(code: str, gazetteer: _Gazetteer, name: str) -> Sequence[Answer]:
    """Follow a code through its mergers until only municipalities of today are left."""
    shares: dict[str, float] = {}
    waiting = [(code, 1.0, 0)]
    while waiting:
        at, share, depth = waiting.pop()
        if at in gazetteer.codes:
            shares[at] = shares.get(at, 0.0) + share
            continue
        following = gazetteer.successors.get(at, ())
        if not following or depth > len(gazetteer.successors):
            raise _NoAnswerError("unknown_municipality", f"{name} ({at})")
        if any(isnan(part) for _, part in following):
            raise _NoAnswerError("split_without_shares", f"{name} ({at})")
        waiting += [(new, share * part, depth + 1) for new, part in following]
    return sorted(shares.items())


def _gazetteer(areas: pd.DataFrame, changes: pd.DataFrame) -> _Gazetteer:
    province_names = areas.loc[areas["level"] == "province"].set_index("area_id")["name"]
    current: dict[str, list[_Candidate]] = {}
    codes: dict[str, str] = {}
    chosen = areas.loc[areas["level"] == "municipality", ["area_id", "name", "parent_id"]]
    for code, name, parent in chosen.itertuples(index=False, name=None):
        key, suffix = _split(name)
        province = province_key(province_names[parent]) if parent in province_names.index else ""
        current.setdefault(key, []).append(_Candidate(code, suffix, province))
        codes[code] = name
    old: dict[str, list[str]] = {}
    successors: dict[str, list[Answer]] = {}
    facts = changes[["old_code", "old_name", "new_code", "share"]]
    for code, name, new, share in facts.itertuples(index=False, name=None):
        old.setdefault(_split(str(name))[0], []).append(code)
        successors.setdefault(code, []).append((new, float(share)))
    return _Gazetteer(current, codes, old, successors)


def _with_suggestion(name: str, key: str, gazetteer: _Gazetteer) -> str:
    near = get_close_matches(key, [*gazetteer.current, *gazetteer.old], n=1, cutoff=0.7)
    if not near:
        return name
    candidates = gazetteer.current.get(near[0])
    return f"{name} ({gazetteer.codes[candidates[0].code] if candidates else near[0]}?)"


def _breaches(failed: Sequence[_NoAnswerError], where: str) -> list[Breach]:
    by_code: dict[str, list[str]] = {}
    for nothing in failed:
        by_code.setdefault(nothing.code, []).append(nothing.shown)
    return [
        Breach(
            code,
            {
                "where": where,
                "count": len(set(shown)),
                "value": "; ".join(dict.fromkeys(shown)),
            },
        )
        for code, shown in by_code.items()
    ]


def _tell(
    answers: Mapping[tuple[str, str], Sequence[Answer]],
    gazetteer: _Gazetteer,
    where: str,
    notify: Notify,
) -> None:
    """Note the names that are no more, those that were split, and blank ones."""
    merged, split = {}, {}
    for (name, _), found in answers.items():
        if len(found) > 1:
            split[name] = found
        elif found[0][0] in gazetteer.codes and _split(name)[0] not in gazetteer.current:
            merged[name] = gazetteer.codes[found[0][0]]
    merged = {name: now for name, now in merged.items() if name.strip() not in gazetteer.codes}
    if merged:
        notify(note("municipality_merged", [f"{a} > {b}" for a, b in merged.items()], where=where))
    if split:
        notify(note("municipality_split", split, where=where))
    if any(not name.strip() for name, _ in answers):
        notify(note("municipality_blank", where=where))


@cache
def _provinces() -> Mapping[str, tuple[str, str]]:
    return {row["alias"]: (row["province"], row["code"]) for row in _rows("provinces.csv")}


@cache
def _municipalities() -> Mapping[str, str]:
    return {name_key(row["alias"]): name_key(row["name"]) for row in _rows("municipalities.csv")}


@cache
def _categories() -> Mapping[str, str]:
    return {row["alias"]: row["origin_id"] for row in _rows("origins.csv")}


def _rows(page: str) -> list[dict[str, str]]:
    with (files("geo_mbo") / "resources" / "aliases" / page).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
