"""Every data set that geo_mbo knows: who publishes it, how it is fetched and what it becomes.

The facts stand in ``resources/sources/*.toml``, a table a data set; what their columns mean in
``resources/columns/*.toml``. A data set that consists of several files of one form has a table
``files``: each of them is a data set of its own, ``<data set>_<file>``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from geo_mbo.errors import InputError
from geo_mbo.messages import Lang
from geo_mbo.provenance import Source, digest
from geo_mbo.sources.text import check_file, header

Status = Literal["recorded", "made_up", "mapped"]
"""Read from a publisher's true file; from a made-up file in the documented form; as mapped."""


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    key
        Its name in a study file and on the command line, such as ``"forecast"``.
    name
        What the publisher calls it.
    publisher
        Who publishes it.
    licence
        Licence as the publisher states it.
    attribution
        The credit line that every map and table shows.
    url
        Page or address where it can be had; blank for what is a user's own.
    format
        Kind of file.
    about
        What it holds, in each language.
    years
        Years that it spans, as far as known.
    joins
        Kinds of key that it joins on (`geo_mbo.schema.KEY_KINDS`).
    becomes
        Tables that it becomes.
    status, tested
        What reading it was tested on: the kind, and the files.
    fetch
        How it is fetched (see `geo_mbo.sources.fetching`); empty where a person has to.
    table
        How its columns are laid out (see `geo_mbo.sources.facts`); empty where it has a reader of
        its own.
    columns
        The publisher's columns in order, where they are known.
    """

    key: str
    name: str
    publisher: str
    licence: str
    attribution: str
    url: str
    format: str
    about: Mapping[Lang, str]
    years: str
    joins: tuple[str, ...]
    becomes: tuple[str, ...]
    status: Status
    tested: str
    fetch: Mapping[str, Any] = field(default_factory=dict)
    table: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """What a column of a publisher means, in each language, and its unit ("" for text)."""

    nl: str
    en: str
    unit: str = ""


@cache
def data_sets() -> Mapping[str, DataSet]:
    """All data sets by key.

    Examples
    --------
    >>> data_sets()["locations"].publisher
    'DUO'
    """
    found: dict[str, DataSet] = {}
    for page in _pages("sources"):
        for key, facts in page.items():
            for data_set in _spelled_out(key, dict(facts)):
                found[data_set.key] = data_set
    return found


def data_set(key: str) -> DataSet:
    """Give the data set of this key.

    Raises
    ------
    InputError
        The catalogue has no such data set; the nearest names are told.
    """
    known = data_sets()
    if key not in known:
        near = get_close_matches(key, known, n=3, cutoff=0.4) or list(known)
        raise InputError.of("unknown_data_set", value=key, allowed=", ".join(near))
    return known[key]


@cache
def meanings() -> Mapping[str, Meaning]:
    """Give what columns mean, by their normalised header (`geo_mbo.sources.text.header`).

    Examples
    --------
    >>> meanings()["INSTELLINGSCODE"].en
    'identifier of the institution (BRIN)'
    """
    return {
        header(name): Meaning(**facts) for page in _pages("columns") for name, facts in page.items()
    }


def meaning_of(column: str) -> Meaning | None:
    """Give what a column of a publisher means; None where that is not told.

    Columns of years, such as ``JAAR_2021``, share one meaning.

    Examples
    --------
    >>> meaning_of("JAAR_2021").unit
    'students'
    """
    spelled = header(column)
    yearly = re.sub(r"(?<!\d)(?:19|20)\d{2}(?!\d)", "{YEAR}", spelled)
    return meanings().get(spelled) or meanings().get(yearly)


def source_of(key: str, path: Path | str) -> Source:
    """Say what a file is and where it came from: facts of the catalogue, digest of the file.

    Raises
    ------
    InputError
        The catalogue has no such data set.
    MissingFileError, FileError
        There is no such file, or it is a folder or empty.
    """
    about = data_set(key)
    path = Path(path)
    check_file(path)
    facts = path.stat()
    return Source(
        name=about.name,
        publisher=about.publisher,
        licence=about.licence,
        attribution=about.attribution,
        path=path.name,
        sha256=digest(path),
        bytes=facts.st_size,
        modified=datetime.fromtimestamp(facts.st_mtime, tz=UTC).date(),
        url=about.url,
    )


def _pages(folder: str) -> Iterator[Mapping[str, Any]]:
    for page in sorted((files("geo_mbo") / "resources" / folder).iterdir(), key=str):
        if page.name.endswith(".toml"):
            yield tomllib.loads(page.read_text(encoding="utf-8"))


def _spelled_out(key: str, facts: dict[str, Any]) -> Iterator[DataSet]:
    """Give one data set, or one for each of its files: what a file says holds over the rest."""
    parts = facts.pop("files", None)
    for suffix, own in (parts or {"": {}}).items():
        told = {**facts, **own}
        for shared in ("fetch", "table"):
            told[shared] = {**facts.get(shared, {}), **own.get(shared, {})}
        for several in ("joins", "becomes", "columns"):
            told[several] = tuple(told.get(several, ()))
        yield DataSet(key=f"{key}_{suffix}" if suffix else key, **told)
