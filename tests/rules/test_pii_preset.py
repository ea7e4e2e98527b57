"""The preset pii: every rule fires on a record that was broken for it, and none on a clean one."""

from __future__ import annotations

import pytest

from assay.rules import load_ruleset
from tests.kernels.test_pii import FOUND
from tests.rules.test_code_presets import fired

CLEAN = (
    "The meeting is at 10:30 on 2026-01-02 in room 4.2.1; see https://www.python.org/doc/ or write to jo@example.com.",
    "Version 10.2.3.4 of 1,234,567 units (5.99 each) was built on 05/31/2018 from commit 4532015112830366abc.",
)
BROKEN = {
    "private_keys": "private_key",
    "api_keys": "api_key",
    "payment_cards": "card",
    "bank_accounts": "iban",
    "national_ids": "national_id",
    "emails": "email",
    "phone_numbers": "phone",
    "ip_addresses": "ip",
}


@pytest.mark.parametrize("rule", list(BROKEN))
def test_each_rule_fires_on_each_form_of_its_fault_and_alone(rule: str) -> None:
    # 6e40::/16 is no public address yet.
    rows = [{"text": f"{CLEAN[0]} And: {value}, it said."} for value in FOUND[BROKEN[rule]] if value[:2] != "6e"]
    assert fired("pii", "composite", *rows) == [{rule}] * len(rows)


def test_a_list_of_people_is_more_than_a_mention() -> None:
    people = " ".join(f"p{n}@firm.com" for n in range(21))
    assert fired("pii", "composite", {"text": people}) == [{"emails", "much_personal_data"}]


def test_clean_records_raise_nothing() -> None:
    assert fired("pii", "composite", *({"text": text} for text in CLEAN)) == [set(), set()]


def test_every_rule_has_its_fault_here() -> None:
    assert {rule.name for rule in load_ruleset("pii").for_kind("composite")} == {*BROKEN, "much_personal_data"}
