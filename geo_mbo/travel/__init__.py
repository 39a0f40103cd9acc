"""Travel times and distances from origins (home) to sites (school), by mode.

A `TravelMatrix` holds them dense: float32 minutes and metres with ``inf`` for "not reached", and
beside them a status that says why. Every measure takes such a matrix, wherever it came from: a
network (`travel_matrix`), a crow-flies estimate (`crow_flies_matrix`), or another program
(`matrix_from_long`).
"""

from geo_mbo.network.search import Search
from geo_mbo.travel.elsewhere import matrix_from_long, stacked
from geo_mbo.travel.matrix import TravelMatrix
from geo_mbo.travel.routes import routes
from geo_mbo.travel.ways import crow_flies_matrix, travel_matrix

__all__ = [
    "Search",
    "TravelMatrix",
    "crow_flies_matrix",
    "matrix_from_long",
    "routes",
    "stacked",
    "travel_matrix",
]
