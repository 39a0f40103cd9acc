"""Which site young people would choose: the model of Huff, and competing destinations.

The chance that someone goes to a site is what it draws (its size to a power, times what its travel
time weighs) as a share of what all sites draw together (Huff 1963, 1964). Where this differs from
where students go, is a finding: see the catchments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.interaction import check_pairs, sides_of
from geo_mbo.analysis.weighting import Homes, homes, joined, named, positions
from geo_mbo.errors import InputError, above_zero
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.decay import Decay
    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.travel import TravelMatrix

_CHOICE = {
    "area_id": "str",
    "site_id": "str",
    "mode": "str",
    "probability": "float64",
    "people": "float64",
}
_SITES = {
    "site_id": "str",
    "mode": "str",
    "attraction": "float64",
    "people": "float64",
    "market_share": "float64",
}
_AREAS = {
    "area_id": "str",
    "mode": "str",
    "people": "float64",
    "reached_share": "float64",
    "entropy": "float64",
    "choices": "float64",
    "site_id": "str",
    "probability": "float64",
}


def huff_choice(
    matrix: TravelMatrix,
    origins: pd.DataFrame,
    attraction: pd.Series,
    *,
    decay: Decay,
    exponent: float = 1.0,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Estimate from each municipality the chance of going to each site.

    Parameters
    ----------
    matrix
        Travel times from home to school.
    origins
        Contract ORIGINS; chances are those of origins, weighted by their young people.
    attraction
        By site_id: how large a site is, such as its students or programmes, 0 or more.
    decay
        What minutes weigh.
    exponent
        Power of the attraction: above 1 size draws more than in proportion.
    notify
        Gets a note on people who reach no site.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``site_id``, ``mode``, ``probability`` (0-1, over those who reach a site;
        missing where nobody does) and ``people`` (young people who would go there). Every area
        with every site of `attraction`.

    Raises
    ------
    InputError
        The matrix lacks an origin or a site; an attraction is below zero or unknown; the exponent
        is not above 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from geo_mbo.analysis.decay import power
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> size = pd.Series({"90AA001": 100.0, "90AA002": 100.0})
    >>> huff_choice(town.matrix.select(modes=["bike"]), town.tables.origins, size,
    ...             decay=power(exponent=2), notify=lambda _: None).round(3)
      area_id  site_id  mode  probability   people
    0  GM9001  90AA001  bike        0.882  352.738
    1  GM9001  90AA002  bike        0.118   47.262
    2  GM9002  90AA001  bike        0.114   28.562
    3  GM9002  90AA002  bike        0.886  221.438
    4  GM9003  90AA001  bike          NaN    0.000
    5  GM9003  90AA002  bike          NaN    0.000
    """
    import pandas as pd

    there = homes(matrix, origins)
    columns, draw = _drawn(matrix, attraction, exponent)
    parts = []
    for mode in matrix.modes:
        chances, reached = _chances(there.minutes(matrix, mode)[:, columns], draw, decay)
        _tell_unreached(there, reached, mode, notify)
        within = there.per_area(there.weight * reached)
        added = there.per_area((chances * there.weight[:, None]).T).T
        people = there.per_area((chances * there.people[:, None]).T).T
        share = np.full(added.shape, np.nan)
        np.divide(added, within[:, None], out=share, where=within[:, None] > 0)
        area, site = np.indices(added.shape).reshape(2, -1)
        parts.append(
            pd.DataFrame(
                {
                    "area_id": named(there.area_ids, area),
                    "site_id": named(attraction.index, site),
                    "mode": mode,
                    "probability": share.ravel(),
                    "people": people.ravel(),
                }
            )
        )
    return joined(parts, _CHOICE)


def huff_chances(
    matrix: TravelMatrix,
    attraction: pd.Series,
    *,
    mode: str,
    decay: Decay,
    exponent: float = 1.0,
) -> Floats:
    """Give the chance of each origin to choose each site, in the order of the matrix.

    Parameters
    ----------
    matrix, attraction, decay, exponent
        As for `huff_choice`; a site that is not in `attraction` draws nobody.
    mode
        Whose minutes count.

    Returns
    -------
    numpy.ndarray
        Origins x sites; a row adds up to 1, or to 0 where no site is reached. Such is the `choice`
        of `geo_mbo.analysis.modelled.modelled_catchments`.

    Raises
    ------
    InputError
        As for `huff_choice`, and where the matrix has no such mode.

    Examples
    --------
    >>> import pandas as pd
    >>> from geo_mbo.analysis.decay import power
    >>> from geo_mbo.sample import sample_town
    >>> huff_chances(sample_town().matrix, pd.Series({"90AA001": 1.0, "90AA002": 1.0}),
    ...              mode="bike", decay=power(exponent=2)).round(2)
    array([[0.86, 0.14, 0.  , 0.  ],
           [0.94, 0.06, 0.  , 0.  ],
           [0.1 , 0.9 , 0.  , 0.  ],
           [0.17, 0.83, 0.  , 0.  ],
           [0.  , 0.  , 0.  , 0.  ]])
    """
    columns, draw = _drawn(matrix, attraction, exponent)
    whole = np.zeros(len(matrix.sites))
    whole[columns] = draw
    return _chances(matrix.minutes(mode), whole, decay)[0]


def huff_sites(choice: pd.DataFrame, attraction: pd.Series) -> pd.DataFrame:
    """Add up the choices by site: expected young people and market share.

    Parameters
    ----------
    choice
        Of `huff_choice`.
    attraction
        As was given there.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``mode``, ``attraction``, ``people``, ``market_share`` (0-1, of those who reach
        a site; missing where nobody does).

    Examples
    --------
    >>> import pandas as pd
    >>> choice = pd.DataFrame({"area_id": "GM9001", "site_id": ["a", "b"], "mode": "bike",
    ...                        "probability": [0.75, 0.25], "people": [30.0, 10.0]})
    >>> huff_sites(choice, pd.Series({"a": 9.0, "b": 3.0}))["market_share"].tolist()
    [0.75, 0.25]
    """
    table = choice.groupby(["mode", "site_id"], sort=False)["people"].sum().reset_index()
    whole = table.groupby("mode")["people"].transform("sum")
    share = table["people"] / whole.where(whole > 0)
    told = table.assign(attraction=table["site_id"].map(attraction), market_share=share)
    return joined([told], _SITES)


def huff_areas(choice: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Say how much there is to choose in each municipality, and what most would choose.

    Parameters
    ----------
    choice
        Of `huff_choice`.
    origins
        Contract ORIGINS, as was given there.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``mode``, ``people`` (young people), ``reached_share`` (0-1, missing without
        young people), ``entropy`` (of the chances, natural logarithm), ``choices`` (e to that
        power: as many equal choices), ``site_id`` and ``probability`` of the likeliest site.
        Missing where nobody reaches a site.

    Examples
    --------
    >>> import pandas as pd
    >>> choice = pd.DataFrame({"area_id": "GM9001", "site_id": ["a", "b"], "mode": "bike",
    ...                        "probability": [0.5, 0.5], "people": [20.0, 20.0]})
    >>> origins = pd.DataFrame({"origin_id": ["9001"], "area_id": ["GM9001"], "weight": [50.0]})
    >>> huff_areas(choice, origins)[["reached_share", "choices", "site_id"]]
       reached_share  choices site_id
    0            0.8      2.0       a
    """
    by = ["area_id", "mode"]
    chance = choice["probability"].to_numpy(float)
    logs = np.log(chance, out=np.zeros(len(chance)), where=chance > 0)
    table = choice.assign(entropy=-chance * logs)
    whole = table.groupby(by, sort=False).agg(
        going=("people", "sum"), entropy=("entropy", lambda parts: parts.sum(min_count=1))
    )
    # Of equally likely sites the first by id, so that the answer does not hang on their order.
    ranked = table.dropna(subset=["probability"]).sort_values(
        ["probability", "site_id"], ascending=[False, True], kind="stable"
    )
    best = ranked.drop_duplicates(by)
    told = whole.join(best.set_index(by)[["site_id", "probability"]]).reset_index()
    people = told["area_id"].map(origins.groupby("area_id")["weight"].sum()).fillna(0.0)
    told = told.assign(
        people=people,
        reached_share=told["going"] / people.where(people > 0),
        choices=np.exp(told["entropy"].to_numpy(float)),
    )
    return joined([told], _AREAS)


def competing_destinations(pairs: pd.DataFrame, mass: pd.Series, *, decay: Decay) -> pd.Series:
    """Say how much else is near each site: the term of competing destinations of Fotheringham.

    Parameters
    ----------
    pairs
        Between sites: ``origin_id`` and ``site_id`` (both sites), ``minutes``.
    mass
        By site_id.
    decay
        What minutes between sites weigh.

    Returns
    -------
    pandas.Series
        By site_id of `mass`: the weighted mass of all other sites. As column ``competition`` of the
        pairs it can be put into `calibrate`: an exponent below 0 says that sites near others draw
        less (competition), above 0 more (agglomeration).

    Raises
    ------
    InputError
        Pairs or masses are wrong.

    Notes
    -----
    A.S. Fotheringham (1983), A new set of spatial-interaction models: the theory of competing
    destinations, *Environment and Planning A* 15, 15-36.

    Examples
    --------
    >>> import pandas as pd
    >>> from geo_mbo.analysis.decay import power
    >>> pairs = pd.DataFrame({"origin_id": ["a", "b"], "site_id": ["b", "a"],
    ...                       "minutes": [10.0, 20.0]})
    >>> competing_destinations(pairs, pd.Series({"a": 100.0, "b": 50.0}), decay=power(exponent=1))
    a    5.0
    b    5.0
    dtype: float64
    """
    import pandas as pd

    check_pairs(pairs)
    _check_attraction(mass)
    others = (pairs["origin_id"] != pairs["site_id"]).to_numpy()
    sides = sides_of(pairs)
    near = pairs["site_id"].map(mass).fillna(0.0).to_numpy(float)
    added = sides.by_origin(decay(pairs["minutes"].to_numpy(float)) * near * others)
    return pd.Series(added, index=sides.origin_ids).reindex(mass.index).fillna(0.0)


def _drawn(
    matrix: TravelMatrix, attraction: pd.Series, exponent: float
) -> tuple[np.ndarray, Floats]:
    """Give the columns of the sites in the matrix, and what they draw."""
    above_zero(exponent=exponent)
    _check_attraction(attraction)
    columns = positions(attraction.index, matrix.sites, what="sites")
    return columns, attraction.to_numpy(float) ** exponent


def _check_attraction(attraction: pd.Series) -> None:
    wrong = ~(attraction >= 0) | np.isinf(attraction)
    if wrong.any():
        first = str(attraction.index[wrong][0])
        found = {"name": "sites", "count": int(wrong.sum()), "value": first}
        raise InputError.of("masses_below_zero", **found)


def _chances(minutes: Floats, draw: Floats, decay: Decay) -> tuple[Floats, np.ndarray]:
    """Give the chances of each origin (rows, adding up to 1) and whether it reaches any site."""
    drawn = decay(minutes.astype(float)) * draw
    whole = drawn.sum(axis=1)
    chances = np.zeros(drawn.shape)
    np.divide(drawn, whole[:, None], out=chances, where=whole[:, None] > 0)
    return chances, whole > 0


def _tell_unreached(there: Homes, reached: np.ndarray, mode: str, notify: Notify) -> None:
    lost = ~reached & (there.people > 0)
    if lost.any():
        people = round(float(there.people[lost].sum()), 1)
        notify(note("huff_unreached", there.ids[lost], mode=mode, people=people))
