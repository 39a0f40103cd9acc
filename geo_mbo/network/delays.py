"""Seconds lost where roads meet: at lights and signs, on giving way, on boarding a ferry.

They are lost on arriving, so that who starts or ends midway loses nothing. How many stands with the
modes (``resources/speeds.toml``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.gathered import Judge, Spot

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.modes import Mode
    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Floats, Truths

_APPROACH_M = 40.0
"""A light or sign this near before a junction is the one of that junction."""


@dataclass(frozen=True, eq=False)
class Ends:
    """Stretches by what tells of waiting; arrays of two rows are for arriving at head and tail.

    Attributes
    ----------
    node
        Junctions at the ends (two rows).
    onward
        Whether who arrives comes along the direction of the road there (two rows).
    rule
        Of each stretch the number of the rule of its road.
    length_m
        Of each stretch its length.
    spot
        Of each junction the number of its rule; -1 without.
    """

    node: Short
    onward: Truths
    rule: Short
    length_m: Floats
    spot: Short

    def highest(self, value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Give the highest value of the stretches at each junction, at each end."""
        found = np.full(len(self.spot), -np.inf, np.float32)
        for ends in self.node:
            np.maximum.at(found, ends, value)
        return np.asarray(found[self.node])

    def any_at(self, told: Truths) -> Truths:
        """Tell of each end whether it is so of any end at its junction."""
        found = np.zeros(len(self.spot), bool)
        found[self.node[told]] = True
        return np.asarray(found[self.node])


def reasons(ends: Ends, judge: Judge) -> dict[str, Truths]:
    """Tell of each end of each stretch (heads, tails) why who arrives there loses time.

    Someone on a lower road gives way where it meets a higher one; not where lights or a sign stand,
    there or just before. A sign without a direction is for who nears the junction: who comes along
    the longer stretch, or at the junction itself on the lower road.
    """
    degree = np.bincount(ends.node.ravel(), minlength=len(ends.spot))
    junction, passed = (degree > 2)[ends.node], (degree > 1)[ends.node]
    rank = np.array([road.rank for road in judge.roads], np.float32)[ends.rule]
    yields = np.array([road.yields for road in judge.roads], bool)[ends.rule]
    ferry = np.array([road.ferry for road in judge.roads], bool)[ends.rule]
    lower = rank < ends.highest(rank)
    length = ends.length_m.astype(np.float32)
    faces = np.where(junction, lower | ~ends.any_at(lower), length >= ends.highest(length))
    signed = np.isin(ends.spot, [k for k, spot in enumerate(judge.spots) if spot.sign])
    directed = np.isin(ends.spot, [k for k, spot in enumerate(judge.spots) if spot.direction])
    before = (ends.length_m < _APPROACH_M) & signed[ends.node[::-1]]
    signs = _signs(judge.spots, ends)
    faced = passed & (faces | directed[ends.node])
    unsigned = junction & lower & yields & ~signed[ends.node] & ~before
    return {
        "signals": signs["signals"] & passed,  # lights at a dead end stop nobody
        "stop": signs["stop"] & faced,
        "give_way": (signs["give_way"] & faced) | unsigned,
        "ferry": ferry & ends.any_at(np.broadcast_to(~ferry, ends.node.shape)),
    }


def delay_s(why: Mapping[str, Truths], mode: Mode, seconds: Floats) -> Floats:
    """Add up what a mode loses on arriving at heads (0) and tails (1); nothing where it may not go.

    Parameters
    ----------
    why
        Why time is lost, of the edges before those of gates.
    mode
        Who travels.
    seconds
        What it takes along all edges; ``inf`` where it may not go.
    """
    lost = np.zeros_like(seconds)
    for reason, so in why.items():
        much = mode.delays_s.get(reason, 0.0)
        if much:
            lost[:, : so.shape[1]][so] += much
    lost[np.isinf(seconds)] = 0.0
    return lost


def _signs(spots: Sequence[Spot], ends: Ends) -> dict[str, Truths]:
    """Tell which sign who arrives meets: one for a direction counts in that direction only."""

    def at(sign: str, direction: str) -> Truths:
        those = [k for k, s in enumerate(spots) if (s.sign, s.direction) == (sign, direction)]
        return np.asarray(np.isin(ends.spot, those)[ends.node])

    return {
        sign: at(sign, "")
        | (at(sign, "forward") & ends.onward)
        | (at(sign, "backward") & ~ends.onward)
        for sign in ("signals", "stop", "give_way")
    }
