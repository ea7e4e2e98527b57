"""What a transform is: a declared, pure change of text that says what it changed; and the table of all of them.

A transform sees one flat column of texts at a time. Which columns of a record hold text that may change is said
once, in `leaves.py`; how they are taken out and put back is the flow's work. A transform always makes a new version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.core.errors import UnknownName
from assay.core.extras import need_extra
from assay.core.ids import fingerprint, path_digest
from assay.core.registry import Registry
from assay.records.schema import KIND_NAMES, TEXT

# One change: bytes start..end of the old text (UTF-8) became `new` bytes. What was there is not kept: a redaction
# that remembers what it took away is none. `what` is counted in the ledger; `note` says more about this one.
CHANGE = pa.struct(
    [
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
        pa.field("new", pa.int64()),
        pa.field("what", TEXT),
        pa.field("note", TEXT),
    ]
)
CHANGES = pa.list_(pa.field("item", CHANGE))

Changed: TypeAlias = tuple[pa.LargeStringArray, pa.ListArray]
_NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class Edit(NamedTuple):
    """Put `text` in the place of bytes start..end of the old text."""

    start: int
    end: int
    text: str
    what: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A declared change of text. `run(text, **params)` gives the new texts and, per text, what was changed.

    run: pure. Slicing the input slices the output, null stays null, a text left alone has null changes. Outside its
        changes a text keeps its bytes. A text may become empty; rules decide about that, not a transform.
    kinds: of records it is meant for.
    json: whether strings inside JSON columns and unknown keys are changed too (redaction must, a page cleaner must
        not). Object keys never change.
    params, files, extra, python_bound: as of a signal.
    """

    name: str
    version: int  # bump when any output can change: it is part of the fingerprint
    kinds: tuple[str, ...]
    source: str
    doc: str
    run: Callable[..., Changed]
    params: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    extra: str | None = None
    python_bound: bool = False
    json: bool = False

    def for_kind(self, kind: str) -> bool:
        return kind in self.kinds

    def fingerprint(self, params: Mapping[str, Any] = _NO_PARAMS) -> str:
        """32 hex digits: equal fingerprints promise equal texts from equal texts. E106: a file is not there."""
        own = self.own(params)
        own.update({name: path_digest(own[name], name) for name in self.files if own[name] is not None})
        return fingerprint("transform", self.name, self.version, own)

    def own(self, params: Mapping[str, Any] = _NO_PARAMS, *, at: str = "") -> dict[str, Any]:
        """Every parameter with its value. E101 for one that it does not have."""
        for name in params:
            if name not in self.params:
                raise UnknownName(f"parameter of transform {self.name!r}", name, self.params, at=at)
        return {name: params.get(name, default) for name, default in self.params.items()}

    def apply(self, text: pa.LargeStringArray, params: Mapping[str, Any] = _NO_PARAMS) -> Changed:
        """New texts and changes, checked against the declaration. E105 when its libraries are not installed."""
        if self.extra is not None:
            need_extra(self.extra, f"transform {self.name!r}")
        new, changes = self.run(text, **self.own(params))
        if new.type != TEXT or changes.type != CHANGES or not len(new) == len(changes) == len(text):
            got = f"{new.type}[{len(new)}] and {changes.type}[{len(changes)}]"
            raise TypeError(f"bug in transform {self.name!r}: gave {got} for {len(text)} texts")
        if not new.is_valid().equals(text.is_valid()):
            raise TypeError(f"bug in transform {self.name!r}: a null text is no longer null, or the other way round")
        return new, changes


TRANSFORMS: Registry[Transform] = Registry("transform")


def text_transform(
    *,
    source: str,
    name: str | None = None,
    kinds: tuple[str, ...] = KIND_NAMES,
    version: int = 1,
    params: Mapping[str, Any] = _NO_PARAMS,
    files: tuple[str, ...] = (),
    extra: str | None = None,
    python_bound: bool = False,
    json: bool = False,
) -> Callable[[Callable[..., Changed]], Callable[..., Changed]]:
    """Register the decorated function, under its own name or `name`; it stays an ordinary function of a column."""

    def register(run: Callable[..., Changed]) -> Callable[..., Changed]:
        TRANSFORMS.add(
            Transform(
                name=name or run.__name__,
                version=version,
                kinds=kinds,
                source=source,
                doc=run.__doc__ or "",
                run=run,
                params=dict(params),
                files=files,
                extra=extra,
                python_bound=python_bound,
                json=json,
            )
        )
        return run

    return register


def unchanged(text: pa.LargeStringArray) -> Changed:
    """The very same texts, and no changes."""
    return text, pa.nulls(len(text), CHANGES)


def apply_edits(text: pa.LargeStringArray, edits: Mapping[int, Sequence[Edit]]) -> Changed:
    """The texts with edits made, and the changes that say so: how a transform builds its answer.

    Args
        edits: row -> its edits, in bytes of the old text, in any order. Rows without edits are left alone; an edit
            that puts back the bytes that were there is left out.
    Raises ValueError for edits that overlap, lie outside their text or cut a character in two.
    """
    offsets, data = utf8_views(text)
    raw = memoryview(data.data) if len(data) else memoryview(b"")
    pieces: list[memoryview | bytes] = []
    grown = np.zeros(len(text) + 1, np.int64)
    counts = np.zeros(len(text), np.int64)
    done: list[tuple[int, Edit, int]] = []
    at = int(offsets[0])
    for row in sorted(edits):
        begin, end = int(offsets[row]), int(offsets[row + 1])
        for edit in sorted(edits[row]):
            first, last = begin + edit.start, begin + edit.end
            if not max(at, begin) <= first <= last <= end:
                raise ValueError(
                    f"text {row}: an edit of bytes {edit.start}..{edit.end} overlaps another or lies outside"
                )
            new = edit.text.encode()
            if raw[first:last] == new:
                continue
            pieces += [raw[at:first], new]
            at = last
            grown[row + 1] += len(new) - (last - first)
            counts[row] += 1
            done.append((row, edit, len(new)))
    if not done:
        return unchanged(text)
    pieces.append(raw[at : int(offsets[-1])])
    places = offsets - offsets[0] + np.cumsum(grown)
    validity = None if text.null_count == 0 else pa.concat_arrays([text.is_valid()]).buffers()[1]
    built = pa.LargeStringArray.from_buffers(
        len(text), pa.py_buffer(places.tobytes()), pa.py_buffer(b"".join(pieces)), validity
    )
    try:
        built.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ValueError(f"an edit cuts a character in two: {error}") from None
    return built, _changes(counts, [edit for _, edit, _ in done], [size for _, _, size in done])


def _changes(counts: np.ndarray[Any, np.dtype[np.int64]], edits: Sequence[Edit], sizes: Sequence[int]) -> pa.ListArray:
    places = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    items = pa.StructArray.from_arrays(
        [
            pa.array([edit.start for edit in edits], pa.int64()),
            pa.array([edit.end for edit in edits], pa.int64()),
            pa.array(sizes, pa.int64()),
            pa.array([edit.what for edit in edits], TEXT),
            pa.array([edit.note for edit in edits], TEXT),
        ],
        fields=list(CHANGE),
    )
    return pa.ListArray.from_arrays(pa.array(places), items, type=CHANGES, mask=pa.array(counts == 0))
