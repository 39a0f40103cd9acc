"""Who may use which road: by hand, and against the cases of another routing engine."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

import pytest

from geo_mbo.modes import modes
from geo_mbo.network.access import (
    duration_s,
    gate_is_open,
    joinable,
    road_class,
    sign_kmh,
    speeds_kmh,
    telling_keys,
)


def open_to(tags, mode):
    there, back = speeds_kmh(tags, modes()[mode])
    return there > 0, back > 0


@pytest.mark.parametrize(
    ("tags", "walk", "bike", "car"),
    [
        ({"highway": "residential"}, (1, 1), (1, 1), (1, 1)),
        ({"highway": "residential", "oneway": "yes", "foot": "no"}, (0, 0), (1, 0), (1, 0)),
        ({"highway": "residential", "oneway": "-1"}, (1, 1), (1, 1), (0, 1)),
        ({"highway": "primary", "oneway": "reversible", "foot": "no"}, (0, 0), (0, 0), (0, 0)),
        ({"highway": "tertiary", "junction": "roundabout"}, (1, 1), (1, 1), (1, 0)),
        ({"highway": "motorway"}, (0, 0), (0, 0), (1, 0)),
        ({"highway": "trunk"}, (0, 0), (0, 0), (1, 1)),
        ({"highway": "trunk", "bicycle": "yes"}, (0, 0), (1, 1), (1, 1)),
        ({"highway": "secondary", "bicycle": "use_sidepath"}, (1, 1), (0, 0), (1, 1)),
        ({"highway": "cycleway"}, (1, 1), (1, 1), (0, 0)),
        ({"highway": "footway"}, (1, 1), (1, 1), (0, 0)),  # a bicycle is pushed
        ({"highway": "steps"}, (1, 1), (1, 1), (0, 0)),
        ({"highway": "footway", "bicycle": "no"}, (1, 1), (0, 0), (0, 0)),
        ({"highway": "service", "access": "private"}, (0, 0), (0, 0), (0, 0)),
        ({"highway": "service", "access": "private", "foot": "yes"}, (1, 1), (0, 0), (0, 0)),
        ({"highway": "residential", "motor_vehicle": "destination"}, (1, 1), (1, 1), (1, 1)),
        ({"highway": "track", "vehicle": "no", "bicycle": "yes"}, (1, 1), (1, 1), (0, 0)),
        ({"highway": "pedestrian", "area": "yes"}, (0, 0), (0, 0), (0, 0)),
        ({"highway": "construction"}, (0, 0), (0, 0), (0, 0)),
        ({"highway": "pedestrian", "motor_vehicle": "yes"}, (1, 1), (1, 1), (1, 1)),
        ({"route": "ferry"}, (1, 1), (1, 1), (1, 1)),
        ({"route": "ferry", "foot": "yes", "bicycle": "yes"}, (1, 1), (1, 1), (0, 0)),
        ({"route": "bus"}, (0, 0), (0, 0), (0, 0)),
        ({"railway": "rail"}, (0, 0), (0, 0), (0, 0)),
    ],
)
def test_roads_by_hand(tags, walk, bike, car):
    found = tuple(open_to(tags, mode) for mode in ("walk", "bike", "car"))
    assert found == tuple(tuple(map(bool, due)) for due in (walk, bike, car))


def test_bicycles_against_the_stream():
    street = {"highway": "residential", "oneway": "yes"}
    assert speeds_kmh(street, modes()["bike"]) == (16.0, 4.8)  # pushed
    for tag in ({"oneway:bicycle": "no"}, {"cycleway": "opposite"}, {"cycleway": "opposite_lane"}):
        assert speeds_kmh(street | tag, modes()["bike"]) == (16.0, 16.0)


def test_dismount_and_footways_go_at_walking_pace():
    assert speeds_kmh({"highway": "path", "bicycle": "dismount"}, modes()["bike"]) == (4.8, 4.8)
    assert speeds_kmh({"highway": "footway"}, modes()["ebike"]) == (4.8, 4.8)
    assert speeds_kmh({"highway": "steps"}, modes()["bike"]) == (2.4, 2.4)


def test_signs_bind_cars_at_their_share():
    car = modes()["car"]
    assert speeds_kmh({"highway": "primary", "maxspeed": "30"}, car) == (28.5, 28.5)
    assert speeds_kmh({"highway": "primary", "maxspeed:backward": "30"}, car) == (59.0, 28.5)
    assert speeds_kmh({"highway": "residential", "maxspeed": "none"}, car) == (25.0, 25.0)


@pytest.mark.parametrize(
    ("written", "kmh"),
    [
        ("50", 50), ("30 mph", 48.28032), ("30mph", 48.28032), ("50 km/h", 50), ("NL:urban", 50),
        ("NL:rural", 80), ("XX:urban", 50), ("walk", 15), ("DE:zone30", 30), ("DE:zone:20", 20),
        ("50;30", 30), ("none", None), ("signals", None), ("", None), ("fast", None),
        ("5unknown", None),
    ],
)  # fmt: skip
def test_spellings_of_a_limit(written, kmh):
    assert sign_kmh({"maxspeed": written}, "forward") == kmh


@pytest.mark.parametrize("written", ["", "soon", "00:00", "1:2:3:4", "0"])
def test_a_duration_that_is_none(written):
    assert duration_s({"duration": written}) is None


@pytest.mark.parametrize(
    ("tags", "foot", "bicycle", "motorcar"),
    [
        ({}, 1, 1, 1),
        ({"barrier": "bollard"}, 1, 1, 0),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, 1, 1, 1),
        ({"barrier": "gate"}, 1, 1, 1),
        ({"barrier": "gate", "access": "private"}, 0, 0, 0),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, 1, 0, 0),
        ({"barrier": "stile"}, 1, 0, 0),
        ({"barrier": "fence"}, 0, 0, 0),
        ({"barrier": "cycle_barrier"}, 1, 1, 0),
    ],
)
def test_barriers(tags, foot, bicycle, motorcar):
    found = [gate_is_open(tags, vehicle) for vehicle in ("foot", "bicycle", "motorcar")]
    assert found == [bool(foot), bool(bicycle), bool(motorcar)]


def test_where_one_gets_on():
    assert joinable({"highway": "residential"})
    assert not joinable({"highway": "motorway"})
    assert not joinable({"route": "ferry"})
    assert road_class({"highway": "primary", "construction": "minor"}) == "primary"
    assert {"oneway:bicycle", "access:forward", "maxspeed:backward", "duration"} <= telling_keys()


# Scenarios in which another opinion is held, or that the table does not tell whole.
OTHER_OPINION = {
    "Car - Access tags on nodes": "private and delivery do not let a student in",
    "Car - Access combinations": "access=permissive makes no road for cars of a footway",
    "Bike - Access tag in backward direction": "columns were lost: untagged rows are closed in it",
    "Bike - Access combinations": "access=permissive does not make a road of an unknown class",
    "Bicycle - Maxspeed formats": "a trunk road is closed to bicycles, as it is elsewhere there",
    "Foot - Access tag hierarchy on ways": "access=yes opens no motorway to pedestrians",
    "Foot - a way with missing :forward tag": "pedestrians may use a Dutch cycleway",
    "Foot - Access tags on nodes": "an unknown value says nothing: the general access=no holds",
}


@cache
def judged(path) -> tuple[dict[str, float], list[tuple[str, str, list[str]]]]:
    """Judge all cases; give the share that agrees by profile, and those that do not."""
    profiles = {"car": "car", "bicycle": "bike", "foot": "walk"}
    total, good, bad = Counter(), Counter(), []
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        mode = modes()[profiles[case["profile"]]]
        for row in case["rows"]:
            total[case["profile"]] += 1
            if _agrees(dict(zip(case["columns"], row, strict=True)), mode):
                good[case["profile"]] += 1
            else:
                bad.append((case["profile"], case["scenario"], row))
    return {profile: good[profile] / total[profile] for profile in total}, bad


def _agrees(row, mode) -> bool:
    due = {k: bool(row.pop(k)) for k in ("forw", "backw", "bothw") if k in row}
    told = {k: v for k, v in row.items() if v and not k.startswith("#") and not k.endswith("_rate")}
    gate = {k.removeprefix("node/"): v for k, v in told.items() if k.startswith("node/")}
    way = {"highway": "primary"} | {k: v for k, v in told.items() if not k.startswith("node/")}
    way = {k: v for k, v in way.items() if v != "(nil)"}
    there, back = (kmh > 0 and gate_is_open(gate, mode.vehicle) for kmh in speeds_kmh(way, mode))
    found = {"forw": there, "backw": back, "bothw": there and back}
    return all(found[k] == v for k, v in due.items())


@pytest.mark.real_data
def test_cases_of_another_engine(real_data, capsys):
    shares, bad = judged(real_data / "validation/osrm_routability/routability_cases.json")
    with capsys.disabled():
        print("\nroutability:", {k: f"{v:.1%}" for k, v in shares.items()})
    assert min(shares.values()) > 0.85
    assert {scenario for _, scenario, _ in bad} == set(OTHER_OPINION)
