"""Labels: written in several ways, seldom, or against what annotators said."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import TEXT, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import flags, flat, lengths, member, share, tally
from assay.text.normal import folded

_LABEL = {"label": TEXT}
_VOTED = {name: columns_of("classification")[name] for name in ("label", "annotations")}
_SOFT = {name: columns_of("classification")[name] for name in ("label", "soft_labels")}


def _spellings(label: pa.Array) -> pa.Table:
    counts = pc.value_counts(label.drop_null())
    return pa.table({"label": member(counts, "values"), "count": member(counts, "counts")})


def _vocabulary(parts: pa.Table) -> pa.Table:
    """label, count, its folded form, and the most frequent spelling of that form (ties: the first by code point)."""
    table = parts.group_by("label", use_threads=False).aggregate([("count", "sum")]).rename_columns(["label", "count"])
    form = folded(one_array(table["label"]))
    # A label without a letter or digit (`+`, `-`) is its own form, else all of them would be one.
    form = pc.if_else(pc.equal(form, ""), table["label"], form)
    table = table.append_column("form", form).sort_by(
        [("form", "ascending"), ("count", "descending"), ("label", "ascending")]
    )
    firsts = table.group_by("form", use_threads=False).aggregate([("label", "first")])
    return table.join(firsts, "form", use_threads=False).combine_chunks().sort_by("label")


def _usual(state: pa.Table, label: pa.Array) -> pa.Array:
    return one_array(state["label_first"]).take(pc.index_in(label, one_array(state["label"])))


@dataset_signal(
    dimension="consistency",
    kinds=("classification", "multimodal"),
    reads=_LABEL,
    writes=TEXT,
    unit="label",
    source="labels equal but for case, spaces and punctuation are one class written twice",
    summarise=_spellings,
    combine=_vocabulary,
)
def label_variant_of(state: pa.Table, *, label: pa.Array) -> pa.Array:
    """The usual spelling of this label, where the record writes it otherwise; null where it is the usual one."""
    usual = _usual(state, label)
    return pc.if_else(pc.fill_null(pc.not_equal(usual, label), False), usual, pa.scalar(None, TEXT))


@dataset_signal(
    dimension=None,
    kinds=("classification", "multimodal"),
    reads=_LABEL,
    writes=pa.int64(),
    unit="records",
    source="classes of a handful of records cannot be learnt, and are often typing mistakes",
    summarise=_spellings,
    combine=_vocabulary,
)
def label_count(state: pa.Table, *, label: pa.Array) -> pa.Int64Array:
    """How many records of the dataset have this very label; null without one."""
    return one_array(state["count"]).take(pc.index_in(label, one_array(state["label"]))).cast(pa.int64())


@dataset_signal(
    dimension="validity",
    kinds=("classification", "multimodal"),
    reads=_LABEL,
    writes=pa.bool_(),
    unit="true or false",
    source="a label of one record in a set whose other classes are well filled is a mistake more often than a class",
    summarise=_spellings,
    combine=_vocabulary,
    params={"min_share": 0.001},
)
def label_in_vocabulary(state: pa.Table, *, label: pa.Array, min_share: float) -> pa.BooleanArray:
    """Whether the label belongs to the dataset's vocabulary: on at least `min_share` of its records, and on two.

    Null without a label, and where the labels are no vocabulary at all: fewer than 50 records, or more than one
    distinct label for every five records (free text, numbers).
    """
    counts, forms = one_array(state["count"]), pc.count_distinct(state["form"]).as_py()
    total = pc.sum(counts).as_py() or 0
    if total < 50 or forms * 5 > total:
        return pa.nulls(len(label), pa.bool_())
    by_form = state.group_by("form", use_threads=False).aggregate([("count", "sum")])
    form = one_array(state["form"]).take(pc.index_in(label, one_array(state["label"])))
    mine = one_array(by_form["count_sum"]).take(pc.index_in(form, one_array(by_form["form"])))
    return pc.greater_equal(mine, max(2.0, min_share * total))


@row_signal(
    dimension="accuracy",
    kinds=("classification",),
    reads=_VOTED,
    writes=pa.float32(),
    unit="share of annotators, 0 to 1",
    source="agreement of the record's label with its own annotations",
)
def annotator_agreement(label: pa.Array, annotations: pa.ListArray) -> pa.FloatArray:
    """Share of the record's annotations that give its label. Null without a label or annotations."""
    items, parents = flat(annotations)
    theirs = member(items, "label")
    agree = flags(pc.equal(theirs, label.take(pa.array(parents))))
    votes = tally(parents, len(label), flags(theirs.is_valid()))
    return share(tally(parents, len(label), agree), votes, ~flags(label.is_valid()))


@row_signal(
    dimension="accuracy",
    kinds=("classification",),
    reads=_SOFT,
    writes=pa.float64(),
    unit="probability, 0 to 1",
    source="the probability that the record's soft labels give to its hard label",
)
def label_probability(label: pa.Array, soft_labels: pa.ListArray) -> pa.DoubleArray:
    """Probability of the record's label among its soft labels; 0 where they do not name it.

    Null without a label or soft labels, and where a probability is not between 0 and 1.
    """
    items, parents = flat(soft_labels)
    p = pc.cast(member(items, "p"), pa.float64())
    sane = flags(pc.and_(pc.greater_equal(p, 0.0), pc.less_equal(p, 1.0)))
    mine = flags(pc.equal(member(items, "label"), label.take(pa.array(parents))))
    numbers = np.asarray(pc.fill_null(p, 0.0).to_numpy(zero_copy_only=False))
    out = np.zeros(len(label))
    np.maximum.at(out, parents[mine & sane], numbers[mine & sane])
    unknown = ~flags(label.is_valid()) | (lengths(soft_labels) == 0) | (tally(parents, len(label), ~sane) > 0)
    return pa.array(out, mask=unknown)
