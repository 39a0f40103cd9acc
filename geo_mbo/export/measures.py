"""The tables of the planner's measures, to be joined to what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.analysis.readable import decay_rates, with_programme
from geo_mbo.counts import MASKED_HIGH
from geo_mbo.export.layers import Layer

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables

_OF_PROGRAMMES = {
    "dekking": "states",
    "ontbrekend_aanbod": "lacking",
    "aanbod_paren": "pairs",
    "signalen": "signals",
}


def measures(tables: Tables, findings: Findings) -> list[Layer]:
    """Give coverage, what is lacking, pairs, signals, draw of sites, access and decays.

    Parameters
    ----------
    tables, findings
        The study.

    Returns
    -------
    list
        Tables without geometry; programmes have their name.

    Examples
    --------
    >>> from geo_mbo.analysis import Choices, find
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = find(town.tables, town.matrix, Choices(mode="bike"), notify=lambda note: None)
    >>> {layer.name: len(layer.frame) for layer in measures(town.tables, found)}["dekking"]
    27
    """
    given = findings.further
    return [
        *(
            Layer(name, "", with_programme(getattr(given, key), tables.offers))
            for name, key in _OF_PROGRAMMES.items()
        ),
        Layer("trekkracht", "", _drawn(given.site_differences)),
        Layer("bereikbaarheid", "", given.access),
        Layer("reistijd_afname", "", decay_rates(given.decays)),
    ]


def _drawn(sites: pd.DataFrame) -> pd.DataFrame:
    """Leave out the draw of a site where it would give few students back."""
    most = sites[["students_high", "students_nearest_high"]]
    few = ((most > 0) & (most <= MASKED_HIGH)).any(axis=1)
    return sites.assign(drawn=sites["drawn"].mask(few))
