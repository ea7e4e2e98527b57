"""The input files of an ingest step: which there are, whether they changed, and which must be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.core.errors import UserError
from assay.core.ids import fingerprint
from assay.formats import Listing, Source, expand
from assay.recipes.caching import State
from assay.recipes.inputs import file_digests
from assay.recipes.steps import Run, Step


def list_sources(run: Run, paths: Sequence[str], step: Step) -> dict[str, str]:
    """Path below its root -> digest of every file. Raises E311 and the like with the recipe's line."""
    sources = _expanded(paths, step).sources
    local = [source for source in sources if "://" not in source.uri]
    digests = dict(zip((source.path for source in local), file_digests(run, [s.uri for s in local]), strict=True))
    return {s.path: digests[s.path] if s.path in digests else _remote_digest(run, s) for s in sources}


def _expanded(paths: Sequence[str], step: Step) -> Listing:
    try:
        return expand(paths)
    except UserError as error:
        raise UserError(error.code, error.what, at=step.place, fix=error.fix) from None


def _remote_digest(run: Run, source: Source) -> str:
    """What the server says of a file, for reading it to see is reading it."""
    size, *marks = source.stamp()
    if not run.rehash and any(mark not in (None, "None") for mark in marks):
        return fingerprint(size, *marks)
    return f"not known; read in run {run.run_id}"  # equals no other run's: the file is read every time


def changed_sources(
    run: Run, step: Step, state: State | None, inputs: Mapping[str, Any], paths: Sequence[str]
) -> Listing:
    """The files to read: all of them, or, where nothing but files changed since the last run, those that did."""
    listing = _expanded(paths, step)
    if state is None or step.type.missing(run, step, state):
        return listing
    settings = {label for label in {*inputs, *state.inputs} if not label.startswith("file ")}
    if any(inputs.get(label) != state.inputs.get(label) for label in settings):
        return listing
    digests = {label.removeprefix("file "): value for label, value in state.inputs.items() if label.startswith("file ")}
    now = run.files[step.name]
    return Listing(tuple(s for s in listing.sources if now.get(s.path) != digests.get(s.path)), listing.skipped)
