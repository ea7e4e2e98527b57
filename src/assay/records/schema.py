"""The Arrow schema of every kind: one envelope, then the kind's payload columns. Explicit, never inferred.

Text is large_string everywhere. Arbitrary JSON is a large_string with the original text (`*_json`), not a
struct: structs invent null keys, lose key order, and empty ones break Parquet. Times are UTC microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

SCHEMA_VERSION = 1

TEXT = pa.large_string()
TIME = pa.timestamp("us", tz="UTC")


def _list(item: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("item", item))


def _struct(**fields: pa.DataType) -> pa.DataType:
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


GATE = _struct(name=TEXT, version=TEXT, passed=pa.bool_(), detail=TEXT)
PARENT = _struct(record_id=TEXT, content_hash=TEXT)
SOURCE = _struct(
    uri=TEXT,  # of the declared source root: what the user named
    revision=TEXT,  # of the source, where it has one (a git commit, a dataset version)
    path=TEXT,  # relative to the source root, with forward slashes; part of a record's identity
    row=pa.int64(),  # 0-based position of the record in the file
    offset=pa.int64(),  # byte offset of the record in the (decompressed) file
    format=TEXT,
    keys=TEXT,  # "ours=theirs;..." where the file's names were not ours: restores the original record
)
GENERATOR = _struct(
    name=TEXT,
    version=TEXT,
    params_json=TEXT,
    prompt_hash=TEXT,
    seed=pa.int64(),
    attempts=pa.int32(),
    gates=_list(GATE),
    cost=pa.float64(),
)
RAW = _struct(sha256=TEXT, offset=pa.int64(), length=pa.int64())

# record_id is the declared primary key: without it, concurrent merges of the same keys left 81 rows for 21.
RECORD_ID = pa.field("record_id", TEXT, nullable=False, metadata={"lance-schema:unenforced-primary-key": "true"})

ENVELOPE: dict[str, pa.DataType] = {
    "record_id": TEXT,
    "kind": TEXT,
    "schema_version": pa.int16(),
    "domain": TEXT,
    "origin": TEXT,  # human, model, agent, simulator, sensor, unknown
    "license": TEXT,
    "source": SOURCE,
    "event_time": TIME,
    "event_time_raw": TEXT,  # as written, where parsing lost something (a zone, more digits, not a time at all)
    "parents": _list(PARENT),
    "generator": GENERATOR,
    "tags": _list(TEXT),
    "split": TEXT,
    "content_hash": TEXT,
    "raw": RAW,
    "extra_json": TEXT,
    "text": TEXT,
}

MEDIA = _struct(
    uri=TEXT,
    sha256=TEXT,
    mime=TEXT,
    modality=TEXT,
    bytes=pa.large_binary(),
    offset=pa.int64(),
    length=pa.int64(),
    width=pa.int32(),
    height=pa.int32(),
    fps=pa.float64(),
    sample_rate=pa.int32(),
    duration=pa.float64(),
)
PART = _struct(type=TEXT, text=TEXT, media=MEDIA, json=TEXT)
MESSAGE = _struct(role=TEXT, name=TEXT, parts=_list(PART), weight=pa.float64())
TOOL = _struct(name=TEXT, description=TEXT, parameters_json=TEXT, server=TEXT)
TOOL_ERROR = _struct(type=TEXT, code=TEXT, message=TEXT, category=TEXT, transient=pa.bool_(), evidence=TEXT)
TOOL_CALL = _struct(
    call_id=TEXT,
    tool_name=TEXT,
    tool_input_raw=TEXT,
    tool_input_json=TEXT,
    tool_output_json=TEXT,
    tool_output_text=TEXT,
    is_error=pa.bool_(),
    error=TOOL_ERROR,
    attempt=pa.int32(),
    retry_of=TEXT,
    injected_fault_id=TEXT,
    start=TIME,
    end=TIME,
)
USAGE = _struct(
    input=pa.int64(), output=pa.int64(), cache_read=pa.int64(), cache_write=pa.int64(), reasoning=pa.int64()
)
AGENT_STEP = _struct(
    step_number=pa.int32(),
    span_id=TEXT,
    parent_span_id=TEXT,
    source=TEXT,
    model=TEXT,
    messages=_list(MESSAGE),
    reasoning=TEXT,
    tool_calls=_list(TOOL_CALL),
    usage=USAGE,
    finish_reason=TEXT,
    reward=pa.float64(),
    step_label=TEXT,
    loss_weight=pa.float64(),
    start=TIME,
    end=TIME,
)

PAYLOADS: dict[str, dict[str, pa.DataType]] = {
    "classification": {
        "text": TEXT,
        "text_pair": TEXT,
        "label": TEXT,
        "labels": _list(TEXT),
        "soft_labels": _list(_struct(label=TEXT, p=pa.float64())),
        "annotations": _list(_struct(annotator=TEXT, label=TEXT, at=TIME)),
        "label_set": TEXT,
    },
    "qa": {
        "prompt": TEXT,
        "messages": _list(MESSAGE),
        "best_answer": TEXT,
        "answers": _list(_struct(text=TEXT, score=pa.float64(), span_start=pa.int64())),
        "context": _list(PART),
    },
    "reasoning": {
        "question": TEXT,
        "steps": _list(_struct(index=pa.int32(), text=TEXT, rating=pa.float64(), label=TEXT, tool_call_id=TEXT)),
        "final_answer": TEXT,
        "verifier": _struct(name=TEXT, passed=pa.bool_(), detail=TEXT),
    },
    "composite": {"domain": TEXT, "text": TEXT, "metadata_json": TEXT, "media": _list(MEDIA)},
    "agentic": {
        "session_id": TEXT,
        "trace_ids": _list(TEXT),
        "parent_session_id": TEXT,
        "task": _struct(id=TEXT, instruction=TEXT),
        "agent": _struct(name=TEXT, version=TEXT, model=TEXT),
        "system_prompt": TEXT,
        "tools": _list(TOOL),
        "steps": _list(AGENT_STEP),
        "outcome": _struct(
            status=TEXT, termination_reason=TEXT, reward=pa.float64(), success=pa.bool_(), final_answer=TEXT
        ),
        "completeness": _struct(
            content_captured=pa.bool_(),
            dropped_attributes=pa.int64(),
            missing_parents=pa.int64(),
            late_spans=pa.int64(),
            truncated=pa.bool_(),
        ),
    },
    "multimodal": {"text": TEXT, "media": _list(MEDIA), "label": TEXT, "annotations_json": TEXT},
    "simulation": {
        "scenario_id": TEXT,
        "episode_id": TEXT,
        "step_index": pa.int64(),
        "environment": _struct(id=TEXT, version=TEXT, spec_json=TEXT, seed=pa.int64(), dt=pa.float64(), solver=TEXT),
        "state_json": TEXT,
        "state_tensor": _list(pa.float64()),
        "action_json": TEXT,
        "result": _struct(
            outcome=TEXT,
            next_state_json=TEXT,
            reward=pa.float64(),
            terminated=pa.bool_(),
            truncated=pa.bool_(),
            info_json=TEXT,
        ),
        "is_first": pa.bool_(),
        "is_last": pa.bool_(),
        "task": TEXT,
        "notes": TEXT,
    },
    "domain_log": {
        "stream_id": TEXT,
        "timestamp": TIME,
        "sensor_data": _list(_struct(channel=TEXT, value=pa.float64(), value_text=TEXT, unit=TEXT, quality=TEXT)),
        "event_summary": TEXT,
        "severity": TEXT,
        "raw_line": TEXT,
        "template_id": TEXT,
        "labels": _list(_struct(label=TEXT, start=TIME, end=TIME)),
    },
    "preference": {
        "prompt": _list(MESSAGE),
        "tools_json": TEXT,
        "candidates": _list(_struct(messages=_list(MESSAGE), score=pa.float64(), rank=pa.int32(), model=TEXT)),
        "votes": _list(
            _struct(
                rater=TEXT,
                rater_type=TEXT,
                choice=pa.int32(),
                order_shown=_list(pa.int32()),
                tie=pa.bool_(),
                both_bad=pa.bool_(),
                margin=pa.float64(),
                aspects=TEXT,
                rubric_version=TEXT,
                at=TIME,
            )
        ),
        "resolution": _struct(chosen=pa.int32(), rejected=pa.int32(), by=TEXT, margin=pa.float64()),
    },
}

KIND_NAMES = tuple(PAYLOADS)
ORIGINS = ("human", "model", "agent", "simulator", "sensor", "unknown")
SYNTHETIC_ORIGINS = ("model", "simulator")


def schema_of(kind: str) -> pa.Schema:
    """Envelope columns, then payload columns; a payload column of an envelope's name *is* that envelope column."""
    fields = [RECORD_ID if name == "record_id" else pa.field(name, dtype) for name, dtype in ENVELOPE.items()]
    fields += [pa.field(name, dtype) for name, dtype in PAYLOADS[kind].items() if name not in ENVELOPE]
    return pa.schema(fields)


def columns_of(kind: str) -> Mapping[str, pa.DataType]:
    return {field.name: field.type for field in schema_of(kind)}
