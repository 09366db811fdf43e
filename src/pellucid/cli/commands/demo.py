"""`pellucid demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from pellucid.cli import output

if TYPE_CHECKING:
    from pellucid.explanation.explanation import Explanation
    from pellucid.networks.network import Network
    from pellucid.simulation.patients import Patient

KINDS: tuple[tuple[str, ...], ...] = (
    ("CRBBB",), ("CLBBB",), ("AFIB",), ("1AVB",), ("SBRAD",), ("STACH",), ("AFIB", "CRBBB"), (),
)  # fmt: skip
PLACED = ("CRBBB", "CLBBB", "1AVB")  # diagnoses that show at a place; rates and fibrillation are everywhere
METHODS = ("integrated_gradients", "cam", "amplitude", "random")


def demo(*, out: Annotated[Path, Parameter(alias="-o")] = Path("demo"), seed: int = 1) -> int:
    """Explain simulated patients, and compare where the network looked with where the diagnosis truly shows.

    Makes eight patients (the six diagnoses, one with two of them, one normal), asks the bundled network `ecg-six`,
    and writes a report. Nothing is downloaded.

    Parameters
    ----------
    out
        Folder for the report.
    seed
        Other patients for another number.

    Examples
    --------
    pellucid demo --out demo
    """
    from pellucid.core.progress import track
    from pellucid.networks.store import load
    from pellucid.reports.kinds.record import record as write_report
    from pellucid.simulation.patients import simulate

    network = load("ecg-six")
    patients = [simulate(kind, seed=seed * 1000 + i) for i, kind in enumerate(KINDS)]
    explanations = [_explained(patient, network) for patient in track(patients, "explaining")]
    report = write_report(
        explanations,
        out,
        title="Simulated patients: where the network looked, and where the truth is",
        truths=[patient.truth for patient in patients],
    )
    output.table(_answers(patients, explanations), title="What the network said")
    output.result("")
    output.table(_places(patients, explanations), title="Positive relevance where the diagnosis shows; chance is 1")
    output.result("")
    output.result(
        "In brackets: the place moved in time, what the right leads alone are worth. amplitude marks tall waves and "
        "knows no network: a method must beat it.\n"
        "Simulated patients are cleaner than real ones. For research, never a diagnosis."
    )
    output.result(str(report))
    return output.DONE


def _explained(patient: Patient, network: Network) -> Explanation:
    from pellucid.explanation.explain import explain

    found = network.predict(patient.record).found
    # What is there but was not found is explained too: a mistake is to be seen, not skipped.
    targets = tuple(dict.fromkeys([*found, *patient.diagnoses])) or "found"
    return explain(patient.record, network, methods=METHODS, targets=targets)


def _answers(patients: list[Patient], explanations: list[Explanation]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for patient, explanation in zip(patients, explanations, strict=True):
        found = explanation.prediction.found
        missed = [name for name in patient.diagnoses if name not in found]
        wrong = [name for name in found if name not in patient.diagnoses]
        mistakes = [*(f"missed {name}" for name in missed), *(f"{name} is not there" for name in wrong)]
        rows.append(
            {
                "patient": patient.record.name,
                "truth": " ".join(patient.diagnoses) or "normal",
                "found": " ".join(found) or "none of the six",
                "verdict": "WRONG: " + ", ".join(mistakes) if mistakes else "right",
            }
        )
    return rows


def _places(patients: list[Patient], explanations: list[Explanation]) -> list[dict[str, object]]:
    from pellucid.evaluation.localisation import mask_lift

    rows: list[dict[str, object]] = []
    for patient, explanation in zip(patients, explanations, strict=True):
        for name in (diagnosis for diagnosis in patient.diagnoses if diagnosis in PLACED):
            row: dict[str, object] = {"patient": patient.record.name, "class": name}
            for method in METHODS:
                lift = mask_lift(explanation[method, name].relevance, patient.truth[name])
                row[method] = f"{lift.value:.2f} ({lift.moved:.2f})"
            rows.append(row)
    return rows
