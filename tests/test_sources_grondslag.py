"""An institution's own files: true counts come out, and nothing of a person."""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import GeoMboError, InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note
from geo_mbo.sources.grondslag import read_own_students
from geo_mbo.sources.grondslag_records import is_own_file
from geo_mbo.sources.text import read_text

DAY = date(2025, 10, 1)
GRONDSLAG = "GRONDSLAG_IP_MBO_01ZZ_20251119_2025.csv"
ROS = ["RO_01ZZ_20250801_20260731.CSV", "RO_01ZZ_20250801_20260731_puntkomma.CSV"]
PLANTED = "98765"
"""Every number of a person in the golden files, and those made here, holds this or 87654."""


def delivery(people: list[tuple[str, str]], *, extra: str = "") -> str:
    """Write a GRONDSLAG_IP_MBO of people with a home and a site, each enrolled the whole year."""
    lines = ["VLP;01ZZ;2025;20251119;V"]
    for k, (home, site) in enumerate(people):
        number = f"98765{k:04d}"
        lines += [
            f"PER;{number};17;17;18;17;V;{home};;;;6030;6030;6030;;;0001;;{home};;0001;",
            f"ISG;{number};01ZZ;C1;20250801;20260731;;",
            f"ISP;{number};01ZZ;C1;20250801;;98001;MBO-3;BOL;;1;901A001;{site};;",
        ]
    size = len(people)
    lines.append(extra or f"SLR;{size};{size};{size};0;0;0;0;0;0;0;0")
    return "\n".join(lines) + "\n"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / GRONDSLAG
        path.write_text(text, encoding="utf-8")
        return path

    return write


def counts(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Give home (PC4, else the origin) and site to the count; masked is -1."""
    shown = frame["count"].mask(frame["masked"], -1.0)
    homes = frame["home_id"].fillna(frame["origin_id"])
    keys = zip(homes, frame["site_id"].fillna(""), strict=True)
    return dict(zip(keys, shown, strict=True))


def test_a_delivery_is_read_leniently(golden: Path, told: list[Note]) -> None:
    found = read_own_students(golden / "rio" / GRONDSLAG, notify=told.append)
    assert counts(found) == {
        ("1001", "901X001"): -1,
        ("BE", "901X002"): -1,
        ("UNKNOWN", "901X001"): -1,
    }
    assert found["origin_kind"].tolist() == ["municipality", "abroad", "unknown"]
    assert found["institution_id"].eq("01ZZ").all()
    assert found["year"].eq(2025).all()
    assert [note.code for note in told] == ["own_counted", "own_several", "own_home_unknown"]
    assert told[1].text("nl").endswith("1-4. Elk telt één keer.")


@pytest.mark.parametrize("name", ROS)
def test_an_ro_is_read_in_each_of_its_forms(golden: Path, told: list[Note], name: str) -> None:
    path = golden / "rio" / name
    first = read_own_students(path, on=DAY, by=["programme_id", "level", "track"])
    columns = ["site_id", "programme_id", "level", "track"]
    assert first[columns].fillna("").to_numpy().tolist() == [
        ["901X001", "98001", "MBO-3", "BOL"],
        ["901X001", "98002", "", "BBL"],
    ]
    assert set(first["origin_id"]) == {"UNKNOWN"}
    # From the next day on the second period of the first student holds.
    later = read_own_students(path, on=date(2025, 10, 2), notify=told.append)
    assert later["site_id"].tolist() == ["901X001", "901X002"]
    after = read_own_students(path, on=date(2025, 11, 2))
    assert after["site_id"].tolist() == ["901X002"]
    assert "own_counts_differ" not in {note.code for note in told}
    with pytest.raises(InputError, match="needs a day"):
        read_own_students(path)


@pytest.mark.parametrize(
    ("on", "sites"),
    [
        (date(2025, 8, 1), {"901X001", "901X002", ""}),
        (date(2025, 9, 30), {"901X001", "901X002"}),
        (date(2026, 7, 31), {"901X001", "901X002"}),
    ],
)
def test_the_day_decides(golden: Path, on: date, sites: set[str]) -> None:
    """Funded goes before unfunded; last days belong to a period."""
    found = read_own_students(golden / "rio" / GRONDSLAG, on=on)
    assert set(found["site_id"].fillna("")) == sites
    assert set(found["year"]) == {2025}


HOMES = st.sampled_from(["1001", "1002", "1003", "9999", "0010", "0020", "0030", "0040", ""])
SITES = st.sampled_from(["901X001", "901X002", ""])
WITHIN = {"1001": "GM0001", "1002": "GM0001", "1003": "GM0002"}


@settings(max_examples=60, deadline=None)
@given(people=st.lists(st.tuples(HOMES, SITES), min_size=1, max_size=60))
def test_what_is_folded_keeps_everyone_and_shows_no_few(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("own") / GRONDSLAG
    path.write_text(delivery(people), encoding="utf-8")
    found = read_own_students(path, within=WITHIN, notify=lambda _: None)
    words = {"0010": "BE", "0020": "DE", "0030": "ABROAD", "0040": "UNKNOWN", "": "UNKNOWN"}
    plain = Counter(people)
    expected: Counter[tuple[str, str]] = Counter()
    for (home, site), n in plain.items():
        if home in words:
            expected[words[home], site] += n
        elif home in WITHIN and n >= 5:
            expected[home, site] += n
        else:
            expected[WITHIN.get(home, "UNKNOWN"), site] += n
    assert counts(found) == {key: n if n >= 5 else -1 for key, n in expected.items()}
    assert not found["count"].between(1, 4).any()
    known = found[found["home_id"].notna()]
    assert known["home_id"].map(WITHIN).eq(known["origin_id"]).all()


def test_order_of_people_does_not_matter(written: Callable[[str], Path]) -> None:
    people = [("1001", "901X001")] * 6 + [("1002", "901X001")] * 3 + [("0020", "")] * 7
    one = read_own_students(written(delivery(people)), within=WITHIN)
    two = read_own_students(written(delivery(people[::-1])), within=WITHIN)
    pd.testing.assert_frame_equal(one, two)
    assert counts(one) == {
        ("1001", "901X001"): 6,
        ("DE", ""): 7,
        ("GM0001", "901X001"): -1,
    }


def bad(text: str) -> dict[str, str]:
    """Spoil a delivery in every way that there is a message for."""
    lines = text.splitlines()
    per, isg, isp = lines[1], lines[2], lines[3]
    return {
        "own_no_opening": text.removeprefix(lines[0] + "\n"),
        "own_cut_off": text[: text.index("SLR")],
        "own_after_end": text + per,
        "own_record": text.replace(per, per.removeprefix("PER;")),
        "own_order": text.replace(isg, isg.replace("987650000", "987659999")),
        "own_field": text.replace(isp, isp.replace(";98001;", ";987651234;")),
    }


@pytest.mark.parametrize("code", [*bad(delivery([("1001", "901X001")]))])
def test_each_fault_is_told_without_its_value(written: Callable[[str], Path], code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_own_students(written(bad(delivery([("1001", "901X001")] * 3))[code]))
    assert code in {breach.code for breach in caught.value.breaches}
    for lang in LANGS:
        assert "9876" not in caught.value.text(lang)
    assert "line" in str(caught.value) or code == "own_no_opening"


@pytest.mark.parametrize(
    ("old", "new", "record", "number"),
    [
        (";1001;;;;", ";1001AB;;;;", "PER", 8),
        (";1001;;;;", ";0050;;;;", "PER", 8),
        (";20250801;;98001", ";20251301;;98001", "ISP", 5),
        (";20250801;;98001", ";;;98001", "ISP", 5),
        (";20250801;20260731", ";20250801;31-02-2026", "ISG", 6),
        (";901X001", ";87654X001", "ISP", 13),
        (";BOL;", ";Jan Jansen;", "ISP", 9),
        (";MBO-3;", ";987650000;", "ISP", 8),
        (";01ZZ;C1;20250801;;", ";987650000;C1;20250801;;", "ISP", 3),
        ("SLR;2;", "SLR;twee;", "SLR", 2),
        ("VLP;01ZZ;", "VLP;;", "VLP", 2),
        ("PER;987650000;", "PER;;", "PER", 2),
    ],
)
def test_a_wrong_field_is_named_by_record_number_and_line(
    written: Callable[[str], Path], old: str, new: str, record: str, number: int
) -> None:
    path = written(delivery([("1001", "901X001")] * 2).replace(old, new))
    with pytest.raises(InputError) as caught:
        read_own_students(path)
    told = caught.value.breaches[0]
    assert (told.code, told.params["record"], told.params["field"]) == (
        "own_field",
        record,
        str(number),
    )
    for value in ("1001AB", "0050", "20251301", "31-02-2026", "8765", "Jansen", "twee"):
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("on", "code"), [(date(2025, 7, 31), "own_day_outside"), (date(2026, 8, 1), "own_day_outside")]
)
def test_a_day_outside_is_told(golden: Path, on: date, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_own_students(golden / "rio" / GRONDSLAG, on=on)
    assert caught.value.breaches[0].code == code


def test_nobody_and_nothing(written: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nobody is enrolled on 2025-10-01"):
        read_own_students(written(delivery([])))
    with pytest.raises(InputError, match="'by'"):
        read_own_students(written(delivery([])), by=["age"])
    for name, content in (("leeg.csv", b""), ("boek.csv", b"VLP\0;01ZZ")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(GeoMboError):
            read_own_students(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_own_students(tmp_path / "weg.csv")


def test_a_closing_record_that_counts_otherwise_is_told(
    written: Callable[[str], Path], told: list[Note]
) -> None:
    text = delivery([("1001", "901X001")] * 5, extra="SLR;5;6;5;0;0;0;0;0;0;0;9")
    read_own_students(written(text), notify=told.append)
    assert {n.code: n.rows for n in told}["own_counts_differ"] == ("ISG", "KZD")


def test_no_other_reader_takes_an_own_file(golden: Path, tmp_path: Path) -> None:
    """Each of them would show cells of persons where it finds something wrong."""
    lines = (golden / "rio" / GRONDSLAG).read_text("utf-8").splitlines()
    for k in range(len(lines)):
        path = tmp_path / "students.csv"
        path.write_text("\n".join(lines[k:]), encoding="utf-8")
        with pytest.raises(InputError, match=r"Name it as 'inputs\.own_students'"):
            read_text(path)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16", ";"), ("utf-8", ","), ("cp1252", "\t")])
def test_an_own_file_saved_otherwise_is_known_all_the_same(
    golden: Path, tmp_path: Path, encoding: str, mark: str
) -> None:
    text = (golden / "rio" / GRONDSLAG).read_text("utf-8").replace(";", mark)
    path = tmp_path / "students.csv"
    path.write_text(text.partition("\n")[2], encoding=encoding)
    assert is_own_file(path)
    with pytest.raises(InputError, match="own_students"):
        read_text(path)
    with pytest.raises(GeoMboError) as caught:
        read_own_students(path)
    assert PLANTED not in str(caught.value)


def test_totals_in_notes_are_rounded(written: Callable[[str], Path], told: list[Note]) -> None:
    """Eleven of eleven known would show the one that is masked."""
    people = [("1001", "901X001")] * 10 + [("1002", "901X001")] * 3 + [("0020", "")] * 14
    read_own_students(written(delivery(people)), notify=told.append)
    assert {note.code: note.params["people"] for note in told} == {
        "own_counted": 30,
        "own_without_site": 10,
    }


@pytest.mark.parametrize("few", [1, 2, 3, 4])
def test_a_rounded_total_does_not_show_a_masked_count(
    written: Callable[[str], Path], few: int
) -> None:
    """Of 13 known and some masked, 14 is about ten and 15 is about twenty."""
    told: list[Note] = []
    people = [("1001", "901X001")] * 13 + [("1002", "901X001")] * few
    read_own_students(written(delivery(people)), notify=told.append)
    assert [note.params["people"] for note in told] == [20]


def test_own_files_are_known_by_their_start(golden: Path, tmp_path: Path) -> None:
    assert all(is_own_file(golden / "rio" / name) for name in (GRONDSLAG, *ROS))
    assert not is_own_file(golden / "onderwijslocaties.csv")
    assert not is_own_file(tmp_path / "weg.csv")
    cut = tmp_path / "cut.csv"
    cut.write_bytes(b"\xef\xbb\xbfPER;987650001;17\n")
    assert is_own_file(cut)


DAMAGE = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 2000)),
    st.tuples(st.just("drop"), st.integers(0, 20)),
    st.tuples(st.just("swap"), st.integers(0, 20)),
    st.tuples(st.just("shift"), st.integers(0, 20)),
    st.tuples(st.just("twice"), st.integers(0, 20)),
)


def damaged(text: str, kind: str, at: int) -> str:
    lines = text.splitlines()
    k = at % len(lines)
    if kind == "cut":
        return text[: at % len(text)]
    if kind == "drop":
        lines.pop(k)
    elif kind == "swap":
        lines[k], lines[k - 1] = lines[k - 1], lines[k]
    elif kind == "twice":
        lines.insert(k, lines[k])
    else:
        head, *cells = lines[k].split(";")
        lines[k] = ";".join([head, *cells[1:], *cells[:1]])
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(damage=DAMAGE, name=st.sampled_from([GRONDSLAG, ROS[1]]))
def test_nothing_of_a_person_leaves_a_damaged_file(
    tmp_path_factory: pytest.TempPathFactory, damage: tuple[str, int], name: str
) -> None:
    """Numbers and days of birth are planted; they may be in no frame, note, log or error."""
    golden = Path(__file__).parent / "golden" / "rio" / name
    path = tmp_path_factory.mktemp("own") / name
    path.write_text(damaged(golden.read_text("utf-8"), *damage), encoding="utf-8")
    notes: list[Note] = []
    every = ["programme_id", "level", "track"]
    try:
        left: object = read_own_students(path, on=DAY, by=every, notify=notes.append)
    except GeoMboError as error:
        left = [error.text(lang) for lang in LANGS] + [breach.params for breach in error.breaches]
    traced = pickle.dumps((left, notes)).decode("latin-1") + repr(left)
    for number in (PLANTED, "87654", "2008", "1989"):
        assert number not in traced


def test_nothing_is_logged_or_written(
    golden: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with caplog.at_level(logging.DEBUG):
        frame = read_own_students(golden / "rio" / GRONDSLAG)
    assert sorted(tmp_path.rglob("*")) == before
    assert PLANTED not in caplog.text
    assert PLANTED not in frame.to_csv()
    assert not frame["count"].notna().any()


def test_a_long_file_is_read_as_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read whole would be asked for all its bytes at once."""
    path = tmp_path / GRONDSLAG
    path.write_text(delivery([("1001", "901X001")] * 2000), encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", _never)
    monkeypatch.setattr(Path, "read_text", _never)
    found = read_own_students(path)
    assert found["count"].tolist() == [2000]


def _never(*_: object, **__: Mapping[str, object]) -> None:
    raise AssertionError
