"""How people travel: walk, bike, e-bike, car, and by timetable.

Speeds by class of road stand in ``resources/speeds.toml`` with their sources; a `Mode` says which
of them apply. Public transport has no speed of its own: its times come from a timetable or a matrix
from elsewhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from geo_mbo.errors import StudyError

Vehicle = Literal["foot", "bicycle", "motorcar", "transit"]
"""Which access tags of OpenStreetMap apply."""


@dataclass(frozen=True)
class Mode:
    """One way to travel.

    Attributes
    ----------
    name
        ``walk``, ``bike``, ``ebike``, ``car`` or ``transit``.
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
    """

    name: str
    vehicle: Vehicle
    crow_flies_kmh: float
    detour: float
    sign_share: float | None
    speeds_kmh: Mapping[str, float]


@cache
def modes() -> Mapping[str, Mode]:
    """All modes by name.

    Examples
    --------
    >>> modes()["bike"].vehicle
    'bicycle'
    >>> modes()["bike"].speeds_kmh["cycleway"]
    16.0
    """
    table = tomllib.loads((files("geo_mbo") / "resources" / "speeds.toml").read_text("utf-8"))
    return {
        name: Mode(
            name,
            entry["vehicle"],
            float(entry["crow_flies_kmh"]),
            float(entry["detour"]),
            entry.get("sign_share"),
            {road: float(kmh) for road, kmh in entry.get("speeds_kmh", {}).items()},
        )
        for name, entry in table["modes"].items()
    }


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
