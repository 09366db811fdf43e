"""What a study leaves: its trials as a table, the best one as a configuration, two pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from pellucid.core.files import write_text
from pellucid.figures.search import importance, search_history
from pellucid.figures.style import save
from pellucid.training.search import Plan
from pellucid.training.search_journal import Journal

SCORE = "choosing score"
ENOUGH = 10  # finished trials, for an analysis of variance
IMPORTANCE_SEED = 0

_STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
_TOLD = ("score", "epoch", "epochs", "seconds", "reason")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def trials_table(trials: list[FrozenTrial]) -> pd.DataFrame:
    """Return one row a trial: state, score and epoch of what was kept, epochs, seconds, what was drawn, reason."""
    rows = []
    for trial in trials:
        told = {name: trial.user_attrs.get(name) for name in _TOLD}
        rows.append({"state": _STATES[trial.state], **told, **trial.params})
    table = pd.DataFrame(rows, index=pd.Index([trial.number for trial in trials], name="trial"))
    drawn = [name for name in table.columns if name not in ("state", *_TOLD)]
    return table.reindex(columns=["state", *_TOLD[:-1], *drawn, "reason"])


def write_tables(journal: Journal, plan: Plan, folder: Path) -> list[Path]:
    """Write `trials.csv` and, as soon as a trial is finished, `best.toml`; return the paths."""
    trials = journal.trials
    table = trials_table(trials)
    write_text(folder / "trials.csv", table.to_csv())
    best = journal.best()
    if best is None:
        return [folder / "trials.csv"]
    write_text(folder / "best.toml", _best_toml(best, table, plan, folder))
    return [folder / "best.toml", folder / "trials.csv"]


def draw(journal: Journal, plan: Plan, folder: Path) -> tuple[list[Path], str]:
    """Draw `history.png` and `importance.png`; return the paths, and why there is none of importance.

    Notes
    -----
    Importance is the share of the scores' variance over the finished trials that a setting explains by itself, by
    functional analysis of variance over a forest of 64 trees (Hutter, Hoos and Leyton-Brown 2014, ICML), seed 0,
    divided by the sum over the settings.
    """
    table = trials_table(journal.trials)
    name = str(plan.values.get("name", "search"))
    history = search_history(table, label=f"{SCORE} of the epoch kept", title=f"{name}: {len(table)} trials")
    paths = [save(history, folder / "history.png")]
    lacking = _no_importance(table, plan)
    if lacking:
        return paths, f"No picture of importance: {lacking}"
    shares = get_param_importances(journal.study, evaluator=FanovaImportanceEvaluator(seed=IMPORTANCE_SEED))
    finished = int(table["state"].eq("finished").sum())
    figure = importance(shares, title=f"{name}: importance over {finished} finished trials (fANOVA)")
    return [*paths, save(figure, folder / "importance.png")], ""


def _no_importance(table: pd.DataFrame, plan: Plan) -> str:
    scores = table.loc[table["state"] == "finished", "score"]
    drawn = [one for one in plan.distributions.values() if not one.single()]
    if len(drawn) < 2:
        return "one setting alone explains whatever its trials differ by."
    if len(scores) < ENOUGH:
        return f"{len(scores)} trials are finished, and {ENOUGH} are needed. Add some with --trials."
    if scores.nunique() < 2:
        return f"all {len(scores)} finished trials have the same score."
    return ""


def _best_toml(best: FrozenTrial, table: pd.DataFrame, plan: Plan, folder: Path) -> str:
    counts = table["state"].value_counts()
    told = ", ".join(f"{counts[state]} {state}" for state in _STATES.values() if state in counts)
    folds = ", ".join(map(str, plan.config().data.choose))
    attributes = best.user_attrs
    name = f"{plan.values['name']}-best"
    remarks = [
        f"The best of {len(table)} trials ({told}) of a search with seed {plan.search.seed}: trial {best.number}.",
        f"Its {SCORE} is {best.values[0]:.4f} on fold {folds}, at epoch {attributes['epoch']} of "
        f"{attributes['epochs']}. The highest of many is a little too good by itself; the test folds were not read.",
        "Drawn: " + ", ".join(f"{key} = {_shown(value)}" for key, value in best.params.items()),
        f"  pellucid train {folder / 'best.toml'} --out {folder / 'best'}",
    ]
    values = {**plan.drawn_values(best.params), "name": name}
    return "".join(f"# {line}\n" for line in remarks) + toml_text(values)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def toml_text(values: Mapping[str, Any]) -> str:
    """Return nested tables as TOML: what is no table first, then each table under its name.

    Tables within lists stand in one line. Text is written as JSON writes it, which TOML reads alike.
    """
    return "\n".join(_lines(values, ())) + "\n"


def _lines(values: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    plain = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if key not in tables]
    lines = ["", f"[{'.'.join(map(_key, path))}]", *plain] if path and (plain or not tables) else plain
    for key, table in tables.items():
        lines += _lines(table, (*path, key))
    return lines


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
