"""`pellucid explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.foreign import NOTHING, Described, listed, numbers, opened, picture_size
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError, unknown_name
from pellucid.core.registry import normalised

if TYPE_CHECKING:
    from pellucid.explanation.explanation import Explanation
    from pellucid.networks.network import Network
    from pellucid.reports.kinds.record import Records

_NO_HEAD = "shape"  # the finding that makes an answer worthless, and so is said beside it


def explain(
    files: Annotated[list[Path], Parameter(negative=())],
    *,
    network: str = "ecg-six",
    methods: str | None = None,
    targets: str = "found",
    parts: str | None = None,
    settings: Annotated[list[str] | None, Parameter(name="--set", negative=())] = None,
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
    parts
        What lime and kernel_shap replace in an ECG: lead, "lead x window", "lead x wave" or "independent leads".
    settings
        A method's setting, METHOD.SETTING=VALUE, as often as you like; times as 120ms. `pellucid methods` lists them.
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
    pellucid explain ecg.csv --methods occlusion,lrp --set occlusion.window=80ms --set lrp.rule=epsilon_plus
    pellucid explain ecg.csv --methods lime --parts lead-x-wave
    pellucid explain ecg.csv --network nets:build --weights my.pt --classes AF,LBBB --sampling-rate 400 --length 4096
    """
    from pellucid.reports.kinds.record import Records

    own: dict[str, Any] = {"size": picture_size(size), "thresholds": numbers(thresholds), "layer": layer}
    asked = opened(network, described, classes=listed(classes), **own)
    how = {
        "methods": _methods(methods),
        "targets": _targets(targets, asked.classes),
        "parts": parts,
        "settings": _settings(settings or []),
    }
    _check(asked, how)
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

    def keep(explanation: Explanation) -> None:
        records.add(explanation)
        found.append(
            {
                "record": explanation.record.name,
                "found": list(explanation.prediction.found),
                "findings": [finding.text for finding in explanation.findings],
            }
        )
        output.say(f"{explanation.record.name}: {_said(explanation)}")
        for finding in explanation.findings:
            if finding.kind == _NO_HEAD:
                output.warn(f"{explanation.record.name}: {finding.text}")

    try:
        for file in track(files, "explain"):
            with failures.skipping(file):
                keep(explained(read(file), network, **how))
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, Interrupted):  # between two methods
            keep(interrupt.finished)
        if found:
            output.say(f"the report on {len(found)} of {len(files)} is {records.page()}")
        raise
    return found


def _said(explanation: Explanation) -> str:
    found = explanation.prediction.found
    return f"found {', '.join(found)}" if found else f"nothing found; explained: {', '.join(explanation.targets)}"


def _check(network: Network, how: Mapping[str, Any]) -> None:
    """Refuse wrong methods, settings and parts, and what makes no sense for the network, before any file is read.

    Raises
    ------
    NotApplicableError
        For methods that were named; of "all" they are left out, which is said here once.
    """
    from pellucid.explanation.choice import chosen, refusals
    from pellucid.explanation.parts import checked_parts, refuse_unused
    from pellucid.explanation.words import refused

    methods, optional = chosen(how["methods"], network, how["settings"])
    refuse_unused(checked_parts(how["parts"], network), methods.values(), network)
    for label, reason in refusals(methods, network).items():
        if not optional:
            raise NotApplicableError(f"{label} makes no sense for network {network.name}: {reason}")
        output.say(refused(label, reason))


def _methods(text: str | None) -> str | list[str] | None:
    names = listed(text)
    if names is None or names == ("all",):
        return None if names is None else "all"
    if not names:
        raise InvalidInputError(f"--methods must be names with commas, or all; got {text!r}.")
    return list(dict.fromkeys(map(normalised, names)))


def _settings(given: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the settings by method and name; a value is JSON where it can be read as that, and text elsewhere."""
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        place, equals, value = text.partition("=")
        method, dot, name = (part.strip() for part in place.partition("."))
        if not (equals and dot and method and name):
            raise InvalidInputError(f"--set must be METHOD.SETTING=VALUE, as occlusion.window=120ms; got {text!r}.")
        own = found.setdefault(normalised(method), {})
        if normalised(name) in own:
            raise InvalidInputError(f"--set gives {place.strip()} twice.")
        own[normalised(name)] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text


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
