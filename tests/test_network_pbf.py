"""The fast reader of .osm.pbf files: the same as the plain one, and safe on broken files."""

from __future__ import annotations

import struct
import zlib
from dataclasses import fields

import numpy as np
import osmium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_mbo.errors import FileError
from geo_mbo.modes import chosen
from geo_mbo.network import osm, pbf, pbf_reader, read_network
from geo_mbo.network.gathered import Judge

MODES = ("walk", "bike", "ebike", "car", "car_peak", "speed_pedelec")


@pytest.fixture
def both(monkeypatch):
    """Read with both readers, see that they agree to the bit, and give what was read."""

    def read(path, modes=MODES, **more):
        found = []
        for size in (2**62, 0):
            monkeypatch.setattr(osm, "SMALL_B", size)
            notes = []
            network = read_network(path, modes=modes, notify=notes.append, **more)
            found.append((network, [(n.code, n.count) for n in notes]))
        same(found[0][0], found[1][0])
        assert found[0][1] == found[1][1]
        return found[1]

    return read


def same(one, other):
    for name in (f.name for f in fields(one)):
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)
        elif name in ("seconds", "delay_s"):
            assert a.keys() == b.keys()
            for mode in a:
                np.testing.assert_array_equal(a[mode], b[mode], err_msg=f"{name} {mode}")
        elif name == "turns":
            np.testing.assert_array_equal(a.arc, b.arc)
            np.testing.assert_array_equal(a.start, b.start)
            for mode in a.binds:
                np.testing.assert_array_equal(a.binds[mode], b.binds[mode])
        else:
            assert a == b, name


WAY_TAGS = [
    {"highway": "residential"}, {"highway": "residential", "oneway": "yes", "name": "Kerkstraat"},
    {"highway": "primary", "maxspeed": "50", "ref": "N1"}, {"highway": "path", "surface": "sand"},
    {"highway": "cycleway", "moped": "designated"}, {"route": "ferry", "duration": "00:10"},
    {"building": "yes"}, {"highway": "construction"}, {"highway": "steps", "naam": "é日本"}, {},
]  # fmt: skip
NODE_TAGS = [
    {"barrier": "bollard"}, {"highway": "traffic_signals"}, {"amenity": "bench"},
    {"highway": "stop", "direction": "forward"}, {"barrier": "gate", "access": "private"},
    {"highway": "crossing", "note": "x"},
]  # fmt: skip


def town(path, *, seed=0, nodes=400, ways=150, form="pbf"):
    """Write a random file of all that matters, in the order nodes, ways, relations."""
    rng = np.random.default_rng(seed)
    make = osmium.osm.mutable
    ids = np.sort(rng.choice(10**10, nodes, replace=False))
    with osmium.SimpleWriter(osmium.io.File(str(path), form)) as writer:
        for ref in ids.tolist():
            tags = NODE_TAGS[rng.integers(len(NODE_TAGS))] if rng.random() < 0.2 else {}
            place = (5 + rng.uniform(-0.05, 0.05), 52 + rng.uniform(-0.05, 0.05))
            writer.add_node(make.Node(id=ref, location=place, tags=tags))
        for k in range(ways):
            refs = rng.choice(ids, rng.integers(1, 8)).tolist()
            if rng.random() < 0.1:
                refs[0] = 5  # not in the file
            tags = WAY_TAGS[rng.integers(len(WAY_TAGS))]
            writer.add_way(make.Way(id=10 * k + 3, nodes=refs, tags=tags))
        for k in range(60):
            begin, end = (int(10 * rng.integers(ways) + 3) for _ in range(2))
            members = [("w", begin, "from"), ("n", int(rng.choice(ids)), "via"), ("w", end, "to")]
            tags = {"type": "restriction", "restriction": "no_left_turn"}
            writer.add_relation(make.Relation(id=k + 1, members=members, tags=tags))
    return path


@pytest.mark.parametrize("form", ["pbf", "pbf,pbf_dense_nodes=false", "pbf,pbf_compression=none"])
@pytest.mark.parametrize("seed", range(3))
def test_both_readers_agree_on_made_files(tmp_path, both, form, seed):
    network, notes = both(town(tmp_path / "a.osm.pbf", seed=seed, form=form))
    assert len(network.tail) > 50
    assert dict(notes)["ways_cut_off"] > 5


def test_both_readers_agree_where_blocks_are_many(tmp_path, both):
    network, _ = both(town(tmp_path / "a.osm.pbf", nodes=25_000, ways=20_000))
    assert len(network.tail) > 20_000


def test_packings_that_are_not_read_here_go_to_the_plain_reader(tmp_path, both):
    path = town(tmp_path / "a.osm.pbf", form="pbf,pbf_compression=lz4")
    assert pbf_reader.gather(path, Judge(chosen(MODES))) is None
    both(path)
    for other in (file(header(), (b"OSMData", span(7, b"zstd"))), file(header(b"Histories"))):
        path.write_bytes(other)
        assert pbf_reader.gather(path, Judge(chosen(MODES))) is None


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["tudelft_test", "tudelft_demo", "porto_portugal"])
def test_both_readers_agree_on_real_files(real_data, both, name):
    network, _ = both(real_data / f"osm/{name}.osm.pbf")
    assert len(network.tail) > 1000


@pytest.mark.real_data
def test_a_box_keeps_what_is_in_it(real_data, both):
    path, box = real_data / "osm/tudelft_demo.osm.pbf", (4.35, 51.99, 4.38, 52.01)
    part, whole = both(path, box=box)[0], both(path)[0]
    assert 100 < len(part.tail) < len(whole.tail)
    assert set(part.node_osm.tolist()) <= set(whole.node_osm.tolist()) | ends_of_cut(part, whole)
    with pytest.raises(FileError, match="holds no road"):
        both(path, box=(1, 1, 2, 2))


def ends_of_cut(part, whole):
    """Give the dead ends of a part: roads that go on in the whole end there."""
    degree = np.bincount(np.concatenate([part.tail, part.head]), minlength=len(part.node_osm))
    return set(part.node_osm[degree <= 2].tolist())


# What a file is made of, by hand.


def varint(value):
    out = bytearray()
    value &= 2**64 - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def span(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number, value):
    return varint(number << 3) + varint(value)


def folded(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def packed(*values):
    return b"".join(varint(v) for v in values)


def file(*blobs):
    """Put blobs in a row; each is its kind and content."""
    out = b""
    for kind, blob in blobs:
        told = span(1, kind) + whole(3, len(blob))
        out += struct.pack(">I", len(told)) + told + blob
    return out


def header(*features):
    return b"OSMHeader", span(1, b"".join(span(4, f) for f in features))


def block(content):
    return b"OSMData", span(1, content)


STRINGS = span(1, b"".join(span(1, s) for s in (b"", b"highway", b"path", b"barrier", b"wall")))


def nodes(*ids, tags=b"", places=None):
    """Make a run of nodes, one ten-thousandth of a degree apart."""
    steps = [b - a for a, b in zip((0, *ids), ids, strict=False)]
    count = len(ids) if places is None else places
    lat = [520_000_000] + [0] * (count - 1)
    lon = [50_000_000] + [1000] * (count - 1)
    run = span(1, packed(*(folded(s) for s in steps)))
    run += span(8, packed(*(folded(v) for v in lat))) + span(9, packed(*(folded(v) for v in lon)))
    return span(2, span(2, run + (span(10, tags) if tags else b"")))


def way(*ids, keys=(1,), values=(2,)):
    steps = [folded(b - a) for a, b in zip((0, *ids), ids, strict=False)]
    inside = whole(1, 7) + span(2, packed(*keys)) + span(3, packed(*values))
    return span(2, span(3, inside + span(8, packed(*steps))))


def test_blocks_by_hand(tmp_path, both):
    path = tmp_path / "a.osm.pbf"
    # Ways before nodes, ids that go down, fields that are unknown, a scale that comes last.
    path.write_bytes(
        file(
            header(b"OsmSchema-V0.6", b"DenseNodes"),
            block(STRINGS + nodes(5, 6, 900) + whole(17, 100) + span(33, b"x")),
            block(STRINGS + way(900, 6, 6, 5)),
        )
    )
    network, _ = both(path)
    assert network.node_osm.tolist() == [5, 900]
    assert len(network.shape_x) == 3
    backward = file(
        header(b"OsmSchema-V0.6", b"DenseNodes"), block(STRINGS + way(9, 6, 5)),
        block(STRINGS + nodes(9, 6, 5, tags=packed(0, 3, 4, 0, 0)))
    )  # fmt: skip
    path.write_bytes(backward)
    judge = Judge(chosen(MODES))
    found = pbf_reader.gather(path, judge)
    assert found.ref.tolist() == [5, 6, 9]
    assert found.lon.tolist() == [50_002_000, 50_001_000, 50_000_000]
    assert found.spot.tolist() == [-1, 0, -1]
    assert not any(judge.spots[0].passable)


BAD_TEXT = span(1, span(1, b"highway") + span(1, b"\xff"))
GOOD = (header(b"OsmSchema-V0.6"), block(STRINGS + nodes(1, 2) + way(1, 2)))


@pytest.mark.parametrize(
    "content",
    [
        b"OSM",
        struct.pack(">I", 2**31) + b"x" * 100,  # a header larger than there may be
        file(*GOOD)[:-1],
        file(GOOD[1], GOOD[0]),  # data before the header
        file((b"OSMOther", b"")),  # no header at all
        file(GOOD[0], block(STRINGS + nodes(1, 2, places=1) + way(1, 2))),
        file(GOOD[0], block(STRINGS + way(1, 2, keys=(9,)))),  # a string that is not there
        file(GOOD[0], block(STRINGS + way(1, 2, keys=(1, 1)))),  # more keys than values
        file(GOOD[0], block(STRINGS + way(1, 2) + nodes(1, 2, tags=packed(3)))),
        file(GOOD[0], block(STRINGS + way(1, 2) + nodes(1, 2, tags=packed(3, 99, 0)))),
        file(GOOD[0], block(span(2, b"\xff" * 40))),  # a number without end
        file(GOOD[0], block(varint(1 << 3 | 2) + varint(2**63) + b"x")),  # a span of no size
        file(GOOD[0], block(varint(1 << 3 | 4))),  # a kind of field that there is not
        file(GOOD[0], (b"OSMData", whole(2, 10) + span(3, zlib.compress(b"x" * 11)))),
        file(GOOD[0], (b"OSMData", whole(2, 10) + span(3, zlib.compress(b"x" * 9)))),
        file(GOOD[0], (b"OSMData", whole(2, 2**40) + span(3, zlib.compress(b"x")))),
        file(GOOD[0], (b"OSMData", span(2, b"x") + span(3, zlib.compress(b"x")))),
        file(GOOD[0], (b"OSMData", whole(2, 9) + span(3, b"this is not packed"))),
        file(GOOD[0], block(BAD_TEXT + way(1, keys=(0,), values=(1,)))),
        file(GOOD[0], block(span(1, span(1, b"") + span(1, b"type") + span(1, b"restriction"))
             + span(2, span(4, span(2, packed(1)) + span(3, packed(2)) + span(8, packed(0))
             + span(9, packed(2)) + span(10, packed(7)))))),
    ],
)  # fmt: skip
def test_spoilt_files_are_told(tmp_path, monkeypatch, content):
    monkeypatch.setattr(osm, "SMALL_B", -1)
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(FileError) as error:
        read_network(path, notify=lambda _: None)
    assert error.value.breaches[0].code == "cannot_read"
    assert "broken.osm.pbf" in str(error.value)


@pytest.fixture(scope="module")
def plain_bytes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pbf")
    forms = ("pbf,pbf_compression=none", "pbf,pbf_compression=none,pbf_dense_nodes=false", "pbf")
    return [
        town(folder / f"{k}.osm.pbf", nodes=60, ways=40, form=form).read_bytes()
        for k, form in enumerate(forms)
    ]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_gives_an_error_or_a_network(tmp_path, monkeypatch, plain_bytes, data):
    monkeypatch.setattr(osm, "SMALL_B", -1)
    content = bytearray(data.draw(st.sampled_from(plain_bytes)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(bytes(content) or b"x")
    try:
        network = read_network(path, modes=("walk", "car"), notify=lambda _: None)
    except FileError as error:
        told = error.breaches[0].code
    else:
        told = "no_roads"
        assert np.isfinite(network.length_m).all()
        assert (network.tail < len(network.node_x)).all()
    assert told in ("cannot_read", "no_roads")


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_numbers_come_back(values):
    told = np.frombuffer(packed(*values), np.uint8)
    assert pbf.numbers(told, 0, len(told)).tolist() == values


@given(st.lists(st.integers(0, 2**40), max_size=20))
def test_differences_come_back(values):
    steps = [b - a for a, b in zip((0, *values), values, strict=False)]
    told = np.frombuffer(packed(*(folded(step) for step in steps)), np.uint8)
    assert pbf.deltas(told, 0, len(told)).tolist() == values
    found, count = pbf.rows(told, np.array([[0, len(told)], [0, 0], [0, len(told)]]))
    assert found.tolist() == values * 2
    assert count.tolist() == [len(values), 0, len(values)]


@given(st.sets(st.integers(0, 200)), st.lists(st.integers(-5, 205)))
def test_places_are_found_from_wherever_one_looks(known, asked):
    ascending = np.array(sorted(known), np.int64)
    near = 0
    for value in asked:
        at, near = pbf.place(ascending, value, near)
        due = np.flatnonzero(ascending == value)
        assert at == (due[0] if len(due) else -1)
