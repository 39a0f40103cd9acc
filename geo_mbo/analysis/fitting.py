"""A table of many cells from sums over it: iterative proportional fitting, sparse and with bounds.

Only the cells that can hold something are there (long arrays, no cube). Each *margin* puts cells
into groups of which the sum is known to lie between two numbers: a masked count is [1, 4].

1. *Bounds.* What the others leave for a cell, given the bounds of every sum, again and again until
   nothing moves (the shuttle algorithm of Buzzigoli and Giusti 1999). They hold the truth if the
   margins do. They may be wider than the sharpest bounds there are, never narrower.
2. *Start.* The prior, raked to the expected sums (Deming and Stephan 1940).
3. *Fit.* Of all tables within the bounds of every sum, the one nearest to the start in relative
   entropy: Bregman projections with a memory for each group (Censor and Lent 1981). Without bounds
   that are apart this is iterative proportional fitting.
4. Where margins contradict each other there is no such table. Then those that are not *firm* are
   met as nearly as a price on their relative entropy allows (Chizat and others 2018), which ends.

Libraries were looked at: ``ipfn`` fits dense cubes to single numbers; none is sparse with bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import joined
from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths, Whole

_MARGINS = {
    "margin": "str",
    "key": "str",
    **dict.fromkeys(("expected", "low", "high", "fitted", "gap"), "float64"),
    "contradicted": "bool",
}
_START = 10
_SHUTTLES = 8
_TRIES = 4
_PRICE = 4.0
_LOOK = 50
_STUCK = 0.95
_NEAR = 0.02
_SLACK = 1e-9
_MOVED = 1e-6
_TINY = 1e-290


@dataclass(frozen=True)
class Margin:
    """Sums over groups of cells.

    Attributes
    ----------
    name
        What these sums are.
    keys
        Name of each group.
    group
        Of each cell the position of its group, -1 where it is in none.
    expected, low, high
        Sum of each group: what it most likely is, and the least and the most.
    firm
        Holds where margins contradict each other. Firm margins go first.
    sure
        Of each group, whether its bounds bound its cells; all do where it is not given. A sum that
        is itself an estimate should be met, but proves nothing of a cell.
    """

    name: str
    keys: Sequence[str]
    group: Whole
    expected: Floats
    low: Floats
    high: Floats
    firm: bool = False
    sure: Truths | None = None

    def sums(self, values: Floats) -> Floats:
        """Add up values of cells by group."""
        held = self.group >= 0
        if not held.all():
            values, group = values[held], self.group[held]
        else:
            group = self.group
        added: Floats = np.bincount(group, weights=values, minlength=len(self.keys)).astype(float)
        return added

    def spread(self, values: Floats, other: float) -> Floats:
        """Give each cell the value of its group; `other` to cells in none."""
        if not len(self.keys):
            return np.full(len(self.group), other)
        at = self.group >= 0
        given: Floats = values[self.group]
        return given if at.all() else np.where(at, given, other)

    def of(self, kept: Truths) -> Margin:
        """Give the margin over some of its cells."""
        return replace(self, group=self.group[kept])


@dataclass(frozen=True)
class Fit:
    """What came out, cell by cell in the order of the prior.

    Attributes
    ----------
    expected
        Estimate of each cell.
    low, high
        What the margins allow for it.
    margins
        ``margin``, ``key``, ``expected``, ``low``, ``high`` (as they were given), ``fitted``,
        ``gap`` (how far the fitted sum lies outside low and high: above 0 too many) and
        ``contradicted`` (no table meets this sum together with those before it).
    converged
        All sums were met together.
    sweeps
        Rounds over all margins.
    """

    expected: Floats
    low: Floats
    high: Floats
    margins: pd.DataFrame
    converged: bool
    sweeps: int


@dataclass
class _Bounds:
    """Bounds of cells, and by margin which groups contradict others and bound nothing."""

    low: Floats
    high: Floats
    contradicted: dict[str, Truths]


def fit_margins(
    prior: Floats,
    margins: Sequence[Margin],
    *,
    sweeps: int = 1000,
    tolerance: float = 1e-3,
    notify: Notify = to_log,
) -> Fit:
    """Estimate cells from their sums and from what was thought of them before.

    Parameters
    ----------
    prior
        One number a cell, 0 or more; only their ratios matter where margins hold all cells. A cell
        of 0 stays 0.
    margins
        Sums over the same cells; firm ones are taken first, in their order.
    sweeps
        Rounds at most, and as many again where the margins contradict each other; it ends earlier
        where nothing gets better.
    tolerance
        How far a sum may lie outside its bounds, as a share of it (and of one at least).
    notify
        Gets a note on sums that contradict others, and on those that were not met.

    Returns
    -------
    Fit
        Cells with bounds, and how far each sum is met.

    Raises
    ------
    InputError
        The prior or a margin is not what it should be; all that is wrong at once.

    Examples
    --------
    >>> rows = Margin("row", ["a", "b"], np.array([0, 0, 1, 1]), *[np.array([30.0, 70.0])] * 3)
    >>> columns = Margin("column", ["x", "y"], np.array([0, 1, 0, 1]), *[np.array([40.0, 60])] * 3)
    >>> fit = fit_margins(np.ones(4), [rows, columns])
    >>> fit.expected.round(3), fit.low, fit.high
    (array([12., 18., 28., 42.]), array([ 0.,  0., 10., 30.]), array([30., 30., 40., 60.]))
    """
    prior = np.asarray(prior, float)
    _check(prior, margins)
    ordered = sorted(margins, key=lambda margin: not margin.firm)
    bounds = _bounds(prior, ordered)
    kept = (prior > 0) & (bounds.high > 0)
    # The bounds of contradicted sums give way; what is told of them afterwards does not.
    ours = [_widened(margin.of(kept), bounds, kept) for margin in ordered]
    cells, rounds, converged = _fitted(prior[kept], ours, sweeps, tolerance)
    expected = np.zeros(len(prior))
    expected[kept] = cells
    told = _told(ordered, expected, bounds, tolerance)
    _tell(told, converged, notify)
    return Fit(
        expected=expected,
        low=np.minimum(bounds.low, expected),
        high=np.maximum(bounds.high, expected),
        margins=told,
        converged=converged,
        sweeps=rounds,
    )


def _check(prior: Floats, margins: Sequence[Margin]) -> None:
    breaches = []
    wrong = ~(prior >= 0) | np.isinf(prior)
    if wrong.any():
        found: dict[str, object] = {"count": int(wrong.sum()), "row": int(wrong.argmax()) + 1}
        breaches.append(Breach("prior_below_zero", found))
    for margin in margins:
        where: dict[str, object] = {"name": margin.name}
        sizes = {len(margin.keys), *map(len, (margin.expected, margin.low, margin.high))}
        inside = (margin.group >= -1) & (margin.group < len(margin.keys))
        if len(sizes) > 1 or len(margin.group) != len(prior) or not inside.all():
            breaches.append(Breach("margin_shape", where))
            continue
        ends = (margin.low >= 0) & (margin.low <= margin.expected) & (margin.high < np.inf)
        ends &= margin.expected <= margin.high
        if not ends.all():
            first = str(margin.keys[int((~ends).argmax())])
            more: dict[str, object] = {"count": int((~ends).sum()), "value": first}
            breaches.append(Breach("margin_bounds", where | more))
    if breaches:
        raise InputError(breaches)


def _bounds(prior: Floats, margins: Sequence[Margin]) -> _Bounds:
    """Bound every cell, by the firm margins first and then by all."""
    firm = [margin for margin in margins if margin.firm]
    contradicted = {m.name: np.zeros(len(m.keys), dtype=bool) for m in margins}
    sure = _Bounds(np.zeros(len(prior)), np.where(prior > 0, np.inf, 0.0), contradicted)
    _shuttled(sure, firm)
    for _ in range(_TRIES):
        bounds = replace(sure, low=sure.low.copy(), high=sure.high.copy())
        clash = _shuttled(bounds, margins)
        if not clash.any():
            return bounds
        # A loose sum that leaves no room for a firm one bounds nothing.
        for margin in margins:
            if not margin.firm:
                contradicted[margin.name][margin.group[clash & (margin.group >= 0)]] = True
    return sure


def _shuttled(bounds: _Bounds, margins: Sequence[Margin]) -> Truths:
    """Narrow all cells until nothing moves; give the cells of firm sums that found no room."""
    for margin in margins:
        held = _bounding(bounds, margin)
        most = np.maximum(margin.high, margin.sums(bounds.low))[margin.group[held]]
        bounds.high[held] = np.minimum(bounds.high[held], most)
    alone = all(margin.firm for margin in margins)
    for _ in range(_SHUTTLES):
        moved = False
        for margin in margins:
            narrowed, clash = _narrowed(bounds, margin)
            moved |= narrowed
            if clash.any() and margin.firm and not alone:
                return margin.spread(clash.astype(float), 0.0) > 0
            bounds.contradicted[margin.name] |= clash
        if not moved:
            break
    return np.zeros(len(bounds.low), dtype=bool)


def _bounding(bounds: _Bounds, margin: Margin) -> Truths:
    """Give the cells of sums that contradict no others."""
    use = ~bounds.contradicted[margin.name]
    if margin.sure is not None:
        use = use & margin.sure
    return margin.spread(use.astype(float), 0.0) > 0


def _narrowed(bounds: _Bounds, margin: Margin) -> tuple[bool, Truths]:
    """Narrow cells to what the others in their group leave: did any move, which sums cannot be."""
    least, most = margin.sums(bounds.low), margin.sums(bounds.high)
    slack = _SLACK * np.maximum(margin.high, 1.0)
    clash = (most < margin.low - slack) | (least > margin.high + slack)
    clash &= ~bounds.contradicted[margin.name]
    if margin.sure is not None:
        clash &= margin.sure
    held = _bounding(bounds, margin)
    held &= margin.spread((~clash).astype(float), 0.0) > 0
    at, low, high = margin.group[held], bounds.low[held], bounds.high[held]
    new_low = np.clip(margin.low[at] - (most[at] - high), low, high)
    new_high = np.clip(margin.high[at] - (least[at] - low), new_low, high)
    bounds.low[held], bounds.high[held] = new_low, new_high
    moved = bool((new_low - low > _MOVED).any() or (high - new_high > _MOVED).any())
    return moved, clash


def _widened(margin: Margin, bounds: _Bounds, kept: Truths) -> Margin:
    """Let the sums of a margin reach what the cells allow."""
    least, most = margin.sums(bounds.low[kept]), margin.sums(bounds.high[kept])
    low, high = np.minimum(margin.low, most), np.maximum(margin.high, least)
    return replace(margin, low=low, high=high, expected=np.clip(margin.expected, low, high))


def _fitted(
    prior: Floats, margins: Sequence[Margin], sweeps: int, tolerance: float
) -> tuple[Floats, int, bool]:
    """Rake the prior to the expected sums, then go to the nearest table within the bounds."""
    cells = prior.astype(float).copy()
    for _ in range(_START):
        # The firm ones last, so that they are right at the end.
        for margin in reversed(margins):
            sums = margin.sums(cells)
            cells *= margin.spread(_ratio(margin.expected, sums), 1.0)
            np.maximum(cells, _TINY, out=cells)
    hard, done, apart = _swept(cells, margins, np.inf, sweeps, tolerance)
    if apart <= tolerance or apart <= _NEAR:
        return hard, done, apart <= tolerance
    soft, more, _ = _swept(cells, margins, _PRICE, sweeps, tolerance)
    return soft, done + more, False


def _swept(
    start: Floats, margins: Sequence[Margin], price: float, sweeps: int, tolerance: float
) -> tuple[Floats, int, float]:
    """Go round the margins until all are met or nothing gets better; give how far the worst is."""
    cells = start.copy()
    memory = [np.ones(len(margin.keys)) for margin in margins]
    apart, earlier = 0.0, np.inf
    for done in range(1, sweeps + 1):
        apart = 0.0
        for margin, factor in zip(reversed(margins), reversed(memory), strict=True):
            apart = max(apart, _projected(cells, margin, factor, price))
        if apart <= tolerance:
            return cells, done, apart
        if done % _LOOK == 0:
            if apart > _STUCK * earlier:
                return cells, done, apart
            earlier = apart
    return cells, sweeps, apart


def _projected(cells: Floats, margin: Margin, memory: Floats, price: float) -> float:
    """Bring the sums of one margin within their bounds; give how far the worst was outside.

    With a price the worst is how far a factor moved, since the sums stay outside.
    """
    if not len(margin.keys):
        return 0.0
    sums = margin.sums(cells)
    free = sums / memory
    aim = _ratio(np.clip(free, margin.low, margin.high), free)
    soft = not margin.firm and price < np.inf
    now = np.clip(aim ** (price / (1 + price)) if soft else aim, _TINY, None)
    step = now / memory
    cells *= margin.spread(step, 1.0)
    np.maximum(cells, _TINY, out=cells)
    memory[:] = now
    if price < np.inf:
        return float(np.abs(np.log(step[sums > _TINY * 1e6])).max(initial=0.0))
    outside = np.maximum(margin.low - sums, sums - margin.high)
    return float((outside / np.maximum(margin.high, 1.0)).max(initial=0.0))


def _ratio(whole: Floats, parts: Floats) -> Floats:
    ratio = np.ones(len(whole))
    np.divide(whole, parts, out=ratio, where=parts > 0)
    return ratio


def _told(
    margins: Sequence[Margin], cells: Floats, bounds: _Bounds, tolerance: float
) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for margin in margins:
        fitted = margin.sums(cells)
        gap = np.maximum(fitted - margin.high, 0.0) - np.maximum(margin.low - fitted, 0.0)
        gap[np.abs(gap) <= tolerance * np.maximum(margin.high, 1.0)] = 0.0
        parts.append(
            pd.DataFrame(
                {
                    "margin": pd.Series(margin.name, index=range(len(fitted)), dtype="str"),
                    "key": pd.Series(list(margin.keys), dtype="str"),
                    "expected": margin.expected,
                    "low": margin.low,
                    "high": margin.high,
                    "fitted": fitted,
                    "gap": gap,
                    "contradicted": bounds.contradicted[margin.name],
                }
            )
        )
    return joined(parts, _MARGINS)


def _tell(told: pd.DataFrame, converged: bool, notify: Notify) -> None:
    """Name sums that contradict others, and where the fit did not end, those not met."""
    for code, rows in (
        ("margins_contradicted", told[told["contradicted"]]),
        ("margins_not_met", told[(told["gap"] != 0) & ~told["contradicted"]]),
    ):
        if len(rows) and not (code == "margins_not_met" and converged):
            worst = rows.loc[rows["gap"].abs().sort_values(ascending=False).index]
            labels = worst["margin"] + ": " + worst["key"]
            notify(note(code, labels, worst=round(float(worst["gap"].abs().iloc[0]), 1)))
