"""Benchmark items in rows of text: whole texts, prompts, n-grams, short phrases and answers, by hashes of folded words.

Every n-gram that counts holds one of a few runs of 8 words (its anchor), every short phrase one of 4 words. A row is
read once, and each of its runs of 8 and of 4 is looked up in a Bloom filter that stays in the cache; only where an
anchor stands are n-grams hashed and looked up. The tables are made by `contamination_index`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.contamination_tables import (
    ANCHOR,
    ANSWER,
    IS_ANSWER,
    IS_PROMPT,
    IS_WHOLE,
    LENGTHS,
    NGRAMS,
    PROMPT,
    SHORT,
    SHORT_ANCHOR,
    TEXT,
    Bytes,
    Flags,
    Floats,
    Hashes,
    Ints,
    Longs,
    Scratch,
    Tables,
    bloom_bits,
    eight_at,
    place_of,
    run_hash,
    runs_of_four,
)
from assay.kernels.shingles import PROSE, row_words

_HEAD_BYTES = 256


@kernel
def _grown(array: Longs) -> Longs:
    out = np.empty((2 * len(array), array.shape[1]), np.int64)
    out[: len(array)] = array
    return out


@kernel
def _gram_hits(
    words: Hashes, n: int, fours: Hashes, tables: Tables, upto: Longs, hits: Longs
) -> tuple[Longs, int]:  # fmt: skip
    """(n-gram, first word, words) of each n-gram of the tables in the row, every place once."""
    found = 0
    mask = np.uint64(len(tables.bloom) - 1)
    upto[:] = 0
    for i in range(n - ANCHOR + 1):
        h = eight_at(fours, i)
        bits = bloom_bits(h)
        if tables.bloom[(h >> np.uint64(40)) & mask] & bits != bits:
            continue
        if place_of(tables.anchors, h) < 0:
            continue
        for k in range(len(tables.sizes)):
            size = tables.sizes[k]
            last = min(i, n - size)
            for start in range(max(upto[k], i - (size - ANCHOR)), last + 1):
                gram = place_of(tables.grams, run_hash(words, start, size))
                if gram >= 0:
                    if found == len(hits):
                        hits = _grown(hits)
                    hits[found, 0], hits[found, 1], hits[found, 2] = gram, start, size
                    found += 1
            upto[k] = max(upto[k], last + 1)
    return hits, found


@kernel
def _phrase_hits(words: Hashes, n: int, fours: Hashes, tables: Tables, hits: Longs) -> tuple[Longs, int]:
    """(item, first word, words) of each short item that stands in the row as one phrase."""
    found = 0
    mask = np.uint64(len(tables.short_bloom) - 1)
    for i in range(n - SHORT_ANCHOR + 1):
        h = fours[i]
        bits = bloom_bits(h)
        if tables.short_bloom[(h >> np.uint64(40)) & mask] & bits != bits:
            continue
        key = place_of(tables.phrases, h)
        if key < 0:
            continue
        for j in range(tables.phrases.starts[key], tables.phrases.starts[key + 1]):
            start, size = i - tables.phrase_offsets[j], tables.phrase_words[j]
            if start >= 0 and start + size <= n and run_hash(words, start, size) == tables.phrase_hashes[j]:
                if found == len(hits):
                    hits = _grown(hits)
                hits[found, 0], hits[found, 1], hits[found, 2] = tables.phrase_items[j], start, size
                found += 1
    return hits, found


@kernel
def _touch(item: int, tables: Tables, scratch: Scratch, n: int) -> int:
    if scratch.seen[item]:
        return n
    scratch.seen[item] = 1
    scratch.touched[n] = item
    scratch.shares[item, 0] = 0.0 if tables.holds[item, 0] else np.nan
    scratch.shares[item, 1] = 0.0 if tables.holds[item, 1] else np.nan
    return n + 1


@kernel
def _equal(words: Hashes, n: int, tables: Tables, whole: bool, prompt: bool, answer: bool,
           scratch: Scratch, touched: int) -> tuple[int, bool]:  # fmt: skip
    """Note the items of which this text is the whole text, the prompt or a short answer; and whether there are any."""
    some = False
    if n == 0 or tables.lengths[min(n, LENGTHS - 1)] == 0:
        return touched, some
    key = place_of(tables.equals, run_hash(words, 0, n))
    if key < 0:
        return touched, some
    for j in range(tables.equals.starts[key], tables.equals.starts[key + 1]):
        what, item = tables.equal_what[j], tables.equal_items[j]
        how = 0
        if whole and what == IS_WHOLE:
            how = TEXT
        elif prompt and what == IS_PROMPT:
            how = PROMPT
        elif answer and what == IS_ANSWER:
            how = ANSWER
        if how:
            some = True
            touched = _touch(item, tables, scratch, touched)
            scratch.how[item] = max(scratch.how[item], how)
            if how == ANSWER:
                scratch.said[item] = 1
    return touched, some


@kernel
def _promising(
    data: Bytes, begin: int, end: int, fold: NDArray[np.uint32], tables: Tables, words: Hashes, starts: Ints, ends: Ints
) -> int:  # fmt: skip
    """Write the words of data[begin:end]; none where its first four begin no prompt or answer. Returns how many."""
    cut = min(end, begin + _HEAD_BYTES)
    n = row_words(data, begin, cut, fold, PROSE, words, starts, ends)
    if cut == end:
        return n
    if n > SHORT_ANCHOR:  # a fifth word has begun: the first four are whole
        h = run_hash(words, 0, SHORT_ANCHOR)
        bits = bloom_bits(h)
        if tables.heads[(h >> np.uint64(40)) & np.uint64(len(tables.heads) - 1)] & bits != bits:
            return 0
    return row_words(data, begin, end, fold, PROSE, words, starts, ends)


@kernel
def _count(hits: Longs, found: int, tables: Tables, scratch: Scratch, touched: int) -> int:
    """Shares of distinct n-grams of every target that the row has some of."""
    grams = np.sort(hits[:found, 0])
    many = 0
    for i in range(found):
        if i and grams[i] == grams[i - 1]:
            continue
        for j in range(tables.grams.starts[grams[i]], tables.grams.starts[grams[i] + 1]):
            target = tables.gram_targets[j]
            if scratch.counts[target] == 0:
                scratch.counted[many] = target
                many += 1
            scratch.counts[target] += 1
    for i in range(many):
        target = scratch.counted[i]
        share = scratch.counts[target] / tables.target_sizes[target]
        scratch.counts[target] = 0
        item = tables.target_items[target]
        touched = _touch(item, tables, scratch, touched)
        side = 1 if tables.target_is_answer[target] else 0
        scratch.shares[item, side] = max(scratch.shares[item, side], share)
    return touched


@kernel
def _says(words: Hashes, n: int, item: int, tables: Tables, cover: Flags) -> bool:
    """Whether a short answer of the item stands in the row; its places are marked in `cover`."""
    some = False
    for k in range(tables.item_said[item], tables.item_said[item + 1]):
        first, last = tables.said_starts[k], tables.said_starts[k + 1]
        size = last - first
        for start in range(n - size + 1):
            same = True
            for j in range(size):
                if words[start + j] != tables.said[first + j]:
                    same = False
                    break
            if same:
                some = True
                cover[start : start + size] = True
    return some


@kernel
def _longest(offsets: Longs) -> int:
    longest = 1
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest


@kernel
def match_rows(
    offsets: Longs, data: Bytes, prompt_offsets: Longs, prompt_data: Bytes, reply_offsets: Longs, reply_data: Bytes,
    fold: NDArray[np.uint32], tables: Tables, scratch: Scratch, min_share: float, counts: Ints,
) -> tuple[Longs, Floats, Longs]:  # fmt: skip
    """Which rows hold which items, and where.

    prompt, reply: what the rows ask and answer, or offsets of one entry where that is not known apart. fold:
    fold_table(). min_share: of the n-grams of a prompt or an answer. counts: the words of each row are written to it.

    Returns
        matches: int64[m, 3]; row, item, how. Each row and item once, by row.
        shares: float64[m, 2]; of the prompt and of the answer, NaN where the item has nothing to count.
        spans: int64[s, 3]; row, first byte, end: what of the row's text belongs to its matches, apart by a word.
    """
    room = max(_longest(offsets), _longest(prompt_offsets), _longest(reply_offsets))
    words, pairs, fours = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    other, other_starts, other_ends = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32)
    hits, phrases = np.empty((64, 3), np.int64), np.empty((64, 3), np.int64)
    upto = np.zeros(max(len(tables.sizes), 1), np.int64)
    matches, shares, made = np.empty((64, 3), np.int64), np.empty((64, 2), np.float64), 0
    spans, cut = np.empty((64, 3), np.int64), 0
    has_grams, has_phrases = len(tables.grams.keys) > 0, len(tables.phrases.keys) > 0
    for row in range(len(offsets) - 1):
        n = row_words(data, offsets[row], offsets[row + 1], fold, PROSE, words, starts, ends)
        counts[row] = n
        if n == 0:
            continue
        touched, found, found_phrases = 0, 0, 0
        if n >= SHORT_ANCHOR:
            runs_of_four(words, n, pairs, fours)
            if has_grams and n >= ANCHOR:
                hits, found = _gram_hits(words, n, fours, tables, upto, hits)
            if has_phrases:
                phrases, found_phrases = _phrase_hits(words, n, fours, tables, phrases)
        touched, all_of_it = _equal(words, n, tables, True, True, True, scratch, touched)
        if len(prompt_offsets) > 1:
            begin, end = prompt_offsets[row], prompt_offsets[row + 1]
            m = _promising(prompt_data, begin, end, fold, tables, other, other_starts, other_ends)
            touched, _ = _equal(other, m, tables, False, True, False, scratch, touched)
        if len(reply_offsets) > 1:
            begin, end = reply_offsets[row], reply_offsets[row + 1]
            m = _promising(reply_data, begin, end, fold, tables, other, other_starts, other_ends)
            touched, _ = _equal(other, m, tables, False, False, True, scratch, touched)
        if touched == 0 and found == 0 and found_phrases == 0:
            continue
        if found:
            touched = _count(hits, found, tables, scratch, touched)
        for i in range(found_phrases):
            item = phrases[i, 0]
            touched = _touch(item, tables, scratch, touched)
            scratch.how[item] = max(scratch.how[item], SHORT)
        cover = np.zeros(n, np.bool_)
        before = made
        for i in range(touched):
            item = scratch.touched[i]
            how, share = scratch.how[item], scratch.shares[item, 0]
            if how < NGRAMS and share >= min_share:
                how = NGRAMS
            if how in (SHORT, PROMPT, TEXT):
                share = 1.0
            if how == 0 and scratch.shares[item, 1] >= min_share:
                how = ANSWER
            scratch.how[item] = how
            if how == 0:
                continue
            if _says(words, n, item, tables, cover) or scratch.said[item]:
                scratch.shares[item, 1] = 1.0
            if made == len(matches):
                matches = _grown(matches)
                more = np.empty((len(matches), 2), np.float64)
                more[:made] = shares[:made]
                shares = more
            matches[made, 0], matches[made, 1], matches[made, 2] = row, item, how
            shares[made, 0], shares[made, 1] = share, scratch.shares[item, 1]
            made += 1
        if made > before:
            if all_of_it:
                cover[:] = True
            for i in range(found):
                for j in range(tables.grams.starts[hits[i, 0]], tables.grams.starts[hits[i, 0] + 1]):
                    if scratch.how[tables.target_items[tables.gram_targets[j]]]:
                        cover[hits[i, 1] : hits[i, 1] + hits[i, 2]] = True
                        break
            for i in range(found_phrases):
                cover[phrases[i, 1] : phrases[i, 1] + phrases[i, 2]] = True
            begin = -1
            for i in range(n + 1):
                inside = i < n and cover[i]
                if inside and begin < 0:
                    begin = i
                if not inside and begin >= 0:
                    if cut == len(spans):
                        spans = _grown(spans)
                    spans[cut, 0], spans[cut, 1], spans[cut, 2] = row, starts[begin], ends[i - 1]
                    cut += 1
                    begin = -1
        for i in range(touched):
            item = scratch.touched[i]
            scratch.seen[item] = scratch.how[item] = scratch.said[item] = 0
    return matches[:made], shares[:made], spans[:cut]
