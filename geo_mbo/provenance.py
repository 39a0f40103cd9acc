"""Where everything came from: required of every input, shown on every output."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Source:
    """One input as it was read.

    Attributes
    ----------
    name
        What it is, such as ``"mbo-studentenprognose gemeente x onderwijslocatie"``.
    publisher
        Who published it.
    licence
        Licence as the publisher states it, such as ``"CC BY 4.0"``.
    attribution
        The credit line that every map and table shows.
    path, sha256, bytes
        The file that was read, its digest and size; empty for what the program computed itself.
    modified
        Date of the file.
    url
        Where it can be had.
    """

    name: str
    publisher: str
    licence: str
    attribution: str
    path: str = ""
    sha256: str = ""
    bytes: int = 0
    modified: date | None = None
    url: str = ""


@dataclass(frozen=True)
class About:
    """What a result is: its title, its inputs, its parameters, and who made it.

    Attributes
    ----------
    title
        Title of the study.
    made_up
        The data are made up (the embedded example): every map and report says so.
    created
        Date of the run.
    sources
        Every input.
    parameters
        Every parameter of the study, with its unit in its name.
    versions
        geo_mbo and the packages that results depend on.
    """

    title: str
    made_up: bool = False
    created: date | None = None
    sources: tuple[Source, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def attributions(self) -> tuple[str, ...]:
        """The credit lines, each once, in the order of the inputs."""
        return tuple(dict.fromkeys(s.attribution for s in self.sources if s.attribution))

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return asdict(self)


def digest(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
