"""A user's own table of sites: any delimited text, spreadsheet or file with geometry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, InputError
from geo_mbo.schema import RD
from geo_mbo.sources.geofile import points_in_rd, read_geofile
from geo_mbo.sources.rio import degrees
from geo_mbo.sources.text import SHEETS, finite, header, read_text, wrong_cell

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

TEXT = (".csv", ".txt", ".tsv", *SHEETS)
NEEDED = ("site_id", "name")
OPTIONAL = ("institution_id", "institution", "street", "number", "postcode", "place", "capacity")
COORDINATES = ("x", "y", "lon", "lat")


def read_sites(
    path: Path | str, *, columns: Mapping[str, str] | None = None, layer: str | None = None
) -> gpd.GeoDataFrame:
    """Read a user's own sites.

    Parameters
    ----------
    path
        Delimited text, a spreadsheet, or a file with geometry (GeoPackage, GeoJSON).
    columns
        Our name to the file's: ``site_id`` and ``name`` are needed; ``institution_id``,
        ``institution``, ``street``, ``number``, ``postcode``, ``place`` and ``capacity`` may be
        there; where there is no geometry, coordinates come from ``x`` and ``y`` (metres, RD New)
        or ``lon`` and ``lat`` (degrees, WGS 84). A name that is not mapped stands for itself.
    layer
        Name of the layer, or of the sheet.

    Returns
    -------
    geopandas.GeoDataFrame
        The columns named above (text, missing where absent; ``capacity`` as a number) and points
        in RD New, empty where there are no coordinates.

    Raises
    ------
    InputError, FileError, CrsError
        See `geo_mbo.sources.text.read_text` and `geo_mbo.sources.geofile.read_geofile`; a needed
        column is missing, the mapping names one that is not there, or a number is none.
    """
    import geopandas as gpd
    import pandas as pd

    path = Path(path)
    text = path.suffix.lower() in TEXT
    frame = read_text(path, sheet=layer) if text else read_geofile(path, layer=layer)
    found = _found(frame, columns or {}, text=text, where=path.name)
    nothing = pd.Series(pd.NA, index=frame.index, dtype="str")
    read = pd.DataFrame(
        {
            name: _as_text(frame[found[name]]) if name in found else nothing
            for name in (*NEEDED, *OPTIONAL)
        }
    )
    read["capacity"] = _numbers(read["capacity"], path.name, "capacity")
    points = frame.geometry if not text else _points(frame, found, path.name)
    return gpd.GeoDataFrame(read, geometry=points, crs=RD).reset_index(drop=True)


def _found(
    frame: pd.DataFrame, columns: Mapping[str, str], *, text: bool, where: str
) -> Mapping[str, str]:
    """Our name to the column of the frame, for those that are there; breaches all at once."""
    known = (*NEEDED, *OPTIONAL, *COORDINATES)
    breaches = [
        Breach("unknown_site_column", {"value": name, "allowed": ", ".join(known)})
        for name in columns
        if name not in known
    ]
    wanted = {name: columns.get(name, name) for name in known}
    spelled = {name: header(theirs) if text else theirs for name, theirs in wanted.items()}
    found = {name: column for name, column in spelled.items() if column in frame.columns}
    there = ", ".join(str(c) for c in frame.columns if c != "geometry")
    breaches += [
        Breach("missing_column", {"where": where, "column": wanted[name], "there": there})
        for name in known
        if name not in found and (name in NEEDED or name in columns)
    ]
    if breaches:
        raise InputError(breaches)
    return found


def _points(frame: pd.DataFrame, found: Mapping[str, str], where: str) -> gpd.GeoSeries:
    import geopandas as gpd

    for first, second, crs in (("x", "y", RD), ("lon", "lat", 4326)):
        if first in found and second in found:
            sides = [
                degrees(frame[found[side]], where=where, column=found[side])
                for side in (first, second)
            ]
            points = points_in_rd(*sides, crs=crs)
            return gpd.GeoSeries(points.to_numpy(), index=frame.index, crs=RD)
    nowhere = [float("nan")] * len(frame)
    return gpd.GeoSeries(points_in_rd(nowhere, nowhere).to_numpy(), index=frame.index, crs=RD)


def _as_text(values: pd.Series) -> pd.Series:
    text = values.map(str, na_action="ignore").astype("str").str.strip()
    return text.mask(text == "")


def _numbers(values: pd.Series, where: str, column: str) -> pd.Series:
    numbers = finite(values)
    wrong = values.notna() & (numbers.isna() | (numbers < 0))
    if wrong.any():
        raise wrong_cell("no_count", values, wrong, where=where, column=column)
    return numbers
