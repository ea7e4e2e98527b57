"""Personal data taken out of texts: tags in its place, or keyed pseudonyms that stay the same everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.core.errors import UserError
from assay.kernels.pii import END, ROW, START, TYPE, TYPES
from assay.text.pii import REDACTED, find_pii
from assay.transforms.base import Changed, Edit, apply_edits, text_transform, unchanged

MIN_KEY = 16  # bytes; a key that can be guessed makes every pseudonym a dictionary look-up
_LETTERS = "abcdefghijkmnop"  # no digits, so that no part of a token looks like a number; no l


def _key(key_file: str | None, key_env: str | None) -> bytes:
    """The secret bytes of a pseudonym; E104 where there are none or too few, E106 where the file is not there."""
    if key_file is not None:
        try:
            key = Path(key_file).read_bytes().strip()
        except OSError as error:
            raise UserError("E106", f"key_file: {error}", fix="check the path") from None
        named = f"the file {key_file!r}"
    elif key_env is not None:
        key, named = os.environ.get(key_env, "").encode(), f"the environment variable {key_env}"
    else:
        raise UserError("E104", "pseudonyms need a key", fix="give key_file or key_env, or use replace: tag")
    if len(key) < MIN_KEY:
        raise UserError("E104", f"{named} holds {len(key)} bytes of key", fix=f"use {MIN_KEY} random bytes or more")
    return key


def normal_value(kind: str, value: str) -> str:
    """What two spellings of the same thing have in common: separators and case left out where they say nothing."""
    if kind in ("phone", "card"):
        return ("+" if value.lstrip().startswith("+") else "") + "".join(c for c in value if c.isdigit())
    if kind in ("iban", "national_id"):
        return "".join(c for c in value.upper() if c.isalnum())
    return value.casefold() if kind in ("email", "ip", "url") else " ".join(value.split())


class Pseudonyms:
    """Keyed and stable: the same value and key give the same pseudonym, in any record, worker, file and run.

    Each keeps the shape of its type in a range that is nobody's: e-mail addresses at example.org, IP addresses from
    192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 (762 of them, so that two may share one) or 2001:db8::/32, phone
    numbers 555-01xx in any area (72,000 of them), card numbers that begin with 9999 as no issuer's do, links to
    example.org; the other types are a tag with a token. All are passed over by a scan that keeps examples.
    """

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()

    def __call__(self, kind: str, value: str) -> str:
        digest = blake2b(f"{kind}\0{normal_value(kind, value)}".encode(), key=self._key, digest_size=32).digest()
        number = int.from_bytes(digest, "big")
        token = self._token(number)
        if kind == "email":
            return f"user.{token}@example.org"
        if kind == "ip" and ":" in value:
            return "2001:db8:" + ":".join(f"{0x1000 + (number >> 16 * k) % 0xE000:x}" for k in range(6))
        if kind == "ip":
            return f"{('192.0.2', '198.51.100', '203.0.113')[number % 3]}.{1 + number // 3 % 254}"
        if kind == "phone":
            return f"({200 + number % 720}) 555-01{number // 720 % 100:02}"
        if kind == "card":
            return f"9999-{number % 10**4:04}-{number // 10**4 % 10**4:04}-{number // 10**8 % 10**4:04}"
        if kind == "url":
            return f"https://example.org/{token}"
        return f"<{kind.upper()}:{token}>"

    @staticmethod
    def _token(number: int) -> str:
        out = []
        for _ in range(14):
            number, rest = divmod(number, len(_LETTERS))
            out.append(_LETTERS[rest])
        return "".join(out)


def tag(kind: str, value: str) -> str:
    """<EMAIL>, <PHONE>, ...; the same whatever the value was."""
    return f"<{kind.upper()}>"


def _placed(place: int, edits: Sequence[Edit], *, end: bool) -> int:
    """A byte of the new text in the old one; within a replacement, the begin (or end) of what was replaced."""
    shift = 0
    for edit in edits:
        size = len(edit.text.encode())
        first = edit.start + shift
        if place < first or (end and place == first):
            break
        if place < first + size or (end and place == first + size):
            return edit.end if end else edit.start
        shift += size - (edit.end - edit.start)
    return place - shift


def _row_edits(
    old: bytes, edits: Sequence[Edit], found: Sequence[Sequence[int]], instead: Callable[[str, str], str]
) -> list[Edit]:
    """The edits of one text with those for what was found in the text that they made; what overlaps becomes one.

    Of a URL and what stands in it only the URL goes, if URLs are to go.
    """
    spans = [(edit.start, edit.end, edit.what) for edit in edits]
    for span in found:
        first = _placed(span[START], edits, end=False)
        spans.append((first, max(first, _placed(span[END], edits, end=True)), TYPES[span[TYPE]]))
    merged: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, kind))
    return [Edit(a, b, instead(kind, old[a:b].decode("utf-8", "replace")), kind) for a, b, kind in merged]


def _edits(
    text: pa.LargeStringArray, types: Sequence[str], public_ips: bool, instead: Callable[[str, str], str]
) -> Mapping[int, Sequence[Edit]]:
    """Per row what is to be replaced, until nothing more is found.

    Something may be found only once its neighbour is gone: `1` before a tag is no longer part of a word.
    """
    offsets, data = utf8_views(text)
    edits: dict[int, Sequence[Edit]] = {}
    rows, seen = np.arange(len(text)), text
    while True:
        found = find_pii(seen, types, public_ips, True)
        if len(found) == 0:
            return edits
        hit = np.unique(found[:, ROW])
        parts = np.split(found, np.flatnonzero(np.diff(found[:, ROW])) + 1)
        before = dict(edits)
        for row, spans in zip(rows[hit].tolist(), parts, strict=True):
            old = data[offsets[row] : offsets[row + 1]].tobytes()
            edits[row] = _row_edits(old, edits.get(row, ()), spans.tolist(), instead)
        if edits == before:  # found inside a replacement, and replacing it again gives the same
            return edits
        rows = rows[hit]
        now = {k: edits[row] for k, row in enumerate(rows.tolist())}
        seen, _ = apply_edits(text.take(pa.array(rows)), now)


@text_transform(
    source="docs/decisions/pii.md",
    params={"types": REDACTED, "replace": "tag", "public_ips": True, "key_file": None, "key_env": None},
    files=("key_file",),
    python_bound=True,
    json=True,
)
def redact_pii(
    text: pa.LargeStringArray,
    types: Sequence[str],
    replace: str,
    public_ips: bool,
    key_file: str | None,
    key_env: str | None,
) -> Changed:
    """Personal data and secrets replaced: `replace: tag` puts <EMAIL>, `replace: pseudonym` a keyed stand-in.

    `types`: as of the signal `pii_spans`, without URLs and street addresses unless named. What is reserved for
    examples stays. A pseudonym needs a key of at least 16 bytes in `key_file` or in the environment variable `key_env`;
    whoever has the key can test a guess. A second run over the result changes nothing. The changes say where and of
    what type, never what was there.
    """
    if replace not in ("tag", "pseudonym"):
        raise UserError("E104", f"replace: {replace!r} is no way to replace", fix="use tag or pseudonym")
    instead = tag if replace == "tag" else Pseudonyms(_key(key_file, key_env))
    edits = _edits(text, types, public_ips, instead)
    return apply_edits(text, edits) if edits else unchanged(text)
