"""What a signal is: a declared measurement of rows, and the table of all of them.

Three scopes. `row`: a pure function of one record, so slicing the input slices the output. `dataset`: depends on
other rows; each fragment is summarised, summaries are combined in a way that does not depend on how the rows were
cut, and the result is mapped back. `verb`: depends on other rows and needs more than one look at them; a verb of its
own (`dedupe`, `contamination`) measures it. Values are never NaN or infinite; unknown is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.core.errors import UnknownName, UserError
from assay.core.extras import need_extra
from assay.core.ids import fingerprint, path_digest
from assay.core.registry import Registry
from assay.records.schema import KIND_NAMES, columns_of

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "validity", "uniqueness")
ALL = KIND_NAMES

Columns = Mapping[str, pa.DataType]
Shared: TypeAlias = Callable[..., Mapping[str, pa.Array]]
Rows: TypeAlias = pa.Table | pa.RecordBatch
_NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A declared measurement. The declaration is checked on every call, not trusted.

    reads: columns by name, or a function of the kind where kinds keep the same thing in different columns; a
        signal of the second sort is also told the kind.
    dimension: the quality dimension it gives evidence for; None for a plain description (a length, a language).
    params: names with their defaults; a caller's value is part of the fingerprint.
    default: part of what `measure` and `check` compute unasked.
    python_bound: spends its time in Python code holding the interpreter lock: processes help, threads do not.
    files: those params that name a file or a folder; the fingerprint holds what is in it, not where it lies.
    extra: the extra of pyproject whose libraries it needs, None for none. Such a signal is never a default.
    shared: a function (names, **columns) -> values by name that measures it together with others, which name the same
        function and the same columns, no parameters: what they have in common is done once. See `run_together`.
    made_by: of a verb-scope signal, what measures it, as one would type it: "dedupe --method near".
    """

    name: str
    version: int  # bump when any output value can change: it is part of the fingerprint
    scope: Literal["row", "dataset", "verb"]
    dimension: str | None
    kinds: tuple[str, ...]
    reads: Columns | Callable[[str], Columns]
    writes: pa.DataType
    unit: str
    source: str
    doc: str
    params: Mapping[str, Any] = field(default_factory=dict)
    default: bool = True
    python_bound: bool = False
    files: tuple[str, ...] = ()
    extra: str | None = None
    shared: Shared | None = None
    made_by: str | None = None
    row: Callable[..., pa.Array] | None = None
    steps: tuple[Callable[..., pa.Table], Callable[..., pa.Table], Callable[..., pa.Array]] | None = None

    def for_kind(self, kind: str) -> bool:
        return kind in self.kinds

    def columns(self, kind: str) -> dict[str, pa.DataType]:
        """The columns it reads for records of this kind, with their types."""
        return dict(self.reads(kind) if callable(self.reads) else self.reads)

    def fingerprint(self, kind: str, params: Mapping[str, Any] = _NO_PARAMS) -> str:
        """32 hex digits: two equal fingerprints promise equal values on equal rows (dataset scope: equal datasets).

        E106 when a file that a parameter names is not there.
        """
        own = self._own(params)
        own.update({name: path_digest(own[name], name) for name in self.files if own[name] is not None})
        return fingerprint("signal", self.name, self.version, self.scope, kind, str(self.writes), own)

    def run(self, rows: Rows, kind: str, params: Mapping[str, Any] = _NO_PARAMS, *, at: str = "") -> pa.Array:
        """Values of a row-scope signal, one per row. E103 when a column is missing or of another type."""
        if self.row is None:
            raise TypeError(f"signal {self.name!r} has {self.scope} scope")
        self.check_extra(at=at)
        return self._checked(self.row(**self._take(rows, kind, at), **self._own(params)), len(rows))

    def summarise(self, rows: Rows, kind: str, *, at: str = "") -> pa.Table:
        """What other fragments need to know about this one; small beside the fragment. Parameters play no part."""
        if self.steps is None:
            raise TypeError(f"signal {self.name!r} has {self.scope} scope")
        self.check_extra(at=at)
        return self.steps[0](**self._take(rows, kind, at))

    def combine(self, summaries: Sequence[pa.Table]) -> pa.Table:
        """One state from all summaries, of one fragment or more; the same for any cut of the rows into fragments."""
        if self.steps is None:
            raise TypeError(f"signal {self.name!r} has {self.scope} scope")
        return self.steps[1](pa.concat_tables(summaries))

    def apply(
        self, state: pa.Table, rows: Rows, kind: str, params: Mapping[str, Any] = _NO_PARAMS, *, at: str = ""
    ) -> pa.Array:
        """Values for the rows of one fragment, given the state of the whole dataset."""
        if self.steps is None:
            raise TypeError(f"signal {self.name!r} has {self.scope} scope")
        return self._checked(self.steps[2](state, **self._take(rows, kind, at), **self._own(params)), len(rows))

    def check_extra(self, *, at: str = "") -> None:
        """E105 when the libraries it needs are not installed."""
        if self.extra is not None:
            need_extra(self.extra, f"signal {self.name!r}", at=at)

    def _own(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {name: params.get(name, default) for name, default in self.params.items()}

    def _take(self, rows: Rows, kind: str, at: str) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for name, dtype in self.columns(kind).items():
            index = rows.schema.get_field_index(name)
            found = rows.schema.field(index).type if index >= 0 else None
            if found is None or not found.equals(dtype):
                raise UserError(
                    "E103",
                    f"signal {self.name!r} reads {name} as {dtype}, got {'no such column' if found is None else found}",
                    at=at,
                    fix=f"give it the column {name!r} of kind {kind!r} as {dtype}",
                )
            taken[name] = one_array(rows.column(index))
        return {"kind": kind, **taken} if callable(self.reads) else taken

    def _checked(self, out: pa.Array, rows: int) -> pa.Array:
        if out.type != self.writes or len(out) != rows:
            raise TypeError(f"bug in signal {self.name!r}: declared {self.writes}[{rows}], gave {out.type}[{len(out)}]")
        if pa.types.is_floating(out.type) and pc.all(pc.is_finite(out), skip_nulls=True).as_py() is False:
            raise ValueError(f"bug in signal {self.name!r}: NaN or infinity; unknown is null")
        return out


SIGNALS: Registry[Signal] = Registry("signal")


def row_signal(
    *,
    dimension: str | None,
    reads: Columns | Callable[[str], Columns],
    writes: pa.DataType,
    unit: str,
    source: str,
    kinds: tuple[str, ...] = ALL,
    version: int = 1,
    params: Mapping[str, Any] = _NO_PARAMS,
    default: bool = True,
    python_bound: bool = False,
    files: tuple[str, ...] = (),
    extra: str | None = None,
    shared: Shared | None = None,
) -> Callable[[Callable[..., pa.Array]], Callable[..., pa.Array]]:
    """Register the decorated function under its own name; it stays an ordinary function of columns."""

    def register(run: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
        SIGNALS.add(
            Signal(
                name=run.__name__,
                version=version,
                scope="row",
                dimension=dimension,
                kinds=kinds,
                reads=reads,
                writes=writes,
                unit=unit,
                source=source,
                doc=run.__doc__ or "",
                params=dict(params),
                default=default,
                python_bound=python_bound,
                files=files,
                extra=extra,
                shared=shared,
                row=run,
            )
        )
        return run

    return register


def dataset_signal(
    *,
    dimension: str | None,
    reads: Columns | Callable[[str], Columns],
    writes: pa.DataType,
    unit: str,
    source: str,
    summarise: Callable[..., pa.Table],
    combine: Callable[..., pa.Table],
    kinds: tuple[str, ...] = ALL,
    version: int = 1,
    params: Mapping[str, Any] = _NO_PARAMS,
    default: bool = True,
    python_bound: bool = False,
    files: tuple[str, ...] = (),
    extra: str | None = None,
) -> Callable[[Callable[..., pa.Array]], Callable[..., pa.Array]]:
    """Register the decorated function as the apply step, (state, **columns, **params) -> array, under its own name.

    summarise(**columns) -> table; combine(table of all summaries) -> state; neither sees parameters. `combine` must
    not depend on the order of its rows beyond what it sorts itself.
    """

    def register(apply: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
        SIGNALS.add(
            Signal(
                name=apply.__name__,
                version=version,
                scope="dataset",
                dimension=dimension,
                kinds=kinds,
                reads=reads,
                writes=writes,
                unit=unit,
                source=source,
                doc=apply.__doc__ or "",
                params=dict(params),
                default=default,
                python_bound=python_bound,
                files=files,
                extra=extra,
                steps=(summarise, combine, apply),
            )
        )
        return apply

    return register


def verb_signal(
    name: str,
    doc: str,
    *,
    made_by: str,
    writes: pa.DataType,
    unit: str,
    source: str,
    kinds: tuple[str, ...] = ALL,
    dimension: str | None = "uniqueness",
    version: int = 1,
) -> Signal:
    """Register a signal that a verb of its own measures; never a default."""
    return SIGNALS.add(
        Signal(
            name=name,
            version=version,
            scope="verb",
            dimension=dimension,
            kinds=kinds,
            reads={},
            writes=writes,
            unit=unit,
            source=source,
            doc=doc,
            default=False,
            made_by=made_by,
        )
    )


def default_signals(kind: str) -> list[Signal]:
    """The default profile of a kind, in order of registration."""
    return [signal for signal in SIGNALS if signal.default and signal.for_kind(kind)]


def signals_for(kind: str, names: Sequence[str] = (), *, at: str = "") -> list[Signal]:
    """The named signals that apply to this kind; no names means its default profile.

    E101 for a name that no kind has. A name that only other kinds have is left out: one recipe measures many kinds.
    """
    if not names:
        return default_signals(kind)
    wanted = {SIGNALS.get(name, at=at).name for name in names}
    return [signal for signal in SIGNALS if signal.name in wanted and signal.for_kind(kind)]


def check_params(params: Mapping[str, Any], *, at: str = "") -> None:
    """E101 with the nearest name for a parameter that no signal has."""
    known = {name for signal in SIGNALS for name in signal.params}
    for name in params:
        if name not in known:
            raise UnknownName("signal parameter", name, known, at=at)


def dimension_coverage(kind: str) -> dict[str, list[str]]:
    """Default signals of each dimension for a kind; an empty list means "not measured"."""
    return {d: [s.name for s in default_signals(kind) if s.dimension == d] for d in DIMENSIONS}


def known_columns(kind: str) -> dict[str, pa.DataType]:
    """Every name a rule may use for this kind: fields and signals (default or not), with their types."""
    return {**columns_of(kind), **{signal.name: signal.writes for signal in SIGNALS if signal.for_kind(kind)}}


def run_together(
    signals: Sequence[Signal], rows: Rows, kind: str, params: Mapping[str, Any] = _NO_PARAMS, *, at: str = ""
) -> dict[str, pa.Array]:
    """Values of row-scope signals, in their order; those with the same `shared` function are measured by one call."""
    groups: dict[Shared, list[Signal]] = {}
    for signal in signals:
        if signal.shared is not None:
            groups.setdefault(signal.shared, []).append(signal)
    values: dict[str, pa.Array] = {}
    for shared, members in groups.items():
        found = shared([signal.name for signal in members], **members[0]._take(rows, kind, at))
        values.update({signal.name: signal._checked(found[signal.name], len(rows)) for signal in members})
    return {s.name: values[s.name] if s.name in values else s.run(rows, kind, params, at=at) for s in signals}


def measure_rows(
    signals: Sequence[Signal], fragments: Sequence[Rows], kind: str, params: Mapping[str, Any] = _NO_PARAMS
) -> list[dict[str, pa.Array]]:
    """In memory: every row and dataset signal over every fragment. Used where there is no store (`check`, tests)."""
    own = [signal for signal in signals if signal.scope == "row"]
    out = [run_together(own, rows, kind, params) for rows in fragments]
    for signal in signals:
        if signal.scope == "dataset" and fragments:
            state = signal.combine([signal.summarise(rows, kind) for rows in fragments])
            for values, rows in zip(out, fragments, strict=True):
                values[signal.name] = signal.apply(state, rows, kind, params)
    return out
