"""What a run left in its folder, as tables of Markdown; `results.py` puts them in order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

import pellucid
from pellucid.datasets.dataset import CATALOG
from pellucid.training.distil_table import markdown
from pellucid.training.fit_log import read_log

CONFIGS = Path(__file__).parents[1] / "configs"
AUDITED = ",split=audit/split.csv"


@dataclass(frozen=True)
class Run:
    """A training's folder: `network/card.json` when it has ended, `fit/log.jsonl` from its first epoch on.

    `config` names the file below `configs/` that it was made of, whose head has the command.
    """

    title: str
    folder: Path
    config: str = ""
    audited: bool = False

    @cached_property
    def card(self) -> dict[str, Any]:
        """The card, empty while there is none."""
        path = self.network / "card.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    @property
    def network(self) -> Path:
        """Where card and weights lie: a bundled network has no folder around them."""
        return self.folder if (self.folder / "card.json").is_file() else self.folder / "network"

    @cached_property
    def log(self) -> list[dict[str, float]]:
        """The epochs."""
        return read_log(self.folder / "fit" / "log.jsonl")

    @property
    def test(self) -> dict[str, Any]:
        """The scores on the test folds."""
        return next(dict(one) for one in self.card["metrics"] if one["data"].endswith("test"))

    @property
    def command(self) -> str:
        """The commands at the head of its configuration."""
        return " && ".join(commands(self.config, self.folder.name, audited=self.audited))

    @property
    def missing(self) -> str:
        """In a line, that it is not there yet."""
        state = f"not finished (epochs done: {len(self.log)})" if self.log else "not run here"
        return f"- {self.title}: {state}: `{self.command}`"


def commands(config: str, name: str, *, audited: bool = False) -> list[str]:
    """Return the commands that stand at the head of a configuration, for a run of this name, on the audited split."""
    lines = (CONFIGS / f"{config}.toml").read_text(encoding="utf-8").splitlines()
    head = "\n".join(line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines))
    found = [" ".join(line.split()) for line in head.replace("\\\n", "").splitlines() if line.startswith("pellucid")]
    found = [re.sub(r"--out runs/\S+", f"--out runs/{name}", line) for line in found]
    return [line.replace(" --out", f"{AUDITED} --out") for line in found] if audited else found


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as a table."""
    return markdown(pd.DataFrame(rows).fillna(""))


def facts(runs: Sequence[Run]) -> str:
    """Return what each finished run was made of and what it cost; then those that are not there."""
    done = [_fact(run) for run in runs if run.card]
    missing = "\n".join(run.missing for run in runs if not run.card)
    return "\n\n".join([*([table(done)] if done else []), *([missing] if missing else [])])


def _fact(run: Run) -> dict[str, str]:
    training = run.card["training"]
    config = training["config"]
    known = CATALOG[config["data"]["dataset"]].patients_known  # for cards that do not say
    splits = {name: _split(part, known=part.get("patients_known", known)) for name, part in training["splits"].items()}
    parameters = sum(value.numel() for value in pellucid.load(run.network).module.parameters())
    return {
        "run": run.title,
        "training": splits["train"],
        "choosing": splits["choose"],
        "test": splits["test"],
        "input": _input(run.card["preparation"]),
        "parameters": f"{parameters:,}",
        "seed": ", ".join(str(one["seed"]) for one in config["members"] or [config]),
        "epochs": _epochs(run),
        "choosing score": _chosen(run),
        "seconds": _seconds(run),
    }


def _split(split: Mapping[str, Any], *, known: bool) -> str:
    if not split["records"]:
        return "none"
    people = f"{split['patients']:,} patients"
    if not known:
        clusters = f" ({split['patients']:,} clusters of like pictures)" if split["patients"] < split["records"] else ""
        people = f"patients unknown{clusters}"
    return f"{_folds(split['folds'])}: {split['records']:,} records, {people}"


def _folds(folds: Sequence[int]) -> str:
    if len(folds) == 1:
        return f"fold {folds[0]}"
    starts = [fold for fold in folds if fold - 1 not in folds]
    ends = [fold for fold in folds if fold + 1 not in folds]
    runs = [f"{low}" if low == high else f"{low}–{high}" for low, high in zip(starts, ends, strict=True)]
    return f"folds {', '.join(runs)}"


def _input(preparation: Mapping[str, Any]) -> str:
    if preparation["kind"] == "slice":
        return f"{preparation['channels']} x {preparation['size'][0]} x {preparation['size'][1]}"
    leads = preparation["leads"]
    read = f"{len(leads)} lead{'s' * (len(leads) > 1)}"
    return f"{read}, {preparation['sampling_rate']:g} Hz, {preparation['length']} samples"


def _epochs(run: Run) -> str:
    """Return how many epochs there were, which is kept, and whether the last was the best."""
    if not run.log:
        return f"{run.card['training']['epochs']}"
    fit = run.card["training"]["config"]["fit"]
    wanted, count = sum(stage["epochs"] for stage in fit["stages"]), len(run.log)
    losses, values = ([line[key] for line in run.log] for key in ("choosing_loss", "choosing_score"))
    better = {
        "loss falling": losses[-1] < min(losses[:-1], default=inf),
        "score rising": values[-1] > max(values[:-1], default=-inf),
    }
    still = " and ".join(name for name, so in better.items() if so)
    told = f"at the end {still}" if still else "at the end no longer better"
    return f"{count} of {wanted}, epoch {run.log[-1]['best_epoch']:.0f} kept ({fit.get('keep', 'loss')}); {told}"


def _chosen(run: Run) -> str:
    """Return the score of the kept epoch on the choosing folds."""
    kept = [line["choosing_score"] for line in run.log if line["epoch"] == line["best_epoch"]]
    return f"{kept[-1]:.3f}" if kept else ""


def _seconds(run: Run) -> str:
    whole = f"{run.card['training']['seconds']:,}"
    return f"{whole} ({median(line['seconds'] for line in run.log):.0f} an epoch)" if run.log else whole


def scores(runs: Sequence[Run], metric: str, beside: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return one figure of each class and their mean, a column a finished run of one test, then published columns."""
    tests = {run.title: run.test for run in runs if run.card}
    if not tests:
        return ""
    first = next(iter(tests.values()))
    rows = [
        {"class": name, "positives": f"{one['support']:,}{' (few)' * one['few_positives']}"}
        | {title: cell(test["classes"][name][metric]) for title, test in tests.items()}
        | {title: column.get(name, "") for title, column in (beside or {}).items()}
        for name, one in first["classes"].items()
    ]
    mean = {"class": "**mean**", "positives": ""} | {
        title: cell(test["macro"][metric]) for title, test in tests.items()
    }
    rows.append(mean | {title: column.get("mean", "") for title, column in (beside or {}).items()})
    return table(rows)


def shares(runs: Sequence[Run]) -> str:
    """Return accuracy, balanced accuracy and what naming the commonest class would give, a row a finished run."""
    names = {"accuracy": "accuracy", "balanced_accuracy": "balanced", "commonest_class": "always the commonest class"}
    rows = [
        {"run": run.title} | {words: f"{run.test[name]:.3f}" for name, words in names.items()}
        for run in runs
        if run.card
    ]
    return table(rows) if rows else ""


def difference(leaky: Run, clean: Run) -> str:
    """Return what a leak is worth: the figures of two runs on unlike splits, and the first minus the second."""
    if not (leaky.card and clean.card):
        return ""
    rows = []
    for name, pair in _pairs(leaky.test, clean.test).items():
        told = {run.title: cell(one) for run, one in zip((leaky, clean), pair, strict=True)}
        values = [one["value"] for one in pair]
        rows.append({"figure": name, **told, "difference": "–" if None in values else f"{values[0] - values[1]:+.3f}"})
    return table(rows)


def _pairs(leaky: Mapping[str, Any], clean: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    names = {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "commonest_class": "commonest class alone",
    }
    found = {words: ({"value": leaky[name]}, {"value": clean[name]}) for name, words in names.items()}
    found |= {
        f"mean {words}": (leaky["macro"][name], clean["macro"][name]) for name, words in (("f1", "F1"), ("auc", "AUC"))
    }
    return found | {
        f"F1 of {name}": (one["f1"], clean["classes"][name]["f1"]) for name, one in leaky["classes"].items()
    }


def cell(one: Mapping[str, Any]) -> str:
    """Return a figure with its interval, as a card has it."""
    if one["value"] is None:
        return "–"
    interval = "" if one.get("low") is None else f" ({one['low']:.3f} to {one['high']:.3f})"
    return f"{one['value']:.3f}{interval}"


def limits(runs: Sequence[Run]) -> str:
    """Return what the cards of the finished runs say against them, each once."""
    said = dict.fromkeys(text for run in runs if run.card for text in run.card["limits"])
    return "\n".join(f"- {text}" for text in said)


def block(lines: Sequence[str]) -> str:
    """Return lines of a command prompt."""
    return "\n".join(f"    {line}" for line in dict.fromkeys(lines))


def commands_of(runs: Sequence[Run]) -> str:
    """Return the commands of the finished runs."""
    return block([line for run in runs if run.card for line in run.command.split(" && ")])
