"""What can be reached within so many minutes: isochrones true to the network.

An isochrone here is the union of the square cells that hold a stretch of road from which (or to
which) the trip takes no longer than the limit. The road is followed by the metre: an edge counts as
far as it is reached, exactly, with delays and forbidden turns, as in the travel matrix. Cells lie
on one fixed grid, so that a result does not depend on what else is asked for, and a longer limit
always holds the shorter. A field of at most 1 km2 that reached roads enclose, with no road in it,
belongs to the area. Polygons drawn around reached junctions do none of this: they swallow places
beyond the limit, and rivers without a bridge.

`frontage` finds once which cells the streets at each node run through; a site then takes the nodes
that a search reaches (`geo_mbo.network.search`), the least time of each cell, and the outline of
those in time: `cells` plainly, `fast` with compiled `kernels` for large jobs, to the bit the same.
"""

from geo_mbo.reach.areas import isochrones

__all__ = ["isochrones"]
