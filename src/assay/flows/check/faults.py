"""The faults `--prove` plants, and the one rule that must name each. A rule without a planter says so.

A planter gets one of the user's records and gives lines of JSON, or the reason why this record cannot carry it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from assay.flows.check import views
from assay.flows.check.analyse import DUPLICATE_ID, OVERLAPS, TRUNCATED, UNREADABLE, ZERO_LOSS
from assay.flows.check.profile import DEFAULT, profile
from assay.flows.check.seeds import Seed, encoded, leaves, put, reworded, saying, spoken
from assay.kernels.contamination_tables import GRAM
from assay.records.schema import KIND_NAMES
from assay.text.benchmark_build import words_in


@dataclass(frozen=True, slots=True)
class Plant:
    """Lines to append; the one at `blamed` must be named. `eval_items` are (place, prompt, whole) to hold against."""

    lines: list[bytes]
    blamed: int = 0
    eval_items: tuple[tuple[str, str, str], ...] = ()


Planter = Callable[[Seed, int], "Plant | str"]


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` completes "a record with ..."; `rule` is the only one whose word counts."""

    name: str
    rule: str
    plant: Planter
    kinds: tuple[str, ...] = KIND_NAMES
    eval: bool = False
    most: int = 5  # planted at most so often in each kind


FAULTS: list[Fault] = []


def fault(
    name: str, rule: str, *, kinds: tuple[str, ...] = KIND_NAMES, eval: bool = False
) -> Callable[[Planter], Planter]:
    def register(plant: Planter) -> Planter:
        FAULTS.append(Fault(name, rule, plant, kinds, eval))
        return plant

    return register


BREAKS: dict[str, Fault] = {}  # by signal; the rule is filled in from the rule set


def breaks(signal: str, name: str, *, most: int = 5) -> Callable[[Planter], Planter]:
    """A fault that a signal measures; the rules that read the signal must name it."""

    def register(plant: Planter) -> Planter:
        BREAKS[signal] = Fault(name, "", plant, most=most)
        return plant

    return register


def faults(kind: str, named: tuple[str, ...] = DEFAULT) -> list[Fault]:
    """Every fault of a kind, and one that cannot be planted for each rule nobody has a planter for."""
    from assay.flows.check import (  # noqa: F401  (they register theirs when imported)
        faults_asked,
        faults_code,
        faults_drift,
        faults_machines,
        faults_shape,
        faults_text,
    )

    rules = {rule.name for rule in profile(kind, named).rules} | {
        DUPLICATE_ID,
        ZERO_LOSS,
        TRUNCATED,
        *OVERLAPS.values(),
    }
    known = [one for one in FAULTS if kind in one.kinds and (one.rule in rules or one.rule.startswith(UNREADABLE))]
    covered = {one.rule for one in known}
    for rule in profile(kind, named).rules:
        if rule.action == "keep" or rule.name in covered:
            continue
        signals = [name for name in rule.expression.names if name in BREAKS]
        known += [replace(BREAKS[signal], rule=rule.name) for signal in signals[:1]]
        known += [Fault(f"what {rule.name} looks for", rule.name, _no_planter)] if not signals else []
    return known


def _no_planter(seed: Seed, length: int) -> Plant | str:
    return "nothing is planted for this rule"


# ASCII letters only: the capital of a dotless i is another letter's capital too.
_SHOUT = str.maketrans(ascii_lowercase + ascii_uppercase, ascii_uppercase + ascii_lowercase)


def shouted(text: str) -> str:
    """The same words in other case."""
    return text.translate(_SHOUT)


def one(obj: Any) -> Plant:
    return Plant([encoded(obj)])


def with_answer(seed: Seed, text: str) -> Plant | str:
    """A copy that answers with `text`, whatever its kind calls an answer."""
    obj = seed.canonical()
    if seed.kind == "qa" and obj.get("messages"):
        obj["messages"] = [*_until_answer(obj["messages"]), {"role": "assistant", "content": text}]
        obj.pop("best_answer", None)
    elif seed.kind == "qa":
        obj["best_answer"] = text
        obj.pop("answers", None)
    elif seed.kind == "reasoning":
        obj["final_answer"] = text
    elif seed.kind == "composite":
        obj["text"] = text
    elif seed.kind == "agentic":
        obj["outcome"] = {**(obj.get("outcome") or {}), "final_answer": text}
    elif seed.kind == "preference" and obj.get("candidates"):
        chosen = (obj.get("resolution") or {}).get("chosen") or 0
        obj["candidates"] = list(obj["candidates"])
        obj["candidates"][chosen] = {"messages": [{"role": "assistant", "content": text}]}
        obj["resolution"] = {"chosen": chosen, "rejected": 1 - chosen}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


def _until_answer(messages: list[Any]) -> list[Any]:
    """A chat up to its last question."""
    asked = [
        i for i, m in enumerate(messages) if isinstance(m, dict) and m.get("role", m.get("from")) in ("user", "human")
    ]
    return messages[: asked[-1] + 1] if asked else []


# Bytes that are no record


@fault("its JSON cut off in the middle", UNREADABLE + "broken_json")
def _cut(seed: Seed, length: int) -> Plant | str:
    line = encoded(seed.obj)
    return Plant([line[: len(line) // 2]])


@fault("the same key twice", UNREADABLE + "duplicate_keys")
def _twice(seed: Seed, length: int) -> Plant | str:
    if not isinstance(seed.obj, dict) or not seed.obj:
        return "the record is no object with keys"
    key, value = next(iter(seed.obj.items()))
    return Plant([encoded(seed.obj)[:-1] + b"," + encoded(key) + b":" + encoded(value) + b"}"])


@fault("a NaN", UNREADABLE + "nan")
def _nan(seed: Seed, length: int) -> Plant | str:
    if not isinstance(seed.obj, dict):
        return "the record is no object with keys"
    return Plant([encoded(seed.obj)[:-1] + b',"planted":NaN}'])


@fault("a byte that is not UTF-8", UNREADABLE + "invalid_utf8")
def _not_utf8(seed: Seed, length: int) -> Plant | str:
    if not isinstance(seed.obj, dict):
        return "the record is no object with keys"
    return Plant([encoded(seed.obj)[:-1] + b',"planted":"\xff"}'])


@fault("10,000 levels of nesting", UNREADABLE + "too_deep")
def _deep(seed: Seed, length: int) -> Plant | str:
    if not isinstance(seed.obj, dict):
        return "the record is no object with keys"
    return Plant([encoded(seed.obj)[:-1] + b',"planted":' + b"[" * 10_000 + b"]" * 10_000 + b"}"])


@fault("a number in the place of a record", UNREADABLE + "not_an_object")
def _number(seed: Seed, length: int) -> Plant | str:
    return Plant([b"%d" % (1000 + seed.number)])


# Copies


@fault("an exact copy further down", "exact_duplicate")
def _copy(seed: Seed, length: int) -> Plant | str:
    return one(seed.obj)


@fault("its text in other case and spacing", "same_text", kinds=("classification", "qa", "reasoning", "composite"))
def _shout(seed: Seed, length: int) -> Plant | str:
    obj = seed.copy()
    places = spoken(seed.obj, seed.decoded.text)
    for path in places:
        said = dict(leaves(obj))[path]
        obj = put(obj, path, "  " + shouted(said).replace(" ", "  "))
    words = any(words_in(said) for path, said in leaves(seed.obj) if path in places)
    return one(obj) if words and obj != seed.obj else "its text has no words"


@fault("the id of another record", DUPLICATE_ID)
def _same_id(seed: Seed, length: int) -> Plant | str:
    if seed.decoded.user_id is None:
        return "the records have no ids"
    places = [
        path for path in spoken(seed.obj, seed.decoded.text) if dict(leaves(seed.obj))[path] != seed.decoded.user_id
    ]
    if not places:
        return "nothing but its id can be changed"
    said = dict(leaves(seed.obj))[places[-1]]
    return one(put(seed.copy(), places[-1], said + " (changed)"))


# What the trainer sees


@fault("an answer that is empty", ZERO_LOSS, kinds=("qa", "preference"))
def _no_answer(seed: Seed, length: int) -> Plant | str:
    answers = [text for trained, text in views.segments(seed.kind, seed.decoded.payload) if trained]
    answers += [answer["text"] for answer in seed.decoded.payload.get("answers") or () if answer.get("text")]
    obj = seed.copy()
    for answer in answers:
        for path in saying(obj, answer):
            obj = put(obj, path, "")
    return one(obj) if obj != seed.obj else "its answer is not a text of its own"


@fault("a prompt that fills the whole context", ZERO_LOSS, kinds=("qa", "reasoning", "agentic", "preference"))
def _long_prompt(seed: Seed, length: int) -> Plant | str:
    question = views.question_of(seed.kind, seed.decoded.payload)
    obj = reworded(seed, question, lambda said: f"{said}\n{_filler(length)}")
    if obj is None and seed.kind == "agentic":
        obj = {**seed.canonical(), "system_prompt": _filler(length)}
    return one(obj) if obj is not None else "its question is not a text of its own"


@fault(
    "a text longer than the context",
    TRUNCATED,
    kinds=("classification", "qa", "reasoning", "composite", "agentic", "preference", "multimodal"),
)
def _long_text(seed: Seed, length: int) -> Plant | str:
    text = views.answer_of(seed.kind, seed.decoded.payload) or views.prompt_of(seed.kind, seed.decoded.payload)
    obj = reworded(seed, text, lambda said: f"{said}\n{_filler(length)}")
    return one(obj) if obj is not None else with_answer(seed, _filler(length))


def _filler(tokens: int) -> str:
    """At least this many tokens for any tokenizer: no one has a token over a whole line of such words."""
    return "\n".join(f"planted line {i}" for i in range(tokens))


# Evaluation sets


@fault("an eval item's text, re-wrapped", OVERLAPS["text"], eval=True)
def _leak(seed: Seed, length: int) -> Plant | str:
    whole, _ = _texts(seed)
    if not words_in(whole):
        return "it has no words to compare"
    return Plant([encoded(seed.obj)], eval_items=((f"eval:{seed.number}", "", _disguised(whole)),))


@fault("an eval item's question, other answer", OVERLAPS["prompt"], eval=True)
def _asked(seed: Seed, length: int) -> Plant | str:
    _, prompt = _texts(seed)
    if not words_in(prompt):
        return "it asks nothing in words"
    item = (f"eval:{seed.number}", _disguised(prompt), prompt + "\nanother answer, planted")
    return Plant([encoded(seed.obj)], eval_items=(item,))


@fault("an eval item inside a longer text", OVERLAPS["ngrams"], eval=True)
def _embedded(seed: Seed, length: int) -> Plant | str:
    whole, prompt = _texts(seed)
    words = words_in(whole)
    if len(words) < GRAM or all(word.isdecimal() for word in words):
        return f"its text has fewer than {GRAM} words"
    end = max(GRAM, 2 * len(words) // 3)
    end += words[:end] == words_in(prompt)  # the prompt alone is another fault
    if end >= len(words):
        return "its text is no longer than one n-gram"
    inside = shouted(" ".join(words[:end]))
    return Plant([encoded(seed.obj)], eval_items=((f"eval:{seed.number}", inside, inside),))


def _texts(seed: Seed) -> tuple[str, str]:
    payload = seed.decoded.payload
    return views.whole_of(seed.kind, payload), views.prompt_of(seed.kind, payload)


def _disguised(text: str) -> str:
    return "\n".join(shouted(text).split()) + " !"
