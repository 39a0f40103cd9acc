"""A still picture of a map, for previews and places where scripts may not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE_INCH = (8.6, 6.2)
_DPI = 110
_COLOURS = 48
_CREDIT_LETTERS, _TITLE_LETTERS = 130, 34
_SEA, _BORDER, _PROVINCE, _NO_DATA = "#e3ebf1", "#51606e", "#22303c", "#f1f2f3"


@dataclass(frozen=True)
class Still:
    """What the picture shows.

    Attributes
    ----------
    areas
        Municipalities in RD New.
    fill
        Colour of each; an empty text where there is no figure.
    provinces
        Drawn as thicker outlines; may be none.
    sites
        Drawn as dots; those without a place are left out.
    title
        What the colours mean.
    legend
        Colour and words of each class.
    credit
        Credit lines, and that data are made up where they are.
    """

    areas: gpd.GeoDataFrame
    fill: Sequence[str]
    provinces: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    title: str
    legend: Sequence[tuple[str, str]]
    credit: str


def png(still: Still) -> bytes:
    """Draw the picture as a PNG with a small palette."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=_SIZE_INCH, dpi=_DPI, facecolor=_SEA)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.3, 0.07, 0.69, 0.91))
    axes.set_axis_off()
    axes.set_aspect("equal")
    _draw(axes, still)
    _legend(figure, still)
    credit = "\n".join(wrap(_literal(still.credit), _CREDIT_LETTERS)[:2])
    figure.text(0.985, 0.012, credit, ha="right", va="bottom", fontsize=6.2, color="#33404d")
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB").quantize(_COLOURS)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw(axes: Axes, still: Still) -> None:
    if len(still.areas):
        width_m = still.areas.total_bounds[2] - still.areas.total_bounds[0]
        shapes = still.areas.assign(geometry=still.areas.simplify(width_m / 900))
        colours = [colour or _NO_DATA for colour in still.fill]
        shapes.plot(ax=axes, color=colours, edgecolor=_BORDER, linewidth=0.4, aspect=None)
    if len(still.provinces):
        still.provinces.boundary.plot(ax=axes, color=_PROVINCE, linewidth=1.1, aspect=None)
    located = still.sites[~(still.sites.geometry.is_empty | still.sites.geometry.isna())]
    if len(located):
        located.plot(
            ax=axes, color="#17222d", edgecolor="white", linewidth=0.6, markersize=14, aspect=None
        )


def _legend(figure: Figure, still: Still) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, edgecolor=_BORDER, linewidth=0.5, label=_literal(words))
        for colour, words in still.legend
    ]
    figure.legend(
        handles=handles, title="\n".join(wrap(_literal(still.title), _TITLE_LETTERS)),
        loc="lower left", bbox_to_anchor=(0.012, 0.08), fontsize=7.5, title_fontsize=8,
        framealpha=0.95, edgecolor="#d6dde4", alignment="left",
    )  # fmt: skip


def _literal(text: str) -> str:
    """Keep matplotlib from reading a dollar sign in a name as mathematics."""
    return text.replace("\\", "\\\\").replace("$", r"\$")
