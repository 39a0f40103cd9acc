"""Styles for QGIS: a layer's look as QML, so that the GeoPackage opens drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.export.layers import Layer, in_file, label
from geo_mbo.messages import Lang, catalogue, number, text

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

CATEGORIES = ("exact", "approximate", "none")
"""The words that a layer can be classed by (`located_quality`), in the order of its shades."""


def qml(layer: Layer, written: pd.DataFrame, lang: Lang) -> str:
    """Give the QML style of a layer as it is written, with the labels of its columns.

    Parameters
    ----------
    layer
        The layer and its look.
    written
        Its frame with the names of the file: classes take their outer bounds from it.
    lang
        Language of the legend and the labels.
    """
    look = layer.look
    kind = "graduated" if look.breaks else "categorised" if look.column else "single"
    classes = (
        _ranges(layer, written, lang)
        if kind == "graduated"
        else _words(layer, lang)
        if kind == "categorised"
        else [_drawn(layer, 0)]
    )
    page: str = (
        _house()
        .get_template("layer.qml.j2")
        .render(
            kind=kind,
            shape=layer.shape,
            attribute=in_file(look.column),
            classes=classes,
            aliases={
                in_file(str(name)): label(str(name), layer, lang)
                for name in layer.frame.columns
                if name != "geometry"
            },
        )
    )
    return page


def _ranges(layer: Layer, written: pd.DataFrame, lang: Lang) -> list[dict[str, Any]]:
    look = layer.look
    values = written[in_file(look.column)].to_numpy(float)
    # QGIS leaves out what lies outside every class, so the outer classes hold all that is there.
    top = max(float(np.nanmax(values, initial=0)), look.breaks[-1])
    edges = [min(0.0, float(np.nanmin(values, initial=0))), *look.breaks, top]
    share = look.breaks[-1] <= 1
    found = []
    for i, (lower, upper) in enumerate(pairwise(edges)):
        ends = [_bound(edge, share, lang) for edge in (lower, upper)]
        told = (
            text("layer.class_last", lang, low=ends[0])
            if i == len(edges) - 2
            else text("layer.class", lang, low=ends[0], high=ends[1])
        )
        found.append({"lower": lower, "upper": upper, "label": told, **_drawn(layer, i)})
    return found


def _bound(edge: float, share: bool, lang: Lang) -> str:
    return f"{number(edge * 100, lang)} %" if share else number(edge, lang)


def _words(layer: Layer, lang: Lang) -> list[dict[str, Any]]:
    words = catalogue(lang)
    told = [words[f"value.{code}"] for code in CATEGORIES]
    return [{"value": w, "label": w, **_drawn(layer, i)} for i, w in enumerate(told)]


def _drawn(layer: Layer, i: int) -> dict[str, Any]:
    shades, sizes = layer.look.shades, layer.look.sizes
    return {"shade": shades[min(i, len(shades) - 1)], "size": sizes[min(i, len(sizes) - 1)]}


def _house() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    house = Environment(
        loader=PackageLoader("geo_mbo", "resources/styles"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    house.filters["rgb"] = _rgb
    return house


def _rgb(shade: str) -> str:
    return ",".join(str(int(shade[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"
