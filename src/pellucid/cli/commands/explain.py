"""`pellucid explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.core.errors import InvalidInputError

if TYPE_CHECKING:
    from pellucid.explanation.explanation import Explanation
    from pellucid.networks.network import Network


def explain(
    files: Annotated[list[Path], Parameter(negative=())],
    *,
    network: str = "ecg-six",
    methods: str | None = None,
    targets: str = "found",
    out: Annotated[Path, Parameter(alias="-o")] = Path("explanations"),
    pictures: str = "png",
    json: Annotated[bool, Parameter(negative=())] = False,
    weights: Path | None = None,
    classes: str | None = None,
    leads: str | None = None,
    sampling_rate: float | None = None,
    length: int | None = None,
    size: str | None = None,
    padding: Literal["both", "end", "none"] | None = None,
    unit: Literal["mV", "uV"] | None = None,
    activation: Literal["sigmoid", "softmax"] | None = None,
    thresholds: str | None = None,
    layer: str | None = None,
) -> int:
    """Show why a network answers as it does: a report with the leads and moments, or pixels, that it used.

    Writes OUT/report.html, and explanation.json and pictures in a folder for each record; prints the report's path.
    The options from --weights on describe a network of your own, --network package.module:function.

    Parameters
    ----------
    files
        ECG records or MRI slices, in any format that pellucid reads. One that cannot be explained is named and skipped.
    network
        A bundled network, a folder that holds one, or package.module:function, which gives a torch module.
    methods
        Names with commas, or all; `pellucid methods` lists them. By default integrated_gradients, and cam where the
        network is an exact sum over leads.
    targets
        found (every class above its threshold, else the most probable one), all, or classes with commas.
    out
        Folder of the report.
    pictures
        Formats with commas: png, svg, pdf; none writes no pictures.
    json
        Print what a program would read.
    weights
        A .safetensors or .pt file with the module's state, read without running code.
    classes
        Names with commas, in the order of the logits.
    leads
        Names with commas, in the order of the input; by default the standard twelve.
    sampling_rate
        Of the input, in Hz.
    length
        Of the input, in samples.
    size
        Of an input for slices, ROWSxCOLUMNS.
    padding
        Where zeros go in records that are too short.
    unit
        Of the input.
    activation
        sigmoid: each class for itself; softmax: exactly one.
    thresholds
        One a class with commas; 0.5 by default.
    layer
        Dotted name of the layer for class activation maps; found by itself where it is not given.

    Examples
    --------
    pellucid explain records500/00000/00282_hr --network ecg-six --out 282
    pellucid explain *.hea --methods grad_cam,saliency --targets AFIB --out afib
    pellucid explain ecg.csv --network nets:build --weights my.pt --classes AF,LBBB --sampling-rate 400 --length 4096
    """
    described = {
        "classes": _listed(classes),
        "leads": _listed(leads),
        "sampling_rate": sampling_rate,
        "length": length,
        "size": _size(size),
        "padding": padding,
        "unit": unit,
        "activation": activation,
        "thresholds": _numbers(thresholds),
        "layer": layer,
    }
    asked = _opened(network, weights, {name: value for name, value in described.items() if value is not None})
    failures = output.Failures()
    explanations = _explained(files, asked, methods, targets, failures)
    report = _written(explanations, out, _listed(pictures) or (), network=asked.name) if explanations else None
    if json:
        found = [{"record": one.record.name, "found": list(one.prediction.found)} for one in explanations]
        told = None if report is None else str(report)
        output.result_json({"report": told, "records": found, "skipped": failures.names})
    elif report is not None:
        output.result(str(report))
    return failures.exit_code


def _opened(network: str, weights: Path | None, described: dict[str, Any]) -> Network:
    from pellucid.networks.store import foreign, load

    if ":" in network and not Path(network).is_dir():
        try:
            return foreign(network, weights, **described)
        except TypeError as error:
            raise InvalidInputError(
                f"network {network} cannot be made: {error}. A bare module needs --classes, and --sampling-rate and "
                "--length for ECGs or --size for slices."
            ) from error
    if weights is not None or described:
        given = ["--weights"] if weights is not None else [f"--{name.replace('_', '-')}" for name in described]
        raise InvalidInputError(
            f"{given[0]} belongs to package.module:function; {network} has its own card. Leave {given[0]} out."
        )
    return load(network)


def _explained(
    files: Sequence[Path], network: Network, methods: str | None, targets: str, failures: output.Failures
) -> list[Explanation]:
    from pellucid.attribution.method import method
    from pellucid.core.progress import track
    from pellucid.explanation.explain import explain as explained
    from pellucid.records.read import read

    names = _listed(methods)
    chosen = names if names is None or names == ("all",) else [method(name) for name in names]
    wanted = targets if targets in ("found", "all") else _listed(targets) or ()
    explanations = []
    for file in track(files, "explain"):
        with failures.skipping(file):
            explanation = explained(
                read(file), network, methods="all" if chosen == ("all",) else chosen, targets=wanted
            )
            explanations.append(explanation)
            output.say(f"{explanation.record.name}: {_said(explanation)}")
    return explanations


def _said(explanation: Explanation) -> str:
    found = explanation.prediction.found
    return f"found {', '.join(found)}" if found else f"nothing found; explained: {', '.join(explanation.targets)}"


def _written(explanations: Sequence[Explanation], out: Path, pictures: Sequence[str], *, network: str) -> Path:
    from pellucid.reports.kinds.record import record

    formats = () if tuple(pictures) == ("none",) else tuple(pictures)
    return record(explanations, out, title=f"{network}: why", picture_formats=formats)


def _listed(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _numbers(text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(value) for value in text.split(","))
    except ValueError:
        raise InvalidInputError(f"--thresholds must be numbers with commas; got {text!r}.") from None


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    rows, _, columns = text.lower().partition("x")
    if not (rows.strip().isdigit() and columns.strip().isdigit()):
        raise InvalidInputError(f"--size must be ROWSxCOLUMNS, such as 224x224; got {text!r}.")
    return int(rows), int(columns)
