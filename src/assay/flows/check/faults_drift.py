"""Faults against what a stream does elsewhere: a sensor that jumps, a placeholder among measurements."""

from __future__ import annotations

from typing import Any

from assay.flows.check.faults import Plant, breaks
from assay.flows.check.faults_machines import minutes, reading, stream
from assay.flows.check.seeds import Seed


@breaks("rate_out_of_range", "a latitude that jumps to another continent")
def _teleported(seed: Seed, length: int) -> Plant | str:
    return stream(
        seed, "rate", minutes(12), 11, at=lambda i: [reading("latitude", 48.0 + i / 1000 if i < 11 else -33.0)]
    )


@breaks("placeholder_readings", "a placeholder read as a measurement")
def _no_reading(seed: Seed, length: int) -> Plant | str:
    def at(i: int) -> list[dict[str, Any]]:
        return [reading("planted", -9999.0 if i == 20 else 20.5 + i % 7)]

    return stream(seed, "placeholder", minutes(21), 20, at=at)
