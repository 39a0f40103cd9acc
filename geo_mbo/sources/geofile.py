"""Files with geometry, whoever published them: GeoPackage, GeoJSON, Shapefile, FlatGeobuf.

Geometry is read in the coordinate system that the file declares and turned to RD New. A file
without one, with swapped axes, or with degrees that are called metres is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import CrsError, FileError, InputError
from geo_mbo.schema import RD, rd_guard
from geo_mbo.sources.text import check_file, wrong_cell

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

_CODES = ("statcode", "identificatie", "code", "gemeentecode", "gm_code", "provinciecode")
_NAMES = ("statnaam", "naam", "gemeentenaam", "gm_naam", "provincienaam", "provincie", "name")
_POSTCODES = ("postcode", "postcode4", "pc4", "pc4_code")
_YOUNG = "aantal_inwoners_15_tot_25_jaar"
_AREA_CODE = re.compile(r"[A-Z]{2}\d+")


def read_geofile(path: Path | str, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read one layer of a file with geometry, in RD New.

    Parameters
    ----------
    path
        Any file that GDAL reads.
    layer
        Name of the layer; needed where the file has several.

    Returns
    -------
    geopandas.GeoDataFrame
        All columns as they are, geometry in EPSG:28992 without heights.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty, or nothing that GDAL reads.
    InputError
        The layer is not there, or was not named and there are several.
    CrsError
        No coordinate system, swapped axes, or degrees that are called metres.
    """
    import geopandas as gpd
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
    from pyproj.exceptions import CRSError

    path = Path(path)
    check_file(path)
    try:
        name = _layer(path, layer)
        frame = gpd.read_file(path, layer=name)
    except InputError:
        raise
    # Of a damaged file also the shapes, the names and the coordinate system may be damaged.
    except (
        *(DataSourceError, DataLayerError, FeatureError),
        *(shapely.errors.ShapelyError, CRSError, ValueError, OverflowError),
    ) as error:
        reason = str(error).split(";")[0][:200]
        raise FileError.of("cannot_read", path=str(path), reason=reason) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError.of("no_geometry", where=path.name)
    frame = frame.set_geometry(shapely.force_2d(frame.geometry.values), crs=frame.crs)
    return in_rd(frame, where=path.name)


def in_rd(frame: gpd.GeoDataFrame, *, where: str) -> gpd.GeoDataFrame:
    """Turn geometry from the coordinate system it declares to RD New, and see that it got there.

    Without the RDNAPTRANS grid, which pyproj does not bring along, WGS 84 comes out at most
    0.25 m beside the true place.

    Raises
    ------
    CrsError
        No coordinate system, swapped axes, or degrees that are called metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> tower = gpd.GeoDataFrame(geometry=[Point(5.387206, 52.155172)], crs=4326)
    >>> in_rd(tower, where="tower").geometry.set_precision(1).iloc[0]
    <POINT (155000 463000)>
    """
    # GeoPackage has a system for "unknown", which GDAL hands on as if it were one.
    if frame.crs is None or frame.crs.name.startswith("Undefined"):
        raise CrsError.of("crs_missing", where=where)
    if frame.crs.is_geographic:
        _lon_lat_guard(frame, where)
    turned = frame if frame.crs.to_epsg() == RD else frame.to_crs(RD)
    rd_guard(turned, source=where)
    return turned


def points_in_rd(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, *, crs: int = 4326
) -> gpd.GeoSeries:
    """Give points of degrees in RD New; where a coordinate is missing, an empty point."""
    import geopandas as gpd
    import numpy as np
    import shapely

    x, y = np.asarray(longitude, float), np.asarray(latitude, float)
    known = np.isfinite(x) & np.isfinite(y)
    points = np.full(len(x), shapely.Point(), dtype=object)
    points[known] = gpd.GeoSeries(shapely.points(x[known], y[known]), crs=crs).to_crs(RD).values
    return gpd.GeoSeries(points, crs=RD)


def read_areas(path: Path | str, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read polygons with a code and a name: municipalities, provinces and other regions.

    Takes CBS gebiedsindelingen (statcode, statnaam), bestuurlijke gebieden (code or identificatie,
    naam) and files with a name only.

    Returns
    -------
    geopandas.GeoDataFrame
        ``code`` (missing where the file has none), ``name`` and geometry in RD New.

    Raises
    ------
    InputError, FileError, CrsError
        See `read_geofile`; or there is no column with names.
    """
    import geopandas as gpd
    import pandas as pd

    where = Path(path).name
    frame = read_geofile(path, layer=layer)
    columns = {str(name).lower(): frame[name] for name in frame.columns}
    names = [columns[n] for n in _NAMES if n in columns]
    if not names:
        raise _absent(" / ".join(_NAMES[:3]), frame, where)
    codes = [columns[n].astype("str").str.strip() for n in _CODES if n in columns]
    # Which of code and identificatie carries the letters differs between publications.
    lettered = [c for c in codes if len(c) and _AREA_CODE.fullmatch(str(c.iloc[0]))]
    code = next(iter([*lettered, *codes]), pd.Series(pd.NA, index=frame.index, dtype="str"))
    read = {"code": code, "name": names[0].astype("str").str.strip()}
    return gpd.GeoDataFrame(read, geometry=frame.geometry, crs=RD).reset_index(drop=True)


def read_pc4(path: Path | str, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read the polygons of the postcodes of four digits (CBS).

    Returns
    -------
    geopandas.GeoDataFrame
        ``code`` (text, such as ``"1011"``, however the file writes it), ``young_people``
        (inhabitants of 15 to 25 years; missing where the file does not have them or CBS withholds
        them), geometry in RD New.

    Raises
    ------
    InputError, FileError, CrsError
        See `read_geofile`; there is no column with postcodes, or a postcode is none.
    """
    import geopandas as gpd
    import pandas as pd

    where = Path(path).name
    frame = read_geofile(path, layer=layer)
    columns = {str(name).lower(): frame[name] for name in frame.columns}
    found = next((columns[n] for n in _POSTCODES if n in columns), None)
    if found is None:
        raise _absent(" / ".join(_POSTCODES), frame, where)
    young = pd.to_numeric(columns.get(_YOUNG, pd.Series(index=frame.index, dtype=float)))
    read = {"code": _pc4_codes(found, where), "young_people": young.mask(young < 0).astype(float)}
    return gpd.GeoDataFrame(read, geometry=frame.geometry, crs=RD).reset_index(drop=True)


def _pc4_codes(values: pd.Series, where: str) -> pd.Series:
    # An identifier that was read as a number comes as 1011.0.
    codes = values.astype("str").str.strip().str.removesuffix(".0")
    wrong = ~codes.str.fullmatch(r"[1-9][0-9]{3}").fillna(False).astype(bool)
    if wrong.any():
        raise wrong_cell("no_pc4", codes, wrong, where=where)
    return codes


def _layer(path: Path, layer: str | None) -> str:
    from pyogrio import list_layers

    names = [str(name) for name, kind in list_layers(path) if kind]
    if layer is None and len(names) > 1:
        raise InputError.of("layer_needed", where=path.name, there=", ".join(names))
    if layer is not None and layer not in names:
        raise InputError.of(
            "no_such_layer", where=path.name, value=layer, there=", ".join(names) or "-"
        )
    if not names:
        raise InputError.of("no_geometry", where=path.name)
    return layer or names[0]


def _lon_lat_guard(frame: gpd.GeoDataFrame, where: str) -> None:
    """Refuse degrees in the wrong order and metres called degrees, before they are turned."""
    bounds = frame.geometry.bounds.dropna()
    if bounds.empty:
        return
    metres = (bounds[["minx", "maxx"]].abs() > 180).any(axis=1) | (bounds["maxy"].abs() > 90)
    swapped = bounds["minx"].between(50, 54) & bounds["miny"].between(3, 8)
    for code, wrong in (("metres_as_degrees", metres), ("lon_lat_swapped", swapped)):
        if wrong.any():
            first = bounds[wrong].iloc[0]
            x, y = f"{first['minx']:.4f}", f"{first['miny']:.4f}"
            raise CrsError.of(code, where=where, count=int(wrong.sum()), x=x, y=y)


def _absent(column: str, frame: pd.DataFrame, where: str) -> InputError:
    names: Sequence[str] = [str(n) for n in frame.columns if n != "geometry"]
    return InputError.of("missing_column", where=where, column=column, there=", ".join(names))
