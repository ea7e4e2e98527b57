"""The signals there are, as a table and one by one."""

from __future__ import annotations

from typing import Any, Self

from assay.core.errors import UnknownName
from assay.core.extras import has_extra
from assay.core.results import Result
from assay.records.schema import KIND_NAMES
from assay.signals import DIMENSIONS, SIGNALS, Signal


class SignalFacts(Result, frozen=True, kw_only=True):
    """`default`: measured unasked. `extra`: the extra it needs, null for none; `installed` whether that is there."""

    name: str
    dimension: str | None
    kinds: list[str]
    type: str
    unit: str
    scope: str
    default: bool
    extra: str | None
    installed: bool
    what: str  # the first line of its documentation

    @classmethod
    def of(cls, signal: Signal, **more: Any) -> Self:
        return cls(
            name=signal.name,
            dimension=signal.dimension,
            kinds=list(signal.kinds),
            type=str(signal.writes),
            unit=signal.unit,
            scope=signal.scope,
            default=signal.default,
            extra=signal.extra,
            installed=signal.extra is None or has_extra(signal.extra),
            what=signal.doc.strip().partition("\n")[0],
            **more,
        )


class SignalList(Result, frozen=True, kw_only=True):
    signals: list[SignalFacts]

    def lines(self) -> list[str]:
        out = []
        for one in self.signals:
            star = " " if one.default else "*"
            needs = f"  (needs the extra {one.extra!r})" if one.extra and not one.installed else ""
            out.append(f"{star} {one.name:32} {one.dimension or '-':13} {one.what}{needs}")
        return [*out, f"{len(self.signals)} signals; * on request, or when a rule reads it"]


class SignalPage(SignalFacts, frozen=True, kw_only=True):
    """Everything declared about one signal."""

    source: str
    version: int
    reads: dict[str, str]
    params: dict[str, Any]
    files: list[str]
    doc: str

    def lines(self) -> list[str]:
        kinds = "every kind" if len(self.kinds) == len(KIND_NAMES) else ", ".join(self.kinds)
        out = [
            f"{self.name}  v{self.version}",
            *(f"  {line}".rstrip() for line in self.doc.splitlines()),
            "",
            f"  dimension  {self.dimension or 'none: a description'}",
            f"  kinds      {kinds}",
            f"  gives      {self.type}, {self.unit}",
            f"  scope      {self.scope}",
            f"  reads      {', '.join(f'{name} ({dtype})' for name, dtype in self.reads.items())}",
            f"  measured   {'unasked' if self.default else 'on request, or when a rule reads it'}",
        ]
        for name, value in self.params.items():
            file = ", a file or folder" if name in self.files else ""
            out.append(f"  parameter  {name} = {value!r}{file}")
        if self.extra:
            out.append(f"  needs      pip install 'assay[{self.extra}]' ({'there' if self.installed else 'not there'})")
        return [*out, f"  source     {self.source}"]


def signal_list(kind: str | None = None, dimension: str | None = None, *, default_only: bool = False) -> SignalList:
    """Every signal of a kind and a dimension (None: of any). E101 for an unknown one, with the nearest."""
    if kind is not None and kind not in KIND_NAMES:
        raise UnknownName("kind", kind, KIND_NAMES)
    if dimension is not None and dimension not in DIMENSIONS:
        raise UnknownName("dimension", dimension, DIMENSIONS)
    chosen = [
        signal
        for signal in SIGNALS
        if (kind is None or signal.for_kind(kind))
        and (dimension is None or signal.dimension == dimension)
        and (signal.default or not default_only)
    ]
    return SignalList(signals=[SignalFacts.of(signal) for signal in sorted(chosen, key=lambda one: one.name)])


def signal_page(name: str) -> SignalPage:
    """One signal. E101 with the nearest name."""
    signal = SIGNALS.get(name)
    columns: dict[str, str] = {}
    for kind in signal.kinds:
        columns |= {column: str(dtype) for column, dtype in signal.columns(kind).items()}
    return SignalPage.of(
        signal,
        source=signal.source,
        version=signal.version,
        reads=columns,
        params=dict(signal.params),
        files=list(signal.files),
        doc=signal.doc.strip().replace("\n    ", "\n"),
    )
