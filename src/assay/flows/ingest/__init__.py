"""Foreign files to rows of versioned datasets."""

from assay.flows.ingest.results import IngestResult, IngestResults, SkippedFile
from assay.flows.ingest.run import ingest
from assay.flows.ingest.tasks import BadRecord, decode_source

__all__ = ["BadRecord", "IngestResult", "IngestResults", "SkippedFile", "decode_source", "ingest"]
