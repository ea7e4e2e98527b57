"""Commands that write a version or a decision: init, ingest, quarantine, transform, measure, decide."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result

DatasetName = Annotated[str, typer.Argument(metavar="DATASET", help="tickets, tickets.qa or tickets@REF.")]
Message = Annotated[str | None, typer.Option("-m", "--message", help="Why; shown by `assay log`.")]
Param = Annotated[
    list[str] | None, typer.Option("--param", help="A signal's parameter, NAME=VALUE; repeatable. See `signals show`.")
]


@verb("Write")
def init() -> Result:
    """Make a workspace (./.assay, or the one that -w names)."""
    from assay import api

    return api.init(GLOBALS.workspace)


@verb("Write")
def ingest(
    dataset: Annotated[str, typer.Argument(help="The dataset's name; one table per kind is kept under it.")],
    sources: Annotated[list[str], typer.Argument(help="Files, folders, globs, URLs, or - for standard input.")],
    kind: Annotated[str, typer.Option(help="The kind of record, or auto.")] = "auto",
    domain: Annotated[str | None, typer.Option(help="For records that do not carry one.")] = None,
    origin: Annotated[str | None, typer.Option(help="human, model, agent, simulator, sensor or unknown.")] = None,
    license_: Annotated[str | None, typer.Option("--license", help="For records that do not carry one.")] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="Read as this format.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="ours=theirs.path[0]; repeatable.")] = None,
    on_conflict: Annotated[
        str, typer.Option(help="The same id with other content: quarantine it, or make a new-version.")
    ] = "quarantine",
    raw: Annotated[str, typer.Option(help="Keep original bytes where needed (auto) or always (keep).")] = "auto",
    message: Message = None,
) -> Result:
    """Read SOURCES into DATASET. Every record is added, known already, or quarantined with a reason."""
    return GLOBALS.open().ingest(
        dataset,
        sources,
        kind=kind,
        domain=domain,
        origin=origin,
        license=license_,
        format=file_format,
        mapping=mapping or (),
        on_conflict=on_conflict,
        raw=raw,
        message=message,
    )


@verb("Write")
def quarantine(
    dataset: DatasetName,
    retry: Annotated[bool, typer.Option(help="Read the quarantined records again, after a fix.")] = False,
    kind: Annotated[str | None, typer.Option(help="With --retry: read them as this kind.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="With --retry: ours=theirs.path[0].")] = None,
    on_conflict: Annotated[str | None, typer.Option(help="With --retry: new-version.")] = None,
    message: Message = None,
) -> Result:
    """List the records that could not be read, each with its reason, or --retry them."""
    return GLOBALS.open()[dataset].quarantine(
        retry=retry, kind=kind, mapping=mapping or (), on_conflict=on_conflict, message=message
    )


@verb("Write")
def transform(
    dataset: DatasetName,
    name: Annotated[str, typer.Option("--with", help="The transform: repair_encoding, c4_clean@datatrove ...")],
    param: Annotated[
        list[str] | None, typer.Option("--param", help="name=value, the value as JSON; repeatable.")
    ] = None,
    message: Message = None,
) -> Result:
    """Change the texts of DATASET and make a new version. Ids stay; only rows that change are written."""
    return GLOBALS.open()[dataset].transform(name, params=_params(param), message=message)


@verb("Write")
def measure(
    dataset: DatasetName,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this signal; repeatable.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The time from which ages count, e.g. 2026-01-01.")] = None,
    param: Param = None,
    message: Message = None,
) -> Result:
    """Measure the signals of DATASET's kind. Adds columns; deletes nothing."""
    return GLOBALS.open()[dataset].measure(only=only or (), as_of=as_of, params=_params(param), message=message)


@verb("Write")
def decide(
    dataset: DatasetName,
    rules: Annotated[str | None, typer.Option(help="A rule file, or a preset's name.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The time from which ages count, e.g. 2026-01-01.")] = None,
    param: Param = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option("--what-if", help="min_words=30 or RULE=CONDITION: what would change. Writes nothing."),
    ] = None,
    alarm_share: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Say so when one rule drops more than this share of a source; 0.3 unless given."
        ),
    ] = None,
    message: Message = None,
) -> Result:
    """Keep, drop or send to review by RULES, with every rule that fired. The records stay."""
    data = GLOBALS.open()[dataset]
    if what_if:
        return data.what_if(what_if, rules)
    return data.decide(rules, as_of=as_of, params=_params(param), alarm_share=alarm_share, message=message)


def _params(words: list[str] | None) -> dict[str, Any]:
    from assay.core.assignments import parse_assignments

    return parse_assignments(words or ())
