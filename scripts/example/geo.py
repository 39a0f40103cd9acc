"""Coordinates and GeoPackages, the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio
import pyproj
from pyproj.network import set_network_enabled

set_network_enabled(active=False)  # a downloaded grid would move the points a little
_TO_WGS84 = pyproj.Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)


def to_wgs84(x: Any, y: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return longitude and latitude of RD New coordinates."""
    lon, lat = _TO_WGS84.transform(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return np.asarray(lon), np.asarray(lat)


def write_layer(path: Path, layer: str, frame: gpd.GeoDataFrame, *, append: bool = False) -> None:
    """Write one layer; the date in the file is fixed so that the bytes are too."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2025-10-01T00:00:00.000Z"})
    if not append:
        path.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        append=False,
        geometry_type="MultiPolygon",
        layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
    )
