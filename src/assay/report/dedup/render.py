"""The page of a deduplication run as one HTML file that needs nothing else. It has no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from assay.report.dedup.charts import (
    detection,
    detection_chart,
    is_log,
    similarity_at,
    similarity_chart,
    sizes_chart,
)
from assay.report.dedup.model import DedupPage, Pair, Side, SourceRow, TemplateGroup
from assay.report.dedup.word_diff import Diff, word_diff
from assay.report.dedup.words import words_of
from assay.report.findings import Finding, percent
from assay.report.page import environment, policy, share, style, tools

MOST_SOURCES = 40
MOST_PAIRS = 10  # on each side of the threshold
_ALARMS = 3  # said in the summary; all are among the sources
_GIST = 170  # characters of a cluster's excerpt


def render_dedup(page: DedupPage) -> str:
    """The page: the same bytes for the same data. All text is escaped by the template; charts escape their own."""
    words = words_of(page.method)
    env = environment()
    env.filters.update(size=size, gist=_gist, percent=percent)
    sources = _sources(page.sources)
    judged = page.threshold is not None
    bands, rows = page.bands, page.rows
    signed = judged and bands is not None and rows is not None
    return env.get_template("dedup.html.j2").render(
        p=page,
        words=words,
        style=style("report.css", "dedup.css"),
        policy=policy(),
        judged=judged,
        findings=list(_findings(page)),
        similarity=Markup(similarity_chart(page)) if sum(page.verified_bins) + sum(page.rejected_bins) else "",
        log=is_log(page),
        curve=Markup(detection_chart(page)) if signed else "",
        at_threshold=_at_threshold(page),
        half=similarity_at(0.5, bands, rows) if bands and rows else 0.0,
        nearly_all=similarity_at(0.99, bands, rows) if bands and rows else 0.0,
        detection=detection,
        chance=percent,
        calls=_calls(page),
        similarity_of=lambda value: _similarity(value, page.threshold),
        distance=lambda value: _distance(value, page.threshold),
        sizes=_sizes(page),
        largest_size=max((size_ for size_, _ in page.cluster_sizes), default=0),
        least_shown=any(cluster.smallest_similarity is not None for cluster in page.largest),
        alarms=[source for source in sources if source.alarm],
        sources=sources[: max(MOST_SOURCES, sum(source.alarm for source in sources))],
        more_sources=max(0, len(sources) - max(MOST_SOURCES, sum(source.alarm for source in sources))),
        templates=[(group, _members(group)) for group in page.templates],
        tools=tools(),
    )


def _findings(page: DedupPage) -> Iterator[Finding]:
    """What a reader should know before any chart, most alarming first."""
    words = words_of(page.method)
    alarms = [source for source in _sources(page.sources) if source.alarm]
    for source in alarms[:_ALARMS]:
        said = f"{source.duplicates:,} of {source.rows:,} ({share(source.duplicates, source.rows)})"
        yield Finding("bad", f"ALARM: {said} of {source.source} {words['verdict']}", "sources")
    if len(alarms) > _ALARMS:
        yield Finding("bad", f"ALARM: {len(alarms) - _ALARMS:,} more sources lose as much", "sources")
    if page.compared is not None and page.compared < page.records:
        missing = page.records - page.compared
        yield Finding("watch", f"{missing:,} records had nothing to compare", "run-facts")
    if page.pairs_left_out:
        yield Finding(
            "watch", f"{page.pairs_left_out:,} pairs of long runs of equal bands were not compared", "similarity"
        )
    found = _at_threshold(page)
    if found:
        said = f"A pair at the threshold {page.threshold:g} is found with a chance of {found}"
        yield Finding("info", said, "similarity")
    if page.kept_for_values:
        said = f"{page.kept_for_values:,} copies differ in a template's values; the default rules keep them"
        yield Finding("info", said, "templates")
    largest = max((size_ for size_, _ in page.cluster_sizes), default=0)
    if largest:
        yield Finding("info", words["largest"].format(f"{largest:,}"), "clusters")


def _sizes(page: DedupPage) -> list[tuple[str, Markup]]:
    """Clusters by size, and what clusters of that size would remove: many pairs, or one that swallowed everything."""
    if not page.cluster_sizes:
        return []
    clusters = words_of(page.method)["clusters"]
    largest = max(size_ for size_, _ in page.cluster_sizes)
    said = f"{page.clusters:,} {clusters} by size, the largest of {largest:,} records"
    out = [(f"{clusters.capitalize()} by size", Markup(sizes_chart(page.cluster_sizes, clusters, said)))]
    if page.method != "substring":
        copies = [(size_, (size_ - 1) * n) for size_, n in page.cluster_sizes]
        said = f"{sum(n for _, n in copies):,} duplicates by the size of their cluster"
        out.append(("Duplicates by size of cluster", Markup(sizes_chart(copies, "duplicates", said))))
    return out


def _at_threshold(page: DedupPage) -> str:
    if page.threshold is None or page.bands is None or page.rows is None:
        return ""
    return percent(detection(page.threshold, page.bands, page.rows))


def _calls(page: DedupPage) -> list[tuple[str, str, list[tuple[Pair, Diff]]]]:
    """Pairs above and below the threshold, nearest first, each with its differences."""
    if page.threshold is None:
        return []
    limit = page.threshold
    order = sorted(page.near_threshold, key=lambda p: (abs(p.similarity - limit), p.left.record_id, p.right.record_id))
    sides = (
        ("At or above: counted as copies", "drop", [pair for pair in order if pair.similarity >= limit]),
        ("Below: kept apart", "keep", [pair for pair in order if pair.similarity < limit]),
    )
    return [
        (heading, level, [(pair, word_diff(pair.left.text, pair.right.text)) for pair in pairs[:MOST_PAIRS]])
        for heading, level, pairs in sides
    ]


def _members(group: TemplateGroup) -> list[tuple[Side, Diff]]:
    return [(member, word_diff(group.keeper.text, member.text)) for member in group.members]


def _sources(sources: Sequence[SourceRow]) -> list[SourceRow]:
    """Alarms first, then the largest share."""
    return sorted(sources, key=lambda s: (not s.alarm, -s.duplicates / (s.rows or 1), -s.rows, s.source))


def _similarity(value: float, threshold: float | None) -> str:
    """Three digits, more where it would be rounded onto the other side of the threshold."""
    for digits in range(3, 12):
        said = f"{value:.{digits}f}"
        if threshold is None or (float(said) >= threshold) == (value >= threshold):
            return said
    return repr(value)


def _distance(value: float, threshold: float | None) -> str:
    if threshold is None:
        return ""
    apart = value - threshold
    return "at the threshold" if abs(apart) < 5e-4 else f"{abs(apart):.3f} {'above' if apart > 0 else 'below'}"


def _gist(text: str) -> str:
    """One line of an excerpt, cut."""
    line = " ".join(text[: 4 * _GIST].split())
    return line if len(line) <= _GIST else line[:_GIST].rstrip() + " …"


def size(value: int) -> str:
    """Bytes in the largest unit that leaves a number above 1."""
    amount: Any = value
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:,} bytes" if unit == "bytes" else f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} TB"
