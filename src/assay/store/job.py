"""What every staged write has in common: the writer lock from its start to its end, and what is staged so far."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from assay.core.ids import fingerprint
from assay.store.commit import Said
from assay.store.ledger import StagedItem

if TYPE_CHECKING:
    from assay.store.dataset import Dataset


class WriteJob:
    """Holds the writer lock until `commit`, `discard` or the end of the `with` block."""

    what: ClassVar[str]
    job: str  # its name in the ledger; subclasses set it in `_prepare` at the latest

    def __init__(
        self, dataset: Dataset, *, verb: str, message: str | None, author: str | None, run: str | None
    ) -> None:
        self._dataset, self._said = dataset, Said(verb=verb, message=message, author=author, run=run)
        self._lock = threading.Lock()
        self._open = True
        self.base = dataset.begin(verb)
        try:
            self._table = dataset.table(self.base)
            self._prepare()
        except BaseException:
            dataset.end()
            raise

    def _prepare(self) -> None:
        """What a subclass reads under the lock; when it fails, the lock is given back."""
        raise NotImplementedError

    def discard(self) -> None:
        """Forget what was staged; its files are left for gc."""
        self._must_be_open()
        with self._dataset.ledger.write() as tx:
            self._dataset.ledger.staged_drop(tx, self._dataset.name, job=self.job)
        self._close()

    def _must_be_open(self) -> None:
        if not self._open:
            raise RuntimeError(f"this {self.what} has ended")

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._dataset.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()


class FragmentJob(WriteJob):
    """A job that stages one item per fragment; the same `key` on the same head finds what was left without a commit."""

    def __init__(
        self, dataset: Dataset, key: str, *, verb: str, message: str | None, author: str | None, run: str | None
    ) -> None:
        self.job = f"{self.what}-{fingerprint(key)}"
        super().__init__(dataset, verb=verb, message=message, author=author, run=run)

    def _prepare(self) -> None:
        self._schema = self._dataset.schema()
        staged = self._dataset.ledger.staged(self._dataset.name, self.job)
        self._items: dict[int, StagedItem] = {int(item.item): item for item in staged}
