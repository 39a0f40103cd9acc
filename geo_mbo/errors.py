"""The errors of geo_mbo, each also the builtin it is.

::

    GeoMboError
    |-- InputError (ValueError)      what was given is wrong
    |   |-- ContractError            a table breaks its contract: all breaches at once
    |   |-- CrsError                 no, a geographic or another coordinate system
    |   `-- StudyError               the study file or a scenario names what is not there
    |-- FileError (OSError)          a file cannot be read or written
    |   `-- MissingFileError (FileNotFoundError)
    `-- FetchError (ConnectionError) a publisher did not give what was asked

An error holds *breaches*: message keys with their values. Each text says what is wrong, where (the
first offender and how many) and what to do. ``str(error)`` is English; ``error.text("nl")`` is what
the command line shows to planners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Self

from geo_mbo.messages import Lang, text

__all__ = [
    "Breach",
    "ContractError",
    "CrsError",
    "FetchError",
    "FileError",
    "GeoMboError",
    "InputError",
    "MissingFileError",
    "StudyError",
]


@dataclass(frozen=True)
class Breach:
    """One thing that is wrong: a message key (without ``error.``) and the values it speaks of."""

    code: str
    params: dict[str, object] = field(default_factory=dict)

    def text(self, lang: Lang = "en") -> str:
        """Give the sentence in one language."""
        return text(f"error.{self.code}", lang, **self.params)


class GeoMboError(Exception):
    """Base of all errors that geo_mbo raises on purpose.

    Examples
    --------
    >>> error = MissingFileError.of("file_missing", path="roads.osm.pbf")
    >>> str(error)
    'roads.osm.pbf: there is no such file. Check the name and the folder.'
    >>> isinstance(error, OSError), error.text("nl")
    (True, 'roads.osm.pbf: dit bestand is er niet. Controleer de naam en de map.')
    """

    def __init__(self, breaches: Sequence[Breach]) -> None:
        super().__init__(*breaches)
        self.breaches = tuple(breaches)

    @classmethod
    def of(cls, code: str, /, **params: object) -> Self:
        """Make the error of one breach."""
        return cls([Breach(code, params)])

    def text(self, lang: Lang = "en") -> str:
        """Give all breaches, one a line and each once, in one language."""
        return "\n".join(dict.fromkeys(breach.text(lang) for breach in self.breaches))

    def __str__(self) -> str:
        return self.text("en")


class InputError(GeoMboError, ValueError):
    """What was given is wrong."""


class ContractError(InputError):
    """A table breaks its contract; holds every breach found."""


class CrsError(InputError):
    """A table has no coordinate system, a geographic one, or another than was asked."""


class StudyError(InputError):
    """A study or scenario file has an unknown key, a wrong value or names what is not there."""


class FileError(GeoMboError, OSError):
    """A file cannot be read or written."""


class MissingFileError(FileError, FileNotFoundError):
    """A file that was named is not there."""


class FetchError(GeoMboError, ConnectionError):
    """A publisher could not be reached, or did not give what was asked."""


def one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse an option that is not one of these words.

    Raises
    ------
    InputError
        It is not.
    """
    if value not in allowed:
        raise InputError.of("not_one_of", name=name, value=value, allowed=", ".join(allowed))


def above_zero(**numbers: float) -> None:
    """Refuse options that are no finite numbers above 0, all at once.

    Raises
    ------
    InputError
        Some are not.

    Examples
    --------
    >>> above_zero(cell_m=100.0, limit_m=float("nan"))
    Traceback (most recent call last):
    geo_mbo.errors.InputError: 'limit_m' is nan. Give a number above 0.
    """
    breaches = [
        Breach("not_above_zero", {"name": name, "value": str(value)})
        for name, value in numbers.items()
        if not (isfinite(value) and value > 0)
    ]
    if breaches:
        raise InputError(breaches)
