"""`pellucid inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output

if TYPE_CHECKING:
    from pellucid.records.ecg import EcgRecord
    from pellucid.records.slice import MriSlice

DRAWN_SECONDS = 10.0
_KEY_WIDTH = 15


def inspect(
    files: Annotated[list[Path], Parameter(negative=())],
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
) -> int:
    """Show what records or a data set hold and what is wrong with them: leads, rate, amplitudes, counts, findings.

    Parameters
    ----------
    files
        ECG records or MRI slices, in any format that pellucid reads. One that cannot be read is named and skipped.
        A data set is NAME:PATH, as ptbxl:/data/ptb-xl: records of each class and part, patients, findings of a sample.
    json
        Print what a program would read.
    out
        Folder for a picture of each record, on ECG paper; of a long record its first 10 s; of a data set examples of
        each class.

    Examples
    --------
    pellucid inspect records500/00000/00282_hr
    pellucid inspect *.hea --out pictures
    pellucid inspect ecg.csv slice.jpg --json
    pellucid inspect brain-tumor:/data/brain_tumor_mri --out pictures
    """
    from pellucid.cli.inspected_dataset import is_dataset
    from pellucid.records.read import read

    failures = output.Failures()
    described = []
    pictures: set[Path] = set()
    for file in files:
        with failures.skipping(file):
            if is_dataset(str(file)):
                described.append(_inspected_dataset(str(file), out, pictures, quiet=json))
                continue
            record = read(file)
            facts = describe(record, file)
            if out is not None:
                facts["picture"] = str(_picture(record, out, pictures))
            described.append(facts)
            if not json:
                _print(facts)
    if json:
        output.result_json({"records": described, "skipped": failures.names})
    return failures.exit_code


def describe(record: EcgRecord | MriSlice, file: Path) -> dict[str, Any]:
    """Return the facts about a record and its findings, as JSON can hold them."""
    from pellucid.records.ecg import EcgRecord
    from pellucid.records.quality import findings

    facts = _of_ecg(record) if isinstance(record, EcgRecord) else _of_slice(record)
    told = [{"kind": item.kind, "leads": list(item.leads), "text": item.text} for item in findings(record)]
    metadata = {key: value for key, value in record.metadata.items() if key != "notes"}
    return {"name": record.name, "file": str(file), **facts, "metadata": metadata, "findings": told}


def _inspected_dataset(spec: str, out: Path | None, pictures: set[Path], *, quiet: bool) -> dict[str, Any]:
    from pellucid.cli.inspected_dataset import describe_dataset, draw_dataset, print_dataset
    from pellucid.datasets.dataset import dataset

    source = dataset(spec)
    facts = describe_dataset(source, spec)
    if out is not None:
        facts["picture"] = str(draw_dataset(source, _free(out, source.name, pictures)))
    if not quiet:
        print_dataset(facts)
    return facts


def _of_ecg(record: EcgRecord) -> dict[str, Any]:
    import numpy as np

    from pellucid.core.provenance import array_hash

    finite = record.signal[np.isfinite(record.signal)]
    return {
        "kind": "ECG",
        "leads": list(record.leads),
        "sampling_rate": record.sampling_rate,
        "samples": record.samples,
        "seconds": record.seconds,
        "millivolts": [float(finite.min()), float(finite.max())] if finite.size else None,
        "sha256": array_hash(record.signal),
    }


def _of_slice(record: MriSlice) -> dict[str, Any]:
    from pellucid.core.provenance import array_hash

    return {
        "kind": "MRI slice",
        "rows": record.shape[0],
        "columns": record.shape[1],
        "spacing": None if record.spacing is None else list(record.spacing),
        "grey": [float(record.pixels.min()), float(record.pixels.max())],
        "sha256": array_hash(record.pixels),
    }


def _print(facts: dict[str, Any]) -> None:
    lines = [f"  {key:<{_KEY_WIDTH}}  {value}" for key, value in _in_words(facts) if value]
    lines += [f"  ! {item['kind']}: {item['text']}" for item in facts["findings"]] or ["  No findings."]
    output.result("\n".join([facts["name"], *lines, ""]))


def _in_words(facts: dict[str, Any]) -> list[tuple[str, str]]:
    metadata = [(key, _value(value)) for key, value in facts["metadata"].items()]
    ends = [("values, SHA-256", facts["sha256"]), ("picture", facts.get("picture", ""))]
    if facts["kind"] == "ECG":
        low, high = facts["millivolts"] or (0.0, 0.0)
        body = [
            ("leads", f"{', '.join(facts['leads'])} ({len(facts['leads'])})"),
            ("sampling rate", f"{facts['sampling_rate']:g} Hz"),
            ("length", f"{facts['seconds']:.4g} s, {facts['samples']} samples"),
            ("amplitudes", f"{low:.3f} to {high:.3f} mV" if facts["millivolts"] else "none recorded"),
        ]
    else:
        spacing = facts["spacing"]
        body = [
            ("size", f"{facts['columns']} x {facts['rows']} pixels"),
            ("pixel", f"{spacing[1]:.3g} x {spacing[0]:.3g} mm" if spacing else "of unknown size"),
            ("grey values", f"{facts['grey'][0]:.3f} to {facts['grey'][1]:.3f} of 1"),
        ]
    return [("kind", facts["kind"]), ("file", facts["file"]), *body, *metadata, *ends]


def _value(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _picture(record: EcgRecord | MriSlice, out: Path, taken: set[Path]) -> Path:
    from pellucid.figures.brain import brain_slice
    from pellucid.figures.ecg_paper import ecg_paper
    from pellucid.figures.style import save
    from pellucid.records.ecg import EcgRecord

    if isinstance(record, EcgRecord):
        long = record.seconds > DRAWN_SECONDS
        excerpt = record.cut(0, DRAWN_SECONDS) if long else record
        figure = ecg_paper(excerpt, title=f"the first {DRAWN_SECONDS:g} of {record.seconds:.0f} s" if long else "")
    else:
        figure = brain_slice(record)
    return save(figure, _free(out, record.name, taken))


def _free(out: Path, name: str, taken: set[Path]) -> Path:
    """Return a name for a picture that no other of this run has."""
    path = out / f"{name}.png"
    number = 2
    while path in taken:
        path, number = out / f"{name}-{number}.png", number + 1
    taken.add(path)
    return path
