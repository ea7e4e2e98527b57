"""Any JSON object to a typed record: which kind it is, and how records of its keys and shapes are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.core.errors import UserError
from assay.records.canonical import encode_whole, parse_json, plain_json
from assay.records.domain_log import NOT_AVAILABLE, is_channel_value
from assay.records.errors import RecordError, json_type
from assay.records.kind import KINDS, Kind
from assay.records.mapping import Path, resolve, value_at
from assay.records.plan import Plan, all_fields, detect, has_time_key, plan_as, probes_for
from assay.records.reading import Decoded, Reading

_CACHE = 4096  # plans kept; a file whose every record has keys of its own must not fill the memory
_SIMPLE = frozenset({str, int, float, bool, type(None)})

__all__ = ["Decoded", "Decoder"]


class Decoder:
    """Decodes objects of one kind, or of whatever kind each shows itself to be. Not shared between threads.

    `mapping` is `parse_map`'s: it binds our fields to the file's names or paths. It is checked here against the kind
    (UserError E303).
    """

    def __init__(self, kind: str = "auto", *, mapping: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self.mapping = dict(mapping or {})
        kinds = tuple(KINDS) if kind == "auto" else (KINDS.get(kind, at="--kind"),)
        self._kinds = tuple(k for k in kinds if self._maps_onto(k))
        if not self._kinds:
            names = ", ".join(sorted(self.mapping))
            where = "any one kind" if kind == "auto" else f"kind {kind!r}"
            known = sorted({f.name for k in kinds for f in all_fields(k)} | {"record_id"})
            fix = "map fields of one kind" if kind == "auto" else f"its fields are {', '.join(known)}"
            raise UserError("E303", f"--map names {names}, which are not all fields of {where}", at="--map", fix=fix)
        self._plans: dict[tuple[Any, ...], Plan | RecordError] = {}
        self._probes: dict[tuple[Any, ...], tuple[Any, bool]] = {}
        self._why: dict[str, str] = {}

    def _maps_onto(self, kind: Kind) -> bool:
        names = {field.name for field in all_fields(kind)} | {f.path[0] for f in kind.fields} | {"record_id", "id"}
        return names.issuperset(self.mapping)

    def why(self) -> dict[str, str]:
        """Kind -> why a first record was taken for it. With a kind given: that it was given."""
        return dict(sorted(self._why.items()))

    def decode(self, obj: Any) -> Decoded:
        """One object as a record.

        Raises
            RecordError: whatever is wrong with it; nothing else escapes for any value that JSON can hold.
        """
        if type(obj) is not dict:
            raise RecordError("not_an_object", f"Expected `object`, got `{json_type(obj)}` - at `$`")
        whole = encode_whole(obj)
        types = tuple(map(type, obj.values()))
        if not _SIMPLE.issuperset(types):
            obj = parse_json(plain_json(obj))  # dates, decimals and bytes of columnar files become what JSON calls them
            types = tuple(map(type, obj.values()))
        plan = self._plan(obj, types)
        return Reading(plan, obj).decoded(whole)

    def _plan(self, obj: dict[str, Any], types: tuple[type, ...]) -> Plan:
        keys = tuple(obj)
        probes, timed = self._probes_of(keys, types)
        shape: list[Any] = [keys, types]
        shape += [codec.fits(obj[key]) for key, codec in probes]
        if timed:
            shape += [_channel_like(value) for value in obj.values()]
        mapping: dict[str, Path] = {}
        if self.mapping:
            mapping = resolve(self.mapping, obj)
            shape += [self._mapped_shape(ours, value_at(obj, path)) for ours, path in mapping.items()]
        cache_key = tuple(shape)
        plan = self._plans.get(cache_key)
        if plan is None:
            if len(self._plans) >= _CACHE:
                self._plans.clear()
            try:
                plan = self._made_plan(obj, mapping)
            except RecordError as error:
                plan = error  # a file of which no record is of a kind must not cost 2 ms for each
            self._plans[cache_key] = plan
        if isinstance(plan, RecordError):
            raise RecordError(plan.reason, plan.detail)
        return plan

    def _made_plan(self, obj: dict[str, Any], mapping: Mapping[str, Path]) -> Plan:
        if self.kind == "auto":
            plan = detect(obj, self._kinds, mapping)
            self._why.setdefault(plan.kind.name, plan.reason())
        else:
            plan = plan_as(obj, self._kinds[0], mapping)
            self._why.setdefault(plan.kind.name, f"--kind {self.kind}")
        return plan

    def _mapped_shape(self, ours: str, value: Any) -> tuple[Any, ...]:
        fits = [f.codec.fits(value) for k in self._kinds for f in all_fields(k) if ours in (f.name, f.path[0])]
        return (type(value), *fits)

    def _probes_of(self, keys: tuple[str, ...], types: tuple[type, ...]) -> tuple[Any, bool]:
        found = self._probes.get((keys, types))
        if found is None:
            timed = any(kind.gather is not None for kind in self._kinds) and has_time_key(keys)
            found = probes_for(keys, types, self._kinds), timed
            if len(self._probes) >= _CACHE:
                self._probes.clear()
            self._probes[keys, types] = found
        return found


def _channel_like(value: Any) -> int:
    if not is_channel_value(value):
        return 0
    return 1 if value is None or value in NOT_AVAILABLE else 2
