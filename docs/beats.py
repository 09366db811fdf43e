"""Writes docs/beats.png: the first test beat of each class, and what a network for beats looked at.

    python docs/beats.py /data/mitdb [NETWORK]

NETWORK is `beats`, another bundled one or a folder. The figure follows one of a published note on beats of MIT-BIH:
occlusion by 15 samples of zeros around each sample, of the probability; the gradient's size and Grad-CAM of the logit.
What differs is said in the figure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

import pellucid
from pellucid.attribution.methods.grad_cam import GradCam
from pellucid.attribution.methods.occlusion import Occlusion
from pellucid.attribution.methods.saliency import Saliency
from pellucid.figures.scale import Scale, scale_of
from pellucid.figures.style import INK, MUTED, RESEARCH_USE, RULE, colour_map, drawing, page, save

METHODS = {
    "occlusion of the probability": "signed",
    "saliency of the logit": "positive",
    "Grad-CAM of the logit": "positive",
}
WINDOW = 15  # samples, 120 ms
LEFT, WIDE, HIGH, GAP, HEAD, FOOT = 38.0, 48.0, 22.0, 6.0, 22.0, 33.0  # mm
SAID = (
    "Orange speaks for the class, blue against it; violet is strength without a sign. "
    "Each picture has a scale of its own.\n"
    "A beat begins at its R peak. Grey is filled up with zeros, and its length tells the heart rate: "
    "colour there means that the network\nanswers to it; occlusion by zeros cannot show it. "
    "Zero is the lowest value of 10 s, no absence: the window that occludes is a wave of its own.\n"
    "Otherwise than in the published note: patients of the test are in no training; "
    "all 187 samples are read, not 186;\n"
    "occlusion keeps its sign; no picture is stretched from its smallest to its largest value."
)


def main(folder: str, name: str) -> None:
    """Explain five beats of DS2, each for the class that it is labelled with, and draw them."""
    test = pellucid.dataset(f"mitbih:{folder},strict=true").select(folds=[10])
    network = pellucid.load(name)
    size = LEFT + 3 * (WIDE + GAP), HEAD + 5 * (HIGH + GAP) + FOOT
    with drawing():
        figure = page(*size)
        _text(figure, 4, size[1] - 6, "The first test beat of each class", fontsize=11, fontweight="bold")
        told = f"MIT-BIH, patients of DS2, lead MLII; network {network.name}"
        _text(figure, 4, size[1] - 11.5, told, fontsize=7.5, color=MUTED)
        for column, method in enumerate(METHODS):
            _text(figure, LEFT + column * (WIDE + GAP), size[1] - 17, method, fontsize=8, fontweight="bold")
        for row, of_class in enumerate(test.classes):
            bottom = size[1] - HEAD - (row + 1) * (HIGH + GAP) + GAP
            beat = _first(test, of_class)
            maps = _maps(network, beat, of_class)
            answer = network.predict(beat)
            _label(figure, bottom + HIGH, answer, of_class)
            for column, (method, values) in enumerate(maps.items()):
                corner = (LEFT + column * (WIDE + GAP)) / size[0], bottom / size[1]
                axes = figure.add_axes((*corner, WIDE / size[0], HIGH / size[1]))
                _draw(axes, beat.signal[0], values, METHODS[method], last=row == len(test.classes) - 1)
            print(
                answer.record, of_class, dict(zip(answer.classes, answer.probabilities.round(3).tolist(), strict=True))
            )
        _text(figure, 4, 16, SAID, fontsize=6.5, color=MUTED, linespacing=1.35, va="center")
        _text(figure, 4, 4, RESEARCH_USE, fontsize=7.5, fontweight="bold")
    save(figure, Path(__file__).with_name("beats.png"), dpi=130)


def _first(test: pellucid.Dataset, of_class: str) -> pellucid.EcgRecord:
    beat = test.read(test.labels.index[test.labels[of_class]][0])
    if not isinstance(beat, pellucid.EcgRecord):
        raise TypeError("the records of this data set are ECGs")
    return beat


def _maps(network: pellucid.Network, beat: pellucid.EcgRecord, of_class: str) -> dict[str, NDArray[np.float32]]:
    """Return the relevance (sample) of the three methods."""
    inputs, target = network.prepare(beat).inputs, network.classes.index(of_class)
    probabilities = nn.Sequential(network.module, nn.Softmax(1))  # the methods explain what comes out, here no logit
    occlusion = Occlusion(window=WINDOW, stride=1, spread="centre", baseline="zero")
    found = (
        occlusion(probabilities, inputs, target=target),
        Saliency()(network.module, inputs, target=target),
        GradCam(layer=network.card.layer)(network.module, inputs, target=target),
    )
    return {method: np.asarray(one.relevance).reshape(-1) for method, one in zip(METHODS, found, strict=True)}


def _label(figure: Figure, top: float, answer: pellucid.Prediction, of_class: str) -> None:
    """Write what a beat is and what the network says."""
    position = answer.classes.index(of_class)
    likeliest = int(answer.probabilities.argmax())
    _text(figure, 4, top - 3, of_class, fontsize=11, fontweight="bold")
    lines = [
        answer.descriptions[position],
        f"beat {answer.record}",
        f"p({of_class}) = {answer.probabilities[position]:.3f}",
    ]
    if likeliest != position:
        lines.append(f"called {answer.classes[likeliest]} ({answer.probabilities[likeliest]:.3f})")
    _text(figure, 4, top - 6, "\n".join(lines), fontsize=7, color=MUTED, va="top", linespacing=1.4)


def _draw(axes: Axes, signal: NDArray[np.floating], values: NDArray[np.floating], kind: str, *, last: bool) -> None:
    """Draw a beat on its relevance."""
    scale = scale_of(values, kind=kind)
    samples = np.arange(len(signal)) / 125.0 * 1000
    filled = samples[np.flatnonzero(signal)[-1] + 1 :]
    if len(filled):
        axes.axvspan(filled[0], samples[-1], color=RULE, alpha=0.6, linewidth=0, zorder=1)
    if not scale.empty:
        edges = (np.arange(len(signal) + 1) - 0.5) / 125.0 * 1000
        low = -1.0 if kind == "signed" else 0.0
        axes.pcolormesh(
            edges, [-0.08, 1.08], values[None] / scale.limit,
            cmap=colour_map(kind), vmin=low, vmax=1.0, linewidth=0, rasterized=True, zorder=2,
        )  # fmt: skip
    axes.plot(samples, signal, color=INK, linewidth=0.9, zorder=3)
    axes.set_title(_said(scale), loc="right", fontsize=6, color=MUTED, pad=1.5)
    axes.set(xlim=(0, samples[-1]), ylim=(-0.08, 1.08), yticks=())
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", labelsize=6.5, length=2, labelbottom=last)
    if last:
        axes.set_xlabel("ms after the R peak", fontsize=6.5)


def _said(scale: Scale) -> str:
    return "empty: nothing speaks for the class" if scale.empty else f"full colour from {scale.limit:.2g} on"


def _text(figure: Figure, left: float, bottom: float, words: str, **style: object) -> None:
    width, height = figure.get_size_inches() * 25.4
    figure.text(left / width, bottom / height, words, **{"va": "center", **style})  # type: ignore[arg-type]  # text's own


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "beats")
