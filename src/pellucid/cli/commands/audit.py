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
        Folder for report.html, audit.json, classes.csv, pairs.png (the worst pairs) and split.csv: a split without
        leaks, which train and evaluate take as NAME:PATH,split=OUT/split.csv.
    classes
        A class set of the data set, or classes with commas; by default the data set's own.
    test_folds
        The test side, with commas; a published test split is fold 10. Small sets may have no such fold: name another.
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
    found = auditing.audit(opened(dataset, classes=classes, classes_by="--classes"), test_folds=folds, anew=anew)
    if out is not None:
        from pellucid.reports.kinds.audit import audit as write_report

        page = write_report(found, out)
        picture = ", pairs.png" if found.worst() else ""
        output.say(f"written to {out}: {page.name}, audit.json, classes.csv, split.csv{picture}")
    if json:
        output.result_json(found.json())
    else:
        _tell(found, out)
    for name, reason in list(found.read.skipped.items())[:_NAMED]:
        output.say(f"error: {name} skipped: {reason}")
    if len(found.read.skipped) > _NAMED:
        output.say(f"error: {len(found.read.skipped) - _NAMED} more skipped; audit.json lists them")
    return output.SOME_FAILED if found.read.skipped else output.DONE


def _tell(found: Audit, out: Path | None) -> None:
    from pellucid.reports import audit_words as words

    source = found.read.source
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
        words.headline(found),
        *words.leaks(found),
        *source.notes,
        *(words.telltale(found) if found.confounds else ()),
        *(words.cleaned(found, str(out / "split.csv")) if out else words.cleaned(found, "")[:1]),
        *words.method(found)[1:2],
        *(f"Finding: {kind}, {len(at)} records, the first {at[0]}." for kind, at in found.read.findings.items()),
    ]
    output.result("\n".join(lines))


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
