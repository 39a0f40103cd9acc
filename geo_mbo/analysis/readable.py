"""Results as people read them: programmes by name, and no column that says the same in every row.

The workbook and the GeoPackage both show these frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_RATES = {"rate": "decay_rate", "rate_low": "decay_rate_low", "rate_high": "decay_rate_high"}


def with_programme(frame: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Put names and levels of programmes in a frame by unit of provision.

    Parameters
    ----------
    frame
        Has the columns of `geo_mbo.analysis.units.UNIT_COLUMNS`, or ``programme_id``.
    offers
        Contract OFFERS.

    Returns
    -------
    pandas.DataFrame
        Where all units are programmes: ``programme_id``, ``programme`` and ``level`` in place of
        ``by``, ``unit`` and ``level``; missing where no site offers it. Other units stay as they
        are.

    Examples
    --------
    >>> import pandas as pd
    >>> from geo_mbo.sample import sample_town
    >>> rows = pd.DataFrame({"by": "programme_id", "unit": ["98001", "x"], "level": float("nan"),
    ...                      "track": "BOL"})
    >>> with_programme(rows, sample_town().tables.offers)
      programme_id   programme  level track
    0        98001  Verzorging    3.0   BOL
    1            x         NaN    NaN   BOL
    """
    shown = frame
    if "by" in frame:
        if not (frame["by"] == "programme_id").all():
            return frame.copy()
        shown = frame.drop(columns=["by", "level"]).rename(columns={"unit": "programme_id"})
    known = offers.drop_duplicates("programme_id").set_index("programme_id")
    place = int(shown.columns.get_loc("programme_id")) + 1  # type: ignore[arg-type]
    found = shown.copy()
    for name in ("level", "programme"):
        told = found["programme_id"].map(known[name])
        found.insert(place, name, told.astype(float) if name == "level" else told.astype("str"))
    return found


def decay_rates(decays: pd.DataFrame) -> pd.DataFrame:
    """Name the rate of a decay apart from other rates; leave out a count without bounds.

    Parameters
    ----------
    decays
        As `geo_mbo.analysis.flows.student_flows` gives them.

    Examples
    --------
    >>> import pandas as pd
    >>> decay_rates(pd.DataFrame({"mode": ["bike"], "rate": [0.1]}))
       mode  decay_rate
    0  bike         0.1
    """
    return decays.drop(columns="students_unreached", errors="ignore").rename(columns=_RATES)
