"""Arithmetic of masked counts beyond sums: what a number may be when its weights are intervals.

A count of students stands in three columns (`geo_mbo.counts`): every number of students from its
low to its high bound may be the true one, for each row by itself. What is worked out from such rows
lies between the least and the greatest value over all these numbers. That is more than working with
the bounds of each step: a count above and below a fraction line is one number, not two.

Sums and ratios of sums take their extremes at the corners, and for a ratio at a corner that sorting
finds: rows ordered by their own ratio are at one bound up to some row and at the other beyond it
(a linear-fractional programme over a box; Charnes and Cooper 1962, Naval Research Logistics
9:181-186).
"""

from geo_mbo.intervals.ranks import weighted_gini, weighted_quantiles
from geo_mbo.intervals.sums import growth, weighted_mean, weighted_ratio, weighted_sum

__all__ = [
    "growth",
    "weighted_gini",
    "weighted_mean",
    "weighted_quantiles",
    "weighted_ratio",
    "weighted_sum",
]
