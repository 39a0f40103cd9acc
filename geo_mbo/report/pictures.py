"""Small pictures of the maps, and the chart of indicators."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.indicators import published_only
from geo_mbo.report.view import View

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables

SHADES = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
"""YlGnBu, five classes: told apart by colour-blind people too; more classes are not."""

BAR, LINE, INK = "#7fb2cc", "#b14a00", "#17222d"
TITLE_LETTERS = 66
"""How many letters of a title fit across a whole chart."""
NO_DATA, BORDER, GROUND, DOT = "#ffffff", "#b9c4cd", "#e3ebf1", "#d1495b"
DETAIL_M = 400
"""Bends smaller than this do not show in a picture this small."""


@dataclass(frozen=True)
class Row:
    """One bar: its name, its length (missing: none) and what stands beside it."""

    name: str
    value: float
    text: str


@dataclass(frozen=True)
class Panel:
    """One panel of a chart: its title, its bars, and a line to compare with (None: none)."""

    title: str
    rows: tuple[Row, ...]
    line: float | None = None


def previews(tables: Tables, findings: Findings, view: View) -> dict[str, str]:
    """Draw a small picture for each map, as data addresses (PNG).

    Returns
    -------
    dict
        ``verzorgingsgebieden``, ``reistijd``, ``dekking`` and ``kenmerken``; empty without
        municipalities.
    """
    shapes = _shapes(tables.areas)
    if shapes.empty:
        return {}
    site_id, share = _largest_catchment(findings)
    site = tables.sites[tables.sites["site_id"] == site_id]
    return {
        "verzorgingsgebieden": _picture(shapes, share, (0.005, 0.02, 0.05, 0.15), SHADES, site),
        "reistijd": _picture(
            shapes, _nearest(findings, view), (10, 20, 30, 45), SHADES, tables.sites
        ),
        # As the map has it: dark is where few programmes are within reach.
        "dekking": _picture(
            shapes, _covered(findings, view), (0.2, 0.4, 0.6, 0.8), SHADES[::-1], None
        ),
        "kenmerken": _picture(shapes, *_indicator(findings), SHADES, tables.sites),
    }


def _shapes(areas: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Municipalities by id; borders drawn with few points."""
    towns = areas[areas["level"] == "municipality"].set_index("area_id").geometry
    return towns.simplify(DETAIL_M)


def _largest_catchment(findings: Findings) -> tuple[str, pd.Series]:
    table = findings.catchment
    students = table.groupby("site_id")["students"].sum()
    largest = str(students.idxmax()) if len(students) else ""
    return largest, table[table["site_id"] == largest].set_index("area_id")["share"]


def _nearest(findings: Findings, view: View) -> pd.Series:
    times = findings.providers
    first = times[(times["mode"] == view.mode) & (times["rank"] == 1)]
    return first.set_index("area_id")["minutes_p50"].replace(np.inf, np.nan)


def _covered(findings: Findings, view: View) -> pd.Series:
    """Share of the programmes that are within reach of most of a municipality."""
    table = findings.coverage[findings.coverage["mode"] == view.mode]
    return (table["share_out"] < view.min_share_out).groupby(table["area_id"]).mean()


def _indicator(findings: Findings) -> tuple[pd.Series, tuple[float, ...]]:
    """Give the latest numbers of municipalities for the first indicator that has them."""
    found = published_only(findings.indicators)
    rows = found[(found["key_kind"] == "municipality") & found["value"].notna() & ~found["masked"]]
    first = rows[rows["indicator"] == (rows["indicator"].iloc[0] if len(rows) else "")]
    latest = first[first["year"] == first["year"].max()].set_index("key")["value"]
    if latest.empty:
        return latest, (0.2, 0.4, 0.6, 0.8)
    return latest, tuple(np.quantile(latest, [0.2, 0.4, 0.6, 0.8]).tolist())


def _picture(
    shapes: gpd.GeoSeries,
    values: pd.Series,
    breaks: tuple[float, ...],
    shades: tuple[str, ...],
    sites: gpd.GeoDataFrame | None,
) -> str:
    """Draw shapes in five shades, and sites as dots."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PatchCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2, 3.2), dpi=100, facecolor=GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    found = values.reindex(shapes.index)
    classes = np.searchsorted(breaks, found.to_numpy(float), side="left")
    colours = np.where(found.isna(), NO_DATA, np.array(shades)[np.clip(classes, 0, 4)])
    patches, faces = _patches(shapes, colours)
    axes.add_collection(
        PatchCollection(patches, facecolors=faces, edgecolors=BORDER, linewidths=0.25)
    )
    if sites is not None and len(sites):
        points = sites.geometry[~sites.geometry.is_empty]
        size = 30 if len(points) == 1 else 2
        axes.scatter(
            points.x, points.y, s=size, c=DOT, edgecolors="white", linewidths=0.3, zorder=3
        )
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_axis_off()
    bytes_ = BytesIO()
    figure.savefig(bytes_, format="png", facecolor=GROUND, metadata={"Software": None})
    return "data:image/png;base64," + b64encode(fewer_colours(bytes_.getvalue())).decode()


def charts(panels: Sequence[Panel]) -> str:
    """Draw bars beside each other, one panel an indicator, as a data address (PNG).

    Every panel has the same rows in the same order; a row without a number says why in words.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 0.75 + 0.3 * len(panels[0].rows)
    figure = Figure(figsize=(9.6, height), dpi=110, facecolor="#ffffff", layout="constrained")
    FigureCanvasAgg(figure)
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    letters = TITLE_LETTERS // len(panels)
    for axes, panel in zip(every, panels, strict=True):
        _bars(axes, panel, letters)
    bytes_ = BytesIO()
    figure.savefig(bytes_, format="png", metadata={"Software": None})
    return "data:image/png;base64," + b64encode(fewer_colours(bytes_.getvalue())).decode()


def _bars(axes: Axes, panel: Panel, letters: int) -> None:
    at = np.arange(len(panel.rows))
    lengths = np.nan_to_num(np.array([row.value for row in panel.rows], dtype=float))
    axes.barh(at, lengths, height=0.62, color=BAR)
    most, least = max(0.0, lengths.max()), min(0.0, lengths.min())
    room = (most - least) or 1.0
    for place, row, length in zip(at, panel.rows, lengths, strict=True):
        side = max(length, 0.0) + room * 0.02
        told = axes.text(side, float(place), literal(row.text), va="center", fontsize=8.5)
        # The line of the country may run behind a number, and never through it.
        told.set_bbox({"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.2})
    if panel.line is not None:
        axes.axvline(panel.line, color=LINE, linewidth=1.3, linestyle=(0, (4, 3)), zorder=0)
        most = max(most, panel.line)
    axes.set_xlim(least, most + room * 0.28)
    axes.set_yticks(at, [literal(row.name) for row in panel.rows], fontsize=9, color=INK)
    # The panels share this axis: turning it round in each would turn it back in every second one.
    axes.set_ylim(len(panel.rows) - 0.4, -0.6)
    axes.set_xticks([])
    title = "\n".join(wrap(panel.title, letters))
    axes.set_title(literal(title), loc="left", fontsize=9.5, color=INK, fontweight="bold")
    axes.tick_params(length=0)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "left")
        spine.set_color(BORDER)


def literal(text: str) -> str:
    r"""Keep matplotlib from reading a dollar sign in a name as mathematics.

    Examples
    --------
    >>> print(literal("A$AP College"))
    A\$AP College
    """
    return text.replace("$", r"\$")


def fewer_colours(png: bytes) -> bytes:
    """Halve a picture's bytes: a palette does for a few shades."""
    from PIL import Image

    small = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(64).save(small, "PNG", optimize=True)
    return small.getvalue()


def _patches(shapes: gpd.GeoSeries, colours: np.ndarray) -> tuple[list[Patch], list[str]]:
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    patches: list[Patch] = []
    faces = []
    parts, at = shapely.get_parts(shapes.to_numpy(), return_index=True)
    for part, position in zip(parts, at, strict=True):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        rings = [part.exterior, *part.interiors]
        patches.append(
            PathPatch(
                Path.make_compound_path(
                    *(Path(np.asarray(r.coords)[:, :2], closed=True) for r in rings)
                )
            )
        )
        faces.append(str(colours[position]))
    return patches, faces
