"""How well beats and waves are found, on LUDB (waves marked by cardiologists) and on simulated patients.

    python benchmarks/beats.py --shared ../shared

Of LUDB the half whose numbers are no multiples of 16: on the other one, and on other simulated patients, the way of
finding them was chosen. The truth of a wave of LUDB is the median of the marks in the leads, at least six of them; a
wave is found where the middle of one lies within 150 ms of its peak, the tolerance of the standards.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from pellucid import EcgRecord, read, simulate
from pellucid.records.beats import beats
from pellucid.simulation.patients import Patient
from results import write

WAVES = {"p": "P", "qrs": "QRS", "t": "T"}
SYMBOLS = {"p": "p", "N": "qrs", "t": "t"}
KINDS = ((), ("1AVB",), ("CRBBB",), ("CLBBB",), ("SBRAD",), ("AFIB",), ("STACH",))
TOLERANCE = 0.15  # s
LEAST_LEADS = 6
FIRST_SEED = 910_000  # none of these was looked at while the way was chosen

Truth = dict[str, NDArray[np.float64]]  # a wave's (number, peak onset end) in s


@dataclass
class Tally:
    """What was found of one kind of wave."""

    true: int = 0
    found: int = 0
    false: int = 0
    errors: list[tuple[float, float]] = field(default_factory=list)

    def row(self) -> str:
        """Return counts, sensitivity, precision, and the median errors with their quartiles in ms."""
        low, middle, high = np.percentile(1e3 * np.array(self.errors or [(np.nan, np.nan)]), [25, 50, 75], axis=0)
        told = [f"{m:+.0f} [{a:+.0f}..{b:+.0f}]" for a, m, b in zip(low, middle, high, strict=True)]
        rate = f"{self.found / max(1, self.true):.1%} | {self.found / max(1, self.found + self.false):.1%}"
        return f"{self.true} | {rate} | {told[0]} | {told[1]}"


def ludb(folder: Path) -> Iterator[tuple[EcgRecord, Truth]]:
    """Yield the records of the half that was kept apart, with their waves."""
    for file in sorted(folder.glob("*.hea"), key=lambda file: int(file.stem)):
        if int(file.stem) % 16:
            record = read(file)
            assert isinstance(record, EcgRecord)
            yield record, marked(file.with_suffix(""))


def marked(path: Path) -> Truth:
    """Return the waves that six leads or more agree on."""
    marks: dict[str, list[tuple[float, float, float]]] = {wave: [] for wave in WAVES}
    for lead in ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6"):
        notes = wfdb.rdann(str(path), lead)
        symbols, times = ["", *notes.symbol, ""], np.array([np.nan, *notes.sample, np.nan]) / 500
        for place, symbol in enumerate(symbols):
            if symbol in SYMBOLS:
                onset = times[place - 1] if symbols[place - 1] == "(" else np.nan
                end = times[place + 1] if symbols[place + 1] == ")" else np.nan
                marks[SYMBOLS[symbol]].append((times[place], onset, end))
    return {wave: agreed(sorted(own)) for wave, own in marks.items()}


def agreed(marks: list[tuple[float, float, float]]) -> NDArray[np.float64]:
    """Return the median of the marks that belong together."""
    groups: list[list[tuple[float, float, float]]] = []
    for mark in marks:
        near = groups and mark[0] - np.median([peak for peak, _, _ in groups[-1]]) < TOLERANCE
        groups[-1].append(mark) if near else groups.append([mark])
    kept = [np.nanmedian(group, axis=0) for group in groups if len(group) >= LEAST_LEADS]
    return np.array(kept).reshape(-1, 3)


def simulated(count: int) -> Iterator[tuple[EcgRecord, Truth]]:
    """Yield patients of each kind."""
    for names in KINDS:
        for number in range(count):
            patient = simulate(names, seed=FIRST_SEED + number)
            yield patient.record, {wave: inside(patient, wave) for wave in WAVES}


def inside(patient: Patient, wave: str) -> NDArray[np.float64]:
    """Return a wave's (number, middle onset end), of those that lie wholly in the record."""
    own: NDArray[np.float64] = patient.events[[f"{wave}_onset", f"{wave}_end"]].dropna().to_numpy()
    own = own[(own[:, 0] >= 0) & (own[:, 1] <= patient.record.seconds)]
    return np.column_stack([own.mean(1), own])


def judged(cases: Iterable[tuple[EcgRecord, Truth]]) -> tuple[dict[str, Tally], float]:
    """Return what was found of each wave, and the seconds a record took."""
    tallies, seconds, count = {wave: Tally() for wave in WAVES}, 0.0, 0
    for record, truth in cases:
        started = time.process_time()
        table = beats(record)
        seconds, count = seconds + time.process_time() - started, count + 1
        first, last = truth["qrs"][[0, -1], 0]  # beats at the edges are not all marked
        for wave, tally in tallies.items():
            compare(table[[f"{wave}_onset", f"{wave}_end"]].dropna().to_numpy(), truth[wave], tally, (first, last))
    return tallies, seconds / count


def compare(found: NDArray[np.float64], true: NDArray[np.float64], tally: Tally, within: tuple[float, float]) -> None:
    """Count one record's waves between the first and the last QRS that is marked."""
    middle = found.mean(1)
    for peak, onset, end in true[(true[:, 0] >= within[0]) & (true[:, 0] <= within[1])]:
        distance = np.abs(middle - peak)
        tally.true += 1
        if distance.size and distance.min() < TOLERANCE:
            tally.found += 1
            own = found[distance.argmin()] - (onset, end)
            if np.isfinite(own).all():
                tally.errors.append((own[0], own[1]))
    for place in middle[(middle >= within[0]) & (middle <= within[1])]:
        tally.false += not len(true) or np.abs(true[:, 0] - place).min() >= TOLERANCE


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--count", type=int, default=20, help="simulated patients of each kind")
    given = parser.parse_args()
    cases = {
        "LUDB, the other half": ludb(given.shared / "data" / "ludb" / "data"),
        f"simulated, {given.count} of each kind": simulated(given.count),
    }
    beats(simulate((), seed=0).record)  # the first call imports NeuroKit2
    lines, cost = [], []
    for title, records in cases.items():
        tallies, seconds = judged(records)
        cost.append(seconds)
        lines += [f"| {title} | {WAVES[wave]} | {tally.row()} |" for wave, tally in tallies.items()]
    head = "| records | wave | number | sensitivity | precision | onset, ms | end, ms |\n|---|---|---|---|---|---|---|"
    told = "Errors are found minus true: the median, and the quartiles in brackets."
    write("beats", "Beats and waves", "\n".join([f"{told} {1e3 * max(cost):.0f} ms a record.\n", head, *lines]))


if __name__ == "__main__":
    main()
