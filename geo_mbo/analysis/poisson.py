"""Poisson regression with effects of rows and columns, however many there are of these.

Each step of the usual solver of generalised linear models is a weighted regression. The effects are
taken out of it first: one group at a time by means, two by one linear system of the smaller side
(Frisch and Waugh 1933; Guimaraes and Portugal 2010). The answer is that of a regression with a
column for each effect, at a cost that does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from geo_mbo.errors import InputError

if TYPE_CHECKING:
    from geo_mbo.analysis.weighting import Floats, Truths, Whole

_STEPS = 200
_HALVINGS = 20
_SETTLED = 1e-12
_NO_INFORMATION = 1e-9
_LEAST_ETA, _MOST_ETA = -80.0, 40.0


@dataclass(frozen=True)
class Fitted:
    """What was fitted.

    Attributes
    ----------
    coefficients, covariance
        Of the columns of the design.
    means
        Of each row; 0 where its effects are endless since nothing goes there.
    left
        The first column of the design, less what the effects explain of it: on it the first
        coefficient rests. 0 where the mean is 0.
    effects
        How many effects were estimated beside the coefficients.
    """

    coefficients: Floats
    covariance: Floats
    means: Floats
    left: Floats
    effects: int


def fit_poisson(
    counts: Floats,
    design: Floats,
    *,
    groups: Sequence[Whole],
    names: Sequence[str],
    start: Floats | None = None,
) -> Fitted:
    """Fit counts with mean exp(effects + design x coefficients) by maximum likelihood.

    Parameters
    ----------
    counts
        0 or more, whole or not, one a row.
    design
        Rows x columns; a row that is not finite has mean 0.
    groups
        None, one or two arrays: the group (0, 1, ...) of each row, each with effects of its own.
        Without groups there is one effect, the same for all.
    names
        Of the columns, for messages.
    start
        Means to start from, such as of counts that are nearly the same; those of the effects alone
        where there are none.

    Returns
    -------
    Fitted
        Coefficients, their covariance, and means.

    Raises
    ------
    InputError
        The counts do not tell a coefficient: its column is explained by the effects and the other
        columns; or no value is great enough (the counts are separated).

    Examples
    --------
    >>> found = fit_poisson(np.array([8.0, 4.0, 2.0]), np.array([[0.0], [1.0], [2.0]]), groups=[],
    ...                     names=["minutes"])
    >>> found.coefficients.round(6)  # it halves each time
    array([-0.693147])
    """
    kept = cast("Truths", np.isfinite(design).all(axis=1))
    for group in groups:
        sums = np.bincount(group, weights=counts * kept).astype(float)
        np.logical_and(kept, sums[group] > 0, out=kept)
    y, x = counts[kept], design[kept]
    effects = _effects([group[kept] for group in groups], len(y))
    mean = effects.start(y)
    _refuse(_information(x, effects, mean)[2], names, "calibration_not_told")
    if start is not None:
        mean = np.maximum(np.where(start[kept] > 0, start[kept], mean), np.exp(_LEAST_ETA))
    eta = np.log(mean)
    before = _deviance(y, mean)
    settled = 0
    for _ in range(_STEPS):
        eta, mean, now = _step(y, x, effects, eta, before)
        settled = settled + 1 if before - now <= _SETTLED * (now + y.sum()) else 0
        before = now
        # The last step of a method that doubles its figures costs little.
        if settled == 2:
            break
    left, information, scaled = _information(x, effects, mean)
    _refuse(scaled, names, "calibration_separated")
    return Fitted(
        coefficients=_solved(eta, left, information, mean),
        covariance=np.linalg.inv(information),
        means=_put(mean, kept),
        left=_put(left[:, 0], kept),
        effects=effects.count,
    )


@dataclass(frozen=True)
class _Effects:
    """No, one or two groups of effects; `pinned` has one of each piece that hangs together."""

    groups: Sequence[Whole]
    sizes: list[int]
    pinned: Whole
    count: int

    def start(self, counts: Floats) -> Floats:
        """Give means that the effects alone make, none of them 0."""
        sums = [np.bincount(g, weights=counts) for g in self.groups]
        if len(sums) == 2:
            ranked: Floats = sums[0][self.groups[0]] * sums[1][self.groups[1]] / counts.sum()
            return ranked
        rows = self.groups[0] if self.groups else np.zeros(len(counts), dtype=np.intp)
        means: Floats = (np.bincount(rows, weights=counts) / np.bincount(rows))[rows]
        return means

    def left(self, values: Floats, weights: Floats) -> Floats:
        """Give what the effects leave of columns of values, in a weighted regression."""
        if len(self.groups) < 2:
            rows = self.groups[0] if self.groups else np.zeros(len(values), dtype=np.intp)
            return values - (_sums(values, weights, rows) / _whole(weights, rows))[rows]
        (wide, narrow), (count, less) = self.groups, self.sizes
        table = np.zeros((count, less))
        table[wide, narrow] = weights
        scale = 1 / np.sqrt(table.sum(axis=0))
        parts = table / table.sum(axis=1, keepdims=True)
        wide_sums = _sums(values, weights, wide)
        due = _sums(values, weights, narrow) - parts.T @ wide_sums
        system = -(scale[:, None] * (table.T @ parts) * scale)
        system[np.diag_indices(less)] += 1
        system[self.pinned, self.pinned] += 1
        b = scale[:, None] * _cholesky(system, scale[:, None] * due)
        a = (wide_sums - table @ b) / table.sum(axis=1, keepdims=True)
        rest: Floats = values - a[wide] - b[narrow]
        return rest


def _effects(groups: Sequence[Whole], rows: int) -> _Effects:
    """Give groups numbered without gaps, the larger first, and find what hangs together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    dense = [np.unique(group, return_inverse=True)[1] for group in groups]
    sizes = [int(group.max(initial=-1)) + 1 for group in dense]
    if len(dense) < 2:
        return _Effects(dense, sizes, np.zeros(0, dtype=np.intp), sizes[0] if sizes else 1)
    if sizes[0] < sizes[1]:
        dense, sizes = dense[::-1], sizes[::-1]
    ends = dense[0], dense[1] + sizes[0]
    linked = coo_array((np.ones(rows), ends), shape=(sum(sizes), sum(sizes)))
    pieces, piece = connected_components(linked, directed=False)
    pinned = np.unique(piece[sizes[0] :], return_index=True)[1]
    return _Effects(dense, sizes, pinned, sum(sizes) - int(pieces))


def _step(
    y: Floats, x: Floats, effects: _Effects, eta: Floats, before: float
) -> tuple[Floats, Floats, float]:
    """Go one step; only part of the way where the whole would make the fit worse."""
    mean = np.exp(eta)
    z = eta + (y - mean) / mean
    left = effects.left(np.column_stack([x, z]), mean)
    ours, rest = left[:, :-1], left[:, -1]
    information = ours.T @ (ours * mean[:, None])
    aim = z - rest + ours @ _least(information, ours.T @ (mean * rest))
    part = 1.0
    for _ in range(_HALVINGS):
        there = np.clip(eta + part * (aim - eta), _LEAST_ETA, _MOST_ETA)
        mean_there = np.exp(there)
        now = _deviance(y, mean_there)
        if now <= before * (1 + _SETTLED):
            return there, mean_there, now
        part /= 2
    return eta, mean, before


def _information(x: Floats, effects: _Effects, mean: Floats) -> tuple[Floats, Floats, Floats]:
    """Give what the effects leave of the design, its information, and that between 0 and 1."""
    left = effects.left(x, mean)
    information = left.T @ (left * mean[:, None])
    whole = np.sqrt((x**2 * mean[:, None]).sum(axis=0))
    scale = np.divide(1.0, whole, out=np.zeros(len(whole)), where=whole > 0)
    return left, information, scale[:, None] * information * scale


def _refuse(scaled: Floats, names: Sequence[str], code: str) -> None:
    """Refuse coefficients on which the counts hold no information."""
    thin = [
        name for name, told in zip(names, np.diag(scaled), strict=True) if told < _NO_INFORMATION
    ]
    if not thin and np.linalg.eigvalsh(scaled)[0] < _NO_INFORMATION:
        thin = list(names[-1:])
    if thin:
        raise InputError.of(code, column=", ".join(thin))


def _solved(eta: Floats, left: Floats, information: Floats, mean: Floats) -> Floats:
    """Give the coefficients of a linear predictor: what remains of it is made by them alone."""
    return _least(information, left.T @ (mean * eta))


def _least(information: Floats, due: Floats) -> Floats:
    solved: Floats = np.linalg.lstsq(information, due, rcond=None)[0]
    return solved


def _cholesky(system: Floats, due: Floats) -> Floats:
    """Solve; where parts of the system all but vanish, with a trace of a ridge."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    for ridge in (1e-14, 1e-11, 1e-8):
        try:
            factor = cho_factor(system + ridge * np.eye(len(system)))
        except LinAlgError:
            continue
        solved: Floats = cho_solve(factor, due)
        return solved
    return _least(system, due)


def _sums(values: Floats, weights: Floats, group: Whole) -> Floats:
    columns = [np.bincount(group, weights=column * weights) for column in values.T]
    return np.column_stack(columns)


def _whole(weights: Floats, group: Whole) -> Floats:
    whole: Floats = np.bincount(group, weights=weights)[:, None].astype(float)
    return whole


def _put(values: Floats, kept: Truths) -> Floats:
    put = np.zeros(len(kept))
    put[kept] = values
    return put


def _deviance(y: Floats, mean: Floats) -> float:
    from scipy.special import xlogy

    some = y > 0
    return float(2 * (xlogy(y[some], y[some] / mean[some]).sum() - y.sum() + mean.sum()))
