"""Pictures of the planner's measures: signs beside each other, parts of a whole, falling lines.

What is told apart by colour is told apart by shape, hatching or dashes as well.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.report.pictures import BAR, BORDER, INK, LINE, fewer_colours, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

SIGNS = (("o", "#2b6a8c"), ("D", LINE), ("^", "#7a7f85"))
"""Shape and colour of each sign."""

PARTS = ((BAR, ""), ("#f4c39c", "///"), ("#5b646d", ""))
"""Colour and hatching of each part of a whole."""

STROKES: tuple[tuple[str, str | tuple[int, tuple[int, ...]]], ...] = (
    ("#2b6a8c", "solid"),
    (LINE, (0, (5, 2))),
    ("#5b646d", (0, (1, 1))),
    ("#2f8f83", (0, (6, 2, 1, 2))),
    ("#8a5a9e", (0, (3, 1, 1, 1, 1, 1))),
)
"""Colour and dashes of each line."""

NAME_LETTERS = 54


@dataclass(frozen=True)
class Marks:
    """One row of signs: its name, and where each sign stands (missing: nowhere)."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """One line: its name, and its heights (0-1)."""

    name: str
    heights: np.ndarray


def signs(rows: Sequence[Marks], names: Sequence[str], across: str) -> str:
    """Draw a row of signs for each name on one scale, as a data address (PNG).

    Parameters
    ----------
    rows
        From top to bottom.
    names
        What the signs are, at most three.
    across
        What the axis says.
    """
    figure = _canvas(1.25 + 0.3 * len(rows))
    axes = figure.subplots()
    at = np.arange(len(rows), dtype=float)
    values = np.array([row.values for row in rows], dtype=float)
    values[~np.isfinite(values)] = np.nan
    for place, mine in zip(at, values, strict=True):
        known = mine[~np.isnan(mine)]
        if len(known):
            axes.plot(
                (known.min(), known.max()), (place, place), color=BORDER, linewidth=2, zorder=1
            )
    for k, name in enumerate(names):
        shape, colour = SIGNS[k]
        axes.scatter(
            values[:, k],
            at,
            marker=shape,
            s=46,
            c=colour,
            label=literal(name),
            edgecolors="#ffffff",
            linewidths=0.6,
            zorder=3 - k / 10,
        )
    axes.set_xlim(*_ends(values))
    _name_rows(axes, [row.name for row in rows])
    axes.set_xlabel(literal(across), fontsize=9, color=INK)
    axes.grid(axis="x", color=BORDER, linewidth=0.5, alpha=0.6)
    _legend(figure, len(names))
    return _address(figure)


def parts(rows: Sequence[Marks], names: Sequence[str], across: str) -> str:
    """Draw bars that each are a whole (values 0-1, together 1), as a data address (PNG)."""
    figure = _canvas(1.25 + 0.3 * len(rows))
    axes = figure.subplots()
    at = np.arange(len(rows), dtype=float)
    values = np.nan_to_num(np.array([row.values for row in rows], dtype=float)) * 100
    start = np.zeros(len(rows))
    for k, name in enumerate(names):
        colour, hatch = PARTS[k]
        axes.barh(
            at,
            values[:, k],
            left=start,
            height=0.62,
            color=colour,
            hatch=hatch,
            edgecolor="#ffffff",
            linewidth=0.6,
            label=literal(name),
        )
        start = start + values[:, k]
    axes.set_xlim(0, 100)
    _name_rows(axes, [row.name for row in rows])
    axes.set_xlabel(literal(across), fontsize=9, color=INK)
    _legend(figure, len(names))
    return _address(figure)


def curves(minutes: np.ndarray, lines: Sequence[Curve], across: str, up: str) -> str:
    """Draw what falls with minutes, in percent of where it starts, as a data address (PNG)."""
    figure = _canvas(3.4)
    axes = figure.subplots()
    for line, (colour, dashes) in zip(lines, STROKES, strict=False):
        axes.plot(
            minutes,
            line.heights * 100,
            color=colour,
            linestyle=dashes,
            linewidth=1.8,
            label=literal(line.name),
        )
    axes.axhline(50, color=BORDER, linewidth=1, zorder=0)
    axes.set_xlim(0, float(minutes.max()))
    axes.set_ylim(0, 102)
    axes.set_xlabel(literal(across), fontsize=9, color=INK)
    axes.set_ylabel(literal(up), fontsize=9, color=INK)
    _plain(axes)
    _legend(figure, len(lines))
    return _address(figure)


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Give the ends of an axis: from nought, unless all signs would stand in its last part."""
    known = values[~np.isnan(values)]
    if not known.size or not known.max() > 0:
        return 0.0, 1.0
    least, most = float(known.min()), float(known.max())
    room = max(most - least, most / 10)
    return (least - room / 2 if least > most / 2 else 0.0), most + room * 0.08


def _canvas(height: float) -> Canvas:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, height), dpi=110, facecolor="#ffffff", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    told = [n if len(n) <= NAME_LETTERS else f"{n[: NAME_LETTERS - 2].rstrip()}…" for n in names]
    axes.set_yticks(np.arange(len(names)), [literal(n) for n in told], fontsize=9, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.tick_params(length=0, labelsize=8.5, labelcolor=INK)
    for name, spine in axes.spines.items():
        spine.set_visible(name in {"left", "bottom"})
        spine.set_color(BORDER)


def _legend(figure: Canvas, columns: int) -> None:
    figure.legend(
        loc="outside upper left", ncols=columns, frameon=False, fontsize=9, labelcolor=INK
    )


def _address(figure: Canvas) -> str:
    bytes_ = BytesIO()
    figure.savefig(bytes_, format="png", metadata={"Software": None})
    return "data:image/png;base64," + b64encode(fewer_colours(bytes_.getvalue())).decode()
