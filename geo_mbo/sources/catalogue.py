"""Every data set that geo_mbo reads: its publisher, licence, credit line, address and format.

The facts stand in ``resources/sources.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from geo_mbo.errors import InputError
from geo_mbo.provenance import Source, digest
from geo_mbo.sources.text import check_file


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    key
        Its name in a study file, such as ``"forecast"``.
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
    """

    key: str
    name: str
    publisher: str
    licence: str
    attribution: str
    url: str
    format: str


@cache
def data_sets() -> Mapping[str, DataSet]:
    """All data sets by key.

    Examples
    --------
    >>> data_sets()["locations"].publisher
    'DUO'
    """
    page = (files("geo_mbo") / "resources" / "sources.toml").read_text(encoding="utf-8")
    return {key: DataSet(key=key, **facts) for key, facts in tomllib.loads(page).items()}


def source_of(key: str, path: Path | str) -> Source:
    """Say what a file is and where it came from: facts of the catalogue, digest of the file.

    Raises
    ------
    InputError
        The catalogue has no such data set.
    MissingFileError, FileError
        There is no such file, or it is a folder or empty.
    """
    known = data_sets()
    if key not in known:
        raise InputError.of("unknown_data_set", value=key, allowed=", ".join(known))
    path = Path(path)
    check_file(path)
    about = known[key]
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
