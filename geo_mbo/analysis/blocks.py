"""A matrix of minutes walked block by block: what all measures of access share.

A country has millions of pairs. Weights of all of them at once would take several copies of the
matrix; a few thousand rows at a time stay in the processor's cache, and are faster too.

Three rules hold in every measure of access:

* Rows are origins and columns are sites; minutes are those of the way from home to school.
* What is not reached (``inf``) weighs nothing, whatever a decay says of it.
* Minutes of single precision mean the number with at most four decimals that has this very form:
  30.1 is 30.1, not 30.10000038. So a limit of 30.1 holds, and sums are good to double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from geo_mbo.errors import Breach, InputError, above_zero

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.travel import TravelMatrix

Times: TypeAlias = "Floats | TravelMatrix"
"""Minutes, origins x sites, or a travel matrix of one mode."""

Weigh: TypeAlias = "Callable[[Floats], Floats]"
"""Takes a block of minutes as it stands, gives the weight of each pair in double precision."""

CELLS = 1 << 15
"""Pairs in a block: a quarter of a megabyte, so that a block and its weights stay in the cache."""

TINY = 1e-200
"""Weights that add up to less count as none: a share of less would have no digits left."""

_STEPS = 1e4
"""In a minute: four decimals."""


def plane_of(minutes: Times, *, name: str = "minutes") -> Floats:
    """Give minutes as an array of two dimensions; `nan` and less than 0 are refused.

    Parameters
    ----------
    minutes
        Origins x sites, or a travel matrix of one mode.
    name
        What to call it in an error.

    Raises
    ------
    InputError
        A travel matrix of no or several modes; not two dimensions; times that are no times.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> plane_of(sample_town().matrix.select(modes=["car"], origins=["9001"]))
    array([[ 4., 10.,  4., inf]], dtype=float32)
    """
    if hasattr(minutes, "modes"):
        matrix = cast("TravelMatrix", minutes)
        if len(matrix.modes) != 1:
            raise InputError.of(
                "access_modes", count=len(matrix.modes), modes=", ".join(matrix.modes)
            )
        minutes = matrix.minutes(matrix.modes[0])
    plane = np.asarray(minutes)
    if plane.dtype not in (np.float32, np.float64):
        plane = plane.astype(float)
    if plane.ndim != 2:
        raise InputError.of("access_not_a_plane", name=name, dimensions=plane.ndim)
    if not plane.min(initial=np.inf) >= 0:
        wrong = ~(plane >= 0)
        row, column = np.argwhere(wrong)[0]
        raise InputError.of(
            "access_no_times",
            name=name,
            count=int(wrong.sum()),
            value=f"{plane[row, column]:g}",
            row=int(row) + 1,
            column=int(column) + 1,
        )
    return plane


def amounts_of(given: Mapping[str, tuple[npt.ArrayLike, int]]) -> list[Floats]:
    """Give amounts of origins or sites as numbers, or all that is wrong with them at once.

    Parameters
    ----------
    given
        By name: the amounts (0 or more), and how many there have to be.

    Raises
    ------
    InputError
        Too few or too many; missing, endless or below 0.

    Examples
    --------
    >>> amounts_of({"supply": ([400, -1], 2)})
    Traceback (most recent call last):
    geo_mbo.errors.InputError: 'supply': 1 of the numbers are not 0 or more, first -1 at ...
    """
    found = []
    breaches = []
    for name, (values, wanted) in given.items():
        numbers = np.asarray(values, dtype=float)
        if numbers.shape != (wanted,):
            shape = " x ".join(map(str, numbers.shape)) or "1"
            breaches.append(
                Breach("access_amounts_count", {"name": name, "count": shape, "wanted": wanted})
            )
            continue
        wrong = ~(np.isfinite(numbers) & (numbers >= 0))
        if wrong.any():
            first = int(wrong.argmax())
            params = {"count": int(wrong.sum()), "value": f"{numbers[first]:g}", "place": first + 1}
            breaches.append(Breach("access_amounts_wrong", {"name": name, **params}))
        found.append(numbers)
    if breaches:
        raise InputError(breaches)
    return found


def exact(block: Floats) -> Floats:
    """Give minutes in double precision, each as the short number that was meant; a new array.

    Examples
    --------
    >>> exact(np.array([30.1, 1 / 3, np.inf], dtype=np.float32)).tolist()
    [30.1, 0.3333333432674408, inf]
    """
    if block.dtype != np.float32:
        return block.astype(np.float64)
    # In place, step by step: this takes as long as all the rest of a measure.
    near: Floats = np.multiply(block, _STEPS, dtype=np.float64)
    np.rint(near, out=near)
    near /= _STEPS
    meant = near.astype(np.float32) == block
    if not meant.all():
        np.copyto(near, block, where=~meant)
    return near


def blocks(plane: Floats) -> Iterator[tuple[slice, Floats]]:
    """Give the rows of a plane a few at a time.

    Examples
    --------
    >>> [rows for rows, _ in blocks(np.zeros((3, 20_000)))]
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    step = max(1, CELLS // max(1, plane.shape[1]))
    for start in range(0, len(plane), step):
        rows = slice(start, min(start + step, len(plane)))
        yield rows, plane[rows]


def by_decay(decay: Callable[[Floats], Floats]) -> Weigh:
    """Make the weights of a block out of a decay.

    Parameters
    ----------
    decay
        Any function from minutes to weights of the same shape, 0 or more.

    Raises
    ------
    InputError
        When it is used: the decay gives another shape, or weights that are not finite or below 0.

    Examples
    --------
    >>> by_decay(lambda minutes: 1 / minutes)(np.array([[4.0, 20.0, np.inf]]))
    array([[0.25, 0.05, 0.  ]])
    """

    def weigh(block: Floats) -> Floats:
        weights = np.asarray(decay(exact(block)))
        if weights.shape != block.shape:
            raise InputError.of("access_decay_shape", given=weights.shape, wanted=block.shape)
        weights = weights.astype(np.float64, copy=not weights.flags.writeable)
        if block.max(initial=0) == np.inf:
            weights[np.isposinf(block)] = 0
        if not (weights.min(initial=0) >= 0 and weights.max(initial=0) < np.inf):
            wrong = ~((weights >= 0) & (weights < np.inf))
            raise InputError.of(
                "access_decay_wrong",
                value=f"{weights[wrong][0]:g}",
                minutes=f"{block[wrong][0]:g}",
            )
        return weights

    return weigh


def by_limit(limit_min: float) -> Weigh:
    """Make weights of 1 up to and including a limit, in the precision of the minutes.

    Examples
    --------
    >>> by_limit(20)(np.array([[4.0, 20.0, 25.0, np.inf]]))
    array([[1., 1., 0., 0.]])
    """

    def weigh(block: Floats) -> Floats:
        return within(block, limit_min).astype(np.float64)

    return weigh


def by_both(decay: Callable[[Floats], Floats] | None, limit_min: float | None) -> Weigh:
    """Make weights out of a decay, a limit, or a decay that ends at a limit.

    Raises
    ------
    InputError
        There is neither; or the limit is no number above 0.

    Examples
    --------
    >>> by_both(lambda minutes: 1 / minutes, 20)(np.array([[4.0, 20.0, 25.0, np.inf]]))
    array([[0.25, 0.05, 0.  , 0.  ]])
    """
    if limit_min is not None:
        above_zero(limit_min=limit_min)
        if decay is None:
            return by_limit(limit_min)
    if decay is None:
        raise InputError.of("access_no_weights")
    weigh = by_decay(decay)
    return weigh if limit_min is None else lambda block: weigh(block) * within(block, limit_min)


def within(block: Floats, limit_min: float) -> npt.NDArray[np.bool_]:
    """Tell which pairs are within a limit, in the precision of the minutes; at the limit is in."""
    kind = block.dtype.type
    # What is not reached is beyond any limit, however far.
    limit = min(kind(limit_min), np.finfo(block.dtype).max)
    found: npt.NDArray[np.bool_] = block <= limit
    return found


def reached_sums(plane: Floats, amounts: Floats, weigh: Weigh, *, passive: bool) -> Floats:
    """Add up weighted amounts: of sites for every origin, or (passive) of origins for every site.

    Examples
    --------
    >>> plane = np.array([[10.0, 40.0], [20.0, np.inf]])
    >>> near = by_decay(lambda minutes: minutes <= 30)
    >>> reached_sums(plane, np.array([5.0, 7.0]), near, passive=False)
    array([5., 5.])
    >>> reached_sums(plane, np.array([100.0, 50.0]), near, passive=True)
    array([150.,   0.])
    """
    if passive:
        sums = np.zeros(plane.shape[1])
        for rows, block in blocks(plane):
            sums += amounts[rows] @ weigh(block)
        return sums
    sums = np.zeros(len(plane))
    for rows, block in blocks(plane):
        sums[rows] = weigh(block) @ amounts
    return sums


def shared_out(amounts: Floats, among: Floats) -> Floats:
    """Divide amounts by what shares them; 0 where nothing does.

    Examples
    --------
    >>> shared_out(np.array([400.0, 200.0]), np.array([100.0, 0.0]))
    array([4., 0.])
    """
    ratio = np.zeros(np.broadcast_shapes(amounts.shape, among.shape))
    np.divide(amounts, among, out=ratio, where=among > TINY)
    return ratio


def counted(**numbers: Any) -> None:
    """Refuse options that are no whole number of 1 or more, all at once.

    Raises
    ------
    InputError
        Some are not.
    """
    breaches = [
        Breach("access_not_counted", {"name": name, "value": str(value)})
        for name, value in numbers.items()
        if not (np.isfinite(value) and value >= 1 and value == int(value))
    ]
    if breaches:
        raise InputError(breaches)
