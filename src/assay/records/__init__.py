"""Typed records of nine kinds: from any JSON object to columns, and back to the very object."""

from assay.records import (
    agentic,
    classification,
    composite,
    domain_log,
    multimodal,
    preference,
    qa,
    reasoning,
    simulation,
)
from assay.records.batch import Row, restore, to_batch
from assay.records.decode import Decoded, Decoder
from assay.records.errors import RecordError
from assay.records.identity import record_id_of, stream_key
from assay.records.kind import KINDS, Field, Kind, Problem
from assay.records.mapping import parse_map
from assay.records.problems import find_problems

# In the order of the schemas.
for _module in (
    classification,
    qa,
    reasoning,
    composite,
    agentic,
    multimodal,
    simulation,
    domain_log,
    preference,
):
    KINDS.add(_module.KIND)

__all__ = [
    "KINDS",
    "Decoded",
    "Decoder",
    "Field",
    "Kind",
    "Problem",
    "RecordError",
    "Row",
    "find_problems",
    "parse_map",
    "record_id_of",
    "restore",
    "stream_key",
    "to_batch",
]
