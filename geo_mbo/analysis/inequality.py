"""How unequally something is spread over people: the measures themselves.

All take a value of each place (minutes, sites within reach, places a person) and the people
there. Places without people do not count, whatever their value. Values have to be finite: who
reaches nothing has no minutes, so tell their share beside the measure instead of putting a number
in. Where numbers of people are masked, `geo_mbo.analysis.inequality_bounds` says between what the
measure lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo_mbo.analysis.weighting import group_quantiles
from geo_mbo.errors import Breach, InputError, above_zero, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats

_THEIL = {"component": "str", "group": "str", "value": "float64", "share": "float64"}


def gini(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Give the Gini index of values with weights: 0 all equal, near 1 one has all.

    Twice the area between the Lorenz curve of straight pieces and the diagonal, weights as people
    (Lerman and Yitzhaki 1989, "Improving the accuracy of estimates of Gini coefficients", Journal
    of Econometrics 42:43-47).

    Parameters
    ----------
    values
        0 or more, finite.
    weights
        People with each value, 0 or more.

    Returns
    -------
    float
        The index; ``nan`` where there are no people or all values are 0.

    Raises
    ------
    InputError
        Not as many values as weights; values of people that are missing, endless or below 0.

    Examples
    --------
    >>> gini([10, 30], [1, 1])
    0.25
    """
    amounts, people = of_people(values, weights)
    order = np.argsort(amounts, kind="stable")
    amounts, people = amounts[order], people[order]
    whole, everybody = float(amounts @ people), float(people.sum())
    if not whole > 0:
        return float("nan")
    lorenz = np.cumsum(amounts * people) / whole
    before = np.append(0.0, lorenz)[:-1]
    return float(1 - (people / everybody) @ (lorenz + before))


def concentration_index(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    rank_by: npt.ArrayLike,
    *,
    corrected: bool = False,
    limits: tuple[float, float] | None = None,
    ties: Literal["shared", "rows"] = "shared",
) -> float:
    """Give the concentration index: whether the better off have more (above 0) or the worse off.

    Twice the covariance of value and rank by the mean: Wagstaff, Paci and van Doorslaer (1991), "On
    the measurement of inequalities in health", Social Science and Medicine 33:545-557; corrected as
    Erreygers (2009), "Correcting the concentration index", Journal of Health Economics 28:504-515.

    Parameters
    ----------
    values, weights
        As for `gini`.
    rank_by
        How well off each place is, such as income a head: higher is better.
    corrected
        Times 4 x mean / (highest - lowest value), so that it fits values with an end.
    limits
        Lowest and highest value there can be, for the correction. None: those of places with people
        (accessibility takes those of places without people too).
    ties
        ``shared``: places equally well off have the same rank. ``rows``: they are ranked in the
        order of the rows, as accessibility does; another order gives another index.

    Returns
    -------
    float
        -1 to 1; ``nan`` where there are no people, all values are 0, or (corrected) all are equal.

    Raises
    ------
    InputError
        As for `gini`; or people without a rank.

    Examples
    --------
    >>> concentration_index([10, 30], [1, 1], [1_000, 2_000])
    0.25
    >>> concentration_index([10, 30], [1, 1], [2_000, 2_000])
    0.0
    """
    one_of("ties", ties, ("shared", "rows"))
    amounts, people, ranks = of_people(values, weights, rank_by)
    whole = float(amounts @ people)
    if not whole > 0:
        return float("nan")
    order = np.argsort(ranks, kind="stable")
    amounts, ranks = amounts[order], ranks[order]
    parts = people[order] / people.sum()
    rank = np.cumsum(parts) - parts / 2
    if ties == "shared":
        same = np.cumsum(np.append(0, np.diff(ranks) != 0))
        rank = (np.bincount(same, rank * parts) / np.bincount(same, parts))[same]
    mean = float(amounts @ parts)
    index = float(2 * (parts * (amounts - mean)) @ (rank - 0.5) / mean)
    if not corrected:
        return index
    low, high = limits or (float(amounts.min()), float(amounts.max()))
    return index * 4 * mean / (high - low) if high > low else float("nan")


def palma_ratio(
    values: npt.ArrayLike, weights: npt.ArrayLike, rank_by: npt.ArrayLike | None = None
) -> float:
    """Give the mean value of the best off tenth by that of the worst off 40 percent.

    Palma (2011), "Homogeneous middles vs. heterogeneous tails", Development and Change 42:87-153;
    with means instead of shares, as in transport (accessibility: ``palma_ratio``).

    Parameters
    ----------
    values, weights
        As for `gini`.
    rank_by
        How well off each place is, such as income a head. None: the values themselves.

    Returns
    -------
    float
        The ratio. Worst off is who has at most the 40 % quantile of `rank_by`, best off who has
        more than the 90 % quantile: quantiles between two people are interpolated (Harrell's
        weighted quantile). ``nan`` where nobody is, or the worst off have 0.

    Raises
    ------
    InputError
        As for `concentration_index`.

    Examples
    --------
    >>> palma_ratio([10, 20, 60], [40, 50, 10], [1_000, 2_000, 3_000])
    6.0
    """
    amounts, people, ranks = of_people(values, weights, values if rank_by is None else rank_by)
    if not len(people):
        return float("nan")
    order = np.argsort(ranks, kind="stable")
    amounts, people, ranks = amounts[order], people[order], ranks[order]
    poor = ranks <= _between_people(ranks, people, 0.4)
    rich = ranks > _between_people(ranks, people, 0.9)
    worst = float(amounts[poor] @ people[poor])
    if not (rich.any() and worst > 0):
        return float("nan")
    best = float(amounts[rich] @ people[rich]) / float(people[rich].sum())
    return best / (worst / float(people[poor].sum()))


def theil_t(
    values: npt.ArrayLike, weights: npt.ArrayLike, groups: Sequence[str] | None = None
) -> pd.DataFrame:
    """Give the Theil T index, and how much of it lies between groups and within each.

    Theil (1967), Economics and Information Theory (accessibility: ``theil_t``).

    Parameters
    ----------
    values, weights
        As for `gini`; a value of 0 counts as its limit does, 0 (there accessibility gives none).
    groups
        Group of each place, such as its province. None: all are one group.

    Returns
    -------
    pandas.DataFrame
        ``component``: ``total``, ``between``, ``within`` (``group`` missing), then ``between`` and
        ``within`` of each group by name; ``value``, in which parts add up to their component;
        ``share`` in the total. ``nan`` where there are no people or all values are 0.

    Raises
    ------
    InputError
        As for `gini`; or people without a group.

    Examples
    --------
    >>> theil_t([10, 10, 40], [1, 1, 1], ["north", "north", "south"]).round(4)
      component  group   value  share
    0     total    NaN  0.2310    1.0
    1   between    NaN  0.2310    1.0
    2    within    NaN  0.0000    0.0
    3   between  north -0.2310   -1.0
    4    within  north  0.0000    0.0
    5   between  south  0.4621    2.0
    6    within  south  0.0000    0.0
    """
    import pandas as pd

    labels = np.zeros(len(np.asarray(values))) if groups is None else pd.Series(groups).array
    codes, names = pd.factorize(np.asarray(labels), sort=True)
    missing = np.where(codes < 0, np.nan, codes)
    amounts, people, code = of_people(values, weights, missing)
    at = code.astype(int)
    size = max(len(names), 1)
    sums, heads = (np.bincount(at, by, minlength=size) for by in (amounts * people, people))
    spread = np.bincount(at, people * _times_log(amounts), minlength=size)
    whole, everybody = float(sums.sum()), float(heads.sum())
    part, mean = np.full(size, np.nan), np.ones(size)
    np.divide(sums, heads, out=mean, where=sums > 0)
    if whole > 0:
        part = sums / whole
        within = (spread - sums * np.log(mean)) / whole
        between = part * np.log(mean * everybody / whole)
    else:
        within = between = part
    both = [float(between.sum()), float(within.sum())]
    kept = [] if groups is None else [k for k in range(len(names)) if heads[k] > 0]
    rows: list[tuple[str, str | None, float]]
    rows = [("total", None, sum(both)), ("between", None, both[0]), ("within", None, both[1])]
    for k in kept:
        rows += [("between", str(names[k]), float(between[k]))]
        rows += [("within", str(names[k]), float(within[k]))]
    table = pd.DataFrame(rows, columns=["component", "group", "value"])
    total = table["value"].iloc[0]
    table["share"] = table["value"] / total if total > 0 else np.nan
    return table.astype(_THEIL)


def fgt(values: npt.ArrayLike, weights: npt.ArrayLike, *, line: float, alpha: float = 0) -> float:
    """Give the poverty measure of Foster, Greer and Thorbecke of what people can reach.

    Foster, Greer and Thorbecke (1984), "A class of decomposable poverty measures", Econometrica
    52:761-766 (accessibility: ``fgt_poverty``).

    Parameters
    ----------
    values, weights
        As for `gini`; more is better.
    line
        Above 0. Who has exactly so much is not below it.
    alpha
        0: the share below the line; 1: their mean shortfall, as a share of the line, over all
        people; 2: the same squared, so that the worst off weigh most.

    Returns
    -------
    float
        0 to 1; ``nan`` where there are no people.

    Raises
    ------
    InputError
        As for `gini`; the line is not above 0 or alpha below 0.

    Examples
    --------
    >>> [fgt([0, 5, 10], [1, 1, 2], line=10, alpha=alpha) for alpha in (0, 1, 2)]
    [0.5, 0.375, 0.3125]
    """
    amounts, people = of_people(values, weights)
    if not len(people):
        return float("nan")
    return float(np.average(shortfalls(amounts, line=line, alpha=alpha), weights=people))


def shortfalls(values: Floats, *, line: float, alpha: float) -> Floats:
    """Give what each value falls short of a line, as a share of it, to a power; 0 at the line.

    Examples
    --------
    >>> shortfalls(np.array([0.0, 5.0, 10.0]), line=10, alpha=0)
    array([1., 1., 0.])
    """
    above_zero(line=line)
    if not alpha >= 0:
        raise InputError.of("access_alpha", value=str(alpha))
    gap = np.maximum((line - values) / line, 0)
    return np.where(values < line, gap**alpha, 0.0)


def percentiles(
    values: npt.ArrayLike, weights: npt.ArrayLike, *, shares: Sequence[float]
) -> Floats:
    """Give weighted quantiles: the smallest value that this share of people does not exceed.

    Parameters
    ----------
    values
        Any numbers; ``inf`` (reaches nothing) comes last.
    weights
        People with each value, 0 or more.
    shares
        Quantiles asked, above 0 and up to 1.

    Returns
    -------
    numpy.ndarray
        One number a quantile; ``inf`` where fewer reach anything; ``nan`` where nobody is.

    Raises
    ------
    InputError
        As for `gini`, but for endless values; or shares beyond 0 to 1.

    Examples
    --------
    >>> percentiles([10, 20, np.inf], [50, 30, 20], shares=[0.5, 0.8, 0.9])
    array([10., 20., inf])
    """
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong:
        raise InputError.of("access_shares", count=len(wrong), value=str(wrong[0]))
    amounts, people = of_people(values, weights, endless=True)
    groups = np.zeros(len(people), dtype=np.intp)
    found = group_quantiles(amounts, people, groups, count=1, shares=tuple(shares))
    return found[:, 0]


def of_people(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    *others: npt.ArrayLike,
    endless: bool = False,
) -> list[Floats]:
    """Give values, weights and further columns of the places where people are.

    Parameters
    ----------
    values, weights, others
        As many of each; others are ranks or numbers of groups, which may be below 0.
    endless
        Values may be ``inf``.

    Raises
    ------
    InputError
        Everything that is wrong at once.

    Examples
    --------
    >>> of_people([10, np.nan], [4, 0])
    [array([10.]), array([4.])]
    """
    columns = [np.asarray(column, dtype=float) for column in (values, weights, *others)]
    sizes = [column.shape for column in columns]
    if len(set(sizes)) > 1 or len(sizes[0]) != 1:
        raise InputError.of("access_uneven", sizes=", ".join(map(str, sizes)))
    people = columns[1]
    told = [_wrong("weights", people, ~(np.isfinite(people) & (people >= 0)))]
    here = ~(people <= 0)
    amounts = columns[0]
    right = (amounts >= 0) & (np.isfinite(amounts) | endless)
    told.append(_wrong("values", amounts, here & ~right))
    told += [_wrong("ranks", column, here & ~np.isfinite(column)) for column in columns[2:]]
    breaches = [breach for breach in told if breach]
    if breaches:
        raise InputError(breaches)
    return [column[here] for column in columns]


def _wrong(name: str, column: Floats, wrong: npt.NDArray[Any]) -> Breach | None:
    if not wrong.any():
        return None
    first = int(wrong.argmax())
    params = {"count": int(wrong.sum()), "value": f"{column[first]:g}", "place": first + 1}
    return Breach(f"access_{name}_of_people", params)


def _times_log(values: Floats) -> Floats:
    """Give x log x, of which the limit at 0 is 0."""
    logs = np.zeros(len(values))
    np.log(values, out=logs, where=values > 0)
    return values * logs


def _between_people(ranks: Floats, people: Floats, share: float) -> float:
    """Give the weighted quantile that lies between two people where the share does (Harrell)."""
    whole, reached = people.sum(), np.cumsum(people)
    place = 1 + (whole - 1) * share
    low = max(np.floor(place), 1.0)
    at = np.searchsorted(reached, [low, min(low + 1, whole)], side="left")
    first, second = ranks[np.minimum(at, len(ranks) - 1)]
    return float(first + (second - first) * (place % 1)) if second > first else float(first)
