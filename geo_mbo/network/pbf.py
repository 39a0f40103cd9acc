"""Walking through the blocks of ``.osm.pbf`` files: protobuf in numba, no object a node.

The format is told in the OpenStreetMap wiki ("PBF Format") and the encoding of protocol buffers.
Positions are checked against the end of what is read: a spoilt block raises `ValueError`.
A span is where something begins in a block and where it ends.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def varint(block, at, end):
    """Give the whole number at a position, and the position after it."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while at < end and shift < np.uint64(64):
        byte = np.uint64(block[at])
        at += 1
        value |= (byte & np.uint64(127)) << shift
        if byte < np.uint64(128):
            return np.int64(value), at
        shift += np.uint64(7)
    raise ValueError("the block is spoilt")


@njit(cache=True, nogil=True)
def signed(value):
    """Give the number that was folded so that small negative ones stay short."""
    folded = np.uint64(value)
    return np.int64(folded >> np.uint64(1)) ^ -np.int64(folded & np.uint64(1))


@njit(cache=True, nogil=True)
def field(block, at, end):
    """Give the number of a field, whether it is a span, the span (or value), the position after."""
    key, at = varint(block, at, end)
    number, wire = key >> 3, key & 7
    if wire == 0:
        value, at = varint(block, at, end)
        return number, False, value, value, at
    size = np.int64(-1)
    if wire == 2:
        size, at = varint(block, at, end)
    elif wire == 1:
        size = np.int64(8)
    elif wire == 5:
        size = np.int64(4)
    if size < 0 or size > end - at:
        raise ValueError("the block is spoilt")
    return number, wire == 2, at, at + size, at + size


@njit(cache=True, nogil=True)
def spans(block, outer, number):
    """Give the spans of all fields of this number within some spans."""
    count = 0
    for i in range(len(outer)):
        at = outer[i, 0]
        while at < outer[i, 1]:
            found, inside, _, _, at = field(block, at, outer[i, 1])
            count += inside and found == number
    inner = np.empty((count, 2), np.int64)
    k = 0
    for i in range(len(outer)):
        at = outer[i, 0]
        while at < outer[i, 1]:
            found, inside, a, z, at = field(block, at, outer[i, 1])
            if inside and found == number:
                inner[k, 0], inner[k, 1] = a, z
                k += 1
    return inner


@njit(cache=True, nogil=True)
def scale(block):
    """Give the size of a unit in billionths of a degree, and where latitude and longitude begin."""
    unit, lat, lon = np.int64(100), np.int64(0), np.int64(0)
    at = 0
    while at < len(block):
        number, inside, value, _, at = field(block, at, len(block))
        if not inside:
            if number == 17:
                unit = value
            elif number == 19:
                lat = value
            elif number == 20:
                lon = value
    return unit, lat, lon


@njit(cache=True, nogil=True)
def hashes(block, strings):
    """Give a number for each string that tells it from others (FNV-1a, 64 bits)."""
    found = np.empty(len(strings), np.uint64)
    for i in range(len(strings)):
        value = np.uint64(14695981039346656037)
        for at in range(strings[i, 0], strings[i, 1]):
            value = (value ^ np.uint64(block[at])) * np.uint64(1099511628211)
        found[i] = value
    return found


@njit(cache=True, nogil=True)
def among(values, ascending):
    """Tell which values are among these, which are in ascending order."""
    found = np.zeros(len(values), np.bool_)
    for i in range(len(values)):
        k = np.searchsorted(ascending, values[i])
        found[i] = k < len(ascending) and ascending[k] == values[i]
    return found


@njit(cache=True, nogil=True)
def numbers(block, begin, end):
    """Give the whole numbers of a packed field."""
    count = 0
    for at in range(begin, end):
        count += block[at] < 128
    found = np.empty(count, np.int64)
    at = begin
    for k in range(count):
        found[k], at = varint(block, at, end)
    if at != end:
        raise ValueError("the block is spoilt")
    return found


@njit(cache=True, nogil=True)
def deltas(block, begin, end):
    """Give the numbers of a packed field that tells how each differs from the one before."""
    found = numbers(block, begin, end)
    value = np.int64(0)
    for k in range(len(found)):
        value += signed(found[k])
        found[k] = value
    return found


@njit(cache=True, nogil=True)
def things(block, messages):
    """Give of ways or relations the id, and the spans of keys, values and three packed fields."""
    ids = np.zeros(len(messages), np.int64)
    parts = np.zeros((len(messages), 5, 2), np.int64)
    for i in range(len(messages)):
        at = messages[i, 0]
        while at < messages[i, 1]:
            number, inside, a, z, at = field(block, at, messages[i, 1])
            if not inside:
                if number == 1:
                    ids[i] = a
            elif 2 <= number <= 3:
                parts[i, number - 2, 0], parts[i, number - 2, 1] = a, z
            elif 8 <= number <= 10:
                parts[i, number - 6, 0], parts[i, number - 6, 1] = a, z
    return ids, parts


@njit(cache=True, nogil=True)
def fold(signature, key, value):
    """Give the signature of a set of tags with one tag more."""
    mixed = (signature ^ key) * np.uint64(1099511628211)
    mixed = (mixed ^ (mixed >> np.uint64(29)) ^ value) * np.uint64(11400714819323198485)
    return mixed ^ (mixed >> np.uint64(32))


@njit(cache=True, nogil=True)
def signatures(block, parts, known, telling):
    """Give of each thing a number that tells its telling tags from others; 0 where none matters.

    `known` are the hashes of the strings; `telling` marks strings: 1 a key that tells something,
    2 one without which nothing matters.
    """
    found = np.zeros(len(parts), np.uint64)
    for i in range(len(parts)):
        a, key_end = parts[i, 0]
        v, value_end = parts[i, 1]
        signature = np.uint64(1)
        matters = False
        while a < key_end:
            key, a = varint(block, a, key_end)
            value, v = varint(block, v, value_end)
            if key < 0 or key >= len(known) or value < 0 or value >= len(known):
                raise ValueError("the block is spoilt")
            if telling[key]:
                signature = fold(signature, known[key], known[value])
                matters = matters or telling[key] == 2
        if matters:
            found[i] = signature | np.uint64(1)
    return found


@njit(cache=True, nogil=True)
def rows(block, begins_ends):
    """Give the numbers of several delta fields in one row, and how many each has."""
    count = np.zeros(len(begins_ends), np.int64)
    for i in range(len(begins_ends)):
        for at in range(begins_ends[i, 0], begins_ends[i, 1]):
            count[i] += block[at] < 128
    found = np.empty(count.sum(), np.int64)
    k = 0
    for i in range(len(begins_ends)):
        at, end = begins_ends[i]
        value = np.int64(0)
        while at < end:
            step, at = varint(block, at, end)
            value += signed(step)
            found[k] = value
            k += 1
    return found, count


@njit(cache=True, nogil=True)
def place(ascending, value, near):
    """Give the place of a value among ascending ones, or -1, and where to look for the next."""
    if near > 0 and ascending[near - 1] >= value:
        near = np.searchsorted(ascending, value)
    for _ in range(16):
        if near >= len(ascending) or ascending[near] >= value:
            break
        near += 1
    else:
        near += np.searchsorted(ascending[near:], value)
    there = near < len(ascending) and ascending[near] == value
    return (near if there else -1), near


@njit(cache=True, nogil=True)
def to_degree(value, unit, origin):
    """Give a coordinate in 1e-7 degrees, cut off towards 0 as osmium does."""
    billionths = origin + unit * value
    cut = abs(billionths) // 100
    if cut >= 2147483647:
        return np.int32(2147483647)
    return np.int32(cut if billionths >= 0 else -cut)


@njit(cache=True, nogil=True)
def dense(block, span, scaled, wanted, lon, lat):
    """Fill in the places of the wanted nodes of a run of nodes.

    Gives their positions among the wanted, and where the tags of each begin and end.
    """
    unit, lat_origin, lon_origin = scaled
    ids = np.zeros(0, np.int64)
    lats, lons, tags = ids, ids, ids
    at = span[0]
    while at < span[1]:
        number, inside, a, z, at = field(block, at, span[1])
        if inside and number == 1:
            ids = deltas(block, a, z)
        elif inside and number == 8:
            lats = deltas(block, a, z)
        elif inside and number == 9:
            lons = deltas(block, a, z)
        elif inside and number == 10:
            tags = numbers(block, a, z)
    if len(lats) != len(ids) or len(lons) != len(ids):
        raise ValueError("the block is spoilt")
    found = np.full(len(ids), -1, np.int64)
    near = np.int64(0)
    for k in range(len(ids)):
        found[k], near = place(wanted, ids[k], near)
        if found[k] >= 0:
            lat[found[k]] = to_degree(lats[k], unit, lat_origin)
            lon[found[k]] = to_degree(lons[k], unit, lon_origin)
    return found, tags


@njit(cache=True, nogil=True)
def tagged(found, tags, known, telling):
    """Give of the wanted nodes with a telling tag: position, signature, span among the tags."""
    count = 0
    for k in range(len(tags)):
        count += tags[k] == 0
    out = np.zeros((count, 3), np.int64)
    marks = np.zeros(count, np.uint64)
    m, k = 0, 0
    for node in range(len(found)):
        begin, signature = k, np.uint64(0)
        while k < len(tags) and tags[k] != 0:
            if k + 1 >= len(tags) or not _both_known(tags, k, len(known)):
                raise ValueError("the block is spoilt")
            if telling[tags[k]]:
                signature = fold(signature, known[tags[k]], known[tags[k + 1]]) | np.uint64(1)
            k += 2
        if found[node] >= 0 and signature != 0 and m < count:
            out[m, 0], out[m, 1], out[m, 2] = found[node], begin, k
            marks[m] = signature
            m += 1
        k += 1
    return out[:m], marks[:m]


@njit(cache=True, nogil=True)
def _both_known(tags, k, strings):
    return 0 < tags[k] < strings and 0 <= tags[k + 1] < strings


@njit(cache=True, nogil=True)
def plain(block, messages, scaled, wanted, lon, lat):
    """Fill in the places of wanted nodes that stand by themselves; gives their positions."""
    unit, lat_origin, lon_origin = scaled
    found = np.full(len(messages), -1, np.int64)
    near = np.int64(0)
    for i in range(len(messages)):
        ref = y = x = np.int64(0)
        at = messages[i, 0]
        while at < messages[i, 1]:
            number, inside, value, _, at = field(block, at, messages[i, 1])
            if inside:
                continue
            if number == 1:
                ref = signed(value)
            elif number == 8:
                y = signed(value)
            elif number == 9:
                x = signed(value)
        found[i], near = place(wanted, ref, near)
        if found[i] >= 0:
            lat[found[i]] = to_degree(y, unit, lat_origin)
            lon[found[i]] = to_degree(x, unit, lon_origin)
    return found
