"""Addresses in bulk: each question once ever, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_mbo.errors import FetchError, FileError, InputError
from geo_mbo.notes import Note
from geo_mbo.sources.geocoding import COLUMNS, locate_all, lookup_all, reverse_all
from tests.publishers import Fault, Publishers, publishers
from tests.publishers_data import EXAMPLE, rows_of

SERVICE = "api.pdok.nl/bzk/locatieserver/search/v3_1"


@pytest.fixture(scope="module")
def server() -> Iterator[Publishers]:
    with publishers() as opened:
        yield opened


@pytest.fixture
def shop(server: Publishers) -> Iterator[Publishers]:
    server.asked.clear()
    server.faults.clear()
    yield server
    server.faults.clear()


@pytest.fixture(scope="module")
def sites() -> pd.DataFrame:
    """The first ten sites of the example that have an address and a place."""
    rows = [r for r in rows_of(EXAMPLE / "onderwijslocaties.csv") if r["GPS_LATITUDE"]][:10]
    return pd.DataFrame(
        {
            "street": [r["STRAATNAAM"] for r in rows],
            "number": [r["HUISNUMMER"] + r["HUISNUMMERTOEVOEGING"] for r in rows],
            "postcode": [r["POSTCODE"] for r in rows],
            "place": [r["PLAATSNAAM"] for r in rows],
            "latitude": [float(r["GPS_LATITUDE"]) for r in rows],
            "longitude": [float(r["GPS_LONGITUDE"]) for r in rows],
        },
        index=[f"site {k}" for k in range(10)],
    )


def test_every_address_is_found_and_asked_once_ever(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path
) -> None:
    store, steps = tmp_path / "deep" / "answers.jsonl", []
    twice = pd.concat([sites, sites.set_axis(range(10))])
    before = twice.copy(deep=True)
    found = locate_all(twice, web=shop.web(), store=store, progress=lambda p, _: steps.append(p))
    assert twice.equals(before)
    assert found.index.equals(twice.index)
    assert tuple(found.columns) == COLUMNS
    assert shop.count(SERVICE) == 10
    assert found["address_id"].nunique() == 10
    assert (found["municipality_id"] == "GM9101").all()
    assert found.loc["site 0", "address"].startswith("Lijnbaankade 1, 6751AA")
    assert steps == sorted(steps)
    again = locate_all(twice, web=shop.web(), store=store)
    assert shop.count(SERVICE) == 10
    pd.testing.assert_frame_equal(found, again)


def test_what_broke_off_goes_on(shop: Publishers, sites: pd.DataFrame, tmp_path: Path) -> None:
    store = tmp_path / "answers.jsonl"
    busy = [Fault(times=0), *[Fault(times=1, change=lambda body: body)] * 4]
    shop.fail(f"{SERVICE}/free", Fault(times=4, change=lambda body: body), Fault(status=503), *busy)
    with pytest.raises(FetchError, match="refuses"):
        locate_all(sites, web=shop.web(), store=store)
    assert len(store.read_text().splitlines()) == 4
    shop.faults.clear()
    shop.asked.clear()
    found = locate_all(sites, web=shop.web(), store=store)
    assert shop.count(SERVICE) == 6
    assert found["x_m"].notna().all()


def test_a_last_line_that_broke_off_is_asked_again(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path
) -> None:
    store, told = tmp_path / "answers.jsonl", list[Note]()
    whole = locate_all(sites, web=shop.web(), store=store)
    store.write_bytes(store.read_bytes()[:-40])
    shop.asked.clear()
    found = locate_all(sites, web=shop.web(), store=store, notify=told.append)
    assert shop.count(SERVICE) == 1
    assert [(n.code, n.count) for n in told] == [("geocodes_unreadable", 1)]
    assert told[0].text("nl") != told[0].text("en")
    pd.testing.assert_frame_equal(found, whole)
    shop.asked.clear()
    locate_all(sites, web=shop.web(), store=store, notify=told.append)
    assert not shop.count(SERVICE)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(0, 3000), dirt=st.binary(max_size=20))
def test_whatever_happened_to_the_file_the_answers_are_right(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path, cut: int, dirt: bytes
) -> None:
    store = tmp_path / "answers.jsonl"
    store.unlink(missing_ok=True)
    web = shop.web()
    whole = locate_all(sites.iloc[:4], web=web, store=store)
    kept = store.read_bytes()
    store.write_bytes(kept[: cut % len(kept)] + dirt + kept[cut % len(kept) :])
    found = locate_all(sites.iloc[:4], web=web, store=store, notify=lambda _: None)
    pd.testing.assert_frame_equal(found, whole)


def test_blank_addresses_are_not_asked_and_no_hit_is_kept(shop: Publishers, tmp_path: Path) -> None:
    store = tmp_path / "answers.jsonl"
    nowhere = {"street": "Xyzweg", "number": "1x", "postcode": "9999ZZ", "place": "Qqq"}
    rows = pd.DataFrame([dict.fromkeys(nowhere), nowhere])
    for _ in range(2):
        found = locate_all(rows, web=shop.web(), store=store)
        assert found.isna().all().all()
    assert shop.count(SERVICE) == 1


def test_no_addresses(shop: Publishers, sites: pd.DataFrame, tmp_path: Path) -> None:
    found = locate_all(sites.iloc[:0], web=shop.web(), store=tmp_path / "none")
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)
    assert not (tmp_path / "none").exists()


def test_lookup_and_reverse_agree_with_free(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path
) -> None:
    store, web = tmp_path / "answers.jsonl", shop.web()
    free = locate_all(sites, web=web, store=store)
    by_id = lookup_all(free["address_id"].mask([True] + [False] * 9), web=web, store=store)
    assert by_id.iloc[0].isna().all()
    np.testing.assert_allclose(by_id["x_m"][1:], free["x_m"][1:])
    assert by_id["score"].isna().all()
    places = sites.assign(latitude=sites["latitude"].mask([False] * 9 + [True]))
    near = reverse_all(places, web=web, store=store)
    assert near["address_id"][:9].tolist() == free["address_id"][:9].tolist()
    assert (near["distance_m"][:9] < 1).all()
    assert near.iloc[9].isna().all()
    shop.asked.clear()
    reverse_all(places, web=web, store=store)
    assert not shop.asked


def test_places_that_are_no_degrees(shop: Publishers, tmp_path: Path) -> None:
    rows = pd.DataFrame({"latitude": [155_000.0, 52.0], "longitude": [463_000.0, 5.0]})
    with pytest.raises(InputError, match=r"1 places are no degrees.*155000.0, 463000.0"):
        reverse_all(rows, web=shop.web(), store=tmp_path / "a")
    assert not shop.asked


def test_the_service_refuses_what_it_does_not_know(shop: Publishers) -> None:
    with pytest.raises(FetchError, match="answer 400"):
        shop.web().json(f"https://{SERVICE}/free", params={"q": "Kade", "pagesize": "1"})


@pytest.mark.parametrize("body", [b"[]", b'{"response": {"docs": [{}]}}', b"null", b"{"])
def test_what_is_no_answer_is_not_kept(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path, body: bytes
) -> None:
    shop.fail(SERVICE, Fault(change=lambda _: body))
    store = tmp_path / "a"
    with pytest.raises(FetchError, match="cannot be read"):
        locate_all(sites, web=shop.web(), store=store)
    assert store.read_text() == ""


def test_a_store_that_cannot_be_used(shop: Publishers, sites: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(FileError):
        locate_all(sites, web=shop.web(), store=tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="cannot be written"):
        locate_all(sites, web=shop.web(), store=tmp_path / "file" / "a")
    assert not shop.asked


def test_answers_hold_nothing_but_the_place(
    shop: Publishers, sites: pd.DataFrame, tmp_path: Path
) -> None:
    locate_all(sites, web=shop.web(), store=tmp_path / "a")
    told = json.loads((tmp_path / "a").read_text().splitlines()[0])
    assert {*told} == {"asked", "found", "at", "mark"}
    assert {*told["found"]} <= {*COLUMNS}
