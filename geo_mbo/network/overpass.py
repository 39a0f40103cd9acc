"""Roads of a small area from an Overpass server, through osmnx, as a GraphML file.

osmnx asks, but under this project's rules: which hosts may be asked, how often, and no redirects.
Its settings, which hold for a whole program, are put back, and so is the way names of hosts are
looked up, which it changes.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError, InputError
from geo_mbo.network.access import gate_is_open, sign_here, telling_keys, telling_node_keys
from geo_mbo.network.reading import MARGIN_KM
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    import geopandas as gpd
    import networkx as nx
    import requests
    from shapely import MultiPolygon, Polygon

    from geo_mbo.sources.web import Web

NetworkType = Literal["all", "all_public", "bike", "drive", "drive_service", "walk"]
"""Which ways osmnx asks for; what may be done on them is told by their tags."""
MOST_KM2 = 10_000
"""A larger area is refused: public servers are shared, and an extract does better."""
_SMOOTH_M = 50.0
"""The outline is simplified by this much, so that the question stays short."""
_VEHICLES = ("foot", "bicycle", "moped", "motorcar")
_STOPS, _WAY = "stops", "sided_way"
_SIDED = re.compile(r":(forward|backward|left|right)")
"""Keys that speak of one direction of their way: such a way is not merged with another."""
_KEPT = re.compile(r"[0-9a-f]{40}\.json")
"""What osmnx calls the answers that it keeps."""
_one_at_a_time = Lock()


@dataclass(frozen=True)
class Overpass:
    """An Overpass server.

    Attributes
    ----------
    url
        Its https address, up to and with ``/api``; blank: that of the catalogue.
    timeout_s
        Seconds after which the server, and who waits for it, gives up one question.
    web
        How it is asked; None: the server's own host only, four times at most.
    """

    url: str = ""
    timeout_s: int = 180
    web: Web | None = None


def fetch_roads(
    area: gpd.GeoDataFrame,
    *,
    to: Path,
    scratch: Path,
    network_type: NetworkType = "all",
    margin_km: float = MARGIN_KM,
    server: Overpass | None = None,
    progress: Progress = silent,
) -> Path:
    """Fetch the roads of an area and write them as a GraphML file, which `read_network` reads.

    It keeps the tags by which access and speed are told, lights, signs and barriers; it knows no
    turn restrictions and no ferries, for which an ``.osm.pbf`` is needed.

    Parameters
    ----------
    area
        Areas or points, in any coordinate system: the roads of all of them together.
    to
        The file to write, ``.graphml``; whole or not at all.
    scratch
        Folder where answers are kept, so that a break costs only the question it came in; they
        are used again until somebody removes them.
    network_type
        Which ways are asked for. All but ``"all"`` leave out ways that some modes may use, and
        ``"walk"`` forgets one-way streets.
    margin_km
        Kilometres around the area.
    server
        Whom to ask.
    progress
        Gets 0 and 1.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The area is nowhere or too large, holds no road, or a name is not known.
    CrsError
        The area has no coordinate system.
    FetchError
        The server may not be asked, said no, gave up, or could not be reached.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import geopandas as gpd
    >>> school = gpd.GeoSeries.from_xy([155_000], [463_000], crs=28992).to_frame("geometry")
    >>> fetch_roads(school, to=Path("roads.graphml"), scratch=Path("answers"), margin_km=60)
    Traceback (most recent call last):
    geo_mbo.errors.InputError: The area with its margin is 11,292 square kilometres; ...
    """
    from geo_mbo.sources.catalogue import data_set
    from geo_mbo.sources.web import Web, again_and_again, asking

    if network_type not in get_args(NetworkType):
        allowed = ", ".join(get_args(NetworkType))
        raise InputError.of("unknown_network_type", value=network_type, allowed=allowed)
    if to.suffix.lower() != ".graphml":
        raise InputError.of("no_graphml_name", path=str(to))
    asked = server or Overpass()
    url = asked.url or data_set("overpass").url
    host = (urlsplit(url).hostname or "").lower()
    web = asked.web or Web(frozenset([host]), attempts=4, pause_s=15.0)
    outline = _outline(area, margin_km)
    progress(0.0, "progress.fetching_roads")
    address = web.address(url)
    with _osmnx_as_ours(address, scratch, asked.timeout_s, mirrored=bool(web.mirror)), asking(url):
        for attempt in again_and_again(web):
            with attempt:
                _write(_graph(outline, network_type, url), to)
    progress(1.0, "progress.fetching_roads")
    return to


def _outline(area: gpd.GeoDataFrame, margin_km: float) -> Polygon | MultiPolygon:
    """Give the area with its margin in degrees, as one shape."""
    import geopandas as gpd

    from geo_mbo.network.reading import box_around

    box_around(area, margin_km=margin_km)  # refuses what is nowhere
    crs = area.estimate_utm_crs()
    around = area.geometry.dropna().to_crs(crs).buffer(margin_km * 1000).union_all()
    km2 = around.area / 1e6
    if not 0 < km2 <= MOST_KM2:
        code = "area_too_large" if km2 else "nothing_around"
        raise InputError.of(code, km2=round(km2), limit=MOST_KM2)
    smooth = around.simplify(min(_SMOOTH_M, margin_km * 500)).buffer(0)
    found: Polygon | MultiPolygon = gpd.GeoSeries([smooth], crs=crs).to_crs(4326).iloc[0]
    return found


def _graph(outline: Polygon | MultiPolygon, network_type: str, url: str) -> nx.MultiDiGraph[Any]:
    """Ask for the graph, and merge its streets where nothing changes that matters here."""
    import osmnx

    try:
        graph = osmnx.graph_from_polygon(
            outline,
            network_type=network_type,
            simplify=False,
            retain_all=True,
            truncate_by_edge=True,
        )
    except ValueError as error:  # osmnx has none but these for a void answer
        if isinstance(error.__cause__, ValueError):  # the answer is no JSON
            raise FetchError.of("overpass_garbage", url=url) from error
        raise InputError.of("no_roads_there", reason=str(error)) from error
    return _merged(graph)


def _merged(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[Any]:
    """Merge streets where nothing changes, nobody stops, and no tag speaks of one direction."""
    import osmnx

    directed = set()
    for node, data in graph.nodes(data=True):
        tags = {key: str(data[key]) for key in telling_node_keys() & data.keys()}
        sign, direction = sign_here(tags)
        if sign or not all(gate_is_open(tags, vehicle) for vehicle in _VEHICLES):
            data[_STOPS] = True
        if direction:
            directed.add(node)
    sided = {
        data["osmid"]
        for u, v, data in graph.edges(data=True)
        if u in directed or v in directed or any(map(_SIDED.search, data))
    }
    for _, _, data in graph.edges(data=True):
        data[_WAY] = data["osmid"] if data["osmid"] in sided else 0
    found: nx.MultiDiGraph[Any] = osmnx.simplify_graph(
        graph,
        node_attrs_include=[_STOPS],
        edge_attrs_differ=sorted({*telling_keys(), "oneway", _WAY}),
        remove_rings=False,
    )
    for _, data in found.nodes(data=True):
        data.pop(_STOPS, None)
    for _, _, data in found.edges(data=True):
        data.pop(_WAY, None)
    return found


def _write(graph: nx.MultiDiGraph[Any], to: Path) -> None:
    import osmnx

    with replacing(to) as fresh:
        osmnx.save_graphml(graph, fresh)


@contextmanager
def _osmnx_as_ours(url: str, scratch: Path, timeout_s: int, *, mirrored: bool) -> Iterator[None]:
    """Let osmnx ask as is done here, and put back all that it and we change."""
    from osmnx import settings

    with _one_at_a_time:
        before = {key: deepcopy(getattr(settings, key)) for key in settings.__annotations__}
        looked_up = socket.getaddrinfo
        _forget_halves(scratch)
        try:
            for key, value in _ours(url, scratch, timeout_s, mirrored, before).items():
                setattr(settings, key, value)
            yield
        finally:
            socket.getaddrinfo = looked_up
            for key, value in before.items():
                setattr(settings, key, value)


def _forget_halves(scratch: Path) -> None:
    """Remove answers that a break left half written: osmnx would take them for whole."""
    for path in scratch.glob("*.json"):
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - 1, 0))
            whole = file.read() == b"}"
        if not whole and _KEPT.fullmatch(path.name):
            path.unlink()


def _ours(
    url: str, scratch: Path, timeout_s: int, mirrored: bool, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the settings; those of a program around are not to change what comes."""
    # A mirror is near: the proxy that leads to the internet does not know it.
    direct = {"proxies": {"http": None, "https": None}} if mirrored else {}
    return {
        "all_oneway": False,
        "cache_folder": scratch,
        "cache_only_mode": False,
        "doh_url_template": None,  # nobody else is told whom we ask
        "http_referer": "geo_mbo",
        "http_user_agent": f"geo_mbo/{version('geo-mbo')}",
        "log_console": False,
        "log_file": False,
        # Whether there is room is told by the answer (429), within bounds; its page of status is
        # asked again without end.
        "overpass_rate_limit": False,
        "overpass_url": url,
        "requests_kwargs": {
            "allow_redirects": False,
            "hooks": {"response": _looked_over},
            **direct,
        },
        "requests_timeout": timeout_s,
        "use_cache": True,
        "useful_tags_node": sorted({*before["useful_tags_node"], *telling_node_keys()}),
        "useful_tags_way": sorted({*before["useful_tags_way"], *telling_keys(), "oneway"}),
    }


def _looked_over(answer: requests.Response, **_: Any) -> None:
    """Refuse an answer that is no data before osmnx tries again by itself, or keeps it.

    Raises
    ------
    FetchError
        A web page, or a part of the data with an excuse behind it.
    requests.RequestException
        Any other status than 200, or an answer that is cut short.
    """
    try:
        _look_over(answer)
    except Exception:
        answer.close()
        raise


def _look_over(answer: requests.Response) -> None:
    import requests

    from geo_mbo.sources.web import is_page

    if answer.status_code != requests.codes.ok:
        message = f"{answer.status_code} {answer.reason}"
        raise requests.HTTPError(message, response=answer)
    body = answer.content
    if is_page(body[:200]):
        raise FetchError.of("fetch_is_page", url=answer.url)
    if not body.rstrip().endswith(b"}"):
        raise requests.exceptions.ChunkedEncodingError("the answer is cut short")
    tail = body[-2000:]
    if b'"remark"' in tail:
        remark = tail.partition(b'"remark"')[2].strip(b' :"\r\n}').decode("utf-8", "replace")
        raise FetchError.of("overpass_gave_up", url=answer.url, reason=remark[:200])
