"""May this mode use this road, in which direction, and how fast: read from OpenStreetMap tags.

The rules are data (``resources/access.toml``, with their sources); here is how they are applied.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from geo_mbo.modes import Mode, modes

Tags = Mapping[str, str]
Direction = Literal["forward", "backward"]
Say = Literal["open", "closed", "push", "silent"]
Sign = Literal["", "signals", "stop", "give_way"]

KMH_PER_MPH = 1.609344
_CYCLEWAYS = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_CYCLED = {"track", "lane", "shared", "share_busway", "sharrow", "shared_lane"}
_FORWARD, _BACKWARD, _BOTH = (
    {"yes", "true", "1"},
    {"-1", "reverse"},
    {"no", "false", "0", "alternating"},
)
_SIGNS: Mapping[str, Sign] = {
    "traffic_signals": "signals",
    "stop": "stop",
    "give_way": "give_way",
}
_NUMBER = re.compile(r"^(\d+(?:[.,]\d+)?)\s*(mph|km/h|kmh|kph)?$", re.IGNORECASE)
_ZONE = re.compile(r"(?:zone:?|^[A-Z]{2}:)(\d+)$")
_IMPLIED = ("maxspeed:type", "zone:maxspeed", "source:maxspeed")
"""Where a limit without a number of its own is told, as ``NL:urban``."""
_ISO = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$", re.IGNORECASE)


@cache
def rules() -> dict[str, Any]:
    """Read the rules of access."""
    return tomllib.loads((files("geo_mbo") / "resources" / "access.toml").read_text("utf-8"))


def road_class(tags: Tags) -> str:
    """Give the class of a way: its ``highway`` value, ``ferry``, or nothing where it is no road.

    Areas are no roads: a square has no direction to walk along.
    """
    if tags.get("area") == "yes":
        return ""
    found = tags.get("highway", "")
    if not found:
        return "ferry" if tags.get("route") == "ferry" else ""
    building = tags.get("construction", "no") not in rules()["ways"]["construction_open"]
    return "" if building or found in rules()["ways"]["never"] else found


def speeds_kmh(tags: Tags, mode: Mode) -> tuple[float, float]:
    """Give the speed in km/h along a way and against it; 0 where it may not be used.

    Parameters
    ----------
    tags
        Tags of the way.
    mode
        Who wants to use it.

    Examples
    --------
    >>> street = {"highway": "residential", "oneway": "yes", "maxspeed": "20"}
    >>> speeds_kmh(street, modes()["car"]), speeds_kmh(street, modes()["walk"])
    ((19.0, 0.0), (4.8, 4.8))
    >>> speeds_kmh(street | {"oneway:bicycle": "no"}, modes()["bike"])
    (16.0, 16.0)
    """
    road = road_class(tags)
    if not road:
        return 0.0, 0.0
    there, back = _directions(tags, road, mode.vehicle)
    return (
        _speed(tags, road, mode, "forward", with_stream=there),
        _speed(tags, road, mode, "backward", with_stream=back),
    )


def gate_is_open(tags: Tags, vehicle: str) -> bool:
    """Tell whether a vehicle may pass a node with these tags (a bollard, a gate).

    Examples
    --------
    >>> [gate_is_open({"barrier": "bollard"}, v) for v in ("foot", "bicycle", "motorcar")]
    [True, True, False]
    """
    said = _said(tags, vehicle, "")
    if said != "silent":
        return said != "closed"
    barrier = tags.get("barrier")
    if barrier is None or tags.get("bollard") == "rising" or tags.get("sensory"):
        return True
    rule = rules()["vehicle"][vehicle]
    if "barriers_open" in rule:
        return barrier in rule["barriers_open"]
    return barrier not in rule["barriers_closed"]


def joinable(tags: Tags) -> bool:
    """Can one get on or off along this way: not along a motorway or a ferry."""
    return road_class(tags) not in rules()["ways"]["not_joinable"]


def sign_kmh(tags: Tags, direction: Direction) -> float | None:
    """Give the signed limit in km/h in one direction; None without a sign that says a number.

    Without a limit of its own a way has that of its zone or of the kind of road it is said to be.

    Examples
    --------
    >>> [sign_kmh({"maxspeed": s}, "forward") for s in ("50", "30 mph", "NL:urban", "none")]
    [50.0, 48.28032, 50.0, None]
    >>> sign_kmh({"zone:maxspeed": "NL:30"}, "forward")
    30.0
    """
    own = tags.get(f"maxspeed:{direction}") or tags.get("maxspeed")
    for written in (own,) if own else (tags.get(key, "") for key in _IMPLIED):
        found = [one for one in (_one_sign(part.strip()) for part in written.split(";")) if one]
        if found:
            return min(found)
    return None


def duration_s(tags: Tags) -> float | None:
    """Give the crossing time of a ferry in seconds: ``MM``, ``HH:MM``, ``HH:MM:SS`` or ISO 8601.

    Examples
    --------
    >>> [duration_s({"duration": d}) for d in ("10", "01:30", "00:07:30", "PT20M", "soon")]
    [600.0, 5400.0, 450.0, 1200.0, None]
    """
    written = tags.get("duration", "").strip()
    iso = _ISO.match(written)
    if iso and any(iso.groups()):
        hours, minutes, seconds = (int(part or 0) for part in iso.groups())
    elif re.fullmatch(r"\d+", written):
        hours, minutes, seconds = 0, int(written), 0
    elif re.fullmatch(r"\d+:\d+(:\d+)?", written):
        hours, minutes, seconds = (*map(int, written.split(":")), 0)[:3]
    else:
        return None
    return float(hours * 3600 + minutes * 60 + seconds) or None


@cache
def telling_keys() -> frozenset[str]:
    """Give the keys of the tags of ways that these rules look at."""
    named: set[str] = {
        "highway", "route", "area", "construction", "junction", "motorroad", "duration", "maxspeed",
        *_CYCLEWAYS, *_IMPLIED,
    }  # fmt: skip
    for mode in modes().values():
        named |= mode.factors.keys()
    for rule in rules()["vehicle"].values():
        named |= {*rule["keys"], *rule["oneway"], *rule.get("room_m", {})}
    sided = {f"{key}:{way}" for key in (*named,) for way in ("forward", "backward")}
    return frozenset(named | sided)


@cache
def telling_node_keys() -> frozenset[str]:
    """Give the keys of the tags of nodes that these rules look at."""
    named = {"highway", "barrier", "bollard", "sensory", "direction", "traffic_signals:direction"}
    return frozenset(named.union(*(rule["keys"] for rule in rules()["vehicle"].values())))


def sign_here(tags: Tags) -> tuple[Sign, str]:
    """Give what a node makes one stop for, and in which direction of its way (else nothing).

    Examples
    --------
    >>> sign_here({"highway": "traffic_signals", "traffic_signals:direction": "backward"})
    ('signals', 'backward')
    >>> sign_here({"highway": "give_way"}), sign_here({"highway": "crossing"})
    (('give_way', ''), ('', ''))
    """
    found = _SIGNS.get(tags.get("highway", ""), "")
    if not found:
        return "", ""
    said = tags.get("traffic_signals:direction") or tags.get("direction", "")
    return found, said if said in ("forward", "backward") else ""


def _said(tags: Tags, vehicle: str, direction: str) -> Say:
    """Give what the tags say of a vehicle: the most telling key first, a direction before both."""
    for key in rules()["vehicle"][vehicle]["keys"]:
        for name in (f"{key}:{direction}", key):
            said = _value(tags.get(name, ""), vehicle)
            if said != "silent":
                return said
    return "silent"


def _value(written: str, vehicle: str) -> Say:
    if not written:
        return "silent"
    values = {part.strip() for part in written.split(";")}
    every, own = rules()["values"], rules()["vehicle"][vehicle]
    if values & {*every["open"], *own["open"]}:
        return "open"
    if "dismount" in values:
        return "push"
    return "closed" if values & {*every["closed"], *own["closed"]} else "silent"


def _opened_by(tags: Tags, vehicle: str, direction: str) -> bool:
    """Tell whether a key of its own, not the general one, opens a way for this vehicle."""
    own = [key for key in rules()["vehicle"][vehicle]["keys"] if key != "access"]
    for key in own:
        for name in (f"{key}:{direction}", key):
            said = _value(tags.get(name, ""), vehicle)
            if said != "silent":
                return said == "open"
    return False


def _may(tags: Tags, road: str, mode: Mode, direction: Direction) -> Say:
    """Tell whether this mode may use a way in a direction, one-way streets apart."""
    vehicle = mode.vehicle
    rule = rules()["vehicle"][vehicle]
    said = _said(tags, vehicle, direction)
    if said == "closed" or _too_narrow(tags, rule.get("room_m", {})):
        return "closed"
    if said == "push" or _opened_by(tags, vehicle, direction):
        return "open" if said != "push" else "push"
    if _closed_by_kind(tags, road, vehicle):
        return "closed"
    of_its_own = _class_kmh(road, mode) is not None and road not in rule.get("only_opened", ())
    if of_its_own or (vehicle == "bicycle" and _cycleway(tags)):
        return "open"
    return "push" if road in rule.get("pushed", ()) else "closed"


def _closed_by_kind(tags: Tags, road: str, vehicle: str) -> bool:
    """Tell whether the kind of way closes it to a vehicle.

    A motorroad is for motors only; a ferry that names who may board takes nobody else.
    """
    if tags.get("motorroad") == "yes" and not rules()["vehicle"][vehicle]["motorroad"]:
        return True
    motor = vehicle in ("moped", "motorcar")
    return road == "ferry" and motor and ("foot" in tags or "bicycle" in tags)


def _cycleway(tags: Tags) -> bool:
    """Tell whether there is a lane or track for bicycles along the way."""
    return _contraflow(tags) or any(tags.get(key) in _CYCLED for key in _CYCLEWAYS)


def _directions(tags: Tags, road: str, vehicle: str) -> tuple[bool, bool]:
    """Tell whether one-way rules let this vehicle go along the way, and against it."""
    there, back = True, True
    keys: Sequence[str] = rules()["vehicle"][vehicle]["oneway"]
    implied = road == "motorway" or tags.get("junction") in ("roundabout", "circular")
    if implied and "oneway" in keys:
        back = False
    for key in keys:
        value = tags.get(key, "")
        if value in _FORWARD | _BACKWARD | _BOTH | {"reversible"}:
            there = value in _FORWARD | _BOTH
            back = value in _BACKWARD | _BOTH
            break
    if vehicle == "bicycle" and _contraflow(tags):
        return True, True
    return there, back


def _contraflow(tags: Tags) -> bool:
    return any(tags.get(key, "").startswith("opposite") for key in _CYCLEWAYS)


def _speed(tags: Tags, road: str, mode: Mode, direction: Direction, *, with_stream: bool) -> float:
    may = _may(tags, road, mode, direction)
    if may == "closed":
        return 0.0
    if may == "push" or not with_stream:
        # Who gets off the bicycle is a pedestrian and keeps to the rules of one.
        return _pushed(tags, road, direction) if mode.vehicle == "bicycle" else 0.0
    kmh = _class_kmh(road, mode) or mode.speeds_kmh[rules()["ways"]["opened_as"]]
    sign = sign_kmh(tags, direction)
    if mode.sign_share is not None and sign is not None:
        kmh = min(kmh, sign * mode.sign_share)
    return kmh * _factor(tags, mode)


def _factor(tags: Tags, mode: Mode) -> float:
    """Give what the tags leave of the speed: the least, since they tell of the same hindrance."""
    told = (
        by_value.get(part.strip(), 1.0)
        for key, by_value in mode.factors.items()
        for part in tags.get(key, "").split(";")
    )
    return min(told, default=1.0)


def _pushed(tags: Tags, road: str, direction: Direction) -> float:
    walk = modes()["walk"]
    on_foot = _may(tags, road, walk, direction)
    there, back = _directions(tags, road, "foot")
    along = there if direction == "forward" else back
    return (_class_kmh(road, walk) or 0.0) if on_foot == "open" and along else 0.0


def _class_kmh(road: str, mode: Mode) -> float | None:
    """Give the speed of a class; a slip road without one has that of its main road."""
    return mode.speeds_kmh.get(road, mode.speeds_kmh.get(road.removesuffix("_link")))


def _too_narrow(tags: Tags, room_m: Mapping[str, float]) -> bool:
    def metres(written: str) -> float | None:
        found = re.match(r"^(\d+(?:\.\d+)?)\s*m?$", written.strip())
        return float(found[1]) if found else None

    given = {key: metres(tags[key]) for key in room_m if key in tags}
    return any(value is not None and value < room_m[key] for key, value in given.items())


def _one_sign(written: str) -> float | None:
    number = _NUMBER.match(written)
    if number:
        value = float(number[1].replace(",", "."))
        return value * KMH_PER_MPH if (number[2] or "").lower() == "mph" else value
    zone = _ZONE.search(written)
    if zone:
        return float(zone[1])
    signs = rules()["signs_kmh"]
    found = signs.get(written, signs.get(written.rpartition(":")[2]))
    return None if found is None else float(found)
