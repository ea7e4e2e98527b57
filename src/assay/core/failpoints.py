"""Named places where a test may kill this process, to prove that a rerun loses nothing.

`ASSAY_FAILPOINT=commit.after_intent` sends SIGKILL the first time that place is reached;
`ASSAY_FAILPOINT=ingest.after_fragment:3` the third time. Unset (always, outside tests) it costs one dict lookup.
"""

from __future__ import annotations

import os
import signal

# Registered here so that a fault test can walk them all.
NAMES = (
    "ingest.after_fragment",
    "measure.after_fragment",
    "edit.after_fragment",
    "commit.before_intent",
    "commit.after_intent",
    "commit.before_table",
    "commit.after_table",
    "commit.before_completion",
    "commit.after_completion",
    "decide.before_save",
    "decide.after_save",
    "release.before_rename",
    "release.after_rename",
    "step.before_done",
    "step.after_done",
)
_seen: dict[str, int] = {}


def failpoint(name: str) -> None:
    wanted = os.environ.get("ASSAY_FAILPOINT")
    if wanted is None:
        return
    place, _, nth = wanted.partition(":")
    if place not in NAMES:
        raise RuntimeError(f"no failpoint called {place!r}; one of {', '.join(NAMES)}")
    if place != name:
        return
    _seen[name] = _seen.get(name, 0) + 1
    if _seen[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
