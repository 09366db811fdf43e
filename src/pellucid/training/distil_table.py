"""Teacher, students alone and students with the teacher in one table, with intervals over records and over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pellucid.core.files import write_text
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.splits import counted_as
from pellucid.figures.comparison import comparison
from pellucid.figures.style import save
from pellucid.networks.network import Network
from pellucid.training.bootstrap import CHUNK, patient_draws, patient_numbers, percentile_interval
from pellucid.training.finish import probabilities
from pellucid.training.scores import DRAWS, scores

TEACHER, ALONE, TAUGHT = "teacher", "student alone", "student with teacher"
FIGURES = {"accuracy": "accuracy", "f1": "macro F1", "auc": "macro AUC"}
DIFFERENCE = "difference, with - without"

_LEVEL = 0.975  # of Student's t, for a central 95 %
_STREAM = 2  # of the seed of the draws, beside those of `scores`
_BOOTSTRAP = "95 %, bootstrap over {}"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One network that is compared."""

    kind: str
    seed: int | None
    network: Network

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.kind if self.seed is None else f"{self.kind}, seed {self.seed}"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The runs' figures on the test folds.

    Attributes
    ----------
    table
        One row a run, then the means over seeds and the paired difference: `kind`, `parameters`, `seconds`, each of
        `FIGURES` with `_low` and `_high`, and what the interval is.
    f1
        One row a run, each class with `_low` and `_high`.
    notes
        In words, how the figures are to be read.
    """

    table: pd.DataFrame
    f1: pd.DataFrame
    notes: tuple[str, ...]

    def words(self) -> pd.DataFrame:
        """Return the table for people."""
        rows = []
        for name, row in self.table.iterrows():
            sign = "+" if name == DIFFERENCE else ""
            figures = {label: _cell(row, key, sign) for key, label in FIGURES.items()}
            counts = {key: "" if pd.isna(row[key]) else f"{row[key]:,.0f}" for key in ("parameters", "seconds")}
            rows.append({"run": name, **counts, **figures, "interval": row["interval"]})
        return pd.DataFrame(rows)

    def json(self) -> list[dict[str, Any]]:
        """Return the rows as a card holds them."""
        rows = self.table.reset_index().to_dict(orient="records")
        return [{str(key): _plain(value) for key, value in row.items()} for row in rows]

    def save(self, folder: Path, title: str) -> list[Path]:
        """Write `comparison.md`, `comparison.csv`, `f1_by_class.csv` and `comparison.png`; return the paths."""
        classes = [name for name in self.f1.columns if f"{name}_low" in self.f1.columns]
        by_class = [
            {"run": name, **{one: _cell(row, one) for one in classes}} for name, row in self.f1.iterrows()
        ]  # fmt: skip
        notes = "\n".join(f"- {note}" for note in self.notes)
        parts = [f"# {title}", markdown(self.words()), "F1 of each class:", markdown(pd.DataFrame(by_class)), notes]
        write_text(folder / "comparison.md", "\n\n".join(parts) + "\n")
        write_text(folder / "comparison.csv", self.table.to_csv())
        write_text(folder / "f1_by_class.csv", self.f1.to_csv())
        names = ("comparison.md", "comparison.csv", "f1_by_class.csv")
        return [*(folder / name for name in names), save(self._drawn(title), folder / "comparison.png")]

    def _drawn(self, title: str) -> Any:
        kept, difference = (self.table[self.table.index.isin([DIFFERENCE]) == last] for last in (False, True))
        panels = {}
        for key, label in FIGURES.items():
            more = ""
            if len(difference):
                more = f"\n{DIFFERENCE}:\n{_cell(difference.iloc[0], key, '+')}"
            columns = {key: "value", f"{key}_low": "low", f"{key}_high": "high"}
            panels[label + more] = kept[[*columns]].rename(columns=columns)
        return comparison(panels, kept["kind"].tolist(), title=title)


def compare(runs: Sequence[Run], test: Dataset, notes: Sequence[str]) -> Comparison:
    """Return the runs' figures on a data set. Cost: one forward pass a run and record, and the bootstrap of `scores`.

    Notes
    -----
    Where classes exclude each other the most probable one counts as found, and accuracy is the share of records whose
    class it is; else thresholds decide, and accuracy is the share of records with every class right.
    """
    rows, f1 = {}, {}
    for run in runs:
        rows[run.name], f1[run.name] = _scored(run, test)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")
    several = over_seeds(table)
    drawn, groups = counted_as(test.groups), test.table["patient"].nunique()
    of = "" if drawn == "records" else f" of {groups} {drawn}"
    return Comparison(
        pd.concat([table, several]).rename_axis("run") if len(several) else table,
        pd.DataFrame.from_dict(f1, orient="index").rename_axis("run"),
        (f"Test: {len(test)} records{of} of {test.name}; {DRAWS} draws of {drawn}.", *notes),
    )


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean and range over seeds of both kinds of student, and the mean paired difference with its interval.

    Parameters
    ----------
    table
        Runs of both kinds in the same order of seeds.

    Notes
    -----
    The interval of the difference is Student's t over the seeds' differences, mean +- t s / sqrt(n): it says how far
    chance in training decides, not how far the choice of patients does. With one seed there is nothing to average.
    """
    from scipy.stats import t

    kinds = {kind: table[table["kind"] == kind] for kind in (ALONE, TAUGHT)}
    count = len(kinds[ALONE])
    if count < 2:
        return table.iloc[:0]
    rows = {}
    for kind, part in kinds.items():
        row: dict[str, Any] = {"kind": kind, "parameters": part["parameters"].iloc[0]}
        row |= {"seconds": part["seconds"].mean(), "interval": f"range of {count} seeds"}
        for key in FIGURES:
            row |= {key: part[key].mean(), f"{key}_low": part[key].min(), f"{key}_high": part[key].max()}
        rows[f"{kind}, mean and range"] = row
    row = {"kind": DIFFERENCE, "interval": f"95 %, Student's t over {count} paired seeds"}
    for key in FIGURES:
        each = kinds[TAUGHT][key].to_numpy() - kinds[ALONE][key].to_numpy()
        half = float(t.ppf(_LEVEL, count - 1)) * each.std(ddof=1) / np.sqrt(count)
        row |= {key: each.mean(), f"{key}_low": each.mean() - half, f"{key}_high": each.mean() + half}
    return pd.DataFrame.from_dict({**rows, DIFFERENCE: row}, orient="index")


def share_with_interval(right: NDArray[np.bool_], patients: ArrayLike) -> tuple[float, float, float]:
    """Return the share of records that are right and the central 95 % of draws of patients with replacement."""
    numbers, count = patient_numbers(patients)
    hits = np.bincount(numbers, weights=right, minlength=count)
    whole = np.bincount(numbers, minlength=count).astype(np.float64)
    draws = islice(patient_draws(count, 0, _STREAM), DRAWS // CHUNK)
    low, high, _ = percentile_interval(np.concatenate([hits @ one / (whole @ one) for one in draws]))
    return float(right.mean()), low, high


def markdown(rows: pd.DataFrame) -> str:
    """Return a table of text as Markdown."""
    lines = [list(rows.columns), ["---"] * rows.shape[1], *rows.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _scored(run: Run, test: Dataset) -> tuple[dict[str, Any], dict[str, float]]:
    network = run.network
    columns = [network.classes.index(name) for name in _in_order(network, test)]
    asked = probabilities(network, test)[:, columns]
    labels, patients = test.labels.to_numpy(), test.groups
    if network.card.activation == "softmax":
        found = asked.argmax(axis=1)[:, None] == np.arange(asked.shape[1])
    else:
        found = asked > network.thresholds[columns]
    result = scores(asked, labels, patients, classes=test.classes, decisions=found)
    share = share_with_interval((found == labels).all(axis=1), np.arange(len(labels)) if patients is None else patients)
    row: dict[str, Any] = {
        "kind": run.kind,
        "parameters": sum(value.numel() for value in network.module.parameters()),
        "seconds": network.card.training.get("seconds", nan),
        **dict(zip(("accuracy", "accuracy_low", "accuracy_high"), share, strict=True)),
    }
    for key in ("f1", "auc"):
        one = result.macro[key]
        row |= {key: one.value, f"{key}_low": one.low, f"{key}_high": one.high}
    f1: dict[str, float] = {}
    for name, scored in result.classes.items():
        one = scored.estimates["f1"]
        f1 |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return {**row, "interval": _BOOTSTRAP.format(counted_as(patients))}, f1


def _in_order(network: Network, test: Dataset) -> list[str]:
    from pellucid.training.answers import canonical

    own = {canonical(name): name for name in network.classes}
    return [own[canonical(name)] for name in test.classes]


def _cell(row: pd.Series[Any], key: str, sign: str = "") -> str:
    value, low, high = (float(row[name]) for name in (key, f"{key}_low", f"{key}_high"))
    if isnan(value):
        return "–"
    interval = "" if isnan(low) else f" ({low:{sign}.3f} to {high:{sign}.3f})"
    return f"{value:{sign}.3f}{interval}"


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    return None if isnan(number) else int(number) if number.is_integer() else round(number, 4)
