"""JSON documents: lists, objects by id, wrapped lists, splits, SQuAD, values side by side; element by element."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from assay.formats.base import FORMATS, Bad, Chunk, Format, Item, Limits, Shape, Stream
from assay.formats.cutting import Place, bad_chunk, cut
from assay.formats.json_value import BadValue, parse_value
from assay.formats.scan import ElementFinder, next_sibling

_SPACE = b" \t\r\n"
_SKIP = 1 << 20


def split_json(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    options = shape.options
    place = Place(fragment=limits.used, counts_rows=not options["explode"])
    light = Shape(shape.format, shape.encoding, {"explode": options["explode"], "rows": options["rows"]})
    spans = sorted([*options["outside"], *options["sections"]], key=lambda span: span[0])
    for span in spans:
        _skip(stream, place, span[0])
        if len(span) == 3:
            start, end, key = span
            raw = stream.read(end - start)
            detail = f"The member `{key}` beside the list of records is no record"
            yield bad_chunk(light, place, Bad("outside_records", detail, place.row, start, len(raw), raw), raw)
        else:
            yield from _section(stream, light, limits, place, mode=span[2], extra=span[3])
    if not (len(spans) == 1 and spans[0][2] == "values"):
        yield from _tail(stream, light, place, list_ends=options["top"])


def _section(
    stream: Stream, shape: Shape, limits: Limits, place: Place, *, mode: str, extra: Mapping[str, Any]
) -> Iterator[Chunk]:
    finder = ElementFinder(values=mode == "values")
    place.extra = {"mode": mode, "extra": extra}
    yield from cut(stream, shape, limits, finder, place)
    rest = place.rest
    place.rest = b""
    if finder.closed:
        stream.unread(rest)  # the closing bracket and what was read beyond it
        return
    blank = not rest.strip(_SPACE)
    if stream.broken is not None:
        reason, detail = stream.broken
        yield bad_chunk(shape, place, Bad(reason, detail, place.row, place.offset, len(rest), rest), rest)
        return
    if not blank:
        ends = np.array([len(rest)], np.int64).tobytes()
        row = place.row if place.counts_rows else -1
        yield Chunk(shape, rest, ends, row, place.line, place.offset, place.extra)
        whole = mode == "values" or not _is_value(rest, shape)
        place.step(rest, 1)
        if whole:
            return  # its own error says enough
    if mode != "values":
        detail = "The document ends before its list or object of records is closed"
        yield bad_chunk(shape, place, Bad("truncated_json", detail, place.row, place.offset, 0, b""), b"")


def _is_value(rest: bytes, shape: Shape) -> bool:
    raw = rest.strip(_SPACE).removeprefix(b",")
    try:
        parse_value(b"{" + raw + b"}" if raw.lstrip().startswith(b'"') else raw, shape.encoding)
    except BadValue:
        return False
    return True


def _skip(stream: Stream, place: Place, to: int) -> None:
    while place.offset < to and (data := stream.read(min(_SKIP, to - place.offset))):
        place.offset += len(data)
        place.line += data.count(b"\n")
        place.fragment += len(data)


def _tail(stream: Stream, shape: Shape, place: Place, *, list_ends: bool) -> Iterator[Chunk]:
    """What follows the records: nothing but brackets, or a bad place. Read to the end, so that damage there shows."""
    start, kept, length = place.offset, b"", 0
    while data := stream.read(_SKIP):
        if length < (16 << 20):
            kept += data
        length += len(data)
    after = kept.lstrip(_SPACE)[1:] if list_ends else b""
    if stream.broken is not None:
        reason, detail = stream.broken
        yield bad_chunk(shape, place, Bad(reason, detail, place.row, start, 0, b""), b"")
    elif after.strip(_SPACE):
        detail = f"{length} bytes follow the end of the list"
        yield bad_chunk(shape, place, Bad("trailing_bytes", detail, place.row, start, len(kept), kept), b"")


def parse_json(chunk: Chunk) -> Iterator[Item | Bad]:
    start, line = 0, chunk.line
    for n, end in enumerate(chunk.cuts().tolist()):
        unit = chunk.data[start:end]
        row = chunk.row + n if chunk.row >= 0 else 0
        yield from _element(chunk, unit, row, chunk.offset + start, line)
        line += unit.count(b"\n")
        start = end


def _element(chunk: Chunk, unit: bytes, row: int, at: int, line: int, *, piece: bool = False) -> Iterator[Item | Bad]:
    """One element with the separators around it; `at` and `line` are where `unit` starts."""
    lead = len(unit) - len(unit.lstrip(_SPACE + b","))
    raw = unit[lead:].rstrip(_SPACE + b"," if piece else _SPACE)
    commas = unit.count(b",", 0, lead)
    if not raw and not commas:
        return
    if not piece and (not raw or commas > (chunk.extra["mode"] != "values")):
        broken = unit.strip(_SPACE)
        where = unit.find(broken[:1])
        here = line + unit.count(b"\n", 0, where)
        yield Bad("broken_json", "No value between two commas", row, at + where, len(broken), broken, here)
        return
    here = line + unit.count(b"\n", 0, lead)
    try:
        obj = _value(raw, chunk)
    except BadValue as bad:
        if piece and raw[-1:] == (b"}" if chunk.extra["mode"] == "members" else b"]"):
            # The last piece has the bracket that closes the whole, which the broken one kept from being seen.
            yield from _element(chunk, unit[: unit.rfind(raw[-1:])], row, at, line, piece=True)
            return
        pieces = _pieces(unit) if not piece and bad.reason in ("broken_json", "invalid_utf8") else []
        if len(pieces) < 2:
            yield Bad(bad.reason, bad.detail, row, at + lead, len(raw), raw, here)
        else:
            for begin, part in pieces:
                yield from _element(chunk, part, row, at + begin, line + unit.count(b"\n", 0, begin), piece=True)
        return
    if chunk.shape.options["explode"]:
        yield from explode(obj, raw, row, at + lead, here)
    else:
        yield Item(obj, row, at + lead, len(raw), raw, here)


def _pieces(unit: bytes) -> list[tuple[int, bytes]]:
    """A broken element cut where lines begin as its first line does: what lies between may be sound records."""
    cuts, at = [0], 0
    while step := next_sibling(unit[at:]):
        at += step
        cuts.append(at)
    return [(begin, unit[begin:end]) for begin, end in zip(cuts, [*cuts[1:], len(unit)], strict=True)]


def _value(raw: bytes, chunk: Chunk) -> Any:
    mode, extra, encoding = chunk.extra["mode"], chunk.extra["extra"], chunk.shape.encoding
    if mode == "members":
        pair = parse_value(b"{" + raw + b"}", encoding)
        key, obj = next(iter(pair.items()))
        if isinstance(obj, dict):
            return {"id": key, **obj} if "id" not in obj else obj if obj["id"] == key else {**obj, "key": key}
        return obj
    obj = parse_value(raw, encoding)
    if chunk.shape.options["rows"] and isinstance(obj, list):
        obj = {f"c{i}": cell for i, cell in enumerate(obj)}
    if extra and isinstance(obj, dict):
        obj = {**obj, **{key: value for key, value in extra.items() if key not in obj}}
    return obj


def explode(article: Any, raw: bytes, row: int, offset: int, line: int) -> Iterator[Item | Bad]:
    """The questions of a SQuAD article as records that carry their context; every key of the three levels is kept."""
    if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
        yield Item(article, row, offset, len(raw), raw, line)
        return
    outer = {key: value for key, value in article.items() if key != "paragraphs"}
    for p, paragraph in enumerate(article["paragraphs"]):
        questions = paragraph.get("qas") if isinstance(paragraph, dict) else None
        if not isinstance(questions, list):
            found = type(paragraph.get("qas") if isinstance(paragraph, dict) else paragraph).__name__
            detail = f"Expected a list of questions, got `{found}` - at `$.paragraphs[{p}].qas`"
            yield Bad("wrong_type", detail, row, offset, len(raw), raw, line)
            continue
        inner = _joined(outer, {key: value for key, value in paragraph.items() if key != "qas"}, "article")
        if not questions:
            kept = json.dumps(paragraph, ensure_ascii=False).encode("utf-8", "surrogatepass")
            yield Bad("no_questions", f"No question - at `$.paragraphs[{p}].qas`", row, offset, len(kept), kept, line)
        for question in questions:
            obj = _joined(inner, question, "paragraph") if isinstance(question, dict) else question
            yield Item(obj, row, offset, len(raw), raw, line)


def _joined(outer: Mapping[str, Any], inner: Mapping[str, Any], level: str) -> dict[str, Any]:
    """`inner` and what `outer` says besides; a key of both is kept twice, the outer one as `level_key`."""
    kept = {key if key not in inner else f"{level}_{key}": value for key, value in outer.items()}
    return {**inner, **kept}


FORMATS.add(
    Format(
        "json",
        (".json",),
        "A list of objects, objects by id, a list under data/examples/..., splits, SQuAD, or one object.",
        split_json,
        parse_json,
    )
)
