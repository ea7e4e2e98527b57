"""Imported once by the process that the tests' children fork from. Nothing here may start a thread."""

from __future__ import annotations

from assay.flows import decide, gate_values, ingest, measure, release, report
from assay.recipes import run_recipe
from tests.journeys import killing

EVERYTHING = (decide, gate_values, ingest, killing, measure, release, report, run_recipe)
