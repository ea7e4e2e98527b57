"""A check as a person reads it: spans of text with a style, joined plainly or drawn in colour."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from assay.flows.check.results import CheckResult, FileRead, NotMeasured, Problem, Proof, Tokens

if TYPE_CHECKING:
    from rich.text import Text

Span = tuple[str, str]  # text, rich style
Line = list[Span]

BAR = 20
FILES_SHOWN = 8
LONG_PATH = 24  # beyond it a path is shown by its end: two of them must fit beside a reason
STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
DIM = "dim"
HEAD = "bold"
CODE = "green"


def plain(result: CheckResult, width: int = 100) -> list[str]:
    """Lines of at most `width` columns (a path or a command is never broken), without colour codes."""
    return ["".join(text for text, _ in line).rstrip() for line in build(result, width)]


def rich_text(result: CheckResult, width: int = 100) -> Text:
    from rich.text import Text

    drawn = Text(no_wrap=True, overflow="ignore")
    for i, line in enumerate(build(result, width)):
        if i:
            drawn.append("\n")
        for text, style in line:
            drawn.append(text, style=style or None)
    return drawn


def build(result: CheckResult, width: int) -> Iterator[Line]:
    names = short_names([*(file.path for file in result.files), *result.eval_files])
    yield from _headline(result, width)
    if result.records or result.problems:
        yield from _problems(result.problems, names, width)
    if result.tokens is not None and result.tokens.total:
        yield from _tokens(result.tokens, names, width)
    yield from _gaps(result.not_measured, width)
    yield from _proof(result.proof, width)
    yield from _verdict(result, width)


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Each long path by as little of its end as tells it apart; the headline has it whole."""
    names = {}
    for path in paths:
        parts = path.split("/")
        for keep in range(1, len(parts) + 1):
            name = "/".join(parts[-keep:])
            if not any(other != path and (other == name or other.endswith("/" + name)) for other in paths):
                break
        names[path] = name if len(path) > LONG_PATH else path
    return names


def _shortened(text: str, names: Mapping[str, str]) -> str:
    for path, name in names.items():
        if path != name:
            text = text.replace(path, name)
    return text


def size(n: int) -> str:
    amount, unit = float(n), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def percent(share: float) -> str:
    """Never rounds something to 0 % or a part to 100 %."""
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{share:.1%}".replace("%", " %")


def plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _headline(result: CheckResult, width: int) -> Iterator[Line]:
    files = result.files
    where = files[0].path if len(files) == 1 else plural(len(files), "file")
    formats = sorted({file.format for file in files})
    yield [(where, HEAD), (f"  {size(result.bytes)} {'/'.join(formats)}", DIM)]
    if not result.records:
        return
    counts = [(kind, n) for kind, n in sorted(result.kinds.items(), key=lambda item: (-item[1], item[0]))]
    yield [(plural(result.records, "record"), HEAD)]
    for kind, n in counts:
        yield [(f"  {kind:<15}{n:>12,}  ", ""), (_short(_why(files, kind), width - 31), DIM)]
    if result.unreadable:
        yield [(f"  {'not readable':<15}{result.unreadable:>12,}", STYLES["error"])]
    if result.eval_records is not None:
        yield [(f"  {'evaluation':<15}{result.eval_records:>12,}  ", ""), ("held against every record above", DIM)]
    if len(files) > 1:
        yield []
        for file in files[:FILES_SHOWN]:
            yield _file(file, width)
        if len(files) > FILES_SHOWN:
            yield [(f"  and {plural(len(files) - FILES_SHOWN, 'more file')}", DIM)]


def _file(file: FileRead, width: int) -> Line:
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(file.kinds.items()))
    bad = f"{', ' if kinds else ''}{file.unreadable:,} not readable" if file.unreadable else ""
    return [(f"  {_short(file.path, width - 52, left=True):<{width - 52}}", ""), (f" {kinds}{bad or ''}", DIM)]


def _why(files: Sequence[FileRead], kind: str) -> str:
    reasons = sorted({file.why[kind] for file in files if kind in file.why})
    return reasons[0] + (f" (and {len(reasons) - 1} other shapes)" if len(reasons) > 1 else "") if reasons else ""


def _problems(problems: Sequence[Problem], names: Mapping[str, str], width: int) -> Iterator[Line]:
    yield []
    if not problems:
        yield [("No problems found", "bold green"), (" by the checks that ran.", "")]
        return
    tally = [(s, sum(p.severity == s for p in problems)) for s in ("error", "warning", "note")]
    parts = ", ".join(plural(n, severity) for severity, n in tally if n)
    yield [(plural(len(problems), "problem"), HEAD), (f"  {parts}; worst first (severity x records)", DIM)]
    for problem in problems:
        yield []
        yield from _problem(problem, names, width)


def _problem(problem: Problem, names: Mapping[str, str], width: int) -> Iterator[Line]:
    style = STYLES[problem.severity]
    filled = max(1, round(problem.share * BAR))
    name_width = max(24, width - 58)
    name = f"{problem.rule}"
    yield [
        (f"{problem.severity:<8}", style),
        (f"{name:<{name_width}}", HEAD),
        (f"{problem.count:>10,} ", ""),
        ("█" * filled, style),
        ("·" * (BAR - filled), DIM),
        (f" {percent(problem.share):>7}", ""),
        (f"  {problem.new:,} new" if problem.new is not None else "", style if problem.new else DIM),
    ]
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(problem.kinds.items())) if len(problem.kinds) > 1 else ""
    about = f"{problem.what} ({problem.dimension}{'; ' + kinds if kinds else ''})"
    yield from _wrapped(about, width, DIM)
    examples = [_short(_shortened(at, names), 48, left=True) for at in problem.examples]
    longest = max(map(len, examples), default=0)
    for at, why in zip(examples, problem.why, strict=True):
        yield [
            ("        ", ""),
            (f"{at:<{longest}}  ", "cyan"),
            (_short(_shortened(why, names), width - 10 - longest), ""),
        ]
    yield from _command(problem.fix, width)


def _command(fix: str, width: int) -> Iterator[Line]:
    """A command that can be pasted: broken only where a shell goes on reading."""
    command, comment, about = fix.partition("  # ")
    parts = command.split(" && ") if len(command) + 13 > width else [command]
    for i, part in enumerate(parts):
        last = i + 1 == len(parts)
        note = comment + about if last and len(part) + len(comment + about) + 13 <= width else ""
        yield [
            ("        fix  " if not i else "             ", DIM),
            (part, CODE),
            ("" if last else " &&", CODE),
            (note, DIM),
        ]
    if comment and not note:
        yield [("             ", ""), (f"# {about}", DIM)]


def _tokens(tokens: Tokens, names: Mapping[str, str], width: int) -> Iterator[Line]:
    yield []
    about = "" if tokens.exact else "about "
    yield [
        (f"{about}{tokens.total:,} tokens".capitalize(), HEAD),
        (f"  {about}{tokens.trained:,} of them learnt from when prompts are masked" if tokens.trained else "", ""),
    ]
    counted = f"counted with {tokens.method}; a chat template's own tokens come on top"
    yield from _wrapped(counted if tokens.exact else tokens.method, width, DIM)
    at = f" ({_shortened(tokens.longest_at, names)})" if tokens.longest_at else ""
    yield [(f"        median {tokens.median:,}, p99 {tokens.p99:,}, longest {tokens.longest:,}{at}", "")]
    if tokens.max_length is not None:
        text = f"        at {tokens.max_length:,}: {plural(tokens.truncated or 0, 'record')} cut off, "
        yield [(text + f"{plural(tokens.zero or 0, 'record')} would train on zero tokens", "")]


def _gaps(gaps: Sequence[NotMeasured], width: int) -> Iterator[Line]:
    if not gaps:
        return
    yield []
    yield [("Not measured", HEAD), ("  nothing above says anything about these", DIM)]
    together: dict[tuple[str, str, str], list[str]] = {}
    for gap in gaps:
        together.setdefault((", ".join(gap.kinds), gap.why, gap.fix), []).append(gap.what)
    for (kinds, why, fix), names in together.items():
        what = f"{', '.join(names)}{f' ({kinds})' if kinds else ''}: {why}"
        for i, line in enumerate(textwrap.wrap(what, width - 4, break_long_words=False, break_on_hyphens=False)):
            yield [("  - " if i == 0 else "    ", DIM), (line, "")]
        if fix:
            yield [("    ", ""), (fix, CODE)]


def _proof(proof: Sequence[Proof], width: int) -> Iterator[Line]:
    if not proof:
        return
    planted = [p for p in proof if p.planted]
    caught, total = sum(p.caught for p in planted), sum(p.planted for p in planted)
    yield []
    yield [
        ("Proof", HEAD),
        (f"  {caught} of {total} planted faults caught", "bold green" if caught == total else STYLES["error"]),
        ("; caught means that the rule named that very record", DIM),
    ]
    for fault, rule, group in _grouped(planted):
        n, of = sum(p.caught for p in group), sum(p.planted for p in group)
        kinds = group[0].kind if len(group) == 1 else f"{len(group)} kinds"
        yield [
            ("  ok     " if n == of else "  MISSED ", "green" if n == of else STYLES["error"]),
            (f"{f'{n}/{of}':<7}", ""),
            (f"{kinds:<15}", DIM),
            (f"{_short(fault, width - 62):<{max(20, width - 62)}}  ", ""),
            (rule, DIM),
        ]
        for line in [line for p in group for line in p.missed][:3]:
            yield [("           ", ""), (_short(line, width - 11), STYLES["error"])]
    unplanted = _grouped([p for p in proof if not p.planted])
    if unplanted:
        yield [("  not planted, so not proven:", DIM)]
        for fault, _, group in unplanted:
            why = "; ".join(f"{', '.join(kinds)}: {why}" for why, kinds in _by_reason(group).items())
            yield from _wrapped(f"{fault} ({why})", width, DIM, indent="    ")


def _grouped(proof: Sequence[Proof]) -> list[tuple[str, str, list[Proof]]]:
    """The same fault and rule of several kinds together, in order of first mention."""
    groups: dict[tuple[str, str], list[Proof]] = {}
    for p in proof:
        groups.setdefault((p.fault, p.rule), []).append(p)
    return [(fault, rule, group) for (fault, rule), group in groups.items()]


def _by_reason(group: Sequence[Proof]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for p in group:
        reasons.setdefault(p.why, []).append(p.kind)
    return reasons


def _verdict(result: CheckResult, width: int) -> Iterator[Line]:
    yield []
    if result.baseline is not None:
        b = result.baseline
        if b.written:
            text = f"Baseline {b.path} written with {plural(b.known, 'finding')}: from now on only new ones fail."
        else:
            text = f"Baseline {b.path}: {b.new:,} new, {b.known:,} known, {b.gone:,} gone."
        yield [(text, "")]
    if result.status == "nothing read":
        yield [("Nothing was read: no record was found.", STYLES["error"])]
        return
    failing = [p for p in result.problems if p.failing]
    missed = [p for p in result.proof if p.caught < p.planted]
    if result.status == "ok":
        yield [("Passed", "bold green"), (": no error.", "") if result.baseline is None else (": no new error.", "")]
    else:
        parts = [f"{plural(len(failing), 'rule')} of severity error"] if failing else []
        parts += [f"{plural(len(missed), 'check')} missed a planted fault"] if missed else []
        yield [("Failed", STYLES["error"]), (f": {' and '.join(parts)}.", "")]
    if result.next:
        yield [("Next  ", HEAD), (result.next, CODE)]


def _wrapped(text: str, width: int, style: str, indent: str = "        ") -> Iterator[Line]:
    for line in textwrap.wrap(text, width - len(indent), break_long_words=False, break_on_hyphens=False):
        yield [(indent, ""), (line, style)]


def _short(text: str, room: int, *, left: bool = False) -> str:
    """At most `room` columns (12 at least) of one printable line; what is left out shows as an ellipsis."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    room = max(room, 12)
    if _columns(text) <= room:
        return text
    if left:
        return "…" + _fitting(text[::-1], room - 1)[::-1]
    return _fitting(text, room - 1) + "…"


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, room: int) -> str:
    used = 0
    for i, character in enumerate(text):
        used += _width(character)
        if used > room:
            return text[:i]
    return text
