"""A name as the user gave it -> datasets at versions, with the decisions to use. Shared by release, report, explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from assay.core.errors import UserError
from assay.flows.rulesets import known_ruleset
from assay.rules import Ruleset, load_ruleset
from assay.signals import SIGNALS
from assay.store import Dataset, Workspace


@dataclass(frozen=True)
class Chosen:
    """One dataset at one version. `decisions` and `ruleset` are None where nothing was decided there."""

    data: Dataset
    number: int
    decisions: pa.Table | None
    ruleset: Ruleset | None

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def kind(self) -> str:
        return self.data.kind

    def scan(self, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        return self.data.scan(self.number, columns=columns)

    def take(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        return self.data.take(ids, columns=columns, ref=self.number)

    def signal_versions(self) -> dict[str, int | None]:
        return {name: SIGNALS.get(name).version if name in SIGNALS else None for name in self.data.signals(self.number)}


def split_ref(name: str, ref: str | int | None = None) -> tuple[str, str | int | None]:
    """`tickets@v3` -> ("tickets", "v3"); a ref given apart counts where the name has none."""
    base, at, named = name.partition("@")
    return base, (named if at else ref)


def choose(
    ws: Workspace,
    name: str,
    *,
    ref: str | int | Mapping[str, int] | None = None,
    rules: str | Mapping[str, str] | None = None,
) -> list[Chosen]:
    """Every dataset that `name` (or `name@REF`) covers.

    ref: a version; as a mapping, full name -> version number, since kinds of one name have histories of their own.
    rules: which decisions: a ruleset's hash, a rule file or preset (hashed now), full name -> hash, or None for
        those made last over that very version. E508 when rules are named and did not decide that version.
    """
    base, named = split_ref(name)
    wanted = None
    if isinstance(rules, str):
        wanted = rules if _is_hash(rules) else load_ruleset(rules).hash
    chosen = []
    for full in ws.names(base):
        data = ws.dataset(full)
        number = data.resolve(named or (ref.get(full) if isinstance(ref, Mapping) else ref))
        mine = rules.get(full) if isinstance(rules, Mapping) else wanted
        saved = ws.find_decisions(full, number, mine)
        if saved is None:
            if mine is not None:
                raise UserError(
                    "E508",
                    f"{full}@{number} has no decisions by {rules if isinstance(rules, str) else mine[:12]}",
                    fix=f"assay decide {full} --rules FILE",
                )
            chosen.append(Chosen(data, number, None, None))
            continue
        decisions = ws.load_decisions(full, number, saved.ruleset)
        chosen.append(Chosen(data, number, decisions, known_ruleset(ws, saved.ruleset)))
    return chosen


def _is_hash(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("0123456789abcdef")
