"""The language of UTF-8 rows: a sample of each, and fastText's classifier over its words' character n-grams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernels import kernel
from assay.kernels.counts import space_width

_BASIS, _PRIME = 2166136261, 16777619
EXTRA = 8  # room beyond the sample: brackets around a word, a lower case of more bytes


@kernel
def _valid_width(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Bytes of the well-formed UTF-8 character at i, 0 for none."""
    c = data[i]
    if c < 0x80:
        return 1
    width = 2 if 0xC2 <= c < 0xE0 else (3 if 0xE0 <= c < 0xF0 else (4 if 0xF0 <= c < 0xF5 else 0))
    if width == 0 or i + width > end:
        return 0
    for k in range(i + 1, i + width):
        if data[k] & 0xC0 != 0x80:
            return 0
    return width


@kernel
def _letters_reach(data: NDArray[np.uint8], i: int, end: int, wanted: int) -> bool:
    """Whether the row holds that many letters.

    ASCII letters, and characters from U+00C0 up to U+D7A3 outside the symbol blocks (U+2000-2BFF, U+3000-3004,
    U+3008-3020), times and division sign. Near enough to count with; combining marks of Indic scripts count.
    """
    letters = 0
    while i < end and letters < wanted:
        c = int(data[i])
        if c < 0x80:
            letters += 65 <= c <= 90 or 97 <= c <= 122
            i += 1
            continue
        width = 2 if c < 0xE0 else (3 if c < 0xF0 else 4)
        c &= 0x1F if width == 2 else (0x0F if width == 3 else 0x07)
        for k in range(i + 1, min(i + width, end)):
            c = c << 6 | int(data[k]) & 0x3F
        i += width
        if c >= 0xC0 and c != 0xD7 and c != 0xF7 and c <= 0xD7A3:
            symbol = 0x2000 <= c < 0x2C00 or 0x3000 <= c <= 0x3004 or 0x3008 <= c <= 0x3020
            letters += 0 if symbol else 1
    return letters >= wanted


@kernel
def _copy_lower(
    data: NDArray[np.uint8], i: int, end: int, stop: int, lower: NDArray[np.int32], out: NDArray[np.uint8], n: int
) -> int:
    """Appends data[i:stop] to out[:n] in lower case, white space as single spaces; bytes that are no UTF-8 are left
    out. Characters are whole: one that begins before `stop` may reach up to `end`. Gives the new n."""
    while i < stop:
        c = int(data[i])
        if c < 0x80:
            if c <= 32 and space_width(data, i, end):
                if n and out[n - 1] != 32:
                    out[n] = 32
                    n += 1
            else:
                out[n] = c + 32 if 65 <= c <= 90 else c
                n += 1
            i += 1
            continue
        width = _valid_width(data, i, end)
        if width == 0:
            i += 1
            continue
        if space_width(data, i, end):
            if n and out[n - 1] != 32:
                out[n] = 32
                n += 1
        elif width == 4:
            for k in range(4):
                out[n + k] = data[i + k]
            n += 4
        else:
            code = (c & 0x1F) << 6 | int(data[i + 1]) & 0x3F
            if width == 3:
                code = ((c & 0x0F) << 6 | int(data[i + 1]) & 0x3F) << 6 | int(data[i + 2]) & 0x3F
            if code == 0x130:  # the only lower case of two characters: i and a combining dot
                out[n], code = 0x69, 0x307
                n += 1
            code = lower[code]
            if code < 0x80:
                out[n] = code
                n += 1
            elif code < 0x800:
                out[n], out[n + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
                n += 2
            else:
                out[n], out[n + 1], out[n + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
                n += 3
        i += width
    return n


@kernel
def sample(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    size: int,
    pieces: int,
    lower: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> int:
    """What of a row is judged: all of it, or `pieces` stretches of size // pieces bytes spread evenly over it.

    A stretch begins after the next white space, where one comes within 32 bytes, so that it opens with a whole word.
    Fills out[: n]; it must hold 2 * size + EXTRA * pieces.
    """
    if end - start <= size:
        return _copy_lower(data, start, end, end, lower, out, 0)
    n, width = 0, size // pieces
    for piece in range(pieces):
        i = start + (end - start - width) * piece // max(1, pieces - 1)
        if piece:
            k = i
            while k < end and k - i < 32 and data[k] > 32:
                k += 1
            if k < end and k - i < 32:
                i = k
            else:
                while i < end and data[i] & 0xC0 == 0x80:
                    i += 1
            if n and out[n - 1] != 32:
                out[n] = 32
                n += 1
        n = _copy_lower(data, i, end, min(i + width, end), lower, out, n)
    return n


@kernel
def _hashed(h: int, byte: int) -> int:
    """One step of FNV-1a in 32 bits; the byte counts as signed, as in fastText."""
    return ((h ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * _PRIME) & 0xFFFFFFFF


@kernel
def _found(table: NDArray[np.int32], key: int) -> int:
    """Row of an n-gram's bucket, -1 for one that was pruned."""
    at = key & (len(table) - 1)
    while table[at, 1] >= 0:
        if table[at, 0] == key:
            return int(table[at, 1])
        at = (at + 1) & (len(table) - 1)
    return -1


@kernel
def _word_row(
    text: NDArray[np.uint8],
    a: int,
    b: int,
    words: NDArray[np.int32],
    spelled: NDArray[np.int64],
    letters: NDArray[np.uint8],
) -> int:
    """Row of the word text[a:b], -1 where the model does not know it."""
    h = _BASIS
    for i in range(a, b):
        h = _hashed(h, int(text[i]))
    at = h & (len(words) - 1)
    while words[at, 1] >= 0:
        row = words[at, 1]
        if np.int64(words[at, 0]) & 0xFFFFFFFF == h and spelled[row + 1] - spelled[row] == b - a:
            k = 0
            while k < b - a and letters[spelled[row] + k] == text[a + k]:
                k += 1
            if k == b - a:
                return int(row)
        at = (at + 1) & (len(words) - 1)
    return -1


@kernel
def _add(total: NDArray[np.float32], vectors: NDArray[np.float32], row: int) -> None:
    for d in range(len(total)):
        total[d] += vectors[row, d]


@kernel
def _embed(
    text: NDArray[np.uint8],
    n: int,
    vectors: NDArray[np.float32],
    words: NDArray[np.int32],
    spelled: NDArray[np.int64],
    letters: NDArray[np.uint8],
    end_row: int,
    ngrams: NDArray[np.int32],
    bucket: int,
    shortest: int,
    longest: int,
    total: NDArray[np.float32],
    word: NDArray[np.uint8],
) -> int:
    """Sum over words of their vectors and those of their n-grams into `total`; how many vectors there were."""
    total[:] = 0
    count, a, inverse = 0, 0, 1.0 / bucket
    while a < n:
        if text[a] == 32 or text[a] == 0:
            a += 1
            continue
        b = a
        while b < n and text[b] != 32 and text[b] != 0:
            b += 1
        row = _word_row(text, a, b, words, spelled, letters)
        if row >= 0:
            _add(total, vectors, row)
            count += 1
        size = b - a + 2
        word[0], word[size - 1] = 60, 62
        for k in range(a, b):
            word[k - a + 1] = text[k]
        for i in range(size):
            if word[i] & 0xC0 == 0x80:
                continue
            h, j, chars = _BASIS, i, 1
            while j < size and chars <= longest:
                h = _hashed(h, int(word[j]))
                j += 1
                while j < size and word[j] & 0xC0 == 0x80:
                    h = _hashed(h, int(word[j]))
                    j += 1
                if chars >= shortest and not (chars == 1 and (i == 0 or j == size)):
                    # h % bucket: a product with the reciprocal costs a quarter of the division
                    rest = h - int(h * inverse) * bucket
                    rest += bucket if rest < 0 else (-bucket if rest >= bucket else 0)
                    row = _found(ngrams, rest)
                    if row >= 0:
                        _add(total, vectors, row)
                        count += 1
                chars += 1
        a = b
    if end_row >= 0:
        _add(total, vectors, end_row)
        count += 1
    return count


@kernel
def _best(
    hidden: NDArray[np.float32], tree: NDArray[np.int64], output: NDArray[np.float32], stack: NDArray[np.float64]
) -> tuple[int, float]:
    """The likeliest label of the hierarchical softmax and its log probability, branches that cannot win left out."""
    labels = len(tree) + 1
    best, found = -np.inf, 0
    stack[0, 0], stack[0, 1], depth = 2 * labels - 2, 0.0, 1
    while depth:
        depth -= 1
        node, score = int(stack[depth, 0]), stack[depth, 1]
        if score <= best:
            continue
        if node < labels:
            best, found = score, node
            continue
        dot = np.float32(0)
        for d in range(len(hidden)):
            dot += output[node - labels, d] * hidden[d]
        f = 1.0 / (1.0 + np.exp(-np.float64(dot)))
        left, right = score + np.log(1.0 - f + 1e-5), score + np.log(f + 1e-5)
        first, second = tree[node - labels, 0], tree[node - labels, 1]
        if left > right:  # the likelier side is looked at first, so that it prunes the other
            first, second, left, right = second, first, right, left
        stack[depth, 0], stack[depth, 1] = first, left
        stack[depth + 1, 0], stack[depth + 1, 1] = second, right
        depth += 2
    return found, best


@kernel
def languages(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    min_letters: int,
    size: int,
    pieces: int,
    lower: NDArray[np.int32],
    vectors: NDArray[np.float32],
    words: NDArray[np.int32],
    spelled: NDArray[np.int64],
    letters: NDArray[np.uint8],
    end_row: int,
    ngrams: NDArray[np.int32],
    bucket: int,
    shortest: int,
    longest: int,
    tree: NDArray[np.int64],
    output: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """offsets: int64[n + 1], data: uint8[m], a LanguageModel's arrays  ->  label of each row, and its probability.

    -1 where there are fewer than min_letters letters. At most `size` bytes of a row are judged (see sample), so the
    cost of a long row does not grow with its length. Sums are float32, in the order of the text.
    """
    rows = len(offsets) - 1
    found, scores = np.full(rows, -1, np.int64), np.zeros(rows)
    room = 2 * size + EXTRA * pieces + 64
    text, word = np.empty(room, np.uint8), np.empty(room, np.uint8)
    total, stack = np.empty(vectors.shape[1], np.float32), np.empty((len(tree) + 2, 2))
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        if not _letters_reach(data, start, end, min_letters):
            continue
        n = sample(data, start, end, size, pieces, lower, text)
        count = _embed(
            text, n, vectors, words, spelled, letters, end_row, ngrams, bucket, shortest, longest, total, word
        )
        if count == 0:
            continue
        for d in range(len(total)):
            total[d] /= np.float32(count)
        label, score = _best(total, tree, output, stack)
        found[row], scores[row] = label, min(np.exp(score), 1.0)
    return found, scores
