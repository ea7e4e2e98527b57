"""Near copies, judged on all records at once: what `assay dedupe` measures and rules decide about."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import verb_signal

_NEAR = "dedupe --method near"
_SOURCE = "MinHash with banding (Broder 1997; FineWeb's 14 x 8 over word 5-grams) proposes, exact Jaccard decides"

verb_signal(
    "near_duplicate_of",
    """The record that this one nearly repeats: the keeper of its cluster, chosen by the keeper policy.

    Null for keepers and for records without a near copy. The exact Jaccard similarity of the two reaches the
    threshold that `dedupe` was run with; a record that is only like another copy of its keeper is not in its cluster.
    """,
    made_by=_NEAR,
    writes=TEXT,
    unit="record_id",
    source=_SOURCE,
)
verb_signal(
    "near_similarity",
    """How alike the record and its keeper are: the exact Jaccard similarity of their sets of shingles.

    Null where near_duplicate_of is null.
    """,
    made_by=_NEAR,
    writes=pa.float64(),
    unit="Jaccard similarity, 0 to 1",
    source=_SOURCE,
)
verb_signal(
    "near_cluster",
    """The keeper's record_id, for the keeper too; null for a record without a near copy.""",
    made_by=_NEAR,
    writes=TEXT,
    unit="record_id",
    source=_SOURCE,
)
verb_signal(
    "near_cluster_size",
    """How many records its cluster has, itself counted; null for a text without a word or mark to compare.""",
    made_by=_NEAR,
    writes=pa.int64(),
    unit="records",
    source=_SOURCE,
)
verb_signal(
    "near_values_differing",
    """In how many places the record holds another value than its keeper, where such records always differ.

    Records made from one template differ in what was filled in: a name, an amount, an address. Places are told by the
    group: the same words stand around them in most of its members, and no value has a majority. Where the group does
    not tell, identifiers of five digits and more do; in kinds where numbers matter, any number; and a name that
    another one stands in for throughout. Null where near_duplicate_of is null.
    """,
    made_by=_NEAR,
    writes=pa.int64(),
    unit="places",
    source="see docs/decisions/templates.md",
)
verb_signal(
    "same_text_as",
    """The record whose compared text is the same but for case, accents, spaces and punctuation: the keeper's.

    Null for the keeper and for records without such a copy. What is compared is what `dedupe --fields` names, so
    that records with equal prompts or equal answers can be found.
    """,
    made_by="dedupe --method exact",
    writes=TEXT,
    unit="record_id",
    source="equal sequences of folded words, by a 128-bit hash",
)
verb_signal(
    "same_text_count",
    """How many records hold the same compared text, itself counted; null for a text without a word.""",
    made_by="dedupe --method exact",
    writes=pa.int64(),
    unit="records",
    source="equal sequences of folded words, by a 128-bit hash",
)
