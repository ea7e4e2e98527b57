"""Copies by meaning (or, with the default embedder, by words), judged on all records at once: what `assay dedupe
--method semantic` measures and rules decide about."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import verb_signal

_SEMANTIC = "dedupe --method semantic"
_SOURCE = "cosines of embeddings; clusters around keepers; see docs/decisions/semantic.md"

verb_signal(
    "semantic_duplicate_of",
    """The record that this one says again: the keeper of its cluster, chosen by the keeper policy.

    Null for keepers and for records without such a copy. The cosine of the two reaches the threshold that `dedupe` was
    run with. What that means depends on the embedder, which semantic_by names: a lexical one finds texts with the same
    words, whatever they say.
    """,
    made_by=_SEMANTIC,
    writes=TEXT,
    unit="record_id",
    source=_SOURCE,
)
verb_signal(
    "semantic_similarity",
    """The cosine of the record's vector and its keeper's, computed exactly from the stored vectors.

    Null where semantic_duplicate_of is null. Cosines of different embedders cannot be compared.
    """,
    made_by=_SEMANTIC,
    writes=pa.float64(),
    unit="cosine, -1 to 1",
    source=_SOURCE,
)
verb_signal(
    "semantic_cluster",
    """The keeper's record_id, for the keeper too; null for a record without such a copy.""",
    made_by=_SEMANTIC,
    writes=TEXT,
    unit="record_id",
    source=_SOURCE,
)
verb_signal(
    "semantic_cluster_size",
    """How many records its cluster has, itself counted; null for a text that has no vector.""",
    made_by=_SEMANTIC,
    writes=pa.int64(),
    unit="records",
    source=_SOURCE,
)
verb_signal(
    "semantic_by",
    """The embedder that made the record's vector; null for a text that has none (empty, without a word, or refused).

    It begins with "lexical" where only words were compared: `semantic_by LIKE 'lexical%'` in a rule tells.
    """,
    made_by=_SEMANTIC,
    writes=TEXT,
    unit="name",
    source=_SOURCE,
)
