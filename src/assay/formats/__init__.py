"""Foreign bytes to objects: every item with its place, every bad place with its reason and its bytes."""

from assay.formats import (
    columnar,
    delimited,
    documents,
    json_document,
    line_records,
    text_files,
    warc,
    xml_elements,
)
from assay.formats.base import FORMATS, MAX_DEPTH, RECORD_BYTES, Bad, Chunk, Format, Item, Limits, Shape, parse, read
from assay.formats.json_value import BadValue, parse_value
from assay.formats.sniff import NotRecords, parse_wanted, shape_of
from assay.formats.sources import Listing, Skipped, Source, expand
from assay.formats.streams import ByteStream

# Imported for what they register.
READERS = (line_records, json_document, delimited, text_files, xml_elements, columnar, warc, documents)

__all__ = [
    "FORMATS",
    "MAX_DEPTH",
    "READERS",
    "RECORD_BYTES",
    "Bad",
    "BadValue",
    "ByteStream",
    "Chunk",
    "Format",
    "Item",
    "Limits",
    "Listing",
    "NotRecords",
    "Shape",
    "Skipped",
    "Source",
    "expand",
    "parse",
    "parse_value",
    "parse_wanted",
    "read",
    "shape_of",
]
