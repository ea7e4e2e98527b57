"""Preferences: candidates that cannot be told apart, and verdicts against the votes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import columns_of
from assay.signals.base import row_signal
from assay.signals.nested import Ints, flags, flat, lengths, member, share, tally, valid, visible
from assay.signals.targets import candidate_texts, chosen

_COLUMNS = columns_of("preference")
_CANDIDATES = {"candidates": _COLUMNS["candidates"]}
_RESOLVED = {name: _COLUMNS[name] for name in ("candidates", "resolution")}
_PREFERENCE = ("preference",)


def _both(candidates: pa.ListArray, resolution: pa.StructArray) -> tuple[pa.Array, pa.Array]:
    return tuple(chosen(candidates, member(resolution, name)) for name in ("chosen", "rejected"))


@row_signal(
    dimension="validity",
    kinds=_PREFERENCE,
    reads=_RESOLVED,
    writes=pa.bool_(),
    unit="true or false",
    source="a pair of the same answers teaches nothing",
)
def chosen_equals_rejected(candidates: pa.ListArray, resolution: pa.StructArray) -> pa.BooleanArray:
    """Whether the chosen and the rejected answer are the same but for surrounding white space.

    Null where the record does not say which was chosen and which rejected.
    """
    won, lost = _both(candidates, resolution)
    return pc.equal(pc.utf8_trim_whitespace(won), pc.utf8_trim_whitespace(lost))


@row_signal(
    dimension="completeness",
    kinds=_PREFERENCE,
    reads=_CANDIDATES,
    writes=pa.int64(),
    unit="candidates",
    source="an empty answer wins or loses for the wrong reason",
)
def empty_candidates(candidates: pa.ListArray) -> pa.Int64Array:
    """Candidates whose last message has no visible text; null without candidates."""
    texts, parents = candidate_texts(candidates)
    return pa.array(tally(parents, len(candidates), ~visible(texts)), mask=lengths(candidates) == 0)


@row_signal(
    dimension="uniqueness",
    kinds=_PREFERENCE,
    reads=_CANDIDATES,
    writes=pa.int64(),
    unit="candidates",
    source="candidates of one record that repeat each other",
)
def repeated_candidates(candidates: pa.ListArray) -> pa.Int64Array:
    """Candidates whose text another candidate of the same record has already; null without candidates."""
    texts, parents = candidate_texts(candidates)
    trimmed = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    pairs = pa.table({"row": parents, "text": trimmed}).group_by(["row", "text"], use_threads=False).aggregate([])
    distinct = tally(pairs["row"].to_numpy(), len(candidates))
    return pa.array(lengths(candidates) - distinct, mask=lengths(candidates) == 0)


@row_signal(
    dimension=None,
    kinds=_PREFERENCE,
    reads=_RESOLVED,
    writes=pa.float32(),
    unit="characters of chosen per character of rejected",
    source="judges prefer length: a set whose chosen answers are all longer teaches length",
)
def length_ratio(candidates: pa.ListArray, resolution: pa.StructArray) -> pa.FloatArray:
    """Length of the chosen answer over that of the rejected; null where one is unknown or empty."""
    won, lost = (pc.utf8_length(text) for text in _both(candidates, resolution))
    some = flags(pc.and_(pc.greater(won, 0), pc.greater(lost, 0)))
    plain = [np.asarray(pc.fill_null(v, 0).to_numpy(zero_copy_only=False), np.float64) for v in (won, lost)]
    return share(plain[0], plain[1], ~some)


def _ballots(votes: pa.ListArray) -> tuple[pa.Array, Ints, Ints]:
    """Choices of the votes that choose, the row of each, and how many there are per row. Ties choose nothing."""
    items, parents = flat(votes)
    none = flags(member(items, "tie")) | flags(member(items, "both_bad"))
    choice = pc.if_else(pa.array(none), pa.scalar(None, pa.int32()), member(items, "choice"))
    return choice, parents, tally(parents, len(votes), valid(choice))


@row_signal(
    dimension="accuracy",
    kinds=_PREFERENCE,
    reads={name: _COLUMNS[name] for name in ("votes", "resolution")},
    writes=pa.float32(),
    unit="share of votes, 0 to 1",
    source="the record's own votes against its resolution",
)
def votes_against_resolution(votes: pa.ListArray, resolution: pa.StructArray) -> pa.FloatArray:
    """Share of the votes for one candidate that are not for the resolution's chosen one.

    Null without such votes or a resolution. Ties and both-bad votes are left out.
    """
    choice, parents, cast = _ballots(votes)
    winner = member(resolution, "chosen")
    against = flags(pc.not_equal(choice, winner.take(pa.array(parents))))
    return share(tally(parents, len(votes), against), cast, ~valid(winner))


@row_signal(
    dimension="consistency",
    kinds=_PREFERENCE,
    reads={"votes": _COLUMNS["votes"]},
    writes=pa.float32(),
    unit="share of votes, 0 to 1",
    source="the share of votes that the favourite has",
)
def vote_agreement(votes: pa.ListArray) -> pa.FloatArray:
    """Share of the votes that the favourite has; ties and both-bad votes count as choices of their own.

    Null with fewer than two votes.
    """
    items, parents = flat(votes)
    tie, bad = flags(member(items, "tie")), flags(member(items, "both_bad"))
    choice = np.asarray(pc.fill_null(member(items, "choice"), -9).to_numpy(zero_copy_only=False), np.int64)
    choice = np.where(bad, -2, np.where(tie, -1, choice))
    said = choice != -9
    table = pa.table({"row": parents[said], "choice": choice[said]})
    counts = table.group_by(["row", "choice"], use_threads=False).aggregate([([], "count_all")])
    most = np.zeros(len(votes), np.int64)
    np.maximum.at(most, counts["row"].to_numpy(), counts["count_all"].to_numpy())
    cast = tally(parents, len(votes), said)
    return share(most, cast, cast < 2)
