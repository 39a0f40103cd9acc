"""Seconds lost where roads meet: at lights and signs, on giving way, on boarding a ferry.

They are lost on arriving, so that who starts or ends midway loses nothing. How many stands with the
modes (``resources/speeds.toml``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.modes import Mode
from geo_mbo.network.gathered import Gathered, Judge, Spot
from geo_mbo.network.stretches import Stretches

if TYPE_CHECKING:
    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Floats, Truths, Whole

_APPROACH_M = 40.0
"""A light or sign this near before a junction is the one of that junction."""


def delays_s(
    gathered: Gathered, judge: Judge, stretches: Stretches, rule: Whole, length_m: Floats
) -> dict[str, Floats]:
    """Give by mode the seconds lost on arriving at the head (0) and tail (1) of each stretch.

    Modes that lose none are left out.

    Parameters
    ----------
    gathered, stretches
        The roads, and what they were cut and merged into.
    judge
        Its rules of roads and nodes.
    rule
        Of each stretch the number of the rule of its road.
    length_m
        Of each stretch its length.
    """
    reasons = _reasons(gathered, judge, stretches, rule, length_m)
    found = {}
    for mode in judge.modes:
        seconds = _seconds(reasons, mode)
        if seconds.any():
            found[mode.name] = seconds
    return found


def _seconds(reasons: Mapping[str, Truths], mode: Mode) -> Floats:
    """Add up what a mode loses; the reasons have a row by end."""
    parts = [np.where(lost, mode.delays_s.get(why, 0.0), 0.0) for why, lost in reasons.items()]
    return np.asarray(sum(parts), np.float64)


def _reasons(
    gathered: Gathered, judge: Judge, stretches: Stretches, rule: Whole, length_m: Floats
) -> dict[str, Truths]:
    """Tell of each end of each stretch (heads, tails) why who arrives there loses time."""
    node = np.stack([stretches.head, stretches.tail])
    degree = np.bincount(node.ravel(), minlength=len(gathered.ref))
    onward = (stretches.last & 1 == 1, stretches.first & 1 == 1)
    signs = _signs(judge.spots, gathered.spot[node], np.stack(onward))
    longer = length_m >= _highest(node, length_m, len(degree)) - 1e-6
    rank = np.array([road.rank for road in judge.roads])[rule]
    lower = rank < _highest(node, rank, len(degree))
    junction = degree[node] > 2
    faces = np.where(junction, lower | ~_any_at(node, lower, len(degree)), longer)
    signed = np.isin(gathered.spot, [k for k, s in enumerate(judge.spots) if s.sign])
    signed_before = (length_m < _APPROACH_M) & signed[node[::-1]]
    yields = np.array([road.yields for road in judge.roads], bool)[rule]
    ferry = np.array([road.ferry for road in judge.roads], bool)[rule]
    directed = np.isin(gathered.spot, [k for k, s in enumerate(judge.spots) if s.direction])[node]
    passed = degree[node] > 1  # a light at a dead end stops nobody
    return {
        "signals": signs["signals"] & passed,
        "stop": signs["stop"] & passed & (faces | directed),
        "give_way": (signs["give_way"] & passed & (faces | directed))
        | (junction & lower & ~signed[node] & ~signed_before & yields),
        "ferry": ferry & _any_at(node, ~np.broadcast_to(ferry, node.shape), len(degree)),
    }


def _signs(spots: Sequence[Spot], spot: Short, onward: Truths) -> dict[str, Truths]:
    """Tell which sign who arrives meets: one for a direction counts in that direction only."""

    def numbers(sign: str, direction: str) -> list[int]:
        return [k for k, s in enumerate(spots) if (s.sign, s.direction) == (sign, direction)]

    return {
        sign: np.isin(spot, numbers(sign, ""))
        | (np.isin(spot, numbers(sign, "forward")) & onward)
        | (np.isin(spot, numbers(sign, "backward")) & ~onward)
        for sign in ("signals", "stop", "give_way")
    }


def _highest(node: Short, value: Floats, nodes: int) -> Floats:
    """Give the highest value among the stretches at each end's node."""
    highest = np.full(nodes, -np.inf)
    for ends in node:
        np.maximum.at(highest, ends, value)
    return np.asarray(highest[node])


def _any_at(node: Short, told: Truths, nodes: int) -> Truths:
    """Tell of each end whether it is so of any end at its node."""
    found = np.zeros(nodes, bool)
    found[node[told]] = True
    return np.asarray(found[node])
