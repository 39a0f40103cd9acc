"""A decay from flows: the models of Wilson fitted by maximum likelihood.

Flows are taken as Poisson with mean exp(effects + exponents x ln masses - rate x g(minutes)); the
effects are those of each origin (production), each site (attraction), both (doubly) or none
(Flowerdew and Aitkin 1982; Fotheringham and O'Kelly 1989, chapters 3-4). g is minutes
(exponential), ln minutes (power) or its square (log-normal), with 1 minute as the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from geo_mbo.analysis import decay as decays
from geo_mbo.analysis.interaction import (
    CONSTRAINTS,
    Constraint,
    Sides,
    check_pairs,
    sides_of,
)
from geo_mbo.analysis.poisson import Fitted, fit_poisson
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError, one_of
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.decay import Decay
    from geo_mbo.analysis.weighting import Floats, Whole

Form = Literal["exponential", "power", "log_normal"]
FORMS: tuple[Form, ...] = get_args(Form)

MASSES = ("origin_mass", "site_mass", "competition")
"""Columns whose logarithm has an exponent of its own, in the order of the result."""

_KEPT: dict[Constraint, tuple[str, ...]] = {
    "unconstrained": MASSES,
    "production": ("site_mass", "competition"),
    "attraction": ("origin_mass", "competition"),
    "doubly": ("competition",),
}
_EXPONENTS = {name: f"{name.removesuffix('_mass')}_exponent" for name in MASSES}

CALIBRATION = {
    "constraint": "str",
    "decay": "str",
    "rate": "float64",
    "rate_se": "float64",
    "rate_low": "float64",
    "rate_high": "float64",
    **dict.fromkeys(_EXPONENTS.values(), "float64"),
    "log_likelihood": "float64",
    "aic": "float64",
    "deviance": "float64",
    "deviance_null": "float64",
    "pseudo_r2": "float64",
    "dispersion": "float64",
    "srmse": "float64",
    "minutes_observed": "float64",
    "minutes_predicted": "float64",
    **dict.fromkeys(COUNTS, "float64"),
    "students_unreached": "float64",
    "pairs": "int64",
    "pairs_unreached": "int64",
}
"""Columns of `calibrate`."""


def calibrate(
    pairs: pd.DataFrame,
    *,
    constraint: Constraint,
    forms: Sequence[Form] = FORMS,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Estimate the decay of each form from observed flows.

    Parameters
    ----------
    pairs
        ``origin_id``, ``site_id``, ``minutes`` (``inf``: not reached), ``students`` with bounds,
        each pair once; pairs without students belong to it. ``origin_mass``, ``site_mass`` and
        ``competition`` (as of `competing_destinations`) may be there; where a model needs the mass
        of a side and it is not there, the students of that side are taken.
    constraint
        Which effects there are: see `geo_mbo.analysis.interaction`.
    forms
        Which decays to fit.
    notify
        Gets notes on students of pairs that are not reached, and on a rate that is not above 0.

    Returns
    -------
    pandas.DataFrame
        One row a form: ``constraint``, ``decay``; ``rate`` (per minute, the exponent, or per
        squared logarithm of minutes), ``rate_se`` (as if students chose one by one; where
        ``dispersion`` is above 1, multiply by its root), ``rate_low`` and ``rate_high`` (what
        masked counts may make of it); ``origin_exponent``, ``site_exponent``,
        ``competition_exponent`` (missing: not in the model); ``log_likelihood``, ``aic``,
        ``deviance``, ``deviance_null`` (one mean for all pairs), ``pseudo_r2`` (McFadden),
        ``dispersion`` (Pearson), ``srmse`` (root of the mean squared error over the mean),
        ``minutes_observed`` and ``minutes_predicted`` (mean trip), ``students`` (and bounds) on
        pairs that are reached, ``students_unreached``, ``pairs`` and ``pairs_unreached``.

    Raises
    ------
    InputError
        Pairs are wrong; there are no students; or the flows do not tell the rate: one origin or one
        site, all ways as long, or everybody takes the nearest so that no rate is steep enough.

    Notes
    -----
    Masked counts weigh with their expected value. The bounds of the rate are those of four more
    fits: all counts at their lowest, all at their highest, and the two that a rate hangs on most,
    long ways at one end and short ways at the other.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame({"origin_id": ["a", "a", "b", "b"], "site_id": ["x", "y", "x", "y"],
    ...                       "minutes": [10.0, 20.0, 30.0, 5.0], "students": [40, 10, 5, 80]})
    >>> flows = flows.assign(students_low=flows["students"], students_high=flows["students"])
    >>> fit = calibrate(flows, constraint="doubly", forms=["exponential"]).iloc[0]
    >>> float(fit["rate"].round(4))  # ln(40 x 80 / (10 x 5)) / (20 + 30 - 10 - 5)
    0.1188
    """
    import pandas as pd

    one_of("constraint", constraint, CONSTRAINTS)
    for form in forms:
        one_of("form", form, FORMS)
    there = [name for name in MASSES if name in pairs.columns]
    check_pairs(pairs, (*COUNTS, *there))
    reached = np.isfinite(pairs["minutes"].to_numpy(float))
    lost = float(pairs.loc[~reached, "students"].sum())
    if lost > 0:
        told = pairs.loc[~reached & (pairs["students"] > 0).to_numpy()]
        notify(note("calibration_unreached", told["site_id"], people=round(lost, 1)))
    usable = pairs[reached].reset_index(drop=True)
    if not (usable["students"] > 0).any():
        raise InputError.of("calibration_empty", count=len(pairs))
    rows = [_calibrated(usable, constraint, form, notify) for form in forms]
    more = {
        "constraint": constraint,
        **{name: float(usable[name].sum()) for name in COUNTS},
        "students_unreached": lost,
        "pairs": len(usable),
        "pairs_unreached": int((~reached).sum()),
    }
    told = pd.DataFrame([row | more for row in rows], columns=list(CALIBRATION))
    return told.astype(CALIBRATION)


def fitted_decay(calibrated: pd.Series) -> Decay:
    """Make the decay of one row of `calibrate`.

    Raises
    ------
    InputError
        Its rate is not above 0: those flows do not fall with time.

    Examples
    --------
    >>> import pandas as pd
    >>> fitted_decay(pd.Series({"decay": "power", "rate": 2.0}))(np.array([1.0, 10.0]))
    array([1.  , 0.01])
    """
    rate = float(calibrated["rate"])
    makers = {
        "exponential": lambda: decays.exponential(rate=rate),
        "power": lambda: decays.power(exponent=rate),
        "log_normal": lambda: decays.log_normal(rate=rate),
    }
    one_of("decay", str(calibrated["decay"]), FORMS)
    return makers[calibrated["decay"]]()


def _calibrated(
    pairs: pd.DataFrame, constraint: Constraint, form: Form, notify: Notify
) -> dict[str, object]:
    """Fit one form, and tell how well."""
    minutes = pairs["minutes"].to_numpy(float)
    sides = sides_of(pairs)
    told = {name: _mass(pairs, name, sides) for name in _KEPT[constraint]}
    masses = {name: values for name, values in told.items() if values is not None}
    design = np.column_stack([-_g(minutes, form), *masses.values()])
    names = ["minutes", *masses]
    students = pairs["students"].to_numpy(float)
    groups = _groups(sides, constraint)
    fitted = fit_poisson(students, design, groups=groups, names=names)
    rate = float(fitted.coefficients[0])
    if rate <= 0:
        notify(note("calibration_rising", [form], rate=f"{rate:.4g}"))
    low, high = _range(pairs, design, groups, names, fitted)
    exponents = dict(zip(masses, fitted.coefficients[1:], strict=True))
    return {
        "decay": form,
        "rate": rate,
        "rate_se": float(np.sqrt(fitted.covariance[0, 0])),
        "rate_low": min(low, rate),
        "rate_high": max(high, rate),
        **{column: exponents.get(name, np.nan) for name, column in _EXPONENTS.items()},
        **_statistics(students, minutes, fitted),
    }


def _groups(sides: Sides, constraint: Constraint) -> list[Whole]:
    """Give the sides that have effects."""
    of = {"production": [sides.origin], "attraction": [sides.site]}
    return of.get(constraint, [sides.origin, sides.site] if constraint == "doubly" else [])


def _g(minutes: Floats, form: Form) -> Floats:
    if form == "exponential":
        return minutes
    logs = np.log(np.maximum(minutes, 1.0))
    return logs if form == "power" else logs**2


def _mass(pairs: pd.DataFrame, name: str, sides: Sides) -> Floats | None:
    """Give the logarithm of a mass; students of that side where there is none.

    Where a mass is 0 nobody can go: such a pair has to be without students.
    """
    students = pairs["students"].to_numpy(float)
    if name in pairs.columns:
        values = pairs[name].to_numpy(float)
    elif name == "origin_mass":
        values = sides.by_origin(students)[sides.origin]
    elif name == "site_mass":
        values = sides.by_site(students)[sides.site]
    else:
        return None
    wrong = (values <= 0) & (students > 0)
    if wrong.any():
        first = str(pairs["site_id"].to_numpy(object)[wrong][0])
        raise InputError.of("mass_zero", column=name, count=int(wrong.sum()), value=first)
    logs = np.full(len(values), -np.inf)
    np.log(values, out=logs, where=values > 0)
    return logs


def _range(
    pairs: pd.DataFrame,
    design: Floats,
    groups: list[Whole],
    names: list[str],
    fitted: Fitted,
) -> tuple[float, float]:
    """Give the least and the greatest rate among the fits at the ends of the masked counts."""
    low, high = (pairs[name].to_numpy(float) for name in COUNTS[1:])
    if (low == high).all():
        return float(fitted.coefficients[0]), float(fitted.coefficients[0])
    longer = fitted.left < 0
    ends = (low, high, np.where(longer, high, low), np.where(longer, low, high))
    rates = []
    for end in ends:
        try:
            found = fit_poisson(end, design, groups=groups, names=names, start=fitted.means)
        except InputError:
            # At that end the flows tell no rate: it may be any.
            return -np.inf, np.inf
        rates.append(float(found.coefficients[0]))
    return min(rates), max(rates)


def _statistics(students: Floats, minutes: Floats, fitted: Fitted) -> dict[str, float]:
    from scipy.special import gammaln, xlogy

    means = fitted.means

    def likelihood(mean: Floats) -> float:
        return float((xlogy(students, mean) - mean - gammaln(students + 1)).sum())

    flat = np.full(len(students), students.mean())
    parameters = len(fitted.coefficients) + fitted.effects
    some = means > 0
    pearson = float(((students - means)[some] ** 2 / means[some]).sum())
    free = int(some.sum()) - parameters
    ours, null = likelihood(means), likelihood(flat)
    return {
        "log_likelihood": ours,
        "aic": 2 * parameters - 2 * ours,
        "deviance": _deviance(students, means),
        "deviance_null": _deviance(students, flat),
        "pseudo_r2": 1 - ours / null if null else np.nan,
        "dispersion": pearson / free if free > 0 else np.nan,
        "srmse": float(np.sqrt(((students - means) ** 2).mean()) / students.mean()),
        "minutes_observed": float(students @ minutes / students.sum()),
        "minutes_predicted": float(means @ minutes / means.sum()),
    }


def _deviance(students: Floats, means: Floats) -> float:
    from scipy.special import xlogy

    some = students > 0
    parts = xlogy(students[some], students[some] / means[some])
    return float(2 * (parts.sum() - students.sum() + means.sum()))
