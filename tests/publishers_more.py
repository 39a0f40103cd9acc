"""How PDOK, RIO, a Dataverse and the OECD answer: paging, limits, refusals."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from tests.publishers_answers import NOT_FOUND, Answer, Query, as_json

# --- PDOK -------------------------------------------------------------------------------------

RD_URI = "http://www.opengis.net/def/crs/EPSG/0/28992"
_ITEMS = ("f", "limit", "cursor", "crs", "bbox", "bbox-crs", "jaarcode", "profile")


@dataclass
class Collection:
    """A collection of features: those of each year, in RD New and in degrees."""

    name: str
    features: Callable[[int, bool], list[dict[str, Any]]]  # year, in RD New?
    years: Sequence[int]


def ogc(collections: Mapping[str, Collection], path: str, query: Query, *, matched: bool) -> Answer:
    found = re.fullmatch(r"(/.*/ogc/v1)/collections/([^/]+)/items", path)
    shelf = collections.get(found[2]) if found else None
    if not found or shelf is None:
        return as_json({"title": "Not Found", "status": 404}, 404)
    if unknown := {*query} - {*_ITEMS}:
        return as_json({"title": "Bad Request", "detail": f"unknown: {sorted(unknown)}"}, 400)
    years = [int(query["jaarcode"])] if "jaarcode" in query else list(shelf.years)
    in_rd = query.get("crs") == RD_URI
    there = [f for year in years if year in shelf.years for f in shelf.features(year, in_rd)]
    limit = min(int(query.get("limit", 10)), 1_000)
    start = int(base64.urlsafe_b64decode(query["cursor"] + "==")) if "cursor" in query else 0
    features = there[start : start + limit]
    here = f"https://api.pdok.nl{path}"
    kept = "&".join(f"{k}={v}" for k, v in query.items() if k != "cursor")
    links = [{"rel": "self", "type": "application/geo+json", "href": f"{here}?{kept}"}]
    if start + limit < len(there):
        cursor = base64.urlsafe_b64encode(str(start + limit).encode()).decode().rstrip("=")
        links.append({"rel": "next", "href": f"{here}?cursor={cursor}&{kept}"})
    told = {
        "type": "FeatureCollection",
        "timeStamp": "2026-01-01T00:00:00Z",
        "links": links,
        **({"numberMatched": len(there)} if matched else {}),
        "numberReturned": len(features),
        "features": features,
    }
    uri = RD_URI if in_rd else "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    return as_json(told, **{"Content-Crs": f"<{uri}>"})


def wfs(collections: Mapping[str, Collection], path: str, query: Query) -> Answer:
    asked = {name.lower(): value for name, value in query.items()}
    found = re.search(r"/(\d{4})/wfs/", path)
    kind = (asked.get("typenames") or asked.get("typename") or "").rpartition(":")[2]
    shelf = collections.get(kind)
    year = int(found[1]) if found else 0
    if shelf is None or year not in shelf.years:
        return NOT_FOUND if shelf else _wfs_error(f"TYPENAME '{kind}' doesn't exist")
    if asked.get("outputformat") not in ("json", "application/json"):
        return Answer(body=b'<?xml version="1.0"?><wfs:FeatureCollection/>', kind="text/xml")
    there = shelf.features(year, asked.get("srsname", "").endswith("28992"))
    start, count = int(asked.get("startindex", 0)), min(int(asked.get("count", 1_000)), 1_000)
    told = {"type": "FeatureCollection", "numberMatched": len(there), "name": kind}
    return as_json({**told, "features": there[start : start + count]})


def _wfs_error(message: str) -> Answer:
    text = f'<?xml version="1.0"?><ows:ExceptionReport><!-- {message} --></ows:ExceptionReport>'
    return Answer(400, text.encode(), "text/xml")


_LOCATIESERVER = {
    "free": {"q", "fq", "fl", "rows", "start", "sort", "lat", "lon", "df", "bq", "wt"},
    "suggest": {"q", "fq", "fl", "rows", "start", "sort", "lat", "lon", "bq", "qf"},
    "lookup": {"id", "fl", "wt"},
    "reverse": {"lat", "lon", "X", "Y", "type", "distance", "rows", "start", "fl"},
}


def locatieserver(addresses: Sequence[Mapping[str, Any]], path: str, query: Query) -> Answer:
    service = path.rpartition("/")[2]
    allowed = _LOCATIESERVER.get(service)
    if allowed is None:
        return NOT_FOUND
    if unknown := sorted({*query} - allowed):
        return as_json({"status": 400, "message": f"unknown parameter(s): {unknown}"}, 400)
    docs: list[dict[str, Any]] = []
    if service == "lookup":
        docs = [dict(a) for a in addresses if a["id"] == query.get("id")]
    elif service == "reverse":
        docs = _nearest(addresses, float(query["lat"]), float(query["lon"]))
    else:
        words = {*query.get("q", "").lower().replace(",", " ").split()}
        scored = [(len(words & {*str(a["words"]).split()}), a) for a in addresses]
        best = sorted((s for s in scored if s[0]), key=lambda s: -s[0])
        docs = [{**a, "score": 4.0 + score} for score, a in best]
    fields = query.get("fl", "id,weergavenaam,type,score").split(",")
    kept = [
        {name: doc[name] for name in doc if (name in fields or "*" in fields) and name != "words"}
        for doc in docs[: int(query.get("rows", 10))]
    ]
    told = {"numFound": len(docs), "start": 0, "numFoundExact": True, "docs": kept}
    return as_json({"response": told})


def _nearest(
    addresses: Sequence[Mapping[str, Any]], lat: float, lon: float
) -> list[dict[str, Any]]:
    def metres(doc: Mapping[str, Any]) -> float:
        x, y = map(float, re.findall(r"[-\d.]+", doc["centroide_ll"]))
        return hypot((x - lon) * 68_000, (y - lat) * 111_000)

    return [{**doc, "afstand": round(metres(doc), 2)} for doc in sorted(addresses, key=metres)]


# --- RIO, Dataverse, SDMX -----------------------------------------------------------------------


def rio(objects: Mapping[str, Sequence[Any]], path: str, query: Query) -> Answer:
    name = path.removeprefix("/api/rio/v2/")
    if name not in objects:
        return as_json({"title": "Niet gevonden", "status": 404}, 404)
    size, number = int(query.get("pageSize", 20)), int(query.get("page", 0))
    if not 1 <= size <= 100:
        return as_json({"title": "Bad request", "status": 400}, 400)
    there = objects[name]
    rows = there[number * size : (number + 1) * size]
    here = f"https://lod.onderwijsregistratie.nl/api/rio/v2/{name}"
    links = {"self": {"href": f"{here}?page={number}&pageSize={size}"}}
    if (number + 1) * size < len(there):
        links["next"] = {"href": f"{here}?page={number + 1}&pageSize={size}"}
    told: dict[str, object] = {"_links": links}
    if rows:
        told["_embedded"] = {name.capitalize(): rows}
    return as_json(told)


@dataclass
class Deposit:
    """A file in a Dataverse; `original` is it as it was given, where it was turned into a table."""

    id: int
    name: str
    body: bytes
    digest: str
    original: bytes = b""
    restricted: bool = False


def dataverse(deposits: Sequence[Deposit], doi: str, path: str, query: Query) -> Answer:
    if path.startswith("/api/datasets/:persistentId"):
        if query.get("persistentId") != doi:
            message = f"Dataset with Persistent ID {query.get('persistentId')} not found."
            return as_json({"status": "ERROR", "message": message}, 404)
        files = [_deposited(deposit) for deposit in deposits]
        version = {"versionState": "RELEASED", "versionNumber": 1, "files": files}
        return as_json({"status": "OK", "data": {"id": 7, "latestVersion": version}})
    found = re.fullmatch(r"/api/access/datafile/(\d+)", path)
    deposit = next((d for d in deposits if found and d.id == int(found[1])), None)
    if deposit is None:
        return as_json({"status": "ERROR", "message": "not found"}, 404)
    if deposit.restricted:
        return as_json({"status": "ERROR", "message": "not authorized"}, 403)
    original = deposit.original and query.get("format") == "original"
    return Answer(body=deposit.original if original else deposit.body, kind="text/csv")


def _deposited(deposit: Deposit) -> dict[str, object]:
    about: dict[str, object] = {
        "id": deposit.id,
        "filename": deposit.name,
        "filesize": len(deposit.body),
        "checksum": {"type": "MD5", "value": deposit.digest},
    }
    if deposit.original:
        about |= {
            "originalFileFormat": "text/csv",
            "originalFileSize": len(deposit.original),
            "originalFileName": deposit.name.replace(".tab", ".csv"),
        }
    return {"label": deposit.name, "restricted": deposit.restricted, "dataFile": about}


def sdmx(flows: Mapping[str, str], path: str, query: Query) -> Answer:
    if found := re.fullmatch(r"/public/rest/data/([^/]+)/([^/]+)", path):
        flow, key = found[1], found[2]
    elif found := re.fullmatch(r"/public/rest/v2/data/dataflow/([^/]+/[^/]+/[^/]+)/(.+)", path):
        flow, key = found[1].replace("/", ","), found[2]
    else:
        return Answer(404, b"NoRecordsFound", "text/plain")
    text = flows.get(flow)
    if text is None:
        return Answer(404, b"Could not find Dataflow and/or DSD", "text/plain")
    if query.get("format") != "csvfilewithlabels":
        return as_json({"meta": {}, "data": {}})
    header, *lines = text.splitlines()
    if key not in ("all", "*"):
        area = key.split(".")[0]
        lines = [line for line in lines if not area or f",{area}," in line]
    if start := query.get("startPeriod"):
        at = header.split(",").index("TIME_PERIOD")
        lines = [line for line in lines if line.split(",")[at] >= start]
    if not lines:
        return Answer(404, b"NoRecordsFound", "text/plain")
    return Answer(body=("\r\n".join([header, *lines]) + "\r\n").encode(), kind="text/csv")
