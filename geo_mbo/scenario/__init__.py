"""Scenarios: sites open, close and move, programmes start and stop; and what that changes.

A scenario never needs the network: one travel matrix goes to all existing and candidate sites
(`candidate_sites`), and the present and every scenario use columns of it.
"""

from geo_mbo.scenario.change import apply, candidate_sites
from geo_mbo.scenario.comparison import Comparison, compare
from geo_mbo.scenario.model import Action, Scenario, read_scenario

__all__ = [
    "Action",
    "Comparison",
    "Scenario",
    "apply",
    "candidate_sites",
    "compare",
    "read_scenario",
]
