"""One distribution over people by every measure of inequality, with bounds where there are any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis import inequality, inequality_bounds
from geo_mbo.analysis.inequality_search import EXACT

if TYPE_CHECKING:
    from geo_mbo.analysis.weighting import Floats, Whole

QUANTILES = {"p20": 0.2, "p50": 0.5, "p80": 0.8}
POVERTY = {"fgt0": 0, "fgt1": 1, "fgt2": 2}
LINE = 0.5
"""The line of poverty: this share of the median."""
_NAN = float("nan")
_UNKNOWN = (_NAN, _NAN)


@dataclass(frozen=True)
class Spread:
    """Values of places and the people there, each expected, at least and at most.

    Attributes
    ----------
    values, people
        3 x places: expected, low, high. Values may be ``inf`` (reaches nothing) or missing.
    group
        Group of each place, such as its municipality: numbers from 0.
    ranks
        How well off the people of each place are; missing where not known. None: no such thing.
    """

    values: Floats
    people: Floats
    group: Whole
    ranks: Floats | None

    @property
    def masked(self) -> bool:
        """Tell whether numbers of people are intervals."""
        return not np.array_equal(self.people[1], self.people[2])

    @property
    def vague(self) -> bool:
        """Tell whether values are intervals, or their bounds are not known."""
        return not np.array_equal(self.values[1], self.values[2])

    def of(self, kept: Any) -> Spread:
        """Give some of the places."""
        ranks = None if self.ranks is None else self.ranks[kept]
        return Spread(self.values[:, kept], self.people[:, kept], self.group[kept], ranks)


def spread_rows(spread: Spread, *, limit_min: float | None) -> list[dict[str, Any]]:
    """Give a row for every measure of a distribution.

    Parameters
    ----------
    spread
        The distribution.
    limit_min
        Limit of values that are minutes; None: values of which more is better.

    Returns
    -------
    list of dict
        ``measure``, ``value``, ``value_low``, ``value_high``, ``bounds``, ``people``; see
        `geo_mbo.analysis.scores.equity_scores`.

    Examples
    --------
    >>> ten = np.full((3, 2), 10.0)
    >>> ten[:, 1] = 30
    >>> rows = spread_rows(Spread(ten, np.ones((3, 2)), np.array([0, 1]), None), limit_min=20)
    >>> [(row["measure"], row["value"]) for row in rows if row["measure"] in ("gini", "over_limit")]
    [('gini', 0.25), ('over_limit', 0.5)]
    """
    here = spread.of(~np.isnan(spread.values[0]) & (spread.people[2] > 0))
    told = here.of(np.isfinite(here.values[0]))
    rows = [_row("mean", _mean(here, told), _mean_bounds(told), told)]
    rows += [
        _row(name, _quantile(here, share, 0), _quantile_bounds(here, share), here)
        for name, share in QUANTILES.items()
    ]
    rows += _index_rows(told)
    rows += _limit_rows(here, limit_min) if limit_min is not None else _line_rows(told)
    people = float(spread.people[0].sum())
    return [row | {"people": people} for row in rows]


def _row(
    name: str, value: float, bounds: tuple[float, float], of: Spread, how: str = "outer"
) -> dict[str, Any]:
    """Make a row; without anything masked the value is its own bounds."""
    if not of.masked and not of.vague:
        bounds, how = (value, value), ""
    if np.isnan(bounds[0]):
        how = ""
    low, high = bounds
    return {"measure": name, "value": value, "value_low": low, "value_high": high, "bounds": how}


def _mean(here: Spread, told: Spread) -> float:
    people = told.people[0]
    if people.sum() > 0:
        return float(told.values[0] @ people / people.sum())
    return float("inf") if here.people[0].sum() > 0 else _NAN


def _mean_bounds(told: Spread) -> tuple[float, float]:
    low, _ = inequality_bounds.mean_bounds(_safe(told, 1), *told.people[1:])
    _, high = inequality_bounds.mean_bounds(_safe(told, 2), *told.people[1:])
    return (_NAN, _NAN) if np.isnan(told.values[1:]).any() else (low, high)


def _safe(told: Spread, k: int) -> Floats:
    """Give low or high values, the expected ones where they are not known."""
    known: Floats = np.where(np.isnan(told.values[k]), told.values[0], told.values[k])
    return known


def _quantile(here: Spread, share: float, k: int) -> float:
    return float(inequality.percentiles(here.values[k], here.people[0], shares=[share])[0])


def _quantile_bounds(here: Spread, share: float) -> tuple[float, float]:
    if np.isnan(here.values[1:]).any():
        return _UNKNOWN
    low, _ = inequality_bounds.percentile_bounds(here.values[1], *here.people[1:], share=share)
    _, high = inequality_bounds.percentile_bounds(here.values[2], *here.people[1:], share=share)
    return low, high


def _index_rows(told: Spread) -> list[dict[str, Any]]:
    """Give the rows of indices; of vague values their bounds are not known."""
    values, people = told.values[0], told.people[0]
    masked = told.masked and not told.vague
    how = "outer" if len(np.unique(values)) <= EXACT else "searched"

    def bounded(find: Callable[..., tuple[float, float]]) -> tuple[float, float]:
        return find(values, *told.people[1:]) if masked else _UNKNOWN

    theil = inequality.theil_t(values, people, [str(k) for k in told.group])["value"]
    by_rank, ranked = told, told.ranks
    if ranked is not None:
        by_rank = told.of(~np.isnan(ranked))
    ours = (by_rank.values[0], by_rank.people[0])
    concentration = (
        _NAN if by_rank.ranks is None else inequality.concentration_index(*ours, by_rank.ranks)
    )
    return [
        _row(
            "gini",
            inequality.gini(values, people),
            bounded(inequality_bounds.gini_bounds),
            told,
            how,
        ),
        _row("theil", float(theil[0]), bounded(inequality_bounds.theil_bounds), told, how),
        _row("theil_between", float(theil[1]), _UNKNOWN, told),
        _row("palma", inequality.palma_ratio(*ours, by_rank.ranks), _UNKNOWN, told),
        _row("concentration", concentration, _UNKNOWN, told),
    ]


def _limit_rows(here: Spread, limit_min: float) -> list[dict[str, Any]]:
    """Give the shares of people over a limit, and of those who reach nothing."""
    rows = []
    for name, over in (
        ("over_limit", here.values[0] > limit_min),
        ("unreached", np.isinf(here.values[0])),
    ):
        whole = here.people[0].sum()
        share = float(here.people[0][over].sum() / whole) if whole > 0 else _NAN
        bounds = inequality_bounds.mean_bounds(over.astype(float), *here.people[1:])
        rows.append(_row(name, share, bounds, here))
    return rows


def _line_rows(told: Spread) -> list[dict[str, Any]]:
    """Give poverty below a share of the median; missing where half of the people have nothing."""
    line = LINE * _quantile(told, 0.5, 0)
    rows = []
    for name, alpha in POVERTY.items():
        value = _NAN
        if line > 0:
            value = inequality.fgt(told.values[0], told.people[0], line=line, alpha=alpha)
        # The line moves with the numbers: its bounds are not those of a line that stands.
        rows.append(_row(name, value, _UNKNOWN, told))
    return rows
