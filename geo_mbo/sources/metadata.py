"""What is told about a file: by metadata beside it, or by the catalogue of data sets.

Takes the words of DCAT, of CKAN, of a table schema and plain Dutch or English ones, in any
spelling; a file ``name.csv`` may have ``name.json``, ``name.csv.json``, ``name.metadata.json`` or
the same in TOML beside it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from geo_mbo.errors import FileError
from geo_mbo.sources.catalogue import DataSet

Licence = Literal["free", "credit", "alike", "closed", "unknown"]

_WORDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "titel", "naam", "name"),
    "publisher": ("publisher", "uitgever", "organization", "organisatie", "creator"),
    "licence": ("license", "licence", "licentie", "licensetitle", "licenseid", "licenceurl"),
    "date": (
        "modified",
        "issued",
        "date",
        "datum",
        "metadatamodified",
        "lastmodified",
        "published",
    ),
    "description": ("description", "beschrijving", "notes", "omschrijving", "about"),
    "url": ("url", "downloadurl", "accessurl", "adres", "landingpage"),
    "access": ("accessrights", "access", "toegang", "openbaar", "public"),
    "fee": ("fee", "price", "cost", "kosten", "prijs", "gratis", "free"),
    "columns": ("columns", "kolommen", "fields", "schema", "tableschema"),
    "rows": ("rows", "rowcount", "records", "totalrecordcount", "aantalrijen"),
    "bytes": ("bytesize", "bytes"),
    "sha256": ("sha256", "checksum", "hash"),
    "keywords": ("keyword", "keywords", "tags", "trefwoorden"),
}
_YES = ("public", "openbaar", "open", "true", "ja", "yes")
_NO = ("restricted", "nonpublic", "nietopenbaar", "besloten", "closed", "false", "nee", "no")
_NESTED = (
    "name",
    "title",
    "label",
    "@value",
    "value",
    "@id",
    "url",
    "nl",
    "en",
    "spdx:checksumvalue",
)


@dataclass(frozen=True)
class Told:
    """What is told about a file; blank, None or empty where it is not.

    Attributes
    ----------
    public, free
        Whether everybody may have it, and without paying.
    columns
        Names of columns to what they mean.
    rows, bytes, sha256
        What the whole file holds.
    names
        Columns that the whole file has.
    """

    title: str = ""
    publisher: str = ""
    licence: str = ""
    date: str = ""
    description: str = ""
    url: str = ""
    public: bool | None = None
    free: bool | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    rows: int | None = None
    bytes: int | None = None
    sha256: str = ""
    keywords: tuple[str, ...] = ()


def told_about(
    path: Path, *, metadata: Mapping[str, Any] | None = None, data_set: DataSet | None = None
) -> Told:
    """Gather what is told about a file; metadata hold over the catalogue.

    Parameters
    ----------
    path
        The file; metadata beside it are read where `metadata` is None.
    metadata
        Metadata that are already there.
    data_set
        Its data set in the catalogue.

    Raises
    ------
    FileError
        The metadata beside the file cannot be read.
    """
    own = _told(metadata if metadata is not None else _beside(path))
    if data_set is None:
        return own
    listed = _listed(data_set)
    there = {f.name: getattr(own, f.name) for f in fields(Told)}
    return replace(listed, **{name: value for name, value in there.items() if _given(value)})


def licence_kind(text: str) -> Licence:
    """Say what a licence asks of who uses the data.

    Returns
    -------
    str
        ``free`` asks nothing, ``credit`` the name of the source, ``alike`` the same licence for
        what is made of it; ``closed`` forbids changes, trade or all use; else ``unknown``.

    Examples
    --------
    >>> [licence_kind(text) for text in ("CC-BY 4.0", "cc0-1.0", "ODbL 1.0", "CC BY-NC 4.0", "")]
    ['credit', 'free', 'alike', 'closed', 'unknown']
    >>> licence_kind("https://creativecommons.org/licenses/by/4.0/deed.nl")
    'credit'
    """
    words = f" {re.sub(r'[^A-Z0-9]+', ' ', text.upper())} "
    words = words.replace(" CREATIVECOMMONS ORG LICENSES ", " CC ").replace(" CCBY", " CC BY")
    if re.search(r" (NC|ND|RESERVED|VOORBEHOUDEN|PROPRIETARY|GESLOTEN|CLOSED) ", words):
        return "closed"
    if re.search(r" (CC0|CC ZERO|ZERO|PDDL|PDM|PUBLIC DOMAIN|PUBLICDOMAIN|PUBLIEK DOMEIN) ", words):
        return "free"
    if re.search(r" (CC BY SA|BY SA|ODBL|OPEN DATABASE LICENSE) ", words):
        return "alike"
    if re.search(r" (CC BY|ODC BY|NAAMSVERMELDING|ATTRIBUTION) ", words):
        return "credit"
    return "unknown"


def _given(value: object) -> bool:
    return value is not None and value not in ("", (), {})


def _beside(path: Path) -> Mapping[str, Any]:
    for name in (path.name, f"{path.stem}.metadata", path.stem):
        for suffix in (".json", ".toml"):
            file = path.with_name(name + suffix)
            if file != path and file.is_file():
                return _loaded(file)
    return {}


def _loaded(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)[:200]
        raise FileError.of("cannot_read", path=str(file), reason=reason) from error
    return found if isinstance(found, dict) else {}


def _told(metadata: Mapping[str, Any]) -> Told:
    plain = _plain(metadata)

    def text(key: str) -> str:
        return next((t for t in map(_text, _values(plain, key)) if t), "")

    columns = next((c for c in map(_columns, _values(plain, "columns")) if c), {})
    keywords = next((v for v in _values(plain, "keywords") if isinstance(v, list | tuple)), ())
    licence = next((_text(v) for v in _values(plain, "licence") if _text(v)), "")
    return Told(
        **{key: text(key) for key in ("title", "publisher", "date", "description", "url")},
        licence=licence,
        public=_truth(text("access")),
        free=_free(plain),
        columns=columns,
        names=tuple(columns),
        rows=_whole(text("rows")),
        bytes=_whole(text("bytes")),
        sha256=text("sha256").lower(),
        keywords=tuple(filter(None, map(_text, keywords))),
    )


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Give metadata under plain lower-case words, what a distribution says filling in the rest."""
    inner = metadata.get("result")
    facts = inner if isinstance(inner, dict) else metadata
    plain = {_word(key): value for key, value in facts.items()}
    for key in ("distribution", "resources"):
        several = plain.get(key)
        first = several[0] if isinstance(several, list) and several else several
        if isinstance(first, dict):
            plain = {**{_word(k): v for k, v in first.items()}, **plain}
    return plain


def _word(key: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(key).rsplit(":", 1)[-1].rsplit("/", 1)[-1].lower())


def _values(plain: Mapping[str, Any], key: str) -> Iterator[Any]:
    yield from (plain[word] for word in _WORDS[key] if word in plain)


def _text(value: object) -> str:
    if isinstance(value, dict):
        lowered = {_word(k): v for k, v in value.items()}
        return next((_text(lowered[n]) for n in _NESTED if _text(lowered.get(n, ""))), "")
    if isinstance(value, list | tuple):
        return next((_text(item) for item in value if _text(item)), "")
    return "" if value is None else str(value).strip()


def _truth(text: str) -> bool | None:
    word = _word(text)
    return True if word in _YES else False if word in _NO else None


def _free(plain: Mapping[str, Any]) -> bool | None:
    """Say whether nothing is asked: a fee of 0, ``gratis = true``."""
    for word in _WORDS["fee"]:
        if word not in plain:
            continue
        value = _text(plain[word])
        if word in ("gratis", "free"):
            return _truth(value)
        if re.fullmatch(r"(?i)gratis|free|geen|none|0+(?:[.,]0+)?", value):
            return True
        return False if re.search(r"[1-9]", value) else None
    return None


def _columns(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        inner = value.get("fields", value.get("columns"))
        if isinstance(inner, list | dict):
            return _columns(inner)
        return {str(name): _text(what) for name, what in value.items()}
    if not isinstance(value, list):
        return {}
    named = [item for item in value if isinstance(item, dict)]
    about = ("description", "beschrijving", "omschrijving", "meaning", "title", "info")
    return {
        str(item.get("name", item.get("naam", item.get("id", "")))): next(
            (_text(item[key]) for key in about if _text(item.get(key))), ""
        )
        for item in named
    }


def _whole(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _listed(data_set: DataSet) -> Told:
    # What is fetched by an address needs no account, as none of the ways to fetch has one; behind
    # a page there may be anything.
    fetched = bool(data_set.fetch) and data_set.url.startswith("http")
    return Told(
        title=data_set.name,
        publisher=data_set.publisher,
        licence=data_set.licence,
        date=data_set.years,
        description=data_set.about.get("nl", ""),
        url=data_set.url,
        public=True if fetched else None,
        free=True if fetched and data_set.fetch.get("by") != "page" else None,
        names=data_set.columns,
    )
