"""How people travel: walk, bike, e-bike, car, and by timetable.

Speeds by class of road stand in ``resources/speeds.toml`` with their sources; a `Mode` says which
of them apply. Public transport has no speed of its own: its times come from a timetable or a matrix
from elsewhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from geo_mbo.errors import StudyError

Vehicle = Literal["foot", "bicycle", "moped", "motorcar", "transit"]
"""Which access tags of OpenStreetMap apply."""


@dataclass(frozen=True)
class TurnSeconds:
    """Seconds that a mode loses in a turn to the left, to the right, and about."""

    left_s: float
    right_s: float
    about_s: float


@dataclass(frozen=True)
class Mode:
    """One way to travel.

    Attributes
    ----------
    name
        ``walk``, ``bike``, ``ebike``, ``car``, ``car_peak``, ``speed_pedelec`` or ``transit``.
    vehicle
        Which access tags of OpenStreetMap apply.
    crow_flies_kmh
        Speed over the crow-flies distance times its detour factor, where there is no network.
    detour
        Distance over the network divided by the crow-flies distance, where there is no network.
    sign_share
        Share of a signed limit (``maxspeed``) that is kept on average; None: no signs.
    speeds_kmh
        Speed by OpenStreetMap class of road (``highway=*``) and ``ferry``; a class that is not
        there may not be used. Where signs bind, the lower of this
        and the sign times its share holds.
    factors
        By tag and value what is left of the speed, as of ``surface`` and ``sand``; the least holds.
    delays_s
        Seconds lost on arriving at ``signals``, a ``stop`` sign, a road with priority
        (``give_way``), and on boarding a ``ferry``.
    turn_s
        Seconds lost in turns where three or more roads meet; None: none.
    """

    name: str
    vehicle: Vehicle
    crow_flies_kmh: float
    detour: float
    sign_share: float | None
    speeds_kmh: Mapping[str, float]
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    delays_s: Mapping[str, float] = field(default_factory=dict)
    turn_s: TurnSeconds | None = None


@cache
def modes() -> Mapping[str, Mode]:
    """All modes by name.

    Examples
    --------
    >>> modes()["bike"].vehicle
    'bicycle'
    >>> modes()["car_peak"].speeds_kmh["primary"] == modes()["car"].speeds_kmh["primary"]
    True
    """
    told = _speeds()["modes"]
    return {name: _mode(name, _entry(told, name)) for name in told}


@cache
def priority() -> tuple[Mapping[str, int], frozenset[str]]:
    """Give the rank of each class of road where roads cross, and the classes that never yield.

    Examples
    --------
    >>> priority()[0]["primary"] > priority()[0]["residential"]
    True
    """
    told = _speeds()["priority"]
    return dict(told["rank"]), frozenset(told["never_yields"])


def chosen(names: Sequence[str]) -> tuple[Mode, ...]:
    """Give the modes of these names.

    Raises
    ------
    StudyError
        A name is no mode.

    Examples
    --------
    >>> [mode.name for mode in chosen(["walk", "car"])]
    ['walk', 'car']
    """
    known = modes()
    for name in names:
        if name not in known:
            raise StudyError.of("unknown_mode", value=name, allowed=", ".join(known))
    return tuple(known[name] for name in names)


def turn_seconds(chosen_modes: Sequence[Mode]) -> dict[str, TurnSeconds]:
    """Give what turns take, by name, of the modes that lose time in them.

    Examples
    --------
    >>> turn_seconds(chosen(["walk", "car"]))
    {'car': TurnSeconds(left_s=5.0, right_s=2.0, about_s=20.0)}
    """
    return {mode.name: mode.turn_s for mode in chosen_modes if mode.turn_s is not None}


@cache
def _speeds() -> dict[str, Any]:
    return tomllib.loads((files("geo_mbo") / "resources" / "speeds.toml").read_text("utf-8"))


def _entry(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give what is told of a mode, over what is told of the mode that it is like."""
    own = told[name]
    return _over(_entry(told, own["like"]), own) if "like" in own else dict(own)


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        inner = isinstance(value, dict) and key in merged
        merged[key] = _over(merged[key], value) if inner else value
    return merged


def _mode(name: str, entry: Mapping[str, Any]) -> Mode:
    return Mode(
        name,
        entry["vehicle"],
        float(entry["crow_flies_kmh"]),
        float(entry["detour"]),
        entry.get("sign_share"),
        _numbers(entry.get("speeds_kmh", {})),
        {key: _numbers(values) for key, values in entry.get("factors", {}).items()},
        _numbers(entry.get("delays_s", {})),
        TurnSeconds(**_numbers(entry["turn_s"])) if "turn_s" in entry else None,
    )


def _numbers(table: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in table.items()}
