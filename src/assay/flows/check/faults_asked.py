"""Faults of what is measured only when asked: personal data, code, mathematics, addresses, copies among others."""

from __future__ import annotations

from typing import Any

from assay.flows.check.faults import Plant, Planter, breaks, fault, one, with_answer
from assay.flows.check.faults_text import worded
from assay.flows.check.seeds import Seed, encoded

# Made up; numbers with a check digit have a right one. Written in parts, so that nobody takes them for leaks.
_PERSONAL = {
    "emails": ("an e-mail address", " Write to maria.keller@" + "kontor-nord.de about it."),
    "phone_numbers": ("a telephone number", " Call " + "+49 30 901 820 44 before noon."),
    "ip_addresses": ("a public IP address", " The request came from " + "81.2.69.142 last night."),
    "payment_cards": ("a card number", " Card " + "4539 1488 0343 6467 was charged."),
    "bank_accounts": ("a bank account", " Send it to " + "DE91 1005 0000 0190 6628 77 today."),
    "national_ids": ("a social security number", " Her social security number is " + "536-90-4399 there."),
    "api_keys": ("an API key", " Use the key AKIA" + "Q3EXSPLM7RT2WZ5K for it."),
    "private_keys": (
        "a private key",
        "\n-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0g\n"
        "-----END RSA PRIVATE KEY-----\n",
    ),
    "much_personal_data": ("many addresses", "".join(f" person{n}.lane@" + "kontor-nord.de" for n in range(25))),
}


def _saying(text: str) -> Planter:
    def plant(seed: Seed, length: int) -> Plant | str:
        return worded(seed, text)

    return plant


for _rule, (_name, _text) in _PERSONAL.items():
    fault(_name, _rule)(_saying(_text))


def _answering(text: str) -> Planter:
    """Where a kind says its answers: code in a question is nobody's to learn."""

    def plant(seed: Seed, length: int) -> Plant | str:
        return worded(seed, text) if seed.kind == "composite" else with_answer(seed, f"In code:{text}")

    return plant


breaks("code_parse_errors", "code that does not parse")(_answering("\n\n```python\ndef planted(:\n    return\n```\n"))
breaks("sql_parse_errors", "SQL that does not parse")(_answering("\n\n```sql\nSELECT a FROM WHERE b = ;\n```\n"))
breaks("unclosed_fences", "a code fence that stays open")(_answering("\n\n```python\nplanted = 1\n"))
breaks("unbalanced_brackets", "a bracket that stays open")(_answering("\n\n```python\nplanted = (1 + (2\n```\n"))
breaks("stale_apis", "a name that a library has removed")(
    _answering("\n\n```python\nimport numpy as np\n\nplanted = np.float(1)\n```\n")
)
breaks("url_valid", "an address that is none")(_saying(" See http://exa_mple..com:99999/planted for more."))


@breaks("unresolved_imports", "an import of no known package")
def _unresolved(seed: Seed, length: int) -> Plant | str:
    return "no list of packages is given to `check`: name it when measuring, --param packages=FILE"


@breaks("url_blocked", "an address on the user's list")
def _blocked(seed: Seed, length: int) -> Plant | str:
    return "no list of addresses is given to `check`: name it when measuring"


# Mathematics


def _steps(seed: Seed, *texts: str, **changes: Any) -> Plant | str:
    """The chain with further steps."""
    obj = seed.canonical()
    before = [{"text": step.get("text") or "so"} for step in seed.decoded.payload.get("steps") or ()]
    obj = {**obj, "steps": [*before, *({"text": text} for text in texts)], **changes}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


@breaks("annotation_errors", "an annotated calculation that is wrong")
def _annotated(seed: Seed, length: int) -> Plant | str:
    text = "We add the two: 17 + 25 = <<17+25=43>>43."
    return with_answer(seed, text) if seed.kind == "qa" else _steps(seed, text)


@breaks("contradictory_values", "two values for one quantity")
def _contradicted(seed: Seed, length: int) -> Plant | str:
    return _steps(seed, "Planted rope = 14 dollars.", "Planted rope = 29 dollars.")


@breaks("skipped_steps", "a step left out")
def _skipped(seed: Seed, length: int) -> Plant | str:
    obj = {**seed.canonical(), "steps": [{"text": f"Step {n}: it follows."} for n in (1, 2, 5)]}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


@breaks("answer_follows_steps", "an answer that is not what the steps reach")
def _elsewhere(seed: Seed, length: int) -> Plant | str:
    obj = {**seed.canonical(), "steps": [{"text": "17 + 25 = <<17+25=42>>42"}], "final_answer": "57"}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


@breaks("final_answer_correct", "an answer other than the reference")
def _wrong(seed: Seed, length: int) -> Plant | str:
    if seed.kind == "qa":
        return "a question's reference is its own answer"
    obj = {**seed.canonical(), "steps": [{"text": "So it is 42."}], "final_answer": "57", "gold_answer": "42"}
    return one(obj) if seed.read(obj) is not None else "so changed it is another kind of record"


# Agents


@breaks("invalid_tool_schemas", "a tool whose schema is none")
def _no_schema(seed: Seed, length: int) -> Plant | str:
    obj = seed.canonical()
    tool = {"name": "planted_tool", "description": "Planted.", "parameters": {"type": "dict"}}
    changed = {**obj, "tools": [*(obj.get("tools") or []), tool]}
    return one(changed) if seed.read(changed) is not None else "so changed it is another kind of record"


# Others


@breaks("novel_ngram_share", "a record said eight times", most=1)
def _said_by_all(seed: Seed, length: int) -> Plant | str:
    if len((seed.decoded.text or "").split()) < 12:
        return "it has too few words"
    return Plant([encoded(seed.obj)] * 8, 7)
