"""Faults against what a source does elsewhere: a sensor that jumps, a date written in another way."""

from __future__ import annotations

from assay.flows.check.faults import Plant, breaks
from assay.flows.check.faults_machines import minutes, reading, stream
from assay.flows.check.seeds import Seed


@breaks("rate_out_of_range", "a latitude that jumps to another continent")
def _teleported(seed: Seed, length: int) -> Plant | str:
    return stream(
        seed, "rate", minutes(12), 11, at=lambda i: [reading("latitude", 48.0 + i / 1000 if i < 11 else -33.0)]
    )
