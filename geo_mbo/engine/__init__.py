"""The search engine: exact fastest paths on graphs of whole numbers, many to many.

It knows no roads and no metres: a graph is a number of nodes and two arrays of arcs.
`build_hierarchy` prepares it once; `customise` lays a weight on it; `pin` pins origins, and
`Pins.costs` gives the cost of the fastest way from each of them to any targets. `nearest` gives the
nearest few targets, `within` all nodes within a limit, and `route` the way of one pair.
"""

from geo_mbo.engine.hierarchy import Hierarchy, build_hierarchy
from geo_mbo.engine.metric import Metric, customise, unreached
from geo_mbo.engine.nearest import nearest
from geo_mbo.engine.pins import Pins, pin
from geo_mbo.engine.places import Places
from geo_mbo.engine.route import Route, route
from geo_mbo.engine.within import within

__all__ = [
    "Hierarchy",
    "Metric",
    "Pins",
    "Places",
    "Route",
    "build_hierarchy",
    "customise",
    "nearest",
    "pin",
    "route",
    "unreached",
    "within",
]
