"""Runs of words that stand in more than one row, found without sorting every place: winnowing, counting, spans.

Of the run hashes within any stretch of `size` words the lowest one is its fingerprint (Schleimer, Wilkerson and Aiken
2003): equal stretches have equal fingerprints, so only stretches whose fingerprint is repeated need be looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.shingles import PROSE, mixed, row_words

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Ranks = NDArray[np.uint32]

# Columns of the spans and of the cuts that `row_spans` gives.
ROW, START, END, HOLDERS, WORDS, HASH = range(6)
KIND = 3  # of a cut
ANY, ELSEWHERE = 0, 1  # kinds of cuts: any repeated stretch; one whose first holder is another row
LOW = np.uint64(0xFFFFFFFF)
_STEP = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _rolled(words: Hashes, n: int, size: int, out: Hashes) -> int:
    """The polynomial modulo 2**64 of each run of `size` words; returns how many. Not mixed."""
    if n < size:
        return 0
    top = np.uint64(1)
    for _ in range(size):
        top *= _STEP
    h = np.uint64(0)
    for i in range(size):
        h = h * _STEP + words[i]
    out[0] = h
    for i in range(size, n):
        h = h * _STEP + words[i] - top * words[i - size]
        out[i - size + 1] = h
    return n - size + 1


@kernel
def winnow(runs: Hashes, n: int, width: int, lowest: Hashes, since: Ints) -> int:
    """The lowest of every `width` runs in a row of runs[:n]; written only where it changes; returns how often.

    lowest[j] holds for the windows since[j] to since[j + 1] - 1, window i being runs[i:i + width]. A hash that comes
    again counts from its last place. About 2 / (width + 1) of the windows change it.
    """
    if n < width:
        return 0
    low, best = runs[0], 0
    for i in range(1, width):
        if runs[i] <= low:
            low, best = runs[i], i
    lowest[0], since[0] = low, 0
    found = 1
    for i in range(width, n):
        h = runs[i]
        if h <= low:
            best = i
            if h == low:
                continue
            low = h
        elif best > i - width:
            continue
        else:
            best = i - width + 1
            low = runs[best]
            for j in range(best + 1, i + 1):
                if runs[j] <= low:
                    low, best = runs[j], j
        lowest[found], since[found] = low, i - width + 1
        found += 1
    return found


@kernel
def rows_fingerprints(
    offsets: Longs, data: Bytes, table: NDArray[np.uint32], ranks: Ranks, size: int, run: int,
    counts: Ints, hashes: Hashes, holders: Ranks,
) -> int:  # fmt: skip
    """Fingerprints of every row's stretches of `size` words, by runs of `run` words; returns how many.

    ranks: of each row. counts: each row's words are written to it. hashes, holders: fingerprints and the rank of the
    row they are of, with room for as many as there are bytes.
    """
    room = _longest(offsets)
    words, runs, lowest = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    found = 0
    for row in range(len(offsets) - 1):
        n = row_words(data, offsets[row], offsets[row + 1], table, PROSE, words, starts, ends)
        counts[row] = n
        if n < size:
            continue
        many = winnow(runs, _rolled(words, n, run, runs), size - run + 1, lowest, starts)
        for j in range(many):
            hashes[found], holders[found] = mixed(lowest[j]), ranks[row]
            found += 1
    return found


@kernel
def find(keys: Hashes, index: Longs, shift: int, key: np.uint64) -> int:
    """The place of a key among sorted keys, -1 where it is not. index: of the first key by its bits above `shift`."""
    bucket = np.int64(key >> np.uint64(shift))
    for at in range(index[bucket], index[bucket + 1]):
        if keys[at] >= key:
            return at if keys[at] == key else -1
    return -1


@kernel
def find_all(keys: Hashes, values: Hashes, index: Longs, shift: int, wanted: Hashes, n: int, found: Hashes) -> None:
    """The value of each of wanted[:n], 0 where it is not a key. In loops of one step, so that waits for memory overlap.

    found: room for 2 * n.
    """
    for i in range(n):
        found[n + i] = np.uint64(index[np.int64(wanted[i] >> np.uint64(shift))])
    last = len(keys)
    for i in range(n):
        at, key = np.int64(found[n + i]), wanted[i]
        while at < last and keys[at] < key:
            at += 1
        found[n + i] = np.uint64(at if at < last and keys[at] == key else last)
    for i in range(n):
        at = np.int64(found[n + i])
        found[i] = values[at] if at < last else np.uint64(0)


@kernel
def _candidates(
    words: Hashes, n: int, size: int, run: int, keys: Hashes, index: Longs, shift: int,
    runs: Hashes, lowest: Hashes, since: Ints, places: Ints, hashes: Hashes,
) -> int:  # fmt: skip
    """Stretches whose fingerprint is among the keys: first word and hash of each, in order; returns how many."""
    many = winnow(runs, _rolled(words, n, run, runs), size - run + 1, lowest, since)
    found = 0
    for j in range(many):
        if find(keys, index, shift, mixed(lowest[j])) >= 0:
            last = since[j + 1] if j + 1 < many else n - size + 1
            for i in range(since[j], last):
                places[found] = i
                found += 1
    if found:
        _rolled(words, n, size, runs)
        for j in range(found):
            hashes[j] = mixed(runs[places[j]])
    return found


@kernel
def rows_stretches(
    offsets: Longs, data: Bytes, table: NDArray[np.uint32], ranks: Ranks, chosen: Flags, size: int, run: int,
    keys: Hashes, index: Longs, shift: int, hashes: Hashes, holders: Ranks,
) -> int:  # fmt: skip
    """Hashes of the chosen rows' stretches of `size` words whose fingerprint is among the keys; returns how many.

    Otherwise as rows_fingerprints.
    """
    room = _longest(offsets)
    words, runs, lowest = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends, places = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    found = 0
    for row in range(len(offsets) - 1):
        if not chosen[row]:
            continue
        n = row_words(data, offsets[row], offsets[row + 1], table, PROSE, words, starts, ends)
        if n < size:
            continue
        many = _candidates(
            words, n, size, run, keys, index, shift, runs, lowest, starts, places, hashes[found:]
        )  # fmt: skip
        holders[found : found + many] = ranks[row]
        found += many
    return found


@kernel
def dealt(hashes: Hashes, holders: Ranks, n: int, bits: int) -> tuple[Longs, Hashes, Ranks]:
    """Starts of shares, and the first n pairs dealt to 2**bits shares by the top bits of the hash, else in order."""
    shift = np.uint64(64 - bits)
    starts = np.zeros((1 << bits) + 1, np.int64)
    for i in range(n):
        starts[np.int64(hashes[i] >> shift) + 1] += 1
    for i in range(1 << bits):
        starts[i + 1] += starts[i]
    at = starts.copy()
    by_hash, by_holder = np.empty(n, np.uint64), np.empty(n, np.uint32)
    for i in range(n):
        share = np.int64(hashes[i] >> shift)
        by_hash[at[share]], by_holder[at[share]] = hashes[i], holders[i]
        at[share] += 1
    return starts, by_hash, by_holder


@kernel
def count_holders(
    hashes: Hashes, holders: Ranks, keys: Hashes, counts: Ranks, last: Ranks, first: Ranks
) -> None:  # fmt: skip
    """Count the holders of each hash in an open-addressed table, 2**b slots of each array, empty where counts is 0.

    All pairs of one holder come one after the other, in one call. first: the smallest holder.
    """
    mask = len(keys) - 1
    for i in range(len(hashes)):
        h, rank = hashes[i], holders[i]
        slot = np.int64(h & np.uint64(mask))
        while counts[slot] != 0 and keys[slot] != h:
            slot = (slot + 1) & mask
        if counts[slot] == 0:
            keys[slot], counts[slot], first[slot] = h, 1, rank
        elif last[slot] != rank:
            counts[slot] += np.uint32(1)
            first[slot] = min(first[slot], rank)
        last[slot] = rank


@kernel
def holders_of_repeated(hashes: Hashes, holders: Ranks, keys: Hashes, counts: Ranks, out: Ranks) -> int:
    """Of pairs that were counted, the holders of hashes with two holders or more, each once in a row; how many."""
    mask = len(keys) - 1
    found = 0
    for i in range(len(hashes)):
        if found and out[found - 1] == holders[i]:
            continue
        slot = np.int64(hashes[i] & np.uint64(mask))
        while keys[slot] != hashes[i] or counts[slot] == 0:
            slot = (slot + 1) & mask
        if counts[slot] > 1:
            out[found] = holders[i]
            found += 1
    return found


@kernel
def _longest(offsets: Longs) -> int:
    longest = 1
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest


@kernel
def _run_hash(words: Hashes, first: int, last: int) -> np.uint64:
    h = np.uint64(last - first)
    for i in range(first, last):
        h = h * _STEP + words[i]
    return mixed(h)


@kernel
def _grown(array: Longs, needed: int) -> Longs:
    out = np.empty((max(2 * len(array), needed), array.shape[1]), np.int64)
    out[: len(array)] = array
    return out


@kernel
def _row_spans(
    row: int, rank: np.uint32, size: int, words: Hashes, starts: Ints, ends: Ints,
    places: Ints, held: Hashes, many: int, spans: Longs, made: int, cuts: Longs, cut: int, covered: Longs,
) -> tuple[int, int]:  # fmt: skip
    """Spans and cuts of one row, written from `made` and `cut` on; returns where they end."""
    begin, before, most = -1, -2, np.int64(0)
    from_any, to_any, from_other, to_other = 0, 0, 0, 0
    for j in range(many + 1):
        place, other = -1, False
        if j < many:
            if held[j] == 0:
                continue
            place, other = places[j], np.uint32(held[j] & LOW) != rank
        if place != before + 1 or j == many:  # the span that was open is whole
            if begin >= 0:
                end = before + size
                spans[made, ROW], spans[made, START], spans[made, END] = row, starts[begin], ends[end - 1]
                spans[made, HOLDERS], spans[made, WORDS] = most, end - begin
                spans[made, HASH] = np.int64(_run_hash(words, begin, end))
                made += 1
            begin, most = place, np.int64(0)
        if to_any > 0 and (j == many or place > to_any):
            cuts[cut, ROW], cuts[cut, START], cuts[cut, END] = row, starts[from_any], ends[to_any - 1]
            cuts[cut, KIND] = ANY
            covered[row, 0] += to_any - from_any
            covered[row, 2] += ends[to_any - 1] - starts[from_any]
            cut += 1
            to_any = 0
        if to_other > 0 and (j == many or (place > to_other and other)):
            cuts[cut, ROW], cuts[cut, START], cuts[cut, END] = row, starts[from_other], ends[to_other - 1]
            cuts[cut, KIND] = ELSEWHERE
            covered[row, 1] += to_other - from_other
            cut += 1
            to_other = 0
        if j == many:
            break
        before, most = place, max(most, np.int64(held[j] >> np.uint64(32)))
        if to_any == 0:
            from_any = place
        to_any = place + size
        if other:
            if to_other == 0:
                from_other = place
            to_other = place + size
    return made, cut


@kernel
def rows_spans(
    offsets: Longs, data: Bytes, table: NDArray[np.uint32], ranks: Ranks, chosen: Flags, size: int, run: int,
    keys: Hashes, index: Longs, shift: int,
    repeated: Hashes, repeated_index: Longs, repeated_shift: int, holders: Hashes, covered: Longs,
) -> tuple[Longs, Longs]:  # fmt: skip
    """Where the chosen rows' repeated stretches lie, and what of them to cut.

    keys, index, shift: repeated fingerprints. repeated, its index and shift: hashes of repeated stretches; holders: of
    each the number of records, times 2**32, and the rank of the first. covered: int64[rows, 3], to which are written
    the words in repeated stretches, those in stretches whose first holder is another row, and the bytes of the former.

    Returns
        spans: int64[m, 6]; row, first byte, end, largest number of records of a stretch in it, words, hash of these.
            Stretches that begin at successive words are one span.
        cuts: int64[c, 4]; row, first byte, end, ANY or ELSEWHERE: unions of such stretches, which do not touch by word.
    """
    room = _longest(offsets)
    words, runs, lowest = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    hashes, since, held = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(2 * room, np.uint64)
    starts, ends, places = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    spans, cuts, made, cut = np.empty((64, 6), np.int64), np.empty((64, 4), np.int64), 0, 0
    for row in range(len(offsets) - 1):
        if not chosen[row]:
            continue
        n = row_words(data, offsets[row], offsets[row + 1], table, PROSE, words, starts, ends)
        if n < size:
            continue
        many = _candidates(words, n, size, run, keys, index, shift, runs, lowest, since, places, hashes)
        find_all(repeated, holders, repeated_index, repeated_shift, hashes, many, held)
        here, hits, before = 0, 0, -2
        for j in range(many):
            if held[j] != 0:
                here += places[j] != before + 1
                before = places[j]
                hits += 1
        if made + here > len(spans):
            spans = _grown(spans, made + here)
        if cut + 2 * here + hits // size + 1 > len(cuts):  # cuts of ELSEWHERE in one span are `size` words apart
            cuts = _grown(cuts, cut + 2 * here + hits // size + 1)
        made, cut = _row_spans(
            row, ranks[row], size, words, starts, ends, places, held, many, spans, made, cuts, cut, covered
        )  # fmt: skip
    return spans[:made], cuts[:cut]
