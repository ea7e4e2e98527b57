"""Repetition inside a text, after Gopher (Rae et al. 2021, table A1), as three published code bases count it.

DATATROVE: a part is a duplicate from its second time on; the share is of all characters, white space included;
    the most frequent n-gram is joined by spaces, ties go to the first seen, and one that occurs once counts;
    duplicates of 5 to 10 words are found from left to right, each found one is jumped over.
DOLMA: every time of a repeated line counts; no paragraphs; the share is of the words' characters; duplicates of
    5 to 10 words are a share of the mass of all n-grams, overlaps counted twice.
DCLM: every time counts; parts are stripped and blank ones left out; ties go to the longest, nothing repeated is 0;
    duplicates of 5 to 10 words are the words that any repeated n-gram covers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.grams import Scratch
from assay.kernels.runs import DATATROVE, DCLM, DOLMA
from assay.kernels.spans import characters, group, span_hash, stripped

FIELDS = (
    "duplicate_line_share",
    "duplicate_line_char_share",
    "duplicate_paragraph_share",
    "duplicate_paragraph_char_share",
    *(f"top_{n}gram_char_share" for n in (2, 3, 4)),
    *(f"duplicate_{n}gram_char_share" for n in (5, 6, 7, 8, 9, 10)),
)


@kernel
def is_part(lines: NDArray[np.int64], k: int, n: int, variant: int) -> bool:
    """Whether line k of n is one that the variant compares with others. dclm leaves out blank ones.

    datatrove takes feeds side by side for one separator: an empty line is only before a first and after a last one.
    """
    if variant == DCLM:
        return bool(lines[k, 2] < lines[k, 3])
    return bool(variant == DOLMA or lines[k, 0] < lines[k, 1] or k == 0 or k == n - 1)


@kernel
def number_lines(
    data: NDArray[np.uint8], lines: NDArray[np.int64], n: int, plain: bool, variant: int, scratch: Scratch
) -> int:
    """How many lines are parts. In scratch, for each of them: places (characters), groups, and by group counts, firsts.

    lines: find_lines() between line feeds. plain: the text is ASCII.
    """
    stripping = 2 if variant == DCLM else 0
    keys, lengths = scratch.wanted, scratch.places
    m = 0
    for k in range(n):
        if is_part(lines, k, n, variant):
            a, b = lines[k, stripping], lines[k, stripping + 1]
            keys[m] = span_hash(data, a, b)
            lengths[m] = b - a if plain else characters(data, a, b)
            m += 1
    group(keys, m, scratch.mark[0], scratch.table, scratch.groups, scratch.counts, scratch.firsts)
    scratch.mark[0] += m
    return m


@kernel
def number_paragraphs(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    lines: NDArray[np.int64],
    n: int,
    plain: bool,
    variant: int,
    scratch: Scratch,
) -> int:
    """number_lines for paragraphs: those of the stripped text (datatrove), or each stripped, blank ones left out."""
    keys, lengths = scratch.wanted, scratch.places
    if variant == DATATROVE:
        start, end = stripped(data, start, end)
    m, k = 0, 0
    while k < n:
        if lines[k, 0] == lines[k, 1]:
            k += 1
            continue
        a = lines[k, 0]
        while k < n and lines[k, 0] < lines[k, 1]:
            k += 1
        b = lines[k - 1, 1]
        if variant == DATATROVE:
            a, b = max(a, start), min(b, end)
        else:
            a, b = stripped(data, a, b)
        if a < b:
            keys[m] = span_hash(data, a, b)
            lengths[m] = b - a if plain else characters(data, a, b)
            m += 1
    if m == 0 and variant == DATATROVE:  # a blank text is one empty paragraph
        keys[0], lengths[0], m = np.uint64(0), 0, 1
    group(keys, m, scratch.mark[0], scratch.table, scratch.groups, scratch.counts, scratch.firsts)
    scratch.mark[0] += m
    return m


@kernel
def duplicate_shares(n: int, variant: int, whole: int, scratch: Scratch, out: NDArray[np.float64]) -> None:
    """out[0]: how many of n numbered parts are duplicates; out[1]: their characters by `whole`, or by those of all
    parts (dclm). Nothing is put there where there is no part."""
    if n == 0:
        return
    lengths, groups, counts, firsts = scratch.places, scratch.groups, scratch.counts, scratch.firsts
    found, chars, every = 0, 0, 0
    for i in range(n):
        g = groups[i]
        every += lengths[i]
        if counts[g] > 1 and (variant != DATATROVE or firsts[g] != i):
            found += 1
            chars += lengths[i]
    out[0] = found / n
    out[1] = chars / max(every if variant == DCLM else whole, 1)
