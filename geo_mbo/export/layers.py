"""A layer of the GeoPackage: a frame, the names its columns get there, and how it is drawn."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.messages import Lang, catalogue, text
from geo_mbo.schema import RD

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Shape = Literal["Point", "LineString", "MultiPolygon", ""]
"""Kind of geometry; empty: a table without."""

_MODES = {
    "walk": "lopen",
    "bike": "fiets",
    "ebike": "ebike",
    "speed_pedelec": "speedpedelec",
    "car": "auto",
    "car_peak": "autospits",
    "transit": "ov",
}
_WORDS = {
    "mode": "mode",
    "status": "value",
    "located_by": "value",
    "located_quality": "value",
    "travel_status": "value",
    "people_kind": "value",
    "key_kind": "map.kind",
    "area_kind": "map.kind",
    "indicator": "map.indicator",
    "unit": "map.unit",
    "outcome": "outcome",
    "region_level": "map.kind",
    "state": "state",
    "weighed_by": "weighed_by",
    "measured_from": "measured_from",
    "measure": "measure",
    "constraint": "constraint",
    "decay": "decay",
}
"""Columns whose codes are written in words, and the section of the catalogue that has them."""

_DECIMALS = {"_min": 1, "_km": 2, "_m": 0}
_PEOPLE = ("studenten", "jongeren", "aantal")


@dataclass(frozen=True)
class Look:
    """How QGIS draws a layer.

    Attributes
    ----------
    column
        Column (in the program's naming) that decides the class; empty: one symbol for all.
    breaks
        Upper bounds of all classes but the last, for numbers; none: classes are the words there.
    shades
        Colour of each class, or the only one.
    sizes
        Size or width of each class in millimetres, or the only one.
    """

    column: str = ""
    breaks: tuple[float, ...] = ()
    shades: tuple[str, ...] = ("#0b5c7d",)
    sizes: tuple[float, ...] = (0.2,)


@dataclass(frozen=True)
class Layer:
    """One layer or table of the GeoPackage.

    Attributes
    ----------
    name
        Its name in the file.
    shape
        Kind of geometry.
    frame
        Columns as in the program (see ``resources/styles/columns.toml``); per-mode columns as
        made by `per_mode`.
    look
        How QGIS draws it.
    labels
        Labels of columns that are made for each mode, by name in the file.
    about
        What the description says beyond the catalogue's sentence.
    """

    name: str
    shape: Shape
    frame: pd.DataFrame
    look: Look = Look()
    labels: Mapping[str, str] = field(default_factory=dict)
    about: str = ""


@cache
def column_names() -> Mapping[str, str]:
    """Names of columns in the file, by their name in the program.

    Examples
    --------
    >>> column_names()["area_id"]
    'gemeente_code'
    """
    page = files("geo_mbo") / "resources" / "styles" / "columns.toml"
    return tomllib.loads(page.read_text("utf-8"))


def in_file(column: str) -> str:
    """Name a column as it stands in the file; per-mode columns already have that name."""
    return column_names().get(column, column)


def per_mode(stem: str, mode: str, ending: str) -> str:
    """Name a column that is there for each mode.

    Examples
    --------
    >>> per_mode("reistijd", "bike", "1_min")
    'reistijd_fiets_1_min'
    """
    slug = "".join(c if c.isascii() and c.isalnum() else "_" for c in mode.lower())
    return f"{stem}_{_MODES.get(mode, slug)[:12]}_{ending}"


def label(column: str, layer: Layer, lang: Lang) -> str:
    """Give the label that people see above a column."""
    known = layer.labels.get(column)
    return known if known is not None else text(f"field.{column}", lang)


def explained(column: str, lang: Lang) -> str:
    """Give what a column means beyond its label; empty where the label says it all."""
    return catalogue(lang).get(f"field_about.{column}", "")


def ready(layer: Layer, lang: Lang) -> pd.DataFrame:
    """Give the frame as it is written.

    Names of the file, words for codes, ``inf`` and missing as NULL, numbers rounded, geometry
    valid and single kind, rings as GeoPackage wants them.
    """
    import geopandas as gpd

    frame = layer.frame
    columns = [name for name in frame.columns if name != "geometry"]
    written = blurred(frame[columns])
    for name in columns:
        written[name] = _values(written[name], name, lang)
    written = written.rename(columns=in_file).reset_index(drop=True)
    if not layer.shape:
        return written
    drawn: pd.DataFrame = gpd.GeoDataFrame(written, geometry=_shaped(layer).to_numpy(), crs=RD)
    return drawn


def blurred(table: pd.DataFrame) -> pd.DataFrame:
    """Give counts of students in which no number of one to four people can be read.

    Every column of students that has its bounds beside it is made the range of a masked cell where
    there are fewer than five.

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame({"students": [3.0, 8], "students_low": 3.0, "students_high": [3.0, 8]})
    >>> blurred(known).iloc[0].tolist()
    [2.5, 1.0, 4.0]
    """
    shown = table.copy()
    for name in table.columns:
        expected, low, high = name, f"{name}_low", f"{name}_high"
        if not str(name).startswith("students") or not {low, high} <= {*table.columns}:
            continue
        few = (table[high] > 0) & (table[high] < MASKED_HIGH + 1)
        # A count has at least one student; an estimate of part of one may have none.
        least = (table[low] >= MASKED_LOW).astype(float) * MASKED_LOW
        shown[low] = table[low].astype(float).mask(few, least)
        shown[high] = table[high].astype(float).mask(few, float(MASKED_HIGH))
        shown[expected] = table[expected].astype(float).mask(few, (least + MASKED_HIGH) / 2)
        if name == "students":
            # A share of a known whole would give the count back.
            for share in {"share", "share_low", "share_high"} & {*table.columns}:
                shown[share] = table[share].astype(float).mask(few)
    return shown


def _values(values: pd.Series, name: str, lang: Lang) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_integer_dtype(values):
        return values
    if pd.api.types.is_float_dtype(values):
        return values.astype(float).replace([np.inf, -np.inf], np.nan).round(_decimals(name))
    told = values.astype(object).where(values.notna(), None)
    if name not in _WORDS:
        return told
    words = catalogue(lang)
    return told.map(lambda code: words.get(f"{_WORDS[name]}.{code}", code))


def _decimals(name: str) -> int:
    written = in_file(name)
    if written.startswith(_PEOPLE):
        return 1
    return next((d for unit, d in _DECIMALS.items() if written.endswith(unit)), 4)


def _shaped(layer: Layer) -> gpd.GeoSeries:
    """Make geometry valid and of one kind; polygons with outer rings against the clock."""
    import geopandas as gpd
    import shapely

    shapes = gpd.GeoSeries(layer.frame["geometry"].to_numpy(), crs=RD)
    if layer.shape != "MultiPolygon":
        return shapes
    valid = shapes.to_numpy().copy()
    wrong = ~shapely.is_valid(valid)
    valid[wrong] = shapely.make_valid(valid[wrong], method="structure", keep_collapsed=False)
    return gpd.GeoSeries(shapely.orient_polygons(valid, exterior_cw=False), crs=RD)


def split(layer: Layer) -> tuple[Layer, ...]:
    """Put the rows that cannot be drawn in a table of their own: nothing is lost, nothing empty.

    Returns
    -------
    tuple
        The layer, and ``<name>_rest`` where there are such rows.
    """
    import shapely

    shapes = layer.frame["geometry"].to_numpy()
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if layer.shape == "LineString":
        nowhere |= ~(shapely.length(shapes) > 0)
    drawn = Layer(
        layer.name, layer.shape, layer.frame[~nowhere], layer.look, layer.labels, layer.about
    )
    if not nowhere.any():
        return (drawn,)
    rest = layer.frame[nowhere].drop(columns="geometry")
    return drawn, Layer(f"{layer.name}_rest", "", rest, labels=layer.labels)
