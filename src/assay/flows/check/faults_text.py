"""Faults of what records say: answers, labels, chains, preferences, characters, times; by the signal that sees them."""

from __future__ import annotations

from typing import Any

from assay.flows.check import views
from assay.flows.check.faults import Plant, breaks, one, shouted, with_answer
from assay.flows.check.seeds import Seed, encoded, leaves, put, spoken
from assay.signals.fields import NEEDED
from assay.text.benchmark_build import words_in

_REMARKS = {"domain_log": "event_summary", "simulation": "notes"}
_OTHER = "An answer that was planted, unlike any other."


def worded(seed: Seed, add: str) -> Plant | str:
    """A copy whose longest text has `add` at its end; a kind without text says it where it keeps remarks."""
    obj, places = seed.copy(), spoken(seed.obj, seed.decoded.text)
    if not places:
        obj = seed.canonical()
        places = spoken(obj, seed.decoded.text)
    if not places and seed.kind in _REMARKS:
        obj, places = {**obj, _REMARKS[seed.kind]: "Planted."}, [(_REMARKS[seed.kind],)]
    if not places:
        return "it has no text"
    said = dict(leaves(obj))
    longest = max(places, key=lambda path: len(said[path]))
    return one(put(obj, longest, said[longest] + add))


# Any text


@breaks("empty_content", "no visible text at all")
def _blank(seed: Seed, length: int) -> Plant | str:
    obj = seed.copy()
    for path in spoken(obj, seed.decoded.text):
        obj = put(obj, path, " ")
    decoded = seed.read(obj)
    if decoded is None:
        return "without its text it is no record of this kind"
    return one(obj) if not (decoded.text or "").strip() else "its text view holds more than its strings"


@breaks("missing_fields", "a field that training needs left empty")
def _unfilled(seed: Seed, length: int) -> Plant | str:
    """A needed column that is filled and becomes empty when one key goes or is emptied."""
    if not isinstance(seed.obj, dict):
        return "the record is no object with keys"
    groups = [group for group in NEEDED[seed.kind] if _filled(seed.decoded.payload, group)]
    for key in seed.obj:
        for changed in ({k: v for k, v in seed.obj.items() if k != key}, {**seed.obj, key: ""}, {**seed.obj, key: []}):
            decoded = seed.read(changed)
            if decoded is not None and not all(_filled(decoded.payload, group) for group in groups):
                return one(changed)
    return "without any one of its keys it is no record of this kind, or lacks nothing"


def _filled(payload: Any, group: tuple[str, ...]) -> bool:
    return any(_says(payload.get(name)) for name in group)


def _says(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(_says(member) for member in value.values())
    return bool(value) or value in (0, False)


@breaks("mojibake_share", "UTF-8 read as Latin-1")
def _mojibake(seed: Seed, length: int) -> Plant | str:
    text = seed.decoded.text or ""
    return worded(
        seed, " " + "naïve café – über “Schlüssel” ".encode().decode("cp1252", "replace") * (1 + len(text) // 20)
    )


@breaks("replacement_chars", "characters lost in decoding (U+FFFD)")
def _lost(seed: Seed, length: int) -> Plant | str:
    return worded(seed, " caf\ufffd na\ufffdve \ufffd\ufffd\ufffd")


@breaks("control_chars", "control characters in its text")
def _control(seed: Seed, length: int) -> Plant | str:
    return worded(seed, " \x00\x08\x1b[31m\x07")


@breaks("truncated", "an answer that stops mid-sentence")
def _stops(seed: Seed, length: int) -> Plant | str:
    cut = (
        "The first of these three sentences is complete and says what it wants to say. The second one is complete as "
        "well, and adds something to the first. But the third one, which would explain the whole matter, stops in the"
    )
    if seed.kind == "reasoning":  # one that reached its answer was not cut
        obj = {**seed.canonical(), "steps": [{"text": cut}]}
        obj.pop("final_answer", None)
        return one(obj) if seed.read(obj) is not None else "without its answer it is another kind of record"
    return with_answer(seed, cut)


@breaks("ai_boilerplate", "an answer about being an AI")
def _boilerplate(seed: Seed, length: int) -> Plant | str:
    return with_answer(seed, "As an AI language model, I do not have personal opinions on this.")


@breaks("refusal", "an answer that declines to answer")
def _refusal(seed: Seed, length: int) -> Plant | str:
    return with_answer(seed, "I'm sorry, but I can't help with that request.")


# Times


@breaks("future_time", "a date in the year 2150")
def _future(seed: Seed, length: int) -> Plant | str:
    return _dated(seed, "2150-01-01T00:00:00Z")


@breaks("event_time_missing_zone", "a clock time without a zone")
def _zoneless(seed: Seed, length: int) -> Plant | str:
    return _dated(seed, "2024-05-01 10:00:00")


@breaks("unreadable_time", "a date that is no date")
def _no_date(seed: Seed, length: int) -> Plant | str:
    return _dated(seed, "on some day in May")


@breaks("age_days", "a date long past")
def _old(seed: Seed, length: int) -> Plant | str:
    return "age is counted from a day that check is not told (as_of)"


def _dated(seed: Seed, text: str) -> Plant | str:
    key = "timestamp" if seed.kind == "domain_log" else "event_time"
    obj = {**seed.canonical(), key: text}
    return one(obj) if seed.read(obj) is not None else "with a date of its own it is another kind of record"


# Labels


@breaks("label_conflicts", "the label of another class")
def _relabelled(seed: Seed, length: int) -> Plant | str:
    label = seed.decoded.payload.get("label")
    if not label or not words_in(seed.decoded.payload.get("text") or ""):
        return "it has no words with a single label"
    return one({**seed.canonical(), "label": f"not {label}"})


@breaks("label_variant_of", "its label in another spelling")
def _respelled(seed: Seed, length: int) -> Plant | str:
    label = seed.decoded.payload.get("label") or ""
    if not any(c.isalnum() for c in label):
        return "its label has no letter or digit"
    # The usual spelling is the most frequent, then the first in the alphabet: a longer one is never first.
    return Plant([encoded(seed.obj), encoded(seed.obj), encoded({**seed.canonical(), "label": f"{label} ."})], 2)


@breaks("label_in_vocabulary", "a label that occurs only once")
def _unheard(seed: Seed, length: int) -> Plant | str:
    text, label = seed.decoded.payload.get("text"), seed.decoded.payload.get("label")
    if not text or not label:
        return "it has no text with a single label"
    # A vocabulary shows only in many records: the same label on other texts.
    crowd = [encoded({**seed.canonical(), "text": f"{text} (copy {seed.number}.{n})"}) for n in range(400)]
    return Plant([*crowd, encoded({**seed.canonical(), "label": f"planted class {seed.number}"})], len(crowd))


@breaks("annotator_agreement", "annotators who all say something else")
def _outvoted(seed: Seed, length: int) -> Plant | str:
    label = seed.decoded.payload.get("label")
    votes = [{"annotator": name, "label": f"not {label}"} for name in ("a", "b", "c")]
    return one({**seed.canonical(), "annotations": votes}) if label else "it has no single label"


@breaks("label_probability", "soft labels against its label")
def _improbable(seed: Seed, length: int) -> Plant | str:
    label = seed.decoded.payload.get("label")
    soft = [{"label": label, "p": 0.01}, {"label": f"not {label}", "p": 0.99}]
    return one({**seed.canonical(), "soft_labels": soft}) if label else "it has no single label"


# Questions and answers


@breaks("empty_answer", "an answer of white space")
def _white(seed: Seed, length: int) -> Plant | str:
    return with_answer(seed, "  ")


@breaks("answer_conflicts", "another answer to the same question")
def _contradicted(seed: Seed, length: int) -> Plant | str:
    if len(seed.decoded.payload.get("messages") or ()) > 3:
        return "a chat of more than three messages: its last question alone does not say what was asked"
    if not words_in(_last_question(seed)):
        return "its question has no words"
    if not words_in(views.answer_of(seed.kind, seed.decoded.payload)):
        return "it has no answer to contradict"
    return with_answer(seed, f"{_OTHER} {seed.number}")


@breaks("answer_repeats_prompt", "the question again for an answer")
def _echo(seed: Seed, length: int) -> Plant | str:
    question = _last_question(seed)
    return with_answer(seed, shouted(question)) if words_in(question) else "its question has no words"


def _last_question(seed: Seed) -> str:
    """What the last answer answers: a chat's last user turn, else the prompt."""
    payload = seed.decoded.payload
    turns = [message for message in payload.get("messages") or () if message.get("role") == "user"]
    return views.message_text(turns[-1]) if turns else views.question_of(seed.kind, payload)


@breaks("answer_in_context", "an answer not in its context")
def _elsewhere(seed: Seed, length: int) -> Plant | str:
    context = views.message_text({"parts": seed.decoded.payload.get("context")})
    return with_answer(seed, "zanzibar quokka") if words_in(context) else "it has no context"


@breaks("span_mismatches", "an answer's place that is off by one")
def _off_by_one(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    spans = [a for a in obj.get("answers") or () if isinstance(a, dict) and "answer_start" in a and a.get("text")]
    if not spans:
        return "its answers have no places"
    spans[0]["answer_start"] += 1
    return one(obj)


@breaks("role_order_ok", "two turns of the same speaker in a row")
def _twice_user(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    key = "messages" if seed.kind == "qa" else "prompt"
    messages = obj.get(key)
    if not isinstance(messages, list):
        return "it is no conversation"
    user = {"role": "user", "content": "And another thing, before you answer."}
    return one({**obj, key: [user, user, *messages]})


# Reasoning


def _chain(seed: Seed, **changes: Any) -> Plant | str:
    obj = {**seed.canonical(), **changes}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


def _steps(seed: Seed) -> list[dict[str, Any]]:
    return [{"text": step.get("text") or "so"} for step in seed.decoded.payload.get("steps") or ()]


@breaks("arithmetic_errors", "a sum that is wrong")
def _wrong_sum(seed: Seed, length: int) -> Plant | str:
    if seed.kind == "qa":
        return with_answer(seed, "We add the two: 17 + 25 = 43.")
    # In GSM8K's own way where the chain has it: there, only what stands in << >> is a calculation.
    marked = any("<<" in step["text"] for step in _steps(seed))
    wrong = "We add the two: 17 + 25 = <<17+25=43>>43." if marked else "We add the two: 17 + 25 = 43."
    return _chain(seed, steps=[*_steps(seed), {"text": wrong}])


@breaks("step_count", "no steps")
def _stepless(seed: Seed, length: int) -> Plant | str:
    return _chain(seed, steps=[])


@breaks("empty_steps", "a step that says nothing")
def _silent_step(seed: Seed, length: int) -> Plant | str:
    return _chain(seed, steps=[*_steps(seed), {"text": " "}])


@breaks("step_numbering_ok", "a step number left out")
def _skipped(seed: Seed, length: int) -> Plant | str:
    texts = [step["text"] for step in _steps(seed)] or ["so"]
    return _chain(seed, steps=[{"index": 2 * i + 1, "text": text} for i, text in enumerate([*texts, "and so"])])


@breaks("answer_in_last_step", "an answer its last step does not reach")
def _unreached(seed: Seed, length: int) -> Plant | str:
    return _chain(seed, final_answer="987654.25")


@breaks("verifier_failed", "an answer found wrong by its verifier")
def _refuted(seed: Seed, length: int) -> Plant | str:
    return _chain(seed, verifier={"name": "planted", "passed": False})


@breaks("bad_steps", "a step that was rated wrong")
def _rated(seed: Seed, length: int) -> Plant | str:
    return _chain(seed, steps=[*_steps(seed), {"text": "This follows.", "rating": -1.0}])


@breaks("answer_repeats_question", "the question again for a final answer")
def _circular(seed: Seed, length: int) -> Plant | str:
    question = views.question_of(seed.kind, seed.decoded.payload)
    return _chain(seed, final_answer=shouted(question)) if words_in(question) else "its question has no words"


# Preferences


def _pair(seed: Seed) -> dict[str, Any] | None:
    obj = seed.canonical()
    return obj if len(obj.get("candidates") or ()) == 2 else None


def _saying(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": text}]}


@breaks("chosen_equals_rejected", "the same answer chosen and rejected")
def _same_twice(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    if obj is None:
        return "it has not two candidates"
    return one({**obj, "candidates": [obj["candidates"][0]] * 2, "resolution": {"chosen": 0, "rejected": 1}})


@breaks("repeated_candidates", "two candidates of the same text")
def _repeated(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    return one({**obj, "candidates": [obj["candidates"][0]] * 2}) if obj else "it has not two candidates"


@breaks("preference_conflicts", "the opposite verdict on the same pair")
def _reversed(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    if obj is None:
        return "it has not two candidates"
    pair = {**obj, "candidates": [_saying(f"The one ({seed.number})."), _saying(f"The other ({seed.number}).")]}
    pair.pop("votes", None)
    verdicts = ({"chosen": 0, "rejected": 1}, {"chosen": 1, "rejected": 0})
    return Plant([encoded({**pair, "resolution": verdict}) for verdict in verdicts], 1)


@breaks("empty_candidates", "a candidate that says nothing")
def _mute(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    return one({**obj, "candidates": [obj["candidates"][0], _saying("")]}) if obj else "it has not two candidates"


@breaks("votes_against_resolution", "votes against its verdict")
def _overruled(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    votes = [{"rater": name, "rater_type": "human", "choice": 1} for name in ("a", "b", "c")]
    return one({**obj, "votes": votes, "resolution": {"chosen": 0, "rejected": 1}}) if obj else "it is no pair"


@breaks("vote_agreement", "votes that do not agree")
def _divided(seed: Seed, length: int) -> Plant | str:
    obj = _pair(seed)
    votes = [{"rater": name, "rater_type": "human", "choice": n % 2} for n, name in enumerate("abcd")]
    return one({**obj, "votes": votes}) if obj else "it is no pair"
