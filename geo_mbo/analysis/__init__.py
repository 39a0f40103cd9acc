"""Measures: each takes a travel matrix and tables, and gives a table.

``catchment``  where students come from, who lives within reach
``access``     travel times to providers, and of students
``coverage``   programmes within reach and gaps (lacunes)
``provision``  the same programme twice within reach (dubbeling)
``forecast``   change between two years
``equity``     how unequally travel is spread
``scores``     access of a study by every measure, and how unequal it is; the measures themselves:
               ``accessibility``, ``competition``, ``raam``, ``constrained``, ``inequality``
``benchmark``  institutions beside each other
``indicators`` numbers and judgements beside the country, the others and their past
``validation`` published distances and times beside computed ones
``published``  the same for the indicators of a study
``findings``   all of them at once
"""

from geo_mbo.analysis.access import (
    origin_times,
    student_travel,
    students_within,
    time_to_providers,
)
from geo_mbo.analysis.benchmark import institution_benchmark
from geo_mbo.analysis.catchment import observed_catchment, site_reach, travel_catchment
from geo_mbo.analysis.coverage import coverage, gaps
from geo_mbo.analysis.equity import gini, travel_inequality
from geo_mbo.analysis.findings import Choices, Findings, find
from geo_mbo.analysis.forecast import forecast_change
from geo_mbo.analysis.indicators import (
    compared_indicators,
    indicators_of,
    institution_indicators,
)
from geo_mbo.analysis.provision import duplication
from geo_mbo.analysis.published import Yardstick, compare_indicators
from geo_mbo.analysis.scores import access_scores, equity_scores
from geo_mbo.analysis.travelled import travelled
from geo_mbo.analysis.validation import compare_published

__all__ = [
    "Choices",
    "Findings",
    "Yardstick",
    "access_scores",
    "compare_indicators",
    "compare_published",
    "compared_indicators",
    "coverage",
    "duplication",
    "equity_scores",
    "find",
    "forecast_change",
    "gaps",
    "gini",
    "indicators_of",
    "institution_benchmark",
    "institution_indicators",
    "observed_catchment",
    "origin_times",
    "site_reach",
    "student_travel",
    "students_within",
    "time_to_providers",
    "travel_catchment",
    "travel_inequality",
    "travelled",
]
