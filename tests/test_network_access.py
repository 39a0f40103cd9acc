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
    sign_here,
    sign_kmh,
    speeds_kmh,
    telling_keys,
    telling_node_keys,
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


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"maxspeed:type": "NL:urban"}, 50),
        ({"source:maxspeed": "NL:zone30"}, 30),
        ({"source:maxspeed": "sign"}, None),
        ({"zone:maxspeed": "DE:30"}, 30),
        ({"zone:maxspeed": "30"}, 30),
        ({"maxspeed": "60", "zone:maxspeed": "30"}, 60),
        ({"maxspeed": "none", "source:maxspeed": "NL:motorway"}, None),
        ({"maxspeed:backward": "60", "zone:maxspeed": "30"}, 30),
    ],
)
def test_limits_of_zones_and_kinds_of_road(tags, kmh):
    assert sign_kmh(tags, "forward") == kmh


@pytest.mark.parametrize(
    ("tags", "mode", "kmh"),
    [
        ({"highway": "cycleway", "surface": "asphalt"}, "bike", 17),
        ({"highway": "cycleway", "surface": "sett"}, "bike", 13.6),
        ({"highway": "cycleway", "surface": "asphalt;sand"}, "bike", 5.1),
        ({"highway": "track", "tracktype": "grade5", "surface": "compacted"}, "bike", 7),
        ({"highway": "path", "smoothness": "horrible"}, "ebike", 6.4),
        ({"highway": "footway", "surface": "gravel"}, "bike", 4.8),  # pushed
        ({"highway": "service", "service": "parking_aisle"}, "car", 9.1),
        ({"highway": "motorway", "maxspeed": "100"}, "car", 95),
        ({"highway": "motorway", "maxspeed": "100"}, "car_peak", 71.25),
        ({"highway": "primary", "maxspeed": "50"}, "car_peak", 38),
    ],
)
def test_what_slows_one_down(tags, mode, kmh):
    assert speeds_kmh(tags, modes()[mode])[0] == pytest.approx(kmh)


@pytest.mark.parametrize(
    ("tags", "there", "back"),
    [
        ({"highway": "residential"}, 1, 1),
        ({"highway": "cycleway"}, 0, 0),
        ({"highway": "cycleway", "moped": "designated"}, 1, 1),
        ({"highway": "cycleway", "mofa": "designated"}, 0, 0),  # for the 25 km/h kind only
        ({"highway": "path", "bicycle": "designated"}, 0, 0),
        ({"highway": "secondary", "moped": "use_sidepath"}, 0, 0),
        ({"highway": "residential", "motorcar": "no"}, 1, 1),
        ({"highway": "residential", "motor_vehicle": "no"}, 0, 0),
        ({"highway": "residential", "motor_vehicle": "no", "moped": "yes"}, 1, 1),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, 1, 0),
        ({"highway": "residential", "oneway": "yes", "oneway:moped": "no"}, 1, 1),
        ({"highway": "trunk"}, 0, 0),
        ({"highway": "footway"}, 0, 0),
        ({"route": "ferry", "foot": "yes"}, 0, 0),
    ],
)
def test_where_a_speed_pedelec_may_go(tags, there, back):
    assert open_to(tags, "speed_pedelec") == (bool(there), bool(back))


def test_a_speed_pedelec_keeps_to_the_sign_and_the_law():
    pedelec = modes()["speed_pedelec"]
    assert max(pedelec.speeds_kmh.values()) <= 45
    assert speeds_kmh({"highway": "residential", "maxspeed": "20"}, pedelec) == (19.0, 19.0)


def test_the_busy_hours_are_never_faster():
    car, peak = modes()["car"], modes()["car_peak"]
    for road in car.speeds_kmh:
        tags = {"route": "ferry"} if road == "ferry" else {"highway": road}
        assert speeds_kmh(tags, peak) <= speeds_kmh(tags, car)
    assert all(peak.delays_s[why] >= car.delays_s[why] for why in car.delays_s)


def test_signs_on_nodes():
    assert sign_here({"highway": "traffic_signals", "direction": "both"}) == ("signals", "")
    assert sign_here({"highway": "stop", "direction": "backward"}) == ("stop", "backward")
    assert {"highway", "direction", "barrier", "moped"} <= telling_node_keys()


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
    assert {"surface", "smoothness", "tracktype", "zone:maxspeed", "service"} <= telling_keys()


# The engine marks this scenario as "to do" and does not run it: it closes an untagged primary road
# in one direction, against its own other scenarios. So it is no opinion, and counts for none.
NOT_HELD = "Bike - Access tag in backward direction"

# Rows on which another opinion is held: columns but the due ones, by profile and scenario.
OTHER_OPINION = {
    ("car", "Car - Access tags on nodes"): {
        "node/access=private": "a student may not pass",
        "node/access=delivery": "a student delivers nothing",
    },
    ("car", "Car - Access combinations"): {
        "highway=footway access=permissive": "access opens no footway to cars (wiki, Key:access)",
        "highway=garbagetag access=permissive": "a road of no known class is no road",
    },
    ("bicycle", "Bike - Access combinations"): {
        "highway=garbagetag access=permissive": "a road of no known class is no road",
    },
    ("bicycle", "Bicycle - Maxspeed formats"): {
        "highway=trunk maxspeed=5unknown": "a Dutch trunk road (autoweg) is closed to bicycles",
        "highway=trunk maxspeed=5 unknown": "a Dutch trunk road (autoweg) is closed to bicycles",
    },
    ("foot", "Foot - Access tag hierarchy on ways"): {
        "highway=motorway access=yes": "access opens no motorway to pedestrians (Dutch law)",
    },
    ("foot", "Foot - a way with missing :forward tag"): {
        "highway=cycleway bicycle:backward=designated foot:backward=designated":
            "pedestrians may use a Dutch cycle path, both ways (RVV 1990, article 4)",
    },
    ("foot", "Foot - Access tags on nodes"): {
        "node/access=no node/foot=some_tag": "an unknown value says nothing: access=no holds",
    },
}  # fmt: skip


@cache
def judged(path) -> tuple[dict[str, float], list[tuple[str, str, str]]]:
    """Judge all cases; give the share that agrees by profile, and those that do not."""
    profiles = {"car": "car", "bicycle": "bike", "foot": "walk"}
    total, good, bad = Counter(), Counter(), []
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        mode = modes()[profiles[case["profile"]]]
        for values in case["rows"]:
            row = dict(zip(case["columns"], values, strict=True))
            told = " ".join(f"{k}={v}" for k, v in row.items() if v and not k.endswith("w"))
            if case["scenario"] == NOT_HELD:
                continue
            total[case["profile"]] += 1
            if _agrees(row, mode):
                good[case["profile"]] += 1
            else:
                bad.append((case["profile"], case["scenario"], told))
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
    assert min(shares.values()) >= 0.97
    due = {(*case, row) for case, rows in OTHER_OPINION.items() for row in rows}
    assert set(bad) == due


@pytest.mark.real_data
def test_the_scenario_that_counts_for_none_contradicts_itself(real_data):
    cases = json.loads(
        (real_data / "validation/osrm_routability/routability_cases.json").read_text("utf-8")
    )["cases"]
    (case,) = (case for case in cases if case["scenario"] == NOT_HELD)
    untagged = dict(zip(case["columns"], case["rows"][0], strict=True))
    assert {k for k, v in untagged.items() if v} == {"highway", "backw"}
    assert _agrees({"highway": "primary", "bothw": "x"}, modes()["bike"])  # as all others have it
