"""`pellucid look`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.foreign import NOTHING, Described, listed, opened, picture_size
from pellucid.core.errors import InvalidInputError

Scaling = Literal["channel", "layer"]


def look(
    file: Path,
    *,
    network: str = "ecg-six",
    layer: str | None = None,
    channel: int | None = None,
    target: str | None = None,
    scaling: Scaling = "channel",
    steps: int = 200,
    examples: str | None = None,
    count: int = 9,
    seed: int = 0,
    out: Annotated[Path, Parameter(alias="-o")] = Path("look"),
    json: Annotated[bool, Parameter(negative=())] = False,
    classes: str | None = None,
    size: str | None = None,
    described: Described = NOTHING,
) -> int:
    """Look inside a network: what a layer answers to a record, an input made to excite it, examples that do.

    Writes activations.png, ascent.png with the curve of its rise, and with --examples examples.png; prints their paths.
    The options from --classes on describe a network of your own, --network package.module:function.

    Parameters
    ----------
    file
        An ECG record or MRI slice, in any format that pellucid reads.
    network
        A bundled network, a folder that holds one, or package.module:function, which gives a torch module.
    layer
        Dotted name; by default the card's, else the last one with space or time before they are pooled away. Of a max
        pool the switches that deconvolution takes are marked: where in each cell the largest value stood.
    channel
        Of the layer, from 0: what --examples are for, and, without --target, what the input is made for. By default
        the one that answers the record most.
    target
        A class that the input is made for, in place of a channel.
    scaling
        channel draws each channel to its own largest value; layer draws all to one.
    steps
        Of gradient ascent; 0 makes no input.
    examples
        NAME:PATH of a data set, as simulated:50: the places in it that excite the channel most, one a patient.
    count
        Examples at most.
    seed
        Of the start of gradient ascent.
    out
        Folder for the pictures.
    json
        Print what a program would read.
    classes
        Of a bare module: names with commas, in the order of the logits.
    size
        Of its input for slices, ROWSxCOLUMNS.
    described
        The other options of such a network.

    Examples
    --------
    pellucid look records500/00000/00282_hr --network ecg-six --layer features --out inside
    pellucid look ecg.csv --target AFIB --examples simulated:50 --out afib
    """
    from pellucid.cli.looking import View
    from pellucid.datasets.dataset import dataset
    from pellucid.records.read import read

    if steps < 0 or count < 1:
        raise InvalidInputError(f"--steps must be 0 or more and --count 1 or more; got {steps} and {count}.")
    asked = opened(network, described, classes=listed(classes), size=picture_size(size))
    data = None if examples is None else dataset(examples)
    view = View.of(asked, read(file), layer=layer, channel=channel, target=target)
    told: dict[str, Any] = {**view.facts(), "pictures": []}
    _note(told, view.draw_activations(out / "activations.png", scaling), json=json)
    if steps:
        path, told["ascent"] = view.draw_ascent(out / "ascent.png", steps=steps, seed=seed)
        _note(told, path, json=json)
    if data is not None:
        path, told["examples"] = view.draw_examples(out / "examples.png", data, count=count)
        _note(told, path, json=json)
    if json:
        output.result_json(told)
    return output.DONE


def _note(told: dict[str, Any], path: Path, *, json: bool) -> None:
    told["pictures"].append(str(path))
    if not json:
        output.result(str(path))
