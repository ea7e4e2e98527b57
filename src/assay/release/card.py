"""The card: README.md with the YAML front matter that dataset hubs read, written from the manifest alone."""

from __future__ import annotations

from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from assay.release.manifest import DatasetFact, Manifest

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "validity", "uniqueness")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Ids that the Hugging Face hub knows, by our spelling in lower case.
_HUB_LICENSES = _words(
    """
    apache-2.0 mit bsd bsd-2-clause bsd-3-clause isc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0
    cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-permissive-2.0 cdla-sharing-1.0 gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0
    agpl-3.0 mpl-2.0 odbl odc-by pddl unlicense wtfpl zlib artistic-2.0 bsl-1.0 ecl-2.0 eupl-1.1 eupl-1.2 gfdl ms-pl
    ncsa ofl-1.1 openrail osl-3.0 postgresql psfl unknown other
    """
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
          (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"))  # fmt: skip
_TASKS = {
    "classification": "text-classification",
    "qa": "question-answering",
    "reasoning": "question-answering",
    "composite": "text-generation",
    "agentic": "text-generation",
    "preference": "reinforcement-learning",
    "simulation": "robotics",
    "domain_log": "time-series-forecasting",
}


def card(manifest: Manifest) -> str:
    """The card's text. Names that came with the data are escaped: a card is also a web page."""
    env = Environment(
        loader=PackageLoader("assay.release"),
        autoescape=False,  # Markdown; `cell` escapes what came with the data
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["cell"] = cell
    env.filters["share"] = share
    return env.get_template("card.md.j2").render(
        m=manifest,
        head=yaml.dump(front_matter(manifest), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000).rstrip(),
        dimensions=DIMENSIONS,
        rules=_rules(manifest),
        limits=limits(manifest),
        sums={name: _sum(manifest, name) for name in ("domains", "origins", "licenses", "splits")},
        totals={
            name: sum(getattr(d, name) for d in manifest.datasets) for name in ("rows", "kept", "dropped", "review")
        },
    )


class _Plain(yaml.SafeDumper):
    """Without anchors: a value used twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def cell(value: Any) -> str:
    """Text for a Markdown table: no markup, no line ends, no new columns."""
    text = " ".join(str(value).split())
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "'")):
        text = text.replace(mark, instead)
    for mark in "[]*_":
        text = text.replace(mark, "\\" + mark)
    return text


def share(part: float, whole: float) -> str:
    """A percentage that never rounds to 0 or 100 what is neither."""
    if not whole:
        return "-"
    value = 100 * part / whole
    if 0 < value < 0.1:
        return "<0.1%"
    if 99.9 < value < 100:
        return ">99.9%"
    return f"{value:.1f}%"


def front_matter(manifest: Manifest) -> dict[str, Any]:
    licenses = sorted(_sum(manifest, "licenses"))
    names = [_hub_license(name) for name in licenses]
    head: dict[str, Any] = {"pretty_name": manifest.name}
    if names:
        head["license"] = names[0] if len(set(names)) == 1 else sorted(set(names))
    if "other" in names:
        head["license_name"] = ", ".join(name for name in licenses if name and _hub_license(name) == "other") or "other"
    head["task_categories"] = sorted({_TASKS[d.kind] for d in manifest.datasets if d.kind in _TASKS and d.kept})
    head["size_categories"] = [next((name for limit, name in _SIZES if manifest.records < limit), "100M<n<1B")]
    head["tags"] = ["assay"]
    head["configs"] = _configs(manifest)
    head["dataset_info"] = [_chat_info(d) for d in manifest.datasets if (d.messages or {}).get("written")]
    return {key: value for key, value in head.items() if value}


def _hub_license(name: str) -> str:
    if not name:
        return "unknown"
    return name.lower() if name.lower() in _HUB_LICENSES else "other"


def _configs(manifest: Manifest) -> list[dict[str, Any]]:
    """One config for each dataset in its richest form, and one for its chat form."""
    configs = []
    for dataset in manifest.datasets:
        forms = {fact.format for fact in manifest.files if fact.dataset == dataset.dataset}
        table = "parquet" if "parquet" in forms else "jsonl"
        for form, name in ((table, dataset.dataset), ("messages", f"{dataset.dataset}.messages")):
            files = [f for f in manifest.files if f.dataset == dataset.dataset and f.format == form]
            if files:
                splits = sorted({fact.split for fact in files}, key=lambda split: (split != "train", split))
                paths = [{"split": s, "path": [f.path for f in files if f.split == s]} for s in splits]
                configs.append({"config_name": name, "data_files": paths})
    return configs


_TEXT = {"dtype": "string"}
_CALL = [
    {"name": "id", **_TEXT},
    {"name": "type", **_TEXT},
    {"name": "function", "struct": [{"name": "name", **_TEXT}, {"name": "arguments", **_TEXT}]},
]


def _chat_info(dataset: DatasetFact) -> dict[str, Any]:
    """The chat form's types. A loader that guesses them from the first lines fails at the first tool call after."""
    special: dict[str, dict[str, Any]] = {"weight": {"dtype": "float64"}, "tool_calls": {"list": _CALL}}
    members = (dataset.messages or {})["turn_members"]
    features: list[dict[str, Any]] = [
        {"name": "id", **_TEXT},
        {"name": "messages", "list": [{"name": name, **special.get(name, _TEXT)} for name in members]},
    ]
    if dataset.kind == "agentic":
        features.append({"name": "tools", **_TEXT})
    return {"config_name": f"{dataset.dataset}.messages", "features": features}


def _sum(manifest: Manifest, name: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for dataset in manifest.datasets:
        for value, rows in getattr(dataset, name).items():
            total[value] = total.get(value, 0) + rows
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _rules(manifest: Manifest) -> list[tuple[Any, int]]:
    """Rules that removed or held back something, most records first."""
    fired: dict[str, int] = {}
    for dataset in manifest.datasets:
        for name, rows in dataset.by_rule.items():
            fired[name] = fired.get(name, 0) + rows
    known = {rule.name: rule for ruleset in manifest.rulesets for rule in ruleset.rules}
    found = [(known[name], rows) for name, rows in fired.items() if name in known]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].name))


def limits(manifest: Manifest) -> list[str]:
    """What a reader should not assume; each line follows from a number in the manifest."""
    found = []
    for dataset in manifest.datasets:
        unmeasured = [d for d in DIMENSIONS if not _measured(dataset.scorecard.get(d))]
        if dataset.ruleset is None:
            found.append(f"`{dataset.dataset}` was released without a decision: nothing was left out.")
        elif unmeasured:
            found.append(f"`{dataset.dataset}`: {', '.join(unmeasured)} not measured.")
        partly = [d for d in DIMENSIONS if _measured(dataset.scorecard.get(d)) and dataset.scorecard[d].get("unknown")]
        if partly:
            found.append(f"`{dataset.dataset}`: {', '.join(partly)} unknown for some records.")
    licenses, origins = _sum(manifest, "licenses"), _sum(manifest, "origins")
    if licenses.get(""):
        found.append(f"{licenses['']:,} records carry no license.")
    if origins.get("") or origins.get("unknown"):
        found.append(f"{origins.get('', 0) + origins.get('unknown', 0):,} records are of unknown origin.")
    synthetic = origins.get("model", 0) + origins.get("simulator", 0)
    if synthetic:
        found.append(f"{synthetic:,} records ({share(synthetic, manifest.records)}) were made by a model or simulator.")
    return found


def _measured(score: dict[str, Any] | None) -> bool:
    return bool(score) and (score or {}).get("share") is not None
