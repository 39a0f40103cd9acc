"""Files of RIO: locations of the file and of the API, and who stands behind a provider."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.errors import FileError, GeoMboError, InputError
from geo_mbo.sources import fetching, rio
from tests.publishers import publishers


@pytest.fixture
def register(golden: Path) -> Path:
    return golden / "rio"


@pytest.mark.parametrize("name", ["onderwijslocaties.jsonl", "onderwijslocaties.json"])
def test_the_api_gives_the_same_as_the_file(register: Path, tmp_path: Path, name: str) -> None:
    found = rio.read_locations(register / name)
    assert found["site_id"].tolist() == ["901X001", "901X002", "901X199"]
    assert found["number"].tolist() == ["1", "58A", "1"]
    assert found["postcode"].isna().tolist() == [False, False, True]
    assert found["latitude"].tolist() == [52.16, 52.18, 12.14]
    same = tmp_path / "onderwijslocaties.csv"
    rows = found.assign(BAG_ID="1", HUISNUMMERTOEVOEGING="")
    named = {
        "site_id": "ONDERWIJSLOCATIECODE",
        "latitude": "GPS_LATITUDE",
        "longitude": "GPS_LONGITUDE",
        "street": "STRAATNAAM",
        "number": "HUISNUMMER",
        "postcode": "POSTCODE",
        "place": "PLAATSNAAM",
    }
    rows.rename(columns=named).to_csv(same, index=False)
    pd.testing.assert_frame_equal(rio.read_locations(same), found)


@pytest.mark.parametrize("name", ["l.json", "l", "l.csv"])
def test_a_list_by_itself_and_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = '[{"onderwijslocatiecode": "901X001", "gpsLatitude": 52.1, "gpsLongitude": 5.3}]'
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert rio.read_locations(path)["street"].isna().all()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"rows": []}', "no_rows"),
        ('{"rows": 3}', "cannot_read"),
        ('{"rows": [1, 2]}', "cannot_read"),
        ('{"onderwijslocatiecode": "901X001"}\n{"onder', "cannot_read"),
        ("geen json", "cannot_read"),
        ('{"onderwijslocatiecode": "901X001"}', "missing_column"),
        ('[{"onderwijslocatiecode":"A","gpsLatitude":"x","gpsLongitude":5}]', "no_coordinate"),
        ('[{"onderwijslocatiecode":"A","gpsLatitude":5,"gpsLongitude":52}]', "degrees_swapped"),
        ("[" * 100_000, "cannot_read"),
    ],
)
def test_what_is_no_answer_of_the_api_is_told(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "locaties.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GeoMboError) as caught:
        rio.read_locations(path)
    assert caught.value.breaches[0].code == code
    assert isinstance(caught.value, InputError | FileError)


def test_fetched_page_by_page_it_is_the_same(tmp_path: Path, example: Path) -> None:
    """The publisher on the loopback pages as RIO does, and leaves additions out."""
    what = fetching.wanted("locations_api")
    with publishers() as shop:
        web = fetching.web_for([what], mirror=shop.url)
        kept = fetching.fetch(what, store=tmp_path, web=web, notify=lambda _: None)
    found = rio.read_locations(kept.path)
    file = rio.read_locations(example / "onderwijslocaties.csv")
    columns = ["site_id", "latitude", "longitude", "street", "postcode", "place"]
    pd.testing.assert_frame_equal(found[columns], file[columns])


def test_a_location_twice_is_told(register: Path, tmp_path: Path) -> None:
    line = (register / "onderwijslocaties.jsonl").read_text().splitlines()[0]
    path = tmp_path / "twice.jsonl"
    path.write_text(f"{line}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="901X001' in row 1"):
        rio.read_locations(path)


RELATIONS = """ONDERWIJSAANBIEDERID,OIE_CODE,BEGINDATUM,EINDDATUM
901A001,09ZZ,2001-01-01,2020-01-01
901A001,01ZZ,2020-01-01T00:00:00,2999-12-31T00:00:00
901A002,02ZZ,2030-01-01,2050-01-01
"""


@pytest.mark.parametrize(
    ("on", "pairs"),
    [
        (None, [("901A001", "01ZZ"), ("901A002", "02ZZ")]),
        (date(2019, 12, 31), [("901A001", "09ZZ")]),
        (date(2020, 1, 1), [("901A001", "01ZZ")]),
        (date(2000, 1, 1), []),
        (date(2060, 1, 1), [("901A001", "01ZZ"), ("901A002", "02ZZ")]),
    ],
)
def test_providers_of_a_day(tmp_path: Path, on: date | None, pairs: list[tuple[str, str]]) -> None:
    path = tmp_path / "relaties.csv"
    path.write_text(RELATIONS, encoding="utf-8")
    found = rio.read_providers(path, on=on)
    assert list(found.itertuples(index=False, name=None)) == pairs


def test_a_day_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "relaties.csv"
    path.write_text(RELATIONS.replace("2030-01-01", "2030-02-30"), encoding="utf-8")
    with pytest.raises(InputError, match=r"'BEGINDATUM' holds 1 values .* '2030-02-30' in line 4"):
        rio.read_providers(path)
