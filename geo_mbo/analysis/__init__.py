"""Measures: each takes a travel matrix and tables, and gives a table.

``catchment``  where students come from, who lives within reach
``modelled``   where they would come from by a model of choice; ``differences`` of the three
               catchments, ``overlap`` of those of two sites
``access``     travel times to providers, and of students
``coverage``   programmes within reach and gaps (lacunes)
``states``     gaps in three states: served, full, out of reach; ``lacking`` offers, and
               ``offer_times`` to the first, second and third provider
``provision``  the same programme twice within reach (dubbeling)
``pairs``      every two sites with the same education; ``signals`` of small provision
``forecast``   change between two years
``equity``     how unequally travel is spread
``scores``     access of a study by every measure, and how unequal it is; the measures themselves:
               ``accessibility``, ``competition``, ``raam``, ``constrained``, ``inequality``
``benchmark``  institutions beside each other; ``benchmark_wide`` with regions, country and peers
``market``     market shares by municipality, and how concentrated they are
``indicators`` numbers and judgements beside the country, the others and their past
``interaction`` flows from travel time (Wilson), ``calibration`` a decay from flows, ``huff`` the
               choice of a site; a decay is made by ``decay``
``flows``      woongemeente x site x programme, from all that is published (``fitting``)
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
from geo_mbo.analysis.benchmark_wide import wide_benchmark
from geo_mbo.analysis.calibration import calibrate, fitted_decay
from geo_mbo.analysis.catchment import (
    observed_catchment,
    observed_catchments,
    site_reach,
    travel_catchment,
)
from geo_mbo.analysis.coverage import coverage, gaps
from geo_mbo.analysis.differences import catchment_differences, site_differences
from geo_mbo.analysis.equity import gini, travel_inequality
from geo_mbo.analysis.findings import Choices, Findings, find
from geo_mbo.analysis.flow_pairs import flow_pairs
from geo_mbo.analysis.flows import StudentFlows, student_flows
from geo_mbo.analysis.forecast import forecast_change
from geo_mbo.analysis.growth import pair_forecast
from geo_mbo.analysis.huff import huff_areas, huff_chances, huff_choice, huff_sites
from geo_mbo.analysis.indicators import (
    compared_indicators,
    indicators_of,
    institution_indicators,
)
from geo_mbo.analysis.interaction import interaction_flows
from geo_mbo.analysis.lacking import lacking_offers
from geo_mbo.analysis.market import concentration, market_shares
from geo_mbo.analysis.modelled import modelled_catchments
from geo_mbo.analysis.offer_times import time_to_offers
from geo_mbo.analysis.overlap import site_overlap
from geo_mbo.analysis.pairs import provision_pairs
from geo_mbo.analysis.provision import duplication
from geo_mbo.analysis.published import Yardstick, compare_indicators
from geo_mbo.analysis.scores import access_scores, equity_scores
from geo_mbo.analysis.signals import provision_signals
from geo_mbo.analysis.states import by_area, by_young_people, coverage_states, site_loads
from geo_mbo.analysis.travelled import travelled
from geo_mbo.analysis.units import Unit, participation
from geo_mbo.analysis.validation import compare_published

__all__ = [
    "Choices",
    "Findings",
    "StudentFlows",
    "Unit",
    "Yardstick",
    "access_scores",
    "by_area",
    "by_young_people",
    "calibrate",
    "catchment_differences",
    "compare_indicators",
    "compare_published",
    "compared_indicators",
    "concentration",
    "coverage",
    "coverage_states",
    "duplication",
    "equity_scores",
    "find",
    "fitted_decay",
    "flow_pairs",
    "forecast_change",
    "gaps",
    "gini",
    "huff_areas",
    "huff_chances",
    "huff_choice",
    "huff_sites",
    "indicators_of",
    "institution_benchmark",
    "institution_indicators",
    "interaction_flows",
    "lacking_offers",
    "market_shares",
    "modelled_catchments",
    "observed_catchment",
    "observed_catchments",
    "origin_times",
    "pair_forecast",
    "participation",
    "provision_pairs",
    "provision_signals",
    "site_differences",
    "site_loads",
    "site_overlap",
    "site_reach",
    "student_flows",
    "student_travel",
    "students_within",
    "time_to_offers",
    "time_to_providers",
    "travel_catchment",
    "travel_inequality",
    "travelled",
    "wide_benchmark",
]
