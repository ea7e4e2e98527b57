"""Any history of appends, measurements, edits, rollbacks and tags, against plain dictionaries."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assay.store import SignalSpec, Workspace
from tests.store.conftest import read
from tests.store.rows import batch, table
from tests.store.rows import qa as row

Content = dict[str, tuple[str, int | None, bool]]  # record_id -> answer, signal value, whether it was measured


class Histories(RuleBasedStateMachine):
    """The model: what each version holds. A version, once made, never changes."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ws = Workspace.init(Path(self.folder.name) / "ws")
        self.data = self.ws.create("x.qa")
        self.versions: list[Content] = [{}]
        self.digests: dict[str, str] = {}
        self.tags: dict[str, int] = {}
        self.made = 0

    def teardown(self) -> None:
        if hasattr(self, "ws"):
            self.ws.close()
            self.folder.cleanup()

    @property
    def now(self) -> Content:
        return self.versions[-1]

    @rule(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=3), kill=st.booleans())
    def append(self, sizes: list[int], kill: bool) -> None:
        fragments = []
        for size in sizes:
            fragments.append([f"r{self.made + k:03d}" for k in range(size)])
            self.made += size
        key = f"k{self.made}"
        if kill:  # the writer dies after its first fragment; the same work is begun again
            with self.data.begin_append(key) as job:
                job.write(0, [batch(row(i) for i in fragments[0])], {})
        with self.data.begin_append(key) as job:
            for index, names in enumerate(fragments):
                if index not in {s.index for s in job.staged}:
                    job.write(index, [batch(row(i) for i in names)], {})
            job.commit()
        if any(sizes):
            self.versions.append({**self.now, **{i: ("yes", None, False) for f in fragments for i in f}})

    @precondition(lambda self: self.now)
    @rule(fingerprint=st.sampled_from(["aa", "bb"]), known=st.booleans())
    def measure(self, fingerprint: str, known: bool) -> None:
        value = (10 if fingerprint == "aa" else 20) if known else None
        fingerprint = fingerprint + ("1" if known else "0")
        spec = SignalSpec(fingerprint=fingerprint * 12, type=pa.int64())
        column = self.data.signals().get("n")
        same = column is not None and column.fingerprint == spec.fingerprint
        todo = column.unmeasured_fragments if same and column else [part.id for part in self.data.fragments()]
        before = {
            r["record_id"]: r for r in read(self.data, columns=["record_id"] + (["n", "measured:n"] if same else []))
        }
        with self.data.begin_measure("m", {"n": spec}) as job:
            for part in self.data.fragments():
                if part.id in todo:
                    job.write(part.id, {"n": pa.array([value] * part.rows, pa.int64())})
            job.commit()
        if todo:
            after: Content = {}
            for name, (answer, _, _) in self.now.items():
                kept = same and before[name]["measured:n"]
                after[name] = (answer, before[name]["n"] if kept else value, True)
            self.versions.append(after)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), answer=st.sampled_from(["no", "perhaps"]))
    def edit(self, data: Any, answer: str) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.now)), min_size=1, max_size=3, unique=True))
        self.data.replace(table(row(i, answer) for i in chosen), expect=self.data.head)
        self.versions.append({**self.now, **dict.fromkeys(chosen, (answer, None, False))})

    @precondition(lambda self: len(self.versions) > 1)
    @rule(data=st.data())
    def rollback(self, data: Any) -> None:
        to = data.draw(st.integers(1, len(self.versions) - 1))
        self.data.rollback(to)
        self.versions.append(self.versions[to])

    @precondition(lambda self: len(self.versions) > 1)
    @rule(data=st.data())
    def tag(self, data: Any) -> None:
        at = data.draw(st.integers(1, len(self.versions) - 1))
        self.tags[f"t{len(self.tags)}"] = at
        self.data.tag(f"t{len(self.tags) - 1}", at)

    @rule()
    def reopen(self) -> None:
        self.ws.close()
        self.ws = Workspace.open(self.ws.path)
        self.data = self.ws.dataset("x.qa")

    @precondition(lambda self: len(self.versions) > 2)
    @rule(data=st.data())
    def compare(self, data: Any) -> None:
        a, b = (data.draw(st.integers(0, len(self.versions) - 1)) for _ in range(2))
        old, new = self.versions[a], self.versions[b]
        found = self.data.diff(a, b)
        assert found.added == sorted(new.keys() - old.keys())
        assert found.removed == sorted(old.keys() - new.keys())
        assert [c.record_id for c in found.changed] == sorted(
            i for i in old.keys() & new.keys() if old[i][0] != new[i][0]
        )

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        if not hasattr(self, "data"):
            return
        assert self.data.head == len(self.versions) - 1
        assert self.data.tags() == self.tags
        number = self.data.head
        signals = ["n", "measured:n"] if "n" in self.data.signals(number) else []
        got = {
            r["record_id"]: (r["best_answer"], r.get("n"), r.get("measured:n", False))
            for r in read(self.data, number, ["record_id", "best_answer", *signals])
        }
        assert got == self.now
        assert self.data.count() == len(got)
        content = repr(sorted(got.items()))
        assert self.digests.setdefault(content, self.data.compute_digest()) == self.data.digest()

    @precondition(lambda self: len(self.versions) > 1)
    @rule()
    def check(self) -> None:
        assert self.ws.fsck(deep=True) == []
        for number, content in enumerate(self.versions):
            answers = {r["record_id"]: r["best_answer"] for r in read(self.data, number)}
            assert answers == {i: c[0] for i, c in content.items()}


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
