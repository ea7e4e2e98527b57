"""Labels that seem to be two names of one class."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import TEXT
from assay.signals.base import dataset_signal
from assay.signals.label_evidence import READS, combine, label_keys, look_up, summarise

_NEAR = pa.struct([pa.field("label", TEXT), pa.field("evidence", TEXT)])


@dataset_signal(
    dimension="consistency",
    kinds=("classification",),
    reads=READS,
    writes=_NEAR,
    unit="label, and why",
    source="names at least 80 % alike (rapidfuzz), whose texts a linear model cannot tell apart or that share texts",
    summarise=summarise,
    combine=combine,
    default=False,
    extra="label",
)
def label_near_synonym_of(
    state: pa.Table, *, text: pa.Array, text_pair: pa.Array, label: pa.Array, label_set: pa.Array
) -> pa.StructArray:
    """The more frequent label that this one seems to repeat in other words, with the evidence; null for none.

    Both a like name and a like use are needed; numbers and negations keep names apart. Synonyms whose names are
    nothing alike are not found. Labels of fewer than 10 distinct texts are not judged.
    """
    key = label_keys(label, label_set)
    of, why = look_up(state, key, "suspected"), look_up(state, key, "evidence")
    return pc.if_else(of.is_valid(), pa.StructArray.from_arrays([of, why], fields=list(_NEAR)), pa.scalar(None, _NEAR))
