"""`pellucid evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.foreign import NOTHING, Described, listed, numbers, opened, picture_size
from pellucid.core.errors import InvalidInputError

if TYPE_CHECKING:
    from pellucid.networks.network import Network
    from pellucid.training.score_files import Question, Result

Records = Literal["all", "any-of-classes"]


def evaluate(
    dataset: str | None = None,
    *,
    network: str | None = None,
    folds: str | None = None,
    classes: str | None = None,
    records: Records = "all",
    choose_folds: str | None = None,
    thresholds: str | None = None,
    predictions: Path | None = None,
    labels: Path | None = None,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    draws: int = 2000,
    seed: int = 0,
    by_slice: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    network_classes: str | None = None,
    size: str | None = None,
    described: Described = NOTHING,
) -> int:
    """Score a network on a data set, or answers in files: per class and on average, with bootstrap intervals.

    Precision, recall, specificity, F1, AUC and average precision, each with the central 95 % of draws of patients, or
    of records where patients are not known; calibration; classes with under 10 positives bear a star. Records that
    cannot be read are named and skipped.

    Parameters
    ----------
    dataset
        NAME:PATH, as ptbxl:/data/ptb-xl or simulated:500.
    network
        A bundled network, a folder, or package.module:function.
    folds
        Which are scored: 10, or 1-8,10, or all. By default those that the network's card keeps for testing, else all.
    classes
        A class set of the data set (all, super, sub, form, rhythm, six) or codes with commas; by default the network's.
        A class of several codes gets the largest of their probabilities.
    records
        any-of-classes leaves out records that have none of the classes.
    choose_folds
        Choose thresholds of maximal F1 on these folds, in place of the card's.
    thresholds
        One for all classes, or one each with commas, in place of the card's.
    predictions
        In place of a network: a CSV of probabilities or 0/1 decisions with one column a class, or an .npy, whose order
        --classes gives.
    labels
        Of these predictions: the same with 0 and 1; a column `patient` keeps patients together.
    out
        Folder for metrics.json, classes.csv, predictions.csv, labels.csv, calibration.csv and pictures.
    draws
        Of the bootstrap; 0 for no intervals.
    seed
        Of the bootstrap.
    by_slice
        Score a data set that names no patients all the same. Its parts are split by slice, so the figure is no test's,
        and says so.
    json
        Print metrics.json.
    network_classes
        Of package.module:function that gives a bare module: names with commas, in the order of the logits.
    size
        Of a bare module's input for slices, ROWSxCOLUMNS.
    described
        The other options of such a network.

    Examples
    --------
    pellucid evaluate ptbxl:/data/ptb-xl --network ecg-six --folds 10 --out scores
    pellucid evaluate ptbxl:/data/ptb-xl --network ecg-71 --classes super --records any-of-classes --choose-folds 9
    pellucid evaluate --predictions dnn.csv --labels gold_standard.csv
    """
    limits = numbers(thresholds) or ()
    if predictions is not None or labels is not None:
        ours = (dataset, network, folds, choose_folds, network_classes, size, by_slice)
        if any(ours) or records != "all" or described != NOTHING:
            raise InvalidInputError(
                "--predictions and --labels stand in place of a data set, a network and their options; got both."
            )
        if predictions is None or labels is None:
            raise InvalidInputError("--predictions FILE and --labels FILE must be given together; got one of them.")
        question = _of_files(predictions, labels, classes, limits)
    else:
        if not dataset or not network:
            raise InvalidInputError("evaluate needs DATASET and --network, or --predictions and --labels.")
        own: dict[str, Any] = {"classes": listed(network_classes), "size": picture_size(size)}
        asked = opened(network, described, classes_by="--network-classes", **own)
        question = _of_network(asked, dataset, classes, folds, choose_folds, records, limits, by_slice=by_slice)
    _tell(question.scored(draws=draws, seed=seed), out, as_json=json)
    return output.SOME_FAILED if question.data.get("skipped") else output.DONE


def _of_files(predictions: Path, labels: Path, classes: str | None, thresholds: Sequence[float]) -> Question:
    from pellucid.core.files import sha256
    from pellucid.datasets.labels import SIX
    from pellucid.training.prediction_files import read_answers
    from pellucid.training.score_files import Question

    names = SIX if classes == "six" else listed(classes) or None
    answers = read_answers(predictions, labels, classes=names, thresholds=thresholds)
    files = {"predictions": predictions, "labels": labels}
    data = {what: {"file": path.name, "sha256": sha256(path)} for what, path in files.items()}
    return Question(title=f"{predictions.name} beside {labels.name}", answers=answers, data=data, network=None)


def _of_network(
    network: Network,
    spec: str,
    classes: str | None,
    folds: str | None,
    choose_folds: str | None,
    records: Records,
    thresholds: Sequence[float],
    *,
    by_slice: bool,
) -> Question:
    from pellucid.cli.scored_dataset import answered, beside, facts
    from pellucid.datasets.dataset import dataset
    from pellucid.training.network_answers import folds_for_testing, network_facts
    from pellucid.training.score_files import Question

    named_by = "--classes" if classes else f"classes of network {network.name}"
    source = dataset(spec, classes=classes or network.classes, classes_by=named_by)
    if not by_slice:
        source.refuse_untestable("--by-slice")
    usual = folds_for_testing(network, source)
    scored = source.select(folds=usual if folds is None else _folds(folds), records=records)
    chosen = None if choose_folds is None else source.select(folds=_folds(choose_folds), records=records)
    answers, scored, skipped = answered(network, scored, chosen=chosen, thresholds=thresholds)
    return Question(
        title=f"{network.name} on {source.name}{'' if source.patients_known else ', patients unknown'}",
        answers=beside(answers, scored),
        data={**facts(scored, skipped), "selection": records},
        network=network_facts(network),
    )


def _tell(result: Result, out: Path | None, *, as_json: bool) -> None:
    written = result.save(out) if out is not None else ()
    if as_json:
        output.result_json(result.json())
    else:
        output.table(result.scores.words(), title=result.title)
        for note in result.scores.notes:
            output.say(f"note: {note}")
    if written:
        output.say(f"written: {written[0]} and {len(written) - 1} files more")


def _folds(text: str) -> tuple[int, ...] | None:
    """Return the folds in `1-8,10`; None for all."""
    return None if text == "all" else tuple(fold for part in text.split(",") for fold in _fold_range(part, text))


def _fold_range(part: str, text: str) -> range:
    ends = [end.strip() for end in part.split("-")]
    if len(ends) > 2 or not all(map(str.isdecimal, ends)):
        raise InvalidInputError(f"folds must be numbers, as 10 or 1-8,10, or all; got {text!r}.")
    first, last = int(ends[0]), int(ends[-1])
    if last < first:
        raise InvalidInputError(f"a range of folds must rise, as {last}-{first}; got {part.strip()}.")
    return range(first, last + 1)
