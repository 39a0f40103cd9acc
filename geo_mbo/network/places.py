"""Places in metres: RD New in the Netherlands, the UTM zone of the place elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.notes import Notify, note
from geo_mbo.schema import RD, RD_BOUNDS_M

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.road import Floats


@dataclass(frozen=True)
class MetricPlaces:
    """Coordinates in metres and the coordinate system they are in, as ``"EPSG:28992"``."""

    x: Floats
    y: Floats
    crs: str

    def tell(self, notify: Notify) -> None:
        """Give a note where the coordinate system is not RD New."""
        if self.crs != f"EPSG:{RD}":
            notify(note("local_crs", count=len(self.x), crs=self.crs))


def metric_places(lon: Floats, lat: Floats, *, degrees: str = "EPSG:4326") -> MetricPlaces:
    """Turn degrees into metres: RD New where the middle of all places lies in its range.

    Examples
    --------
    >>> [metric_places(np.array([lon]), np.array([lat])).crs for lon, lat in ((5, 52), (-8.6, 41))]
    ['EPSG:28992', 'EPSG:32629']
    """
    from pyproj import Transformer

    to_rd = Transformer.from_crs(degrees, f"EPSG:{RD}", always_xy=True)
    middle_lon, middle_lat = float(np.median(lon)), float(np.median(lat))
    x, y = to_rd.transform(middle_lon, middle_lat)
    if RD_BOUNDS_M[0] <= x <= RD_BOUNDS_M[2] and RD_BOUNDS_M[1] <= y <= RD_BOUNDS_M[3]:
        return MetricPlaces(*to_rd.transform(lon, lat), f"EPSG:{RD}")
    zone = int((middle_lon + 180) // 6) % 60 + 1
    crs = f"EPSG:{(32600 if middle_lat >= 0 else 32700) + zone}"
    to_zone = Transformer.from_crs(degrees, crs, always_xy=True)
    return MetricPlaces(*to_zone.transform(lon, lat), crs)


def coordinates(points: npt.NDArray[Any]) -> Floats:
    """Give x and y of points (points x 2); ``nan`` where there is none, or it is empty.

    Examples
    --------
    >>> import shapely
    >>> coordinates(np.array([shapely.Point(1, 2), shapely.Point(), None]))
    array([[ 1.,  2.],
           [nan, nan],
           [nan, nan]])
    """
    import shapely

    found = np.full((len(points), 2), np.nan)
    there = np.flatnonzero(~(shapely.is_missing(points) | shapely.is_empty(points)))
    found[there] = shapely.get_coordinates(points[there])
    return found
