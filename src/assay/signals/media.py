"""Media of a record: whether it is there, is what it says, and is mentioned as often as it occurs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import TEXT, columns_of
from assay.signals.base import dataset_signal, row_signal
from assay.signals.nested import flags, flat, lengths, member, tally, valid, visible

_MEDIA = {"media": columns_of("multimodal")["media"]}
_KINDS = ("multimodal",)
# Placeholders for media inside text, as published sets write them.
_PLACE = (
    r"<(image|img|audio|video)>|<__dj__(image|audio|video)>|\[(IMAGE|AUDIO|VIDEO)\]|<\|(image|audio|video)(_\d+)?\|>"
)
# File extension -> modality; only those that leave no doubt.
_MODALITY = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "svg", "heic"), "image"),
    **dict.fromkeys(("wav", "mp3", "flac", "ogg", "m4a", "opus"), "audio"),
    **dict.fromkeys(("mp4", "mkv", "mov", "avi", "webm"), "video"),
}
# First bytes -> (modality, type as in mime subtype).
_MAGIC = (
    (b"\xff\xd8\xff", "image", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image", "png"),
    (b"GIF8", "image", "gif"),
    (b"BM", "image", "bmp"),
    (b"fLaC", "audio", "flac"),
    (b"OggS", "audio", "ogg"),
    (b"ID3", "audio", "mpeg"),
    (b"\x1aE\xdf\xa3", "video", "webm"),
)


@row_signal(dimension=None, kinds=_KINDS, reads=_MEDIA, writes=pa.int64(), unit="items", source="records.md: media")
def media_count(media: pa.ListArray) -> pa.Int64Array:
    """Media items of the record; null without a list."""
    return pa.array(lengths(media), mask=~valid(media))


@row_signal(
    dimension="completeness",
    kinds=_KINDS,
    reads=_MEDIA,
    writes=pa.int64(),
    unit="items",
    source="a media item with neither address nor bytes cannot be loaded",
)
def media_without_source(media: pa.ListArray) -> pa.Int64Array:
    """Media items with no address, no bytes and no checksum to find them by. Null without media."""
    items, parents = flat(media)
    there = (
        visible(member(items, "uri"))
        | visible(member(items, "sha256"))
        | flags(pc.greater(pc.binary_length(member(items, "bytes")), 0))
    )
    return pa.array(tally(parents, len(media), ~there), mask=lengths(media) == 0)


@row_signal(
    dimension="accuracy",
    kinds=_KINDS,
    reads=_MEDIA,
    writes=pa.int64(),
    unit="items",
    source="first bytes of the file formats, file name extensions, and the record's own mime type and modality",
)
def media_type_mismatches(media: pa.ListArray) -> pa.Int64Array:
    """Media items that are not what they are said to be, by first bytes, file name, mime type and modality.

    Null where no item has two of these to compare.
    """
    items, parents = flat(media)
    rows = len(media)
    mime, modality = pc.utf8_lower(member(items, "mime")), pc.utf8_lower(member(items, "modality"))
    by_mime = pc.struct_field(pc.extract_regex(mime, r"^(?P<m>image|audio|video)/"), "m")
    stated = pc.if_else(pc.is_in(modality, pa.array(["image", "audio", "video"], TEXT)), modality, None)
    extension = pc.struct_field(pc.extract_regex(pc.utf8_lower(member(items, "uri")), r"\.(?P<e>[a-z0-9]{2,5})$"), "e")
    names = list(_MODALITY)
    by_name = pa.array(list(_MODALITY.values()), TEXT).take(pc.index_in(extension, pa.array(names, TEXT)))
    heads = pc.binary_slice(member(items, "bytes"), 0, 8)
    by_bytes = pa.nulls(len(items), TEXT)
    subtype = pa.nulls(len(items), TEXT)
    for magic, kind, form in _MAGIC:
        hit = pc.fill_null(pc.starts_with(heads, magic), False)
        by_bytes = pc.if_else(hit, pa.scalar(kind, TEXT), by_bytes)
        subtype = pc.if_else(hit, pa.scalar(form, TEXT), subtype)
    wrong = np.zeros(len(items), np.bool_)
    told = np.zeros(len(items), np.int64)
    claims = [by_mime, stated, by_name, by_bytes]
    for i, one in enumerate(claims):
        told += valid(one)
        for other in claims[i + 1 :]:
            wrong |= flags(pc.not_equal(one, other))
    exact = pc.struct_field(pc.extract_regex(mime, r"^image/(?P<s>jpeg|png|gif|bmp)$"), "s")
    wrong |= flags(pc.not_equal(exact, subtype))
    return pa.array(tally(parents, rows, wrong), mask=tally(parents, rows, told >= 2) == 0)


@row_signal(
    dimension="consistency",
    kinds=_KINDS,
    reads={**_MEDIA, "text": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source="places in the text that stand for media: <image>, <__dj__audio>, [VIDEO]",
)
def media_places_ok(media: pa.ListArray, text: pa.Array) -> pa.BooleanArray:
    """Whether the text has as many media places as the record has media. Null where it has none, or no text."""
    places = pc.fill_null(pc.count_substring_regex(text, _PLACE), 0).to_numpy(zero_copy_only=False)
    return pa.array(places == lengths(media), mask=places == 0)


def _keys(media: pa.ListArray) -> tuple[pa.Array, np.ndarray]:
    items, parents = flat(media)
    return pc.coalesce(member(items, "sha256"), member(items, "uri")), parents


def _media_counts(*, media: pa.ListArray) -> pa.Table:
    key, parents = _keys(media)
    pairs = pa.table({"key": key, "row": parents}).filter(key.is_valid())
    pairs = pairs.group_by(["key", "row"], use_threads=False).aggregate([])  # twice in one record is one use
    counted = pc.value_counts(one_array(pairs["key"]))
    return pa.table({"key": member(counted, "values"), "count": member(counted, "counts")})


def _media_totals(parts: pa.Table) -> pa.Table:
    return parts.group_by("key", use_threads=False).aggregate([("count", "sum")]).sort_by("key")


@dataset_signal(
    dimension="uniqueness",
    kinds=_KINDS,
    reads=_MEDIA,
    writes=pa.int64(),
    unit="other records",
    source="equal checksum, else equal address",
    summarise=_media_counts,
    combine=_media_totals,
)
def media_duplicates(state: pa.Table, *, media: pa.ListArray) -> pa.Int64Array:
    """How many other records use the most shared of this record's media. Null without checksum or address."""
    key, parents = _keys(media)
    uses = one_array(state["count_sum"]).take(pc.index_in(key, one_array(state["key"])))
    plain = np.asarray(pc.fill_null(uses, 0).to_numpy(zero_copy_only=False), np.int64)
    most = np.zeros(len(media), np.int64)
    np.maximum.at(most, parents, plain)
    return pa.array(most - 1, mask=most == 0)
