"""classification: a text (or a pair of texts) and what class it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.codecs import LABEL, NUMBER, SCALAR, TEXT, TIME, Codec, ListOf, Reshaped, Row, Struct
from assay.records.errors import child
from assay.records.kind import Field, Kind, Problem, problem

_SOFT_ITEM = Struct(label=(SCALAR, ("class", "name")), p=(NUMBER, ("score", "prob", "probability", "confidence")))


def _read_soft(value: Any, at: str) -> tuple[Any, str]:
    if isinstance(value, dict):
        return [{"label": label, "p": NUMBER.read(p, child(at, label))[0]} for label, p in value.items()], "d"
    return ListOf(_SOFT_ITEM).read(value, at)


def _write_soft(value: Any, shape: str, row: Row) -> Any:
    if shape == "d":
        return {item["label"]: item["p"] for item in value}
    return ListOf(_SOFT_ITEM).write(value, "", row)


_SOFT = Reshaped(
    "object | array",
    lambda v: isinstance(v, (dict, list)) and (not v or isinstance(v, dict) or isinstance(v[0], dict)),
    _read_soft,
    _write_soft,
)
_ANNOTATION: Codec = Struct(
    annotator=(SCALAR, ("worker", "rater", "user", "annotator_id", "worker_id")),
    label=(SCALAR, ("value", "answer")),
    at=(TIME, ("timestamp", "time", "created_at")),
)


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    label, labels, soft = row.get("label"), row.get("labels"), row.get("soft_labels")
    if label is not None and label != label.strip():
        found.append(problem("$.label", "label_has_outer_spaces", f"{label!r}"))
    if label == "":
        found.append(problem("$.label", "label_is_empty", "an empty text is no class"))
    if labels is not None:
        seen: set[str] = set()
        for i, name in enumerate(labels):
            if name in seen:
                found.append(problem(f"$.labels[{i}]", "label_repeated", f"{name!r} is listed twice"))
            seen.add(name)
        if label is not None and labels and label not in labels:
            found.append(problem("$.label", "label_not_in_labels", f"{label!r} is not among the labels"))
    if soft:
        shares = [item.get("p") for item in soft]
        for i, p in enumerate(shares):
            if p is not None and not 0 <= p <= 1:
                found.append(problem(f"$.soft_labels[{i}].p", "probability_out_of_range", f"{p} is not in 0 to 1"))
        known = [p for p in shares if p is not None]
        if len(known) == len(shares) and abs(sum(known) - 1) > 0.01:
            found.append(problem("$.soft_labels", "probabilities_do_not_add_up", f"they sum to {sum(known):.4g}"))
    return found


KIND = Kind(
    name="classification",
    doc=__doc__,
    fields=(
        Field(
            "text",
            TEXT,
            ("text_input", "input_text", "sentence", "sentence1", "utterance", "tweet", "review_text", "statement"),
            ("premise", "question1", "review", "comment", "content", "body", "title", "headline", "message", "v2"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field(
            "text_pair",
            TEXT,
            ("sentence2", "hypothesis", "question2", "text_b", "second_text"),
            ("question",),
            lenient=True,
        ),
        Field(
            "label",
            LABEL,
            (
                "category",
                "intent",
                "sentiment",
                "class",
                "label_name",
                "label_text",
                "gold_label",
                "emotion",
                "is_duplicate",
            ),
            ("answer", "answer_matching_behavior", "target", "labels", "topic", "tag", "v1", "y"),
            weight=3.0,
            weak_weight=2.0,
        ),
        Field("labels", ListOf(SCALAR), ("label", "categories", "intents", "classes"), weight=3.0),
        Field("soft_labels", _SOFT, ("label_distribution", "probabilities", "label_probs"), weight=3.0),
        Field("annotations", ListOf(_ANNOTATION), ("raters", "annotator_labels"), weight=1.0, lenient=True),
        Field("label_set", TEXT, ("label_schema", "taxonomy"), lenient=True),
    ),
    required=("text", "label|labels|soft_labels|annotations"),
    text_view=lambda row: row.get("text"),
    text_column="text",
    problems=_problems,
    id_fields=("id", "record_id", "uid", "uuid", "guid", "example_id", "sample_id"),
    refuse=frozenset({"role"}),
)
