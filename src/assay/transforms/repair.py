"""Text that was read in the wrong encoding, put right where that can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import ftfy
import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.transforms.base import Changed, Edit, apply_edits, text_transform

_LINES = re.compile(r"[^\n]*\n?")
_ENCODING = (
    "fix_encoding",
    "restore_byte_a0",
    "replace_lossy_sequences",
    "decode_inconsistent_utf8",
    "fix_c1_controls",
)
# What ftfy calls a step -> what we count.
_NAMES = {
    "unescape_html": "html_entities",
    "remove_terminal_escapes": "terminal_escapes",
    "decode_inconsistent_utf8": "encoding",
    "fix_c1_controls": "encoding",
    "restore_byte_a0": "encoding",
    "replace_lossy_sequences": "encoding",
    "fix_latin_ligatures": "ligatures",
    "fix_character_width": "width",
    "uncurl_quotes": "quotes",
    "fix_line_breaks": "line_breaks",
    "fix_surrogates": "surrogates",
    "remove_control_chars": "control_characters",
}


@text_transform(
    params={
        "encoding": True,
        "control_characters": True,
        "html_entities": False,
        "ligatures": False,
        "width": False,
        "quotes": False,
    },
    source="ftfy (Speer 2019); its explanation steps are the notes",
    python_bound=True,
    json=True,
)
def repair_encoding(
    text: pa.LargeStringArray,
    *,
    encoding: bool,
    control_characters: bool,
    html_entities: bool,
    ligatures: bool,
    width: bool,
    quotes: bool,
) -> Changed:
    """Undo mojibake (`cafÃ©` is `café`), and drop control characters that no text holds.

    Line by line, as ftfy does. What is changed is named: encoding, control_characters, and where they are asked for
    html_entities (`&amp;`), ligatures (`ﬁ`), width (full-width letters) and quotes (curly to straight). The note of a
    change lists the steps, such as "encode latin-1, decode utf-8". Unicode is not normalised.
    """
    config = ftfy.TextFixerConfig(
        unescape_html=html_entities,
        remove_terminal_escapes=control_characters,
        fix_latin_ligatures=ligatures,
        fix_character_width=width,
        uncurl_quotes=quotes,
        fix_line_breaks=False,
        remove_control_chars=control_characters,
        normalization=None,
        **dict.fromkeys(_ENCODING, encoding),
    )
    wanted = _suspects(text, entities=html_entities)
    edits = {}
    for row in np.flatnonzero(wanted).tolist():
        found = list(_edits(text[row].as_py(), config))
        if found:
            edits[row] = found
    return apply_edits(text, edits)


def _suspects(text: pa.LargeStringArray, *, entities: bool) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Texts that are not plain printable ASCII: ftfy changes nothing in the others."""
    offsets, data = utf8_views(text)
    out = np.zeros(len(text), np.bool_)
    if not len(data):
        return out
    span = data[int(offsets[0]) : int(offsets[-1])]
    odd = (span >= 0x7F) | ((span < 0x20) & (span != 0x0A) & (span != 0x09))
    if entities:
        odd |= span == ord("&")
    before = np.concatenate([[0], np.cumsum(odd)])
    places = offsets - offsets[0]
    return np.asarray(before[places[1:]] > before[places[:-1]])


def _edits(text: str, config: ftfy.TextFixerConfig) -> Iterator[Edit]:
    at = 0
    for match in _LINES.finditer(text):
        line = match[0]
        size = len(line.encode())
        if line and not (line.isascii() and line.isprintable()):
            fixed, steps = ftfy.fix_and_explain(line, config)
            if fixed != line:
                yield _trimmed(line, fixed, at, *_named(steps or []))
        at += size


def _named(steps: list[Any]) -> tuple[str, str]:
    names = [_NAMES.get(step.parameter, "encoding") if step.action == "apply" else "encoding" for step in steps]
    what = "encoding" if "encoding" in names or not names else names[0]
    said = [_NAMES.get(s.parameter, s.parameter) if s.action == "apply" else f"{s.action} {s.parameter}" for s in steps]
    return what, ", ".join(said)


def _trimmed(old: str, new: str, at: int, what: str, note: str) -> Edit:
    """The change without what both have at their ends."""
    front = 0
    while front < min(len(old), len(new)) and old[front] == new[front]:
        front += 1
    back = 0
    while back < min(len(old), len(new)) - front and old[-1 - back] == new[-1 - back]:
        back += 1
    start = at + len(old[:front].encode())
    middle = old[front : len(old) - back]
    return Edit(start, start + len(middle.encode()), new[front : len(new) - back], what, note)
