"""What a scenario is, and how one is read.

A scenario has a name and actions, done one after the other::

    name = "Boskerk dicht, Cattewaard open"
    actions = [
      { kind = "close", site_id = "90AA002" },
      { kind = "open", site_id = "90BB901", programmes = ["98001"] },
    ]

``open``   a site: ``site_id``; for a new one also ``name``, ``institution_id`` and its place
           (``x_m`` and ``y_m`` in RD New, or ``lon`` and ``lat``); ``programmes``, ``tracks``
``close``  a site: ``site_id``
``move``   a site with all it offers: ``site_id``, ``to_site_id``, and the new one's place
``start``  ``programmes`` at ``site_id``; ``tracks``
``stop``   ``programmes`` at ``site_id``; ``tracks``

Without ``tracks`` a programme starts in all the tracks it is offered in anywhere, and stops in all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from geo_mbo.errors import Breach, FileError, MissingFileError, StudyError
from geo_mbo.schema import RD, RD_BOUNDS_M, TRACKS

Kind = Literal["open", "close", "move", "start", "stop"]

_PLACE = ("name", "x_m", "y_m", "lon", "lat")
_OFFER = ("programmes", "tracks")
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "open": ("site_id", "institution_id", *_PLACE, *_OFFER),
    "close": ("site_id",),
    "move": ("site_id", "to_site_id", *_PLACE),
    "start": ("site_id", *_OFFER),
    "stop": ("site_id", *_OFFER),
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "open": ("site_id",),
    "close": ("site_id",),
    "move": ("site_id", "to_site_id"),
    "start": ("site_id", "programmes"),
    "stop": ("site_id", "programmes"),
}
_NUMBERS = ("x_m", "y_m", "lon", "lat")


@dataclass(frozen=True)
class Action:
    """One thing a scenario does; which fields it uses depends on its kind (see the module).

    Attributes
    ----------
    kind
        ``open``, ``close``, ``move``, ``start`` or ``stop``.
    site_id
        The site it is about.
    to_site_id
        Where a site moves to.
    name, institution_id
        Of a new site.
    place_m
        Of a new site: x and y in RD New.
    programmes, tracks
        What opens, starts or stops; no tracks: all.
    """

    kind: Kind
    site_id: str
    to_site_id: str = ""
    name: str = ""
    institution_id: str = ""
    place_m: tuple[float, float] | None = None
    programmes: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A name, and what is done, in order.

    Attributes
    ----------
    name
        What it is called in the report.
    actions
        `Action` values, done one after the other; the kinds stand in this module's docstring.

    Examples
    --------
    >>> close = {"kind": "close", "site_id": "90AA002"}
    >>> read_scenario({"name": "Boskerk dicht", "actions": [close]}).actions[0].kind
    'close'
    """

    name: str
    actions: tuple[Action, ...] = ()


def read_scenario(source: Mapping[str, Any] | Path) -> Scenario:
    """Read a scenario from a TOML file, or from the mapping that such a file holds.

    Parameters
    ----------
    source
        Path of the file, or its content.

    Raises
    ------
    StudyError
        Keys are unknown or missing, values of the wrong kind, places outside the Netherlands: all
        breaches at once.
    FileError
        The file is not there or is no TOML.

    Examples
    --------
    >>> read_scenario({"name": "Dicht", "actions": [{"kind": "close", "site_id": "90AA002"}]})
    Scenario(name='Dicht', actions=(Action(kind='close', site_id='90AA002', ...),))
    >>> read_scenario({"name": "Dicht", "actions": [{"kind": "close", "site": "90AA002"}]})
    Traceback (most recent call last):
    geo_mbo.errors.StudyError: scenario 'Dicht', action 1: 'site' is no key here; ...
    """
    given = _loaded(source) if isinstance(source, Path) else source
    name = given.get("name")
    called = name if isinstance(name, str) and name else "?"
    where = f"scenario '{called}'"
    breaches = _key_breaches(given, ("name", "actions"), ("name", "actions"), where)
    rows = given.get("actions", [])
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        breaches.append(_wrong(where, "actions", rows, "[{ kind = ... }]"))
        rows = []
    if "name" in given and called == "?":
        breaches.append(_wrong(where, "name", name, "text"))
    for number, row in enumerate(rows, start=1):
        breaches += _action_breaches(row, f"{where}, action {number}")
    if breaches:
        raise StudyError(breaches)
    return Scenario(called, tuple(_action(row) for row in rows))


def nearest(value: str, known: tuple[str, ...]) -> str:
    """Give the known word that looks most like `value`."""
    return next(iter(get_close_matches(value, known, n=1, cutoff=0.0)), "-")


def _loaded(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        raise MissingFileError.of("file_missing", path=str(path))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error


def _action(row: Mapping[str, Any]) -> Action:
    texts = ("kind", "site_id", "to_site_id", "name", "institution_id")
    given: dict[str, Any] = {key: row[key] for key in texts if key in row}
    given |= {key: tuple(row[key]) for key in _OFFER if key in row}
    return Action(**given, place_m=_place(row))


def _place(row: Mapping[str, Any]) -> tuple[float, float] | None:
    if "x_m" in row:
        return float(row["x_m"]), float(row["y_m"])
    if "lon" not in row:
        return None
    from pyproj import Transformer

    # ETRS89, not WGS 84: the exact way from degrees to RD is defined from there.
    to_rd = Transformer.from_crs(4258, RD, always_xy=True)
    x, y = to_rd.transform(float(row["lon"]), float(row["lat"]))
    return float(x), float(y)


def _action_breaches(row: Mapping[str, Any], where: str) -> list[Breach]:
    kind = str(row.get("kind"))
    if kind not in _ALLOWED:
        return [_wrong(where, "kind", row.get("kind"), ", ".join(_ALLOWED))]
    breaches = _key_breaches(row, ("kind", *_ALLOWED[kind]), _REQUIRED[kind], where)
    for key, value in row.items():
        if key in _NUMBERS:
            good = isinstance(value, int | float) and not isinstance(value, bool)
            expected = "1.5"
        elif key in _OFFER:
            good = isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
            expected = '["98001"]' if key == "programmes" else ", ".join(TRACKS)
            good = good and (key != "tracks" or set(value) <= set(TRACKS))
        else:
            good, expected = isinstance(value, str) and value != "", "text"
        if key in _ALLOWED[kind] and not good:
            breaches.append(_wrong(where, key, value, expected))
    return breaches or _place_breaches(row, where)


def _place_breaches(row: Mapping[str, Any], where: str) -> list[Breach]:
    given = [key for key in _NUMBERS if key in row]
    if given not in ([], ["x_m", "y_m"], ["lon", "lat"]):
        return [Breach("scenario_half_place", {"where": where, "given": ", ".join(given)})]
    if "lon" in row and not (3 <= row["lon"] <= 8 and 50 <= row["lat"] <= 54):
        place = (row["lon"], row["lat"])
    else:
        found = _place(row)
        least_x, least_y, most_x, most_y = RD_BOUNDS_M
        if found is None or (least_x <= found[0] <= most_x and least_y <= found[1] <= most_y):
            return []
        place = found
    value = f"({place[0]:.5g}, {place[1]:.5g})"
    return [Breach("scenario_outside", {"where": where, "value": value})]


def _key_breaches(
    given: Mapping[str, Any], allowed: tuple[str, ...], required: tuple[str, ...], where: str
) -> list[Breach]:
    unknown = [
        Breach(
            "scenario_unknown_key",
            {
                "where": where,
                "word": str(key),
                "nearest": nearest(str(key), allowed),
                "allowed": ", ".join(allowed),
            },
        )
        for key in given
        if key not in allowed
    ]
    missing = [
        Breach("scenario_missing_key", {"where": where, "word": key})
        for key in required
        if key not in given
    ]
    return unknown + missing


def _wrong(where: str, key: str, value: object, expected: str) -> Breach:
    return Breach(
        "scenario_wrong_value",
        {"where": where, "word": key, "value": str(value), "expected": expected},
    )
