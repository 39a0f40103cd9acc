"""The points that young people travel from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import ORIGINS, RD, checked
from geo_mbo.tables.areas import of_level
from geo_mbo.tables.indicators import YOUNG_PEOPLE

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


def origins(
    areas: gpd.GeoDataFrame, indicators: pd.DataFrame, *, notify: Notify = to_log
) -> gpd.GeoDataFrame:
    """Give one point for every PC4 where young people live, and what they weigh.

    A woongemeente is an area, no point: its students are spread over the PC4 inside it by the
    number of people of 15-24 years. A PC4 where none live carries nobody and is left out, with a
    note. A municipality that is left without any point gets one of its own, with the weight that
    its own indicator gives it (0 where that is unknown).

    Parameters
    ----------
    areas
        The table of areas: PC4 with their municipality, and the municipalities.
    indicators
        The table of indicators, with ``inhabitants_15_24``; the latest year is taken.
    notify
        Gets notes on PC4 without young people, without a number or without a municipality, and
        on municipalities that got a point of their own.

    Returns
    -------
    geopandas.GeoDataFrame
        Origins (`geo_mbo.schema.ORIGINS`): a point that surely lies inside its area, `weight` in
        people of 15-24 years.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from geo_mbo.schema import INDICATORS, empty
    >>> squares = [box(155_000, 463_000, 157_000, 465_000)] * 2
    >>> areas = gpd.GeoDataFrame({"area_id": ["GM9999", "3811"], "level": ["municipality", "pc4"],
    ...     "name": ["Dorp", "3811"], "parent_id": [None, "GM9999"]}, geometry=squares, crs=28992)
    >>> origins(areas, empty(INDICATORS), notify=lambda note: print(note.code))
    pc4_unknown
    municipality_point
      origin_id area_id  weight               geometry
    0    GM9999  GM9999     0.0  POINT (156000 464000)
    """
    import pandas as pd

    pc4, municipalities = of_level(areas, "pc4"), of_level(areas, "municipality")
    young = _latest(indicators, "pc4")
    weights = pc4["area_id"].map(young)
    _tell(pc4, weights, notify)
    carry = (weights > 0) & pc4["parent_id"].notna()
    places = _points(pc4[carry], weights[carry], area_ids=pc4.loc[carry, "parent_id"])
    bare = municipalities[~municipalities["area_id"].isin(places["area_id"])]
    if len(bare):
        notify(note("municipality_point", bare["name"]))
    own_weights = bare["area_id"].map(_latest(indicators, "municipality")).fillna(0.0)
    own = _points(bare, own_weights, area_ids=bare["area_id"])
    both = [part for part in (places, own) if len(part)] or [places]
    table = checked(pd.concat(both, ignore_index=True), ORIGINS)
    return cast("gpd.GeoDataFrame", table)


def _points(
    areas: gpd.GeoDataFrame, weights: pd.Series, *, area_ids: pd.Series
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame(
        {"origin_id": areas["area_id"], "area_id": area_ids, "weight": weights.astype(float)},
        geometry=areas.geometry.representative_point(),
        crs=RD,
    )


def _latest(indicators: pd.DataFrame, level: str) -> pd.Series:
    rows = indicators[(indicators["indicator"] == YOUNG_PEOPLE) & (indicators["key_kind"] == level)]
    return rows.sort_values("year").drop_duplicates("key", keep="last").set_index("key")["value"]


def _tell(pc4: gpd.GeoDataFrame, weights: pd.Series, notify: Notify) -> None:
    homeless = pc4["parent_id"].isna() & (weights > 0)
    for code, rows in (
        ("pc4_unknown", weights.isna()),
        ("pc4_empty", weights == 0),
        ("pc4_without_municipality", homeless),
    ):
        if rows.any():
            people = int(weights[rows].sum())
            notify(note(code, pc4.loc[rows, "area_id"], people=people))
