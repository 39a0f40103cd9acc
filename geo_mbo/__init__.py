"""Travel and catchments for Dutch vocational education (mbo and vavo).

The public names, and nothing else. They are loaded when first used, so that importing the package
costs nothing.

Examples
--------
>>> import geo_mbo
>>> town = geo_mbo.sample_town()
>>> found = geo_mbo.find(town.tables, town.matrix, geo_mbo.Choices(mode="bike", limit_min=30))
>>> found.gaps.query("mode == 'bike'")[["programme", "young_people_out"]].head(1)
  programme  young_people_out
3  Timmeren             450.0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo_mbo.analysis import Choices, Findings, find
    from geo_mbo.errors import GeoMboError
    from geo_mbo.modes import Mode
    from geo_mbo.network import (
        Network,
        Overpass,
        box_around,
        fetch_roads,
        network_summary,
        read_network,
    )
    from geo_mbo.notes import Note
    from geo_mbo.reach import isochrones
    from geo_mbo.sample import sample_town
    from geo_mbo.scenario import (
        Comparison,
        Scenario,
        apply,
        candidate_sites,
        compare,
        read_scenario,
    )
    from geo_mbo.study import Outcome, Study, measure_study, read_study, run_study, write_outcome
    from geo_mbo.tables import Tables
    from geo_mbo.travel import (
        Search,
        TravelMatrix,
        crow_flies_matrix,
        matrix_from_long,
        routes,
        stacked,
        travel_matrix,
    )

_PLACES = {
    "analysis": ("Choices", "Findings", "find"),
    "errors": ("GeoMboError",),
    "modes": ("Mode",),
    "network": (
        "Network",
        "Overpass",
        "box_around",
        "fetch_roads",
        "network_summary",
        "read_network",
    ),
    "notes": ("Note",),
    "reach": ("isochrones",),
    "sample": ("SampleTown", "sample_town"),
    "scenario": (
        "Action",
        "Comparison",
        "Scenario",
        "apply",
        "candidate_sites",
        "compare",
        "read_scenario",
    ),
    "study": ("Outcome", "Study", "measure_study", "read_study", "run_study", "write_outcome"),
    "tables": ("Tables",),
    "travel": (
        "Search",
        "TravelMatrix",
        "crow_flies_matrix",
        "matrix_from_long",
        "routes",
        "stacked",
        "travel_matrix",
    ),
}

__all__ = [
    "Action",
    "Choices",
    "Comparison",
    "Findings",
    "GeoMboError",
    "Mode",
    "Network",
    "Note",
    "Outcome",
    "Overpass",
    "SampleTown",
    "Scenario",
    "Search",
    "Study",
    "Tables",
    "TravelMatrix",
    "apply",
    "box_around",
    "candidate_sites",
    "compare",
    "crow_flies_matrix",
    "fetch_roads",
    "find",
    "isochrones",
    "matrix_from_long",
    "measure_study",
    "network_summary",
    "read_network",
    "read_scenario",
    "read_study",
    "routes",
    "run_study",
    "sample_town",
    "stacked",
    "travel_matrix",
    "write_outcome",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"geo_mbo.{place}"), name)
    raise AttributeError(f"module 'geo_mbo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
