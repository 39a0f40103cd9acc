"""The chart of published against computed figures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING

from geo_mbo.report.pictures import BAR, BORDER, INK, LINE, TITLE_LETTERS, fewer_colours, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEAR, NEAR_EDGE, FAR = BAR, "#2b6a8c", "#f4c39c"
NAMED = 3
"""How many of the dots that are furthest off have their name beside them."""
NAME_LETTERS = 26
_SMALLEST, _LARGEST = 14.0, 150.0
_LINE_OF_TEXT = 0.055
"""Height of a name, as a part of the axis."""


@dataclass(frozen=True)
class Dot:
    """One dot: its name, both figures, the class it was published as, its size, and if it agrees.

    Attributes
    ----------
    name
        Name of the municipality or institution.
    published, computed
        The two figures, in the unit of the axes.
    low, high
        Ends of the published class; the same for a number, ``inf`` for no end.
    students
        How many it is told of.
    agrees
        The two agree.
    """

    name: str
    published: float
    computed: float
    low: float
    high: float
    students: float
    agrees: bool


@dataclass(frozen=True)
class Cloud:
    """One panel: its title, what its axes say, and its dots."""

    title: str
    across: str
    up: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Signs:
    """What the legend calls the signs: a dot that agrees, one that differs, the line, a class."""

    agrees: str
    differs: str
    equal: str
    klass: str


def scatter(clouds: Sequence[Cloud], signs: Signs) -> str:
    """Draw clouds of dots beside each other, as a data address (PNG).

    Both axes of a panel have the same scale; on the line the two figures are equal. Agreement is
    told by shape as well as by colour.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.4), dpi=110, facecolor="#ffffff", layout="constrained")
    FigureCanvasAgg(figure)
    every = figure.subplots(1, len(clouds), squeeze=False)[0]
    letters = TITLE_LETTERS // len(clouds)
    for axes, cloud in zip(every, clouds, strict=True):
        _cloud(axes, cloud)
        axes.set_title(
            literal("\n".join(wrap(cloud.title, letters))),
            loc="left",
            fontsize=9.5,
            color=INK,
            fontweight="bold",
        )
    classes = any(dot.low < dot.high for cloud in clouds for dot in cloud.dots)
    _legend(figure, signs, classes=classes)
    bytes_ = BytesIO()
    figure.savefig(bytes_, format="png", metadata={"Software": None})
    return "data:image/png;base64," + b64encode(fewer_colours(bytes_.getvalue())).decode()


def _cloud(axes: Axes, cloud: Cloud) -> None:
    most = 1.08 * max(max(d.published, d.computed, d.low) for d in cloud.dots) or 1.0
    axes.plot((0, most), (0, most), color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for dot in cloud.dots:
        if dot.low < dot.high:
            ends = (dot.low, min(dot.high, most))
            axes.plot(ends, (dot.computed,) * 2, color=BORDER, linewidth=3, zorder=2)
    # Small dots are drawn over large ones.
    ordered = sorted(cloud.dots, key=lambda dot: -dot.students)
    largest = max(dot.students for dot in cloud.dots) or 1.0
    for agrees, shape, face, edge in ((True, "o", NEAR, NEAR_EDGE), (False, "D", FAR, LINE)):
        some = [dot for dot in ordered if dot.agrees is agrees]
        sizes = [_SMALLEST + (_LARGEST - _SMALLEST) * d.students / largest for d in some]
        axes.scatter(
            [d.published for d in some],
            [d.computed for d in some],
            s=sizes,
            c=face,
            marker=shape,
            edgecolors=edge,
            linewidths=1.1,
            alpha=0.85,
            zorder=3,
        )
    _name(axes, cloud, most)
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    axes.set_xlabel(literal(cloud.across), fontsize=9, color=INK)
    axes.set_ylabel(literal(cloud.up), fontsize=9, color=INK)
    axes.tick_params(length=2, labelsize=8.5, colors=INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(BORDER)


def _name(axes: Axes, cloud: Cloud, most: float) -> None:
    """Put the names of the dots that are furthest off beside them, on the side of the middle."""
    off = [dot for dot in cloud.dots if not dot.agrees]
    worst = sorted(off, key=lambda dot: -_away(dot))[:NAMED]
    least = 0.0
    for dot in sorted(worst, key=lambda dot: dot.computed):
        right = dot.published < most / 2
        name = dot.name if len(dot.name) <= NAME_LETTERS else f"{dot.name[: NAME_LETTERS - 2]}…"
        # Names of dots of the same height stand above each other.
        height = max(dot.computed, least)
        least = height + most * _LINE_OF_TEXT
        told = axes.annotate(
            literal(name),
            (dot.published, height),
            xytext=(9 if right else -9, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=8,
            color=INK,
            zorder=4,
        )
        told.set_bbox({"facecolor": "#ffffff", "edgecolor": "none", "pad": 0.6, "alpha": 0.75})


def _away(dot: Dot) -> float:
    """Give how far a dot lies from what was published."""
    return float(max(dot.low - dot.computed, dot.computed - dot.high, 0.0))


def _legend(figure: Figure, signs: Signs, *, classes: bool) -> None:
    from matplotlib.lines import Line2D

    shown = [
        Line2D([], [], linestyle="", marker="o", color=NEAR, markeredgecolor=NEAR_EDGE),
        Line2D([], [], linestyle="", marker="D", color=FAR, markeredgecolor=LINE),
        Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 3))),
    ]
    if classes:
        shown.append(Line2D([], [], color=BORDER, linewidth=3))
    figure.legend(
        shown,
        (signs.agrees, signs.differs, signs.equal, signs.klass)[: len(shown)],
        loc="outside lower left",
        ncols=len(shown),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )
