"""What `assay contamination` says."""

from __future__ import annotations

import msgspec

from assay.core.results import Result

_SHOWN = 10


class ContaminatedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark item that some records hold. how: the strongest way; share, answer_share: the largest (see the
    signals contamination_share and contamination_answer_share)."""

    place: str
    records: int
    how: str
    share: float | None
    answer_share: float | None = None


class ContaminationOf(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset. checked: records that were compared; records: those with an item; hits: pairs of both;
    by_how: records by the strongest way in which they match."""

    dataset: str
    version: int
    checked: int
    records: int
    hits: int
    by_how: dict[str, int]
    by_item: list[ContaminatedItem]
    bytes: int
    seconds: float
    cached: bool = False


class ContaminationResult(Result, frozen=True, kw_only=True):
    """items: of the benchmark; hits: pairs of a record and an item that match; records: with one match or more.

    by_item: items with a match, most records first. unread: benchmark records that could not be read; passed: files in
    folders that hold none. wordless: items that say nothing; whole_only: items that are found as whole texts and by
    their prompt or answer alone, not inside longer texts (under 4 words, digits only, or what many items share).
    """

    items: int
    hits: int
    records: int
    by_item: list[ContaminatedItem]
    unread: int
    passed: list[str]
    wordless: int
    whole_only: int
    min_share: float
    benchmark: str
    engine: str
    bytes: int
    seconds: float
    datasets: list[ContaminationOf]

    @property
    def cached(self) -> bool:
        return all(part.cached for part in self.datasets)

    def lines(self) -> list[str]:
        out = []
        for part in self.datasets:
            said = ", ".join(f"{count:,} {how}" for how, count in part.by_how.items() if count)
            cached = "  (cached)" if part.cached else ""
            out.append(
                f"{part.dataset} v{part.version}  {part.checked:,} records checked: {part.records:,} hold benchmark "
                f"items{f' ({said})' if said else ''}{cached}"
            )
        out.append(f"{self.items:,} items, {len(self.by_item):,} of them found; {self.hits:,} pairs of record and item")
        for item in self.by_item[:_SHOWN]:
            share = "" if item.share is None else f" {item.share:.0%}"
            out.append(f"  {item.place}  {item.records:,} records  {item.how}{share}")
        if len(self.by_item) > _SHOWN:
            out.append(f"  and {len(self.by_item) - _SHOWN:,} more: --json")
        if self.unread:
            out.append(f"  {self.unread:,} benchmark records could not be read: they were not looked for")
        out += [f"  passed over: {path}" for path in self.passed]
        if self.whole_only:
            out.append(f"  {self.whole_only:,} items can only be found as whole texts (too short, or a template)")
        rate = f", {self.bytes / 1e6 / self.seconds:.0f} MB/s" if self.seconds and not self.cached else ""
        out.append(f"{self.bytes / 1e6:,.1f} MB compared in {self.seconds:.1f} s{rate}")
        names = [part.dataset for part in self.datasets]
        return [*out, f"next: assay decide {names[0]} --rules contamination"] if names else ["nothing to compare"]
