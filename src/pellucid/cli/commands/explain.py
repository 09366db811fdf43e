"""`pellucid explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.foreign import NOTHING, Described, listed, numbers, opened, picture_size
from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.core.registry import normalised

if TYPE_CHECKING:
    from pellucid.attribution.method import Method
    from pellucid.explanation.explanation import Explanation
    from pellucid.networks.network import Network
    from pellucid.reports.kinds.record import Records


def explain(
    files: Annotated[list[Path], Parameter(negative=())],
    *,
    network: str = "ecg-six",
    methods: str | None = None,
    targets: str = "found",
    out: Annotated[Path, Parameter(alias="-o")] = Path("explanations"),
    pictures: str = "png",
    json: Annotated[bool, Parameter(negative=())] = False,
    classes: str | None = None,
    size: str | None = None,
    thresholds: str | None = None,
    layer: str | None = None,
    described: Described = NOTHING,
) -> int:
    """Show why a network answers as it does: a report with the leads and moments, or pixels, that it used.

    Writes explanation.json and pictures in a folder for each record, and OUT/report.html; prints the report's path.
    The options from --classes on describe a network of your own, --network package.module:function.

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
    classes
        Of a bare module: names with commas, in the order of the logits.
    size
        Of its input for slices, ROWSxCOLUMNS.
    thresholds
        One a class with commas; 0.5 by default.
    layer
        Dotted name of the layer for class activation maps; found by itself where it is not given.
    described
        The other options of such a network.

    Examples
    --------
    pellucid explain records500/00000/00282_hr --network ecg-six --out 282
    pellucid explain *.hea --methods grad_cam,saliency --targets AFIB --out afib
    pellucid explain ecg.csv --network nets:build --weights my.pt --classes AF,LBBB --sampling-rate 400 --length 4096
    """
    from pellucid.reports.kinds.record import Records

    own: dict[str, Any] = {"size": picture_size(size), "thresholds": numbers(thresholds), "layer": layer}
    asked = opened(network, described, classes=listed(classes), **own)
    how = {"methods": _methods(methods), "targets": _targets(targets, asked.classes)}
    formats = () if pictures.strip() == "none" else listed(pictures) or ()
    records = Records(out, title=f"{asked.name}: why", picture_formats=formats)
    failures = output.Failures()
    found = _explained(files, asked, how, records, failures)
    report = records.page() if found else None
    if json:
        told = None if report is None else str(report)
        output.result_json({"report": told, "records": found, "skipped": failures.names})
    elif report is not None:
        output.result(str(report))
    return failures.exit_code


def _explained(
    files: Sequence[Path], network: Network, how: dict[str, Any], records: Records, failures: output.Failures
) -> list[dict[str, Any]]:
    """Explain and write one record after the other, and return what was found in each."""
    from pellucid.core.progress import track
    from pellucid.explanation.explain import explain as explained
    from pellucid.records.read import read

    found: list[dict[str, Any]] = []
    try:
        for file in track(files, "explain"):
            with failures.skipping(file):
                explanation = explained(read(file), network, **how)
                records.add(explanation)
                found.append({"record": explanation.record.name, "found": list(explanation.prediction.found)})
                output.say(f"{explanation.record.name}: {_said(explanation)}")
    except KeyboardInterrupt:
        if found:
            output.say(f"the report on {len(found)} of {len(files)} is {records.page()}")
        raise
    return found


def _said(explanation: Explanation) -> str:
    found = explanation.prediction.found
    return f"found {', '.join(found)}" if found else f"nothing found; explained: {', '.join(explanation.targets)}"


def _methods(text: str | None) -> str | list[Method] | None:
    from pellucid.attribution.method import method

    names = listed(text)
    if names is None or names == ("all",):
        return None if names is None else "all"
    if not names:
        raise InvalidInputError(f"--methods must be names with commas, or all; got {text!r}.")
    return list({made.name: made for made in map(method, names)}.values())


def _targets(text: str, classes: Sequence[str]) -> str | tuple[str, ...]:
    if text in ("found", "all"):
        return text
    names = listed(text)
    if not names:
        raise InvalidInputError(f"--targets must be found, all, or classes with commas; got {text!r}.")
    known = set(map(normalised, classes))
    for name in names:
        if normalised(name) not in known:
            raise unknown_name("class", name, classes)
    return names
