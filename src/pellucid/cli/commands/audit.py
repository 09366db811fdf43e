"""`pellucid audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from pellucid.cli import output

if TYPE_CHECKING:
    from pellucid.datasets.audit import Audit

_NAMED = 5


def audit(
    dataset: str,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    classes: str | None = None,
    test_folds: str = "10",
    anew: float | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Find what makes a figure on a data set worthless: copies on both sides, unlike labels, telltale pictures.

    Counts by class the test records that have an equal or nearly equal one in training (decoded content, not file
    bytes; mirrored slices too), patients on both sides, copies with other labels, and what size, mode, brightness,
    border and source alone tell about the class, cross-validated, against the majority.

    Parameters
    ----------
    dataset
        NAME:PATH, as brain-tumor:/data/mri or ptbxl:/data/ptb-xl.
    out
        Folder for audit.json, classes.csv, pairs.png (the worst pairs) and split.csv: a split without leaks, which
        train and evaluate take as NAME:PATH,split=OUT/split.csv.
    classes
        A class set of the data set, or classes with commas; by default the data set's own.
    test_folds
        The test side, with commas; a published test split is fold 10.
    anew
        A correlation, as 0.9: split.csv then keeps nothing of the published split; records that are more alike than
        this, neighbouring slices of one head for instance, come into one of ten folds.
    json
        Print audit.json.

    Examples
    --------
    pellucid audit brain-tumor:/data/brain_tumor_mri --out audit
    pellucid audit ptbxl:/data/ptb-xl --classes super --out audit
    """
    from pellucid.core.errors import InvalidInputError
    from pellucid.datasets import audit as auditing
    from pellucid.datasets.dataset import dataset as opened

    try:
        folds = tuple(int(fold) for fold in test_folds.split(","))
    except ValueError as error:
        raise InvalidInputError(f"--test-folds must be numbers with commas; got {test_folds!r}.") from error
    found = auditing.audit(opened(dataset, classes=classes), test_folds=folds, anew=anew)
    if out is not None:
        _write(found, out)
    if json:
        output.result_json(found.json())
    else:
        _tell(found)
    for name, reason in list(found.read.skipped.items())[:_NAMED]:
        output.say(f"error: {name} skipped: {reason}")
    if len(found.read.skipped) > _NAMED:
        output.say(f"error: {len(found.read.skipped) - _NAMED} more skipped; audit.json lists them")
    return output.SOME_FAILED if found.read.skipped else output.DONE


def _tell(found: Audit) -> None:
    source, method = found.read.source, found.json()["method"]
    output.table(found.table(), title=f"{source.name}: {len(source)} records, test folds {_listed(found.test_folds)}")
    rows = [
        {
            "told by": name,
            "accuracy": f"{one.accuracy:.1%}",
            "majority": f"{one.majority:.1%}",
            "tells": "yes" if one.tells else "no",
            "AUC by class": ", ".join(f"{label} {area:.2f}" for label, area in one.by_class.items()),
        }
        for name, one in found.confounds.items()
    ]
    if rows:
        output.table(rows, title="What the way of recording alone tells about the class, cross-validated")
    lines = [
        f"Near: correlation above {found.read.threshold:g} ({found.read.found:.0%} of changed copies of this set are "
        f"found), {method['near_pairs']} pairs, {method['mirrored_pairs']} of them mirrored.",
        f"Copies with unlike labels: {len(found.conflicts)}. Patients on both sides: "
        f"{len(found.torn) if source.patients_known else 'not known'}.",
        f"Cleaned split: {len(found.cleaned.kept)} of {len(source)} records"
        + "".join(f"; {count} {reason}" for reason, count in found.cleaned.dropped.items())
        + ".",
        *(f"Finding: {kind}, {len(at)} records, the first {at[0]}." for kind, at in found.read.findings.items()),
        *source.notes,
    ]
    output.result("\n".join(lines))


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))


def _write(found: Audit, out: Path) -> None:
    from pellucid.core.files import write_json, write_text
    from pellucid.datasets.splits import write_split

    source = found.read.source
    write_json(out / "audit.json", found.json())
    write_text(out / "classes.csv", found.table().to_csv(lineterminator="\n"))
    kept = found.cleaned.kept
    write_split(out / "split.csv", source.table.index[kept].tolist(), found.cleaned.patients, found.cleaned.folds)
    written = ["audit.json", "classes.csv", "split.csv"]
    if found.worst():
        _draw(found, out / "pairs.png")
        written.append("pairs.png")
    output.say(f"written to {out}: {', '.join(written)}")


def _draw(found: Audit, path: Path) -> None:
    from pellucid.figures.contact_sheet import contact_sheet
    from pellucid.figures.style import save
    from pellucid.records.ecg import EcgRecord

    source = found.read.source
    records, captions = [], []
    for pair, reason in found.worst():
        how = f"{reason}, r = {pair.correlation:.4f}{', mirrored' if pair.mirrored else ''}"
        for position in (pair.first, pair.second):
            records.append(source[position])
            labels = source.labels.iloc[position]
            named = "+".join(map(str, labels.index[labels.to_numpy()])) or "no class"
            captions.append(
                f"{how}\n{named}, {source.sides.iloc[position]}\n{Path(str(source.table.index[position])).name}"
            )
    columns = 2 if isinstance(records[0], EcgRecord) else 4
    facts = f"copies are called near above a correlation of {found.read.threshold:g}"
    save(contact_sheet(records, captions, columns=columns, title=f"{source.name}: the worst pairs", facts=facts), path)
