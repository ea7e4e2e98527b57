"""One record read by its plan: columns, what they do not hold, names used, and the hash of what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.records.canonical import hash_of, sorted_json
from assay.records.codecs import Row
from assay.records.envelope import RECORD_ID, TIME_NAMES
from assay.records.errors import RecordError, child
from assay.records.keys import entry_text
from assay.records.kind import Field
from assay.records.mapping import ABSENT, Path, value_at, without
from assay.records.plan import Plan, Read
from assay.records.rest import NOTHING, CannotSubtract, merge, same, subtract
from assay.records.schema import ENVELOPE
from assay.records.times import parse_time, raw_time


@dataclass(slots=True)
class Decoded:
    """A record as columns.

    `payload` and `envelope` hold only what was said (no nulls). `extra` is what the columns do not hold, under the
    record's own keys: unknown keys, explicit nulls, and the rest of values that a column holds in part (see rest.py).
    `keys` says which names were used (see keys.py). `text` is the text view. `exact`: `restore` on the row gives the
    same canonical JSON as the original.
    """

    kind: str
    user_id: str | None
    payload: dict[str, Any]
    envelope: dict[str, Any]
    extra: dict[str, Any]
    content_hash: str
    keys: str | None
    text: str | None
    exact: bool


class Reading:
    """One record being read by its plan."""

    __slots__ = ("entries", "envelope", "extra", "obj", "payload", "plan", "renamed", "shapes", "to_prove", "trivial")

    def __init__(self, plan: Plan, obj: dict[str, Any]) -> None:
        self.plan, self.obj = plan, obj
        self.payload: dict[str, Any] = {}
        self.envelope: dict[str, Any] = {}
        self.shapes: dict[str, str] = {}  # field -> shape tag
        self.entries: list[str] = []
        self.extra: dict[str, Any] = {key: obj[key] for key in plan.unknown}
        self.renamed: dict[str, Any] = {}  # field -> the value as it was: what the hash is over
        self.to_prove: list[tuple[Read, Any]] = []
        self.trivial = True  # so far nothing but payload columns under our own names in our own shape

    def decoded(self, whole: bytes) -> Decoded:
        kind = self.plan.kind
        user_id = self._user_id()
        for read in self.plan.reads:
            self._read(read)
        if kind.finish is not None:
            before = len(self.payload)
            kind.finish(self.payload, self.shapes)
            self.trivial &= len(self.payload) == before
        if self.to_prove:
            row = {**self.payload, **self.envelope}
            for read, value in self.to_prove:
                self._prove(read, value, row)
        if user_id is None and kind.id_column is not None:
            user_id = self.payload.get(kind.id_column)
            self.renamed.pop(kind.id_column, None)
        content = hash_of(whole) if self._is_whole(user_id) else hash_of(sorted_json(self._content()))
        self._event_time()
        return Decoded(
            kind=kind.name,
            user_id=user_id,
            payload=self.payload,
            envelope=self.envelope,
            extra=self.extra,
            content_hash=content,
            keys=None if self.trivial else ";".join(self.entries),
            text=kind.text_view(self.payload),
            exact=True,  # whatever a column cannot give back was laid aside in `extra` by _prove
        )

    def _user_id(self) -> str | None:
        plan = self.plan
        if plan.id_key is not None:
            value = self.obj[plan.id_key]
            self.trivial = False
            self.entries.append(entry_text(RECORD_ID, (plan.id_key,), "" if isinstance(value, str) else "n"))
            return str(value)
        return str(value_at(self.obj, plan.id_path)) if plan.id_path else None

    def _read(self, read: Read) -> None:
        field = read.field
        if read.keys:
            value: Any = {key: self.obj[key] for key in read.keys}
            self.renamed.update(value)
        else:
            value = self.obj[read.key] if not read.path else value_at(self.obj, read.path)
            if value is None:
                if not read.path:
                    self.extra[read.key] = None
                return
            if type(value) is str and field.codec.direct and len(field.path) == 1 and not read.path:
                self.renamed[field.name] = value
                name = field.path[0]
                if name in ENVELOPE and name != "text":
                    self.envelope[name] = value
                    self.trivial = False
                else:
                    self.payload[name] = value
                    self.trivial &= name == read.key
                self.entries.append(entry_text(field.name, (read.key,)))
                return
        at = "$" if read.keys else child("$", read.key) if not read.path else _path_text(read.path)
        try:
            column, shape = field.codec.read(value, at)
        except RecordError:
            if not field.lenient:
                raise
            self._leave(read, value)
            return
        if field.codec.spread:
            for path, item in column.items():
                self._put(tuple(path.split(".")), item)
        elif column is not None:
            self._put(field.path, column)
        if field.codec.aside:
            self._leave(read, value)
            return
        if not read.keys:
            self.renamed[field.name] = value
        self.shapes[field.name] = shape
        self.to_prove.append((read, value))

    def _leave(self, read: Read, value: Any) -> None:
        """Among the unknown keys, whole."""
        self.trivial = False
        if read.keys:
            self.extra.update(value)
        elif not read.path:
            self.extra[read.key] = self.renamed[read.key] = value

    def _put(self, path: tuple[str, ...], value: Any) -> None:
        home: Any = self.envelope if path[0] in ENVELOPE and path[0] != "text" else self.payload
        for i, step in enumerate(path[:-1]):
            if isinstance(home, list):
                home = _item(home, int(step))
            else:
                home = home.setdefault(step, [] if path[i + 1].isdigit() else {})
        if not isinstance(home, list):
            if isinstance(value, dict) and isinstance(home.get(path[-1]), dict):
                home[path[-1]].update(value)  # a score may be read before the candidate it belongs to
            else:
                home.setdefault(path[-1], value)
            return
        place = _item(home, int(path[-1]))
        place.update(value)

    def _prove(self, read: Read, value: Any, row: Row) -> None:
        """Write the field back; keep in `extra` what does not come back, or all of it where that cannot be said."""
        field = read.field
        written = write_field(field, self.shapes[field.name], row)
        rest: Any = NOTHING
        if written is ABSENT or not same(written, value):
            try:
                if written is ABSENT or read.path:
                    raise CannotSubtract
                rest = subtract(value, written)
                if not same(merge(written, rest), value):
                    raise CannotSubtract
            except CannotSubtract:
                self._leave(read, value)
                return
        shape = self.shapes[field.name]
        if read.path:
            self.trivial = False
            top = str(read.path[0])
            if top not in self.plan.unknown or not all(isinstance(step, str) for step in read.path):
                return  # it stays inside its parent, which is kept whole
            self.extra[top] = without(self.extra, read.path)[top]
            self.entries.append(entry_text(field.name, tuple(map(str, read.path)), shape))
            return
        if read.keys:
            self.trivial = False
            if rest is not NOTHING:
                self.extra.update(rest)
            self.entries.append(entry_text(field.name, (), shape))
            return
        if rest is not NOTHING:
            self.extra[read.key] = rest
        self.trivial &= field.path == (read.key,) == (field.name,) and not shape and read.key not in ENVELOPE
        self.trivial &= not field.codec.spread
        self.entries.append(entry_text(field.name, (read.key,), shape))

    def _is_whole(self, user_id: str | None) -> bool:
        """Whether the content is the object as it stands: no id in it and no name that is not ours."""
        if user_id is not None or self.plan.id_path:
            return False
        return all(read.keeps_name() for read in self.plan.reads)

    def _content(self) -> dict[str, Any]:
        """What the record said, without its id, under our names where we know them."""
        plan = self.plan
        content = dict(self.renamed)
        for key in plan.unknown:
            name = key
            while name in content:  # a key that is called like the field that another key filled
                name = "extra." + name
            content[name] = self.obj[key]
        if plan.id_path and all(isinstance(step, str) for step in plan.id_path):
            top = next((r.field.name for r in plan.reads if r.key == plan.id_path[0]), plan.id_path[0])
            if top in content:
                content = without(content, (str(top), *plan.id_path[1:]))
        return content

    def _event_time(self) -> None:
        """The record's own time, from its top level or its metadata. The original stays where it was."""
        if "event_time" in self.envelope or "event_time_raw" in self.envelope:
            return
        key = self.plan.time_key
        value = self.obj[key] if key is not None else None
        if value is None:
            inner = self.obj.get("metadata", self.obj.get("meta"))
            if not isinstance(inner, dict):
                return
            value = next((inner[name] for name in TIME_NAMES if inner.get(name) is not None), None)
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            return
        time = parse_time(value)
        if time is None and not isinstance(value, str):
            return  # 0.033 is seconds since an episode began: a clock of its own, not a time badly written
        if time is not None:
            self.envelope["event_time"] = time
        raw = raw_time(value, time)
        if raw is not None:
            self.envelope["event_time_raw"] = raw


def _item(items: list[Any], i: int) -> dict[str, Any]:
    while len(items) <= i:
        items.append({})
    found: dict[str, Any] = items[i]
    return found


def _path_text(path: Path) -> str:
    at = "$"
    for step in path:
        at = child(at, step)
    return at


def column_value(row: Row, path: tuple[str, ...]) -> Any:
    """The value at a column path of a row; None where any step is null."""
    found: Any = row
    for step in path:
        if found is None:
            return None
        found = (found[int(step) :] or [None])[0] if isinstance(found, list) else found.get(step)
    return found


def write_field(field: Field, shape: str, row: Row) -> Any:
    """What a field was read from; ABSENT where its column is null."""
    if field.codec.spread:
        return field.codec.write(None, shape, row)
    value = column_value(row, field.path)
    return ABSENT if value is None else field.codec.write(value, shape, row)
