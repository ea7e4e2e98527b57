"""Nothing is lost: whatever decodes comes back from the table as the object that it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.ids import canonical_json
from assay.records import KINDS, Decoded, Decoder, RecordError, Row, find_problems, restore, to_batch
from assay.records.schema import schema_of
from tests.records.strategies import json_value, records

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.names())


def table_row(decoded: Decoded) -> dict[str, Any]:
    batch = to_batch(decoded.kind, [Row(decoded, decoded.user_id or "made-up", domain="default", origin="unknown")])
    batch.validate(full=True)
    assert batch.schema.equals(schema_of(decoded.kind), check_metadata=True)
    row: dict[str, Any] = batch.to_pylist()[0]
    return row


def check(kind: str, obj: Any, decoder: Decoder | None = None) -> bool:
    """Decode, table, restore; True where it decoded."""
    try:
        decoded = (decoder or Decoder(kind)).decode(obj)
    except RecordError:
        return False
    row = table_row(decoded)
    find_problems(decoded.kind, row)
    if decoded.exact:
        assert canonical_json(restore(decoded.kind, row), normal=False) == canonical_json(obj, normal=False)
    return True


@EVERY_KIND
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_decodes_comes_back(kind: str, data: st.DataObject) -> None:
    check(kind, data.draw(records(kind)))


@EVERY_KIND
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_gives_a_record_or_a_record_error(kind: str, data: st.DataObject) -> None:
    check(kind, data.draw(json_value))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(obj=st.sampled_from(KINDS.names()).flatmap(records))
def test_detection_gives_a_record_or_a_record_error(obj: dict[str, Any]) -> None:
    check("auto", obj)


ONE_DECODER = Decoder()


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(obj=st.sampled_from(KINDS.names()).flatmap(records))
def test_what_was_decoded_before_changes_nothing(obj: dict[str, Any]) -> None:
    def outcome(decoder: Decoder) -> Any:
        try:
            return decoder.decode(obj)
        except RecordError as error:
            return str(error)

    assert outcome(ONE_DECODER) == outcome(Decoder())


@EVERY_KIND
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_ordinary_record_is_exact(kind: str, data: st.DataObject) -> None:
    try:
        decoded = Decoder(kind).decode(data.draw(records(kind, clean=True)))
    except RecordError:
        return
    assert decoded.exact


@EVERY_KIND
def test_most_drawn_records_decode(kind: str) -> None:
    """Guards the properties above against testing nothing."""
    tried: list[bool] = []

    @settings(max_examples=200, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(obj=records(kind, clean=True))
    def count(obj: dict[str, Any]) -> None:
        tried.append(check(kind, obj))

    count()
    assert sum(tried) > 20
