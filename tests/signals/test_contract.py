"""What EVERY signal promises, for every kind it is for. A new signal is tested here without editing this file."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError
from assay.records.schema import KIND_NAMES, columns_of
from assay.signals import DIMENSIONS, SIGNALS, Signal, dimension_coverage, known_columns, measure_rows, signals_for
from tests.signals.strategies import tables

# What verbs measure is tested with them.
PAIRS = [(signal, kind) for signal in SIGNALS if signal.scope != "verb" for kind in signal.kinds]
# A signal that reads the same columns of every kind is the same function for each: one kind will do.
CHOSEN = [(signal, kind) for signal, kind in PAIRS if callable(signal.reads) or kind == signal.kinds[0]]
PARAMS = {"as_of": "2026-01-01T00:00:10Z"}
each = pytest.mark.parametrize(("signal", "kind"), CHOSEN, ids=lambda x: x if isinstance(x, str) else x.name)
every_signal = pytest.mark.parametrize("signal", list(SIGNALS), ids=lambda s: s.name)
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
few = settings(max_examples=15, suppress_health_check=_QUIET)
many = settings(max_examples=150, suppress_health_check=_QUIET)


def measured(signal: Signal, kind: str, *fragments: pa.Table) -> list[Any]:
    parts = measure_rows([signal], fragments, kind, PARAMS)
    return [value for part in parts for value in part[signal.name].to_pylist()]


def check(signal: Signal, kind: str, data: st.DataObject) -> None:
    """Declared type and length, no number that is none, and the same values however the rows are cut.

    Row scope: slicing the input slices the output. Dataset scope: fragment layout and order do not matter.
    """
    table = data.draw(tables(signal.columns(kind)))
    out = measure_rows([signal], [table], kind, PARAMS)[0][signal.name]
    assert out.type == signal.writes
    assert len(out) == table.num_rows
    out.validate(full=True)
    whole = out.to_pylist()
    assert not any(isinstance(value, float) and not math.isfinite(value) for value in whole)
    cut = data.draw(st.integers(0, table.num_rows))
    assert measured(signal, kind, table.slice(0, cut), table.slice(cut)) == whole
    if signal.scope == "dataset":
        assert measured(signal, kind, table.slice(cut), table.slice(0, cut)) == whole[cut:] + whole[:cut]
    else:
        assert measured(signal, kind, table.slice(cut)) == whole[cut:]


@each
@few
@given(data=st.data())
def test_keeps_its_declaration_however_the_rows_are_cut(signal: Signal, kind: str, data: st.DataObject) -> None:
    check(signal, kind, data)


@pytest.mark.slow
@each
@many
@given(data=st.data())
def test_keeps_its_declaration_over_many_more_rows(signal: Signal, kind: str, data: st.DataObject) -> None:
    check(signal, kind, data)


@every_signal
def test_is_described(signal: Signal) -> None:
    assert signal.unit
    assert signal.source
    assert signal.doc.strip()
    assert signal.version >= 1
    assert signal.dimension is None or signal.dimension in DIMENSIONS
    assert signal.kinds
    assert set(signal.kinds) <= set(KIND_NAMES)


@every_signal
def test_reads_columns_that_its_kinds_have_with_their_types(signal: Signal) -> None:
    for kind in signal.kinds:
        held = columns_of(kind)
        assert {name: held.get(name) for name in signal.columns(kind)} == signal.columns(kind)


@every_signal
def test_has_no_name_of_a_field(signal: Signal) -> None:
    assert all(signal.name not in columns_of(kind) for kind in KIND_NAMES)


@every_signal
def test_its_fingerprint_tells_kinds_and_parameters_apart(signal: Signal) -> None:
    kind = signal.kinds[0]
    assert signal.fingerprint(kind) == signal.fingerprint(kind, {"somebody_elses": 1})
    for name in signal.params:
        other = __file__ if name in signal.files else "other"  # of a file it reads what is in it
        assert signal.fingerprint(kind) != signal.fingerprint(kind, {name: other})


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_dimension_is_measured_or_said_not_to_be(kind: str) -> None:
    coverage = dimension_coverage(kind)
    assert list(coverage) == list(DIMENSIONS)
    assert {name for names in coverage.values() for name in names} <= set(known_columns(kind))


def test_a_wrong_type_says_what_where_and_how() -> None:
    rows = pa.table({"text": pa.array([1], pa.int64())})
    with pytest.raises(UserError, match=r"E103: signal 'char_count' reads text as .* - at \$\.steps\[2\]\n  fix: give"):
        SIGNALS.get("char_count").run(rows, "qa", at="$.steps[2]")


def test_a_missing_column_is_said_to_be_missing() -> None:
    with pytest.raises(UserError, match="got no such column"):
        SIGNALS.get("char_count").run(pa.table({"other": pa.array(["x"])}), "qa")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'word_count'") as caught:
        signals_for("qa", ["word_counts"], at="$.measure")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # survives a worker


def test_a_name_that_only_other_kinds_have_is_left_out() -> None:
    assert [signal.name for signal in signals_for("qa", ["label_conflicts", "char_count"])] == ["char_count"]
