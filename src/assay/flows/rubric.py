"""Scores by a model against a rubric: each text paid for once, a budget that stops, nothing made up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.core.ids import fingerprint, xxh3_hex
from assay.core.results import Result
from assay.flows.subjects import split_ref
from assay.providers import EndpointError, Price, Provider, Rubric, Usage
from assay.store import Workspace

SPACE = "rubric"  # of the ledger's cache
PARAMS: Mapping[str, Any] = {"temperature": 0, "max_tokens": 300}
_NO_PRICE = Price()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one answer. `score` is null where the reply names none; `failed` says why there is no reply."""

    score: float | None = None
    reply: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    failed: str | None = None


class RecordScore(msgspec.Struct, frozen=True, kw_only=True):
    record_id: str
    score: float | None
    problem: str | None = None  # why there is no score: not asked, refused, or a reply without one


class RubricResult(Result, frozen=True, kw_only=True):
    """rows = scored + unscored + not_asked. `asked`: calls of this run; the rest was answered before.

    `cost` is of this run, replies without a score included, in the price's currency. `stopped`: the budget was spent.
    """

    dataset: str
    rubric: str
    model: str
    rows: int
    scored: int
    unscored: int
    not_asked: int
    asked: int
    input_tokens: int
    output_tokens: int
    cost: float
    stopped: bool
    mean: float | None
    out: str | None

    def lines(self) -> list[str]:
        mean = "none" if self.mean is None else f"{self.mean:.2f}"
        return [
            f"{self.dataset}  {self.rubric}  {self.rows:,} rows: {self.scored:,} scored (mean {mean}), "
            f"{self.unscored:,} without a score, {self.not_asked:,} not asked",
            f"  {self.asked:,} calls of {self.model}, {self.input_tokens:,} + {self.output_tokens:,} tokens, "
            f"cost {self.cost:.4f}" + (": the budget is spent" if self.stopped else ""),
        ] + ([f"  written to {self.out}"] if self.out else [])


def score(
    ws: Workspace,
    dataset: str,
    rubric: Rubric,
    provider: Provider,
    *,
    budget: float | None = None,
    price: Price = _NO_PRICE,
    calls: int = 4,
    out: str | Path | None = None,
) -> RubricResult:
    """Put the rubric's question about every record's text view to the model; equal texts are asked about once.

    Answers are kept in the ledger by text, rubric and model: the same call again asks nothing, after a budget or a
    broken connection it goes on. budget: no new call once this much is spent; up to `calls` may be on their way then.
    out: a JSON Lines file of record_id, score and problem, in the order of the dataset.
    Raises UserError E110 when the endpoint fails altogether; E101 for the dataset; E104 for a budget without a price.
    """
    if budget is not None and price == _NO_PRICE:
        raise UserError("E104", "a budget needs the price of tokens", at="--budget", fix="give --price-in, --price-out")
    base, ref = split_ref(dataset)
    keys: list[tuple[str, str | None]] = []  # record_id, key of its text
    answers: dict[str, Answer] = {}
    meter = _Meter(budget, price)
    with ThreadPoolExecutor(max_workers=calls) as pool:
        waiting: deque[tuple[str, Future[Answer]]] = deque()

        def settle(most: int) -> None:
            while len(waiting) > most:
                key, future = waiting.popleft()
                answers[key] = answer = future.result()
                meter.add(answer)
                if answer.failed is None:
                    ws.ledger.cache_put(SPACE, key, msgspec.to_builtins(answer))

        try:
            for record_id, text in _texts(ws, base, ref):
                key = None if text is None or not text.strip() else _key(rubric, provider, text)
                keys.append((record_id, key))
                if key is None or text is None or key in answers or any(key == other for other, _ in waiting):
                    continue
                known = ws.ledger.cache_get(SPACE, key)
                if known is not None:
                    answers[key] = msgspec.convert(known, Answer)
                    continue
                settle(calls - 1)
                if not meter.spent:
                    waiting.append((key, pool.submit(_ask, provider, rubric, text)))
            settle(0)
        except EndpointError as error:
            for key, future in waiting:  # paid for: kept, though the run ends here
                if future.exception() is None and (answer := future.result()).failed is None:
                    ws.ledger.cache_put(SPACE, key, msgspec.to_builtins(answer))
            fix = "check its URL, key and model; what was answered is kept, the same command goes on"
            raise UserError("E110", f"{provider.name}: {error.what}", at="--endpoint", fix=fix) from error
    scores = [_record(record_id, key, answers) for record_id, key in keys]
    if out is not None:
        with whole_file(Path(out)) as part:
            part.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in scores))
    given = [one.score for one in scores if one.score is not None]
    not_asked = sum(one.problem == _NOT_ASKED for one in scores)
    return RubricResult(
        dataset=dataset,
        rubric=f"{rubric.name} {rubric.version}",
        model=provider.name,
        rows=len(scores),
        scored=len(given),
        unscored=len(scores) - len(given) - not_asked,
        not_asked=not_asked,
        asked=meter.calls,
        input_tokens=meter.input_tokens,
        output_tokens=meter.output_tokens,
        cost=meter.cost,
        stopped=meter.stopped,
        mean=sum(given) / len(given) if given else None,
        out=None if out is None else str(out),
    )


_NOT_ASKED = "the budget was spent"


def _record(record_id: str, key: str | None, answers: Mapping[str, Answer]) -> RecordScore:
    if key is None:
        return RecordScore(record_id=record_id, score=None, problem="no text")
    answer = answers.get(key)
    if answer is None:
        return RecordScore(record_id=record_id, score=None, problem=_NOT_ASKED)
    problem = answer.failed or (None if answer.score is not None else "the reply names no score on the scale")
    return RecordScore(record_id=record_id, score=answer.score, problem=problem)


def _ask(provider: Provider, rubric: Rubric, text: str) -> Answer:
    try:
        reply = provider.complete(rubric.messages(text), PARAMS)
    except EndpointError as error:
        if error.refused:
            return Answer(failed=error.what)
        raise
    used = reply.usage
    return Answer(
        score=rubric.parse(reply.text),
        reply=reply.text,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
    )


def _key(rubric: Rubric, provider: Provider, text: str) -> str:
    return fingerprint(rubric.digest, provider.name, dict(PARAMS), xxh3_hex(text.encode("utf-8", "surrogatepass")))


def _texts(ws: Workspace, base: str, ref: str | int | None) -> Iterator[tuple[str, str | None]]:
    for full in ws.names(base):
        for batch in ws.dataset(full).scan(ref, columns=["record_id", "text"]):
            yield from zip(batch.column("record_id").to_pylist(), batch.column("text").to_pylist(), strict=True)


class _Meter:
    """What was spent; touched by one thread only."""

    def __init__(self, budget: float | None, price: Price) -> None:
        self.budget, self.price = budget, price
        self.calls = self.input_tokens = self.output_tokens = 0
        self.cost = 0.0
        self.stopped = False

    def add(self, answer: Answer) -> None:
        self.calls += 1
        self.input_tokens += answer.input_tokens or 0
        self.output_tokens += answer.output_tokens or 0
        self.cost += self.price.of(Usage(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens))

    @property
    def spent(self) -> bool:
        self.stopped = self.stopped or (self.budget is not None and self.cost >= self.budget)
        return self.stopped
