"""Access where people compete for places: floating catchments and spatial availability.

A place that many can reach is worth less to each of them. All measures take minutes from home to
school (origins x sites, ``inf``: not reached; or a travel matrix of one mode), people by origin
(*demand*) and places by site (*supply*). A site within reach of nobody has places for nobody: it
adds nothing, and to an origin that reaches no site there are 0 places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.blocks import (
    Times,
    amounts_of,
    blocks,
    by_both,
    by_decay,
    by_limit,
    plane_of,
    reached_sums,
    shared_out,
    within,
)
from geo_mbo.errors import InputError, above_zero

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from geo_mbo.analysis.weighting import Floats


def two_step(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats] | None = None,
    limit_min: float | None = None,
) -> Floats:
    """Give places per person by a two-step floating catchment area (2SFCA, E2SFCA).

    First the places of each site are divided by all people who reach it, each with the weight of
    the way; then these ratios are added up for each origin with the same weights. Without a decay
    this is the 2SFCA of Luo and Wang (2003), "Measures of spatial accessibility to health care in
    a GIS environment", Environment and Planning B 30:865-884; with a decay in steps or a smooth one
    the enhanced one (E2SFCA) of Luo and Qi (2009), "An enhanced two-step floating catchment area
    (E2SFCA) method", Health and Place 15:1100-1107.

    Parameters
    ----------
    minutes
        Origins x sites; ``inf``: not reached.
    demand, supply
        People by origin, places by site; 0 or more.
    decay
        One of `geo_mbo.analysis.decay`, or any function from minutes to weights of 0 or more. None:
        all within the limit weigh the same.
    limit_min
        Size of the catchments; exactly so long is within. None: the decay says where they end.

    Returns
    -------
    numpy.ndarray
        Places a person, by origin.

    Raises
    ------
    InputError
        Times that are no times, amounts that do not fit or are below 0, a decay that gives no
        weights, neither decay nor limit.

    Examples
    --------
    Within 16 minutes of the first and the third site are 400 people, of the second 250; the island
    has no school that is open:

    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> two_step(bike, [300, 100, 200, 50, 50], [400, 300, 200, 0], limit_min=20)
    array([1.5, 1.5, 1.2, 1.2, 0. ])
    """
    plane, people, places = _given(minutes, demand, supply)
    weigh = by_both(decay, limit_min)
    load = reached_sums(plane, people, weigh, passive=True)
    return reached_sums(plane, shared_out(places, load), weigh, passive=False)


def three_step(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats] | None = None,
    limit_min: float | None = None,
) -> Floats:
    """Give places per person by a three-step floating catchment area (3SFCA).

    As `two_step`, but people spread over the sites they can choose: each pair weighs its share in
    all weights of the origin as well. Wan, Zou and Sternberg (2012), "A three-step floating
    catchment area method for analyzing spatial access to health services", International Journal of
    Geographical Information Science 26:1073-1089. Paez objects that a second impedance only hides a
    wrong first one: `balanced` does the same in a consistent way.

    Parameters
    ----------
    minutes, demand, supply, decay
        As for `two_step`.
    limit_min
        Size of the catchments; exactly so long is within. The shares in choosing count all sites
        that the decay gives a weight, also beyond the limit, as in PySAL access.

    Returns
    -------
    numpy.ndarray
        Places a person, by origin.

    Raises
    ------
    InputError
        As for `two_step`.

    Examples
    --------
    >>> from geo_mbo.analysis.decay import binary
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> people = [300, 100, 200, 50, 50]
    >>> three_step(bike, people, [400, 300, 200, 0], decay=binary(cutoff_min=20)).round(3)
    array([1.5, 1.5, 1.2, 1.2, 0. ])
    """
    plane, people, places = _given(minutes, demand, supply)
    every = by_both(decay, None if decay else limit_min)
    if limit_min is not None:
        above_zero(limit_min=limit_min)

    def weigh(block: Floats) -> Floats:
        weights = every(block)
        weights *= shared_out(weights, weights.sum(axis=1, keepdims=True))
        if limit_min is not None:
            weights *= within(block, limit_min)
        return weights

    load = reached_sums(plane, people, weigh, passive=True)
    return reached_sums(plane, shared_out(places, load), weigh, passive=False)


def balanced(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
) -> Floats:
    """Give places per person by a balanced floating catchment area (BFCA).

    Weights are shares: people are spread over sites by shares that add up to 1 an origin, places
    over origins by shares that add up to 1 a site. So nobody counts twice and no place is handed
    out twice. Paez, Higgins and Vivona (2019), "Demand and level of service inflation in floating
    catchment area (FCA) methods", PLoS ONE 14:e0218773 (accessibility: ``floating_catchment_area``
    with ``bfca``).

    Parameters
    ----------
    minutes, demand, supply, decay
        As for `two_step`.

    Returns
    -------
    numpy.ndarray
        Places a person, by origin.

    Raises
    ------
    InputError
        As for `two_step`.

    Examples
    --------
    >>> from geo_mbo.analysis.decay import binary
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> people = [300, 100, 200, 50, 50]
    >>> balanced(bike, people, [400, 300, 200, 0], decay=binary(cutoff_min=20)).round(3)
    array([1.5, 1.5, 0.6, 0.6, 0. ])
    """
    plane, people, places = _given(minutes, demand, supply)
    weigh = by_decay(decay)
    load, among = np.zeros(plane.shape[1]), np.zeros(plane.shape[1])
    for rows, block in blocks(plane):
        weights = weigh(block)
        among += weights.sum(axis=0)
        load += shared_out(people[rows], weights.sum(axis=1)) @ weights
    worth = shared_out(shared_out(places, load), among)
    return reached_sums(plane, worth, weigh, passive=False)


def spatial_availability(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
    alpha: float = 1.0,
) -> Floats:
    """Share out the places of each site over origins, by people and by the way.

    Soukhov, Paez, Higgins and Mohamed (2023), "Introducing spatial availability, a
    singly-constrained measure of competitive accessibility", PLoS ONE 18:e0278468 (accessibility:
    ``spatial_availability``). Places add up to all places within reach of somebody; divided by the
    people of an origin it is comparable with `two_step`. The total of people cancels out by site.

    Parameters
    ----------
    minutes, demand, supply, decay
        As for `two_step`.
    alpha
        Power of the people, above 0: below 1 small origins get more.

    Returns
    -------
    numpy.ndarray
        Places, by origin; 0 where nobody lives. (accessibility gives a missing value to origins
        that reach a site within reach of nobody; here these places are nobody's.)

    Raises
    ------
    InputError
        As for `two_step`; or alpha is no number above 0.

    Examples
    --------
    Aldermeer's 400 young people share the 600 places there, 3 to 1:

    >>> from geo_mbo.analysis.decay import binary
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> people = [300, 100, 200, 50, 50]
    >>> spatial_availability(bike, people, [400, 300, 200, 0], decay=binary(cutoff_min=20))
    array([450., 150., 240.,  60.,   0.])
    """
    above_zero(alpha=alpha)
    plane, people, places = _given(minutes, demand, supply)
    pull = people**alpha
    weigh = by_decay(decay)
    among = reached_sums(plane, pull, weigh, passive=True)
    return pull * reached_sums(plane, shared_out(places, among), weigh, passive=False)


def fca_ratio(
    minutes: Times,
    between: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    cutoff_min: float,
) -> Floats:
    """Give the places within a cut-off for every person who lives within it (PySAL: ``fca_ratio``).

    The plain ratio before the two steps of `two_step`: both are counted around the origin, so that
    who competes for a site from its other side is not seen.

    Parameters
    ----------
    minutes
        From origins to sites; ``inf``: not reached.
    between
        From origins to origins, those around each: origins x origins.
    demand, supply
        People by origin, places by site; 0 or more.
    cutoff_min
        Above 0; exactly so long is within.

    Returns
    -------
    numpy.ndarray
        Places a person, by origin; ``nan`` where nobody lives within the cut-off.

    Raises
    ------
    InputError
        As for `two_step`; or no cut-off above 0.

    Examples
    --------
    >>> import numpy as np
    >>> to_sites, between = np.array([[10.0], [40.0]]), np.array([[0.0, 40.0], [40.0, 0.0]])
    >>> fca_ratio(to_sites, between, [100, 50], [200], cutoff_min=30)
    array([2., 0.])
    """
    above_zero(cutoff_min=cutoff_min)
    plane, people, places = _given(minutes, demand, supply)
    around = plane_of(between, name="between")
    if around.shape != (len(plane), len(plane)):
        raise InputError.of("access_between", given=around.shape, wanted=len(plane))
    weigh = by_limit(cutoff_min)
    there = reached_sums(around, people, weigh, passive=False)
    found = reached_sums(plane, places, weigh, passive=False)
    ratio = np.full(len(plane), np.nan)
    np.divide(found, there, out=ratio, where=there > 0)
    return ratio


def _given(
    minutes: Times, demand: npt.ArrayLike, supply: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    plane = plane_of(minutes)
    people, places = amounts_of(
        {"demand": (demand, plane.shape[0]), "supply": (supply, plane.shape[1])}
    )
    return plane, people, places
