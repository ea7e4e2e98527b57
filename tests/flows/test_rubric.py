"""Scores by a model behind a real local server: nothing paid twice, budgets stop, faults do not lose what was paid."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UserError
from assay.flows.rubric import score
from assay.providers import Endpoint, Price, Rubric
from assay.store import Workspace
from tests.flows.world import fill, qa, workspace
from tests.providers.server import Reply, said, serving

RUBRIC = Rubric(name="edu", version=1, question="How much does it teach?", scale=(0, 5))
PRICE = Price(input=10_000.0, output=0.0)  # with 100 tokens a call: 1 for each call


def judge(number: int, body: dict[str, Any]) -> Reply:
    """The score is the number in the text, modulo 6."""
    text = body["messages"][-1]["content"]
    digits = "".join(c for c in text if c.isdigit())
    return said(f"Because.\nSCORE: {int(digits) % 6 if digits else 9}")


def client(url: str, **more: Any) -> Endpoint:
    return Endpoint(url, "small", sleep=lambda seconds: None, **more)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    rows = [qa(i, f"lesson {i}", prompt="") for i in range(20)]
    return workspace(tmp_path, rows[:13], rows[13:])[0]


def test_every_record_gets_its_score_in_order(ws: Workspace, tmp_path: Path) -> None:
    with serving(judge) as server:
        result = score(ws, "tickets", RUBRIC, client(server.url), price=PRICE, calls=3, out=tmp_path / "scores.jsonl")
    assert (result.rows, result.scored, result.unscored, result.not_asked, result.asked) == (20, 20, 0, 0, 20)
    assert (result.input_tokens, result.output_tokens, result.cost, result.stopped) == (2000, 200, 20.0, False)
    found = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [one["record_id"] for one in found] == [f"q{i:04d}" for i in range(20)]
    assert [one["score"] for one in found] == [i % 6 for i in range(20)]
    assert result.mean == pytest.approx(sum(i % 6 for i in range(20)) / 20)


def test_nothing_is_asked_twice_until_text_rubric_or_model_changes(ws: Workspace) -> None:
    with serving(judge) as server:
        score(ws, "tickets", RUBRIC, client(server.url))
        again = score(ws, "tickets", RUBRIC, client(server.url))
        assert (again.asked, again.scored, again.cost) == (0, 20, 0.0)
        fill(ws, "tickets.qa", [[qa(90, "lesson 90", prompt=""), qa(91, "lesson 0", prompt="")]], key="2")
        assert score(ws, "tickets", RUBRIC, client(server.url)).asked == 1, "the other new record has a known text"
        newer = Rubric(name="edu", version=2, question=RUBRIC.question, scale=RUBRIC.scale)
        assert score(ws, "tickets", newer, client(server.url)).asked == 21
        assert score(ws, "tickets", RUBRIC, Endpoint(server.url, "large")).asked == 21


def test_a_budget_stops_and_the_next_run_goes_on(ws: Workspace) -> None:
    with serving(judge) as server:
        first = score(ws, "tickets", RUBRIC, client(server.url), budget=5.0, price=PRICE, calls=2)
        assert first.stopped
        assert 5 <= first.asked <= 6, "one more may be on its way"
        assert first.cost == first.asked
        assert first.not_asked == 20 - first.asked
        second = score(ws, "tickets", RUBRIC, client(server.url), budget=100.0, price=PRICE, calls=2)
    assert (second.asked, second.scored, second.stopped) == (20 - first.asked, 20, False)
    assert len(server.requests) == 20


def test_a_budget_of_nothing_asks_nothing_and_one_without_a_price_is_refused(ws: Workspace) -> None:
    with serving(judge) as server:
        nothing = score(ws, "tickets", RUBRIC, client(server.url), budget=0.0, price=PRICE)
        assert (nothing.asked, nothing.not_asked, nothing.stopped, nothing.mean) == (0, 20, True, None)
        with pytest.raises(UserError, match="E104"):
            score(ws, "tickets", RUBRIC, client(server.url), budget=1.0)
    assert server.requests == []


def test_faults_that_pass_change_no_score(ws: Workspace) -> None:
    faults = {
        1: Reply(429, headers={"Retry-After": "0"}),
        4: Reply(500),
        6: Reply(200, b"<html>"),
        9: Reply(close=True),
    }
    with serving(lambda n, body: faults.get(n) or judge(n, body)) as server:
        result = score(ws, "tickets", RUBRIC, client(server.url))
    assert (result.scored, result.asked, len(server.requests)) == (20, 20, 24)


def test_a_refused_record_and_a_reply_without_a_score_are_said_and_not_made_up(ws: Workspace, tmp_path: Path) -> None:
    def answer(number: int, body: dict[str, Any]) -> Reply:
        text = body["messages"][-1]["content"]
        if "lesson 7\n" in text:
            return Reply(400, b"too long")
        return said("I would rather not.") if "lesson 8\n" in text else judge(number, body)

    with serving(answer) as server:
        result = score(ws, "tickets", RUBRIC, client(server.url), price=PRICE, out=tmp_path / "out.jsonl")
        again = score(ws, "tickets", RUBRIC, client(server.url))
    assert (result.rows, result.scored, result.unscored, result.not_asked) == (20, 18, 2, 0)
    assert result.cost == 19.0, "a reply without a score was paid for"
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert found[7] == {"record_id": "q0007", "score": None, "problem": "HTTP 400: too long"}
    assert found[8] == {"record_id": "q0008", "score": None, "problem": "the reply names no score on the scale"}
    assert again.asked == 1, "what was refused is tried again, what was answered is not"


def test_a_dead_endpoint_ends_the_run_and_keeps_what_was_paid_for(ws: Workspace) -> None:
    expired = [8]  # after so many requests

    def answer(number: int, body: dict[str, Any]) -> Reply:
        return judge(number, body) if number not in expired else Reply(401, b"key expired")

    with serving(answer) as server:
        with pytest.raises(UserError, match=r"E110: small at .*: HTTP 401: key expired"):
            score(ws, "tickets", RUBRIC, client(server.url), calls=1)
        assert len(server.requests) == 9
        assert score(ws, "tickets", RUBRIC, client(server.url), calls=1).asked == 12


def test_calls_really_go_out_together(ws: Workspace) -> None:
    together, most, guard = [0], [0], threading.Lock()
    gate = threading.Barrier(4, timeout=20)

    def answer(number: int, body: dict[str, Any]) -> Reply:
        with guard:
            together[0] += 1
            most[0] = max(most[0], together[0])
        gate.wait()  # opens only when four are inside: fewer at a time would hang here
        with guard:
            together[0] -= 1
        return judge(number, body)

    with serving(answer) as server:
        assert score(ws, "tickets", RUBRIC, client(server.url), calls=4).scored == 20
    assert most[0] == 4


def test_a_record_without_a_text_is_not_asked_about(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, [{**qa(0, "lesson 1"), "text": None}, {**qa(1, "lesson 2"), "text": "  "}])
    with serving(judge) as server:
        result = score(ws, "tickets", RUBRIC, client(server.url))
    assert (result.rows, result.unscored, server.requests) == (2, 2, [])
