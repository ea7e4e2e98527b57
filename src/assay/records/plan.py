"""How to read records of one set of keys and shapes: which key fills which field, and which kind that makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.records.codecs import Codec
from assay.records.envelope import ENVELOPE_FIELDS, TIME_NAMES
from assay.records.errors import RecordError, missing_field
from assay.records.kind import KINDS, Field, Kind, plain_name
from assay.records.mapping import ABSENT, Path, value_at

_MARGIN = 0.25  # a kind wins by at least half of the smallest weight: equal scores are not decided by order


@dataclass(frozen=True, slots=True)
class Read:
    """One field and where its value lies: a key, a path given by the user, or several keys of the top level."""

    field: Field
    key: str = ""
    path: Path = ()
    keys: tuple[str, ...] = ()

    def keeps_name(self) -> bool:
        """Whether the content hash sees this under the record's own key."""
        return bool(self.keys) or self.key == self.field.name or self.field.codec.aside


@dataclass(frozen=True, slots=True)
class Plan:
    """Reads in order of the kind's fields; `unknown` are the keys nobody reads."""

    kind: Kind
    reads: tuple[Read, ...]
    unknown: tuple[str, ...]
    id_key: str | None
    id_path: Path
    time_key: str | None
    score: float
    misfit: bool  # some value is of a type its field cannot take: reading will say so

    def reason(self) -> str:
        said = []
        for read in self.reads:
            if read.keys:
                said.append(f"{read.field.name} from {', '.join(read.keys[:4])}{', ...' if len(read.keys) > 4 else ''}")
            else:
                theirs = read.key or str(read.path[-1])
                said.append(theirs if theirs == read.field.name else f"{theirs} as {read.field.name}")
        notes = [self.kind.notes[r.field.name] for r in self.reads if r.field.name in self.kind.notes]
        return "has " + ", ".join(said) + "".join(f" ({note})" for note in notes)


def all_fields(kind: Kind) -> tuple[Field, ...]:
    return kind.fields + ENVELOPE_FIELDS


def probes_for(
    keys: tuple[str, ...], types: tuple[type, ...], kinds: tuple[Kind, ...]
) -> tuple[tuple[str, Codec], ...]:
    """The (key, codec) pairs whose fit depends on more than the value's type: what a plan may depend on."""
    found: dict[tuple[str, int], tuple[str, Codec]] = {}
    for key, kind_of in zip(keys, types, strict=True):
        if kind_of is type(None):
            continue
        name = plain_name(key)
        for kind in kinds:
            for field in all_fields(kind):
                codec = field.codec
                if name in field.strengths and not codec.by_type and (not codec.takes or kind_of in codec.takes):
                    found.setdefault((key, id(codec)), (key, codec))
    return tuple(found.values())


def has_time_key(keys: tuple[str, ...]) -> bool:
    names = {plain_name(key) for key in keys}
    return not names.isdisjoint(TIME_NAMES) or {"year", "month", "day"} <= names


def _clash(path: tuple[str, ...], taken: list[tuple[str, ...]]) -> bool:
    return any(path[: len(other)] == other[: len(path)] for other in taken)


def _adds(field: Field, taken: list[tuple[str, ...]]) -> bool:
    return field.adds and field.path not in taken and any(other[0] == field.path[0] for other in taken)


def make_plan(obj: Mapping[str, Any], kind: Kind, mapping: Mapping[str, Path], *, misfits: bool = False) -> Plan | None:
    """Read this object as that kind; None where something required is not there. `misfits` accepts wrong types."""
    names: dict[str, str] = {}
    for key in sorted(obj, key=lambda k: (k != plain_name(k), k)):  # the plain spelling first, then by code point
        names.setdefault(plain_name(key), key)
    taken_keys: set[str] = set()
    taken: list[tuple[str, ...]] = []
    reads: dict[str, Read] = {}
    score = 0.0
    misfit = False

    def take(field: Field, read: Read, weight: float) -> None:
        nonlocal score
        reads[field.name] = read
        taken.append(field.path)
        taken_keys.update([read.key] if read.key else read.keys)
        score += weight

    fields = all_fields(kind)
    id_key, id_path = _find_id(obj, kind, names, mapping)
    if id_key is not None:
        taken_keys.add(id_key)
    for ours, path in mapping.items():
        if ours in ("record_id", "id"):
            continue
        value = value_at(obj, path)
        if value is ABSENT:
            continue
        mapped = [f for f in fields if f.name == ours] + [f for f in fields if f.path == (ours,) and f.name != ours]
        field = next((f for f in mapped if value is None or f.codec.fits(value)), mapped[0])
        misfit |= not (value is None or field.codec.fits(value))
        direct = len(path) == 1 and isinstance(path[0], str)
        take(field, Read(field, key=str(path[0])) if direct else Read(field, path=path), 2 * field.weight)
    for field in fields:
        if field.name in reads or (_clash(field.path, taken) and not _adds(field, taken)):
            continue
        for name, weight in field.strengths.items():
            theirs = names.get(name)
            if theirs is None or theirs in taken_keys:
                continue
            value = obj[theirs]
            if value is None or field.codec.fits(value):
                take(field, Read(field, key=theirs), weight)
                break
    if kind.gather is not None:
        free = [key for key in obj if key not in taken_keys]
        for name, keys in kind.gather(obj, names, free, frozenset(reads)).items():
            field = kind.by_name[name]
            if not _clash(field.path, taken):
                take(field, Read(field, keys=tuple(keys)), field.weight)
    if misfits:
        for field in kind.fields:
            # Our own name with a value that cannot be: an error to report, not an unknown key to keep.
            if field.lenient or field.name in reads or _clash(field.path, taken):
                continue
            strong = (name for name, weight in field.strengths.items() if weight == field.weight)
            found = next((names[n] for n in strong if n in names and names[n] not in taken_keys), None)
            needed = any(field.path[0] in group.split("|") for group in kind.required)
            if found is not None and (needed or plain_name(found) == field.name):
                take(field, Read(field, key=found), 0.25 * field.weight)
                misfit = True
    said = {path[0] for path in taken}
    if any(said.isdisjoint(group.split("|")) for group in kind.required):
        return None
    order = {field.name: i for i, field in enumerate(fields)}
    time_key = next((names[name] for name in TIME_NAMES if name in names), None)
    return Plan(
        kind=kind,
        reads=tuple(sorted(reads.values(), key=lambda read: order[read.field.name])),
        unknown=tuple(key for key in obj if key not in taken_keys),
        id_key=id_key,
        id_path=id_path,
        time_key=time_key,
        score=score,
        misfit=misfit,
    )


def _find_id(
    obj: Mapping[str, Any], kind: Kind, names: Mapping[str, str], mapping: Mapping[str, Path]
) -> tuple[str | None, Path]:
    """The key that names the record (a text that is not empty, or a whole number), or the path the user gave."""
    path = mapping.get("record_id", mapping.get("id", ()))
    if path:
        value = value_at(obj, path)
        if not _is_id(value):
            return None, ()
        return (str(path[0]), ()) if len(path) == 1 and isinstance(path[0], str) else (None, path)
    for name in kind.id_fields:
        key = names.get(name)
        if key is not None and _is_id(obj[key]):
            return key, ()
    return None, ()


def _is_id(value: Any) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def plan_as(obj: Mapping[str, Any], kind: Kind, mapping: Mapping[str, Path]) -> Plan:
    """A plan for a kind the user named; says what is missing where it cannot be."""
    plan = make_plan(obj, kind, mapping, misfits=True)
    if plan is not None:
        return plan
    said = {read.field.path[0] for read in _partial(obj, kind, mapping)}
    for group in kind.required:
        if said.isdisjoint(group.split("|")):
            raise missing_field(group.replace("|", "` or `"))
    raise missing_field(kind.required[0])


def _partial(obj: Mapping[str, Any], kind: Kind, mapping: Mapping[str, Path]) -> tuple[Read, ...]:
    bare = Kind(**{**{f: getattr(kind, f) for f in kind.__dataclass_fields__}, "required": ()})
    plan = make_plan(obj, bare, mapping, misfits=True)
    return plan.reads if plan else ()


def detect(obj: Mapping[str, Any], kinds: tuple[Kind, ...], mapping: Mapping[str, Path]) -> Plan:
    """The plan of the kind whose fields the record has; refuses rather than guesses.

    A kind stands if everything it requires is there in a fitting shape. Its score is the sum of the weights of the
    fields found. Where no kind stands so, one that has the names with a value of another type is taken, so that the
    record is refused for that value and not for its kind.
    """
    names = {plain_name(key) for key in obj}
    open_kinds = [kind for kind in kinds if names.isdisjoint(kind.refuse)]
    for misfits in (False, True):
        made = [make_plan(obj, kind, mapping, misfits=misfits) for kind in open_kinds]
        plans = [plan for plan in made if plan is not None and plan.score >= plan.kind.enough]
        plans.sort(key=lambda plan: -plan.score)
        if plans and (len(plans) == 1 or plans[0].score >= plans[1].score + _MARGIN):
            return plans[0]
        if plans:
            raise _undecided(obj, plans)
    raise _unknown(obj, kinds, mapping)


def _keys_text(obj: Mapping[str, Any]) -> str:
    keys = [str(key) for key in obj]
    return ", ".join(f"`{key[:40]}`" for key in keys[:12]) + (f" and {len(keys) - 12} more" if len(keys) > 12 else "")


def _undecided(obj: Mapping[str, Any], plans: list[Plan]) -> RecordError:
    first, second = plans[0], plans[1]
    return RecordError(
        "unknown_kind",
        f"The keys {_keys_text(obj)} fit {first.kind.name} ({first.reason()}) as well as {second.kind.name} "
        f"({second.reason()}) - at `$`. Say --kind {first.kind.name} or --kind {second.kind.name}",
    )


def _unknown(obj: Mapping[str, Any], kinds: tuple[Kind, ...], mapping: Mapping[str, Path]) -> RecordError:
    if not obj:
        return RecordError("unknown_kind", "An empty object is of no kind - at `$`")
    near = []
    for kind in kinds:
        reads = [read for read in _partial(obj, kind, mapping) if read.field in kind.fields]
        said = {read.field.path[0] for read in reads}
        lacking = [group for group in kind.required if said.isdisjoint(group.split("|"))]
        score = sum(read.field.weight for read in reads) - len(lacking)
        near.append((-score, KINDS.names().index(kind.name), kind, reads, lacking))
    near.sort(key=lambda item: item[:2])
    closest = []
    for _, _, kind, reads, lacking in near[:2]:
        has = ", ".join(f"`{read.key or read.keys[0]}`" for read in reads[:3] if read.key or read.keys)
        wants = " and ".join(f"`{group.replace('|', '` or `')}`" for group in lacking)
        refused = sorted({plain_name(key) for key in obj} & kind.refuse)
        but = f"lacks {wants}" if lacking else f"has `{refused[0]}`" if refused else "is not certain"
        closest.append(f"{kind.name} ({'has ' + has + ', ' if has else ''}{but})")
    # By keys and types alone: the refusal is cached, and must not depend on which record came first.
    texts = [key for key, value in obj.items() if isinstance(value, str) and not plain_name(key).endswith("id")]
    likely = texts[0] if texts else next(iter(obj))
    wanted = near[0][2].required[0].partition("|")[0]
    fix = f"Say which it is and what is what: --kind {near[0][2].name} --map {wanted}={likely[:40]}"
    if "role" in {plain_name(key) for key in obj}:
        fix = "One turn of a dialogue is no record: join the turns into one object with `messages`"
    return RecordError(
        "unknown_kind",
        f"No kind has the keys {_keys_text(obj)} - at `$`. Closest: {' and '.join(closest)}. {fix}",
    )
