"""Writes docs/shortcut.png: a network that learned the scanner, because one class came from somewhere else.

Three classes are slices of a scanner, the fourth ("no tumour") is phantoms. The network is near perfect on such data
and calls real healthy heads a tumour; `pellucid audit` says why before anything is trained.

    python docs/shortcut.py /data/brain_tumor_mri [/data/other_healthy_slices]

About three minutes on one core. Real slices are read and never written: the picture shows phantoms and numbers.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pellucid.core.randomness import torch_generator
from pellucid.datasets.audit import audit
from pellucid.datasets.dataset import dataset
from pellucid.figures.style import INK, MUTED, drawing, page, save
from pellucid.networks.architectures.plain_cnn import PlainCnn
from pellucid.records.read import read
from pellucid.reports import audit_words as words
from pellucid.simulation.phantoms import brain_phantom

TUMORS = ("glioma_tumor", "meningioma_tumor", "pituitary_tumor")
HEALTHY = "no_tumor"
EACH, TESTED = 300, 60  # slices of a class in training, and in the test
SIZE = 64
EPOCHS, BATCH, SEEDS = 12, 32, (0, 1, 2)


def main(place: str, others: str | None) -> None:
    """Mix the data, audit them, train on them, and ask the network about real healthy heads."""
    root = Path(place).expanduser()
    with tempfile.TemporaryDirectory() as folder:
        _mix(root, Path(folder))
        source = dataset(f"image-folder:{folder}")
        found = audit(source)
        pixels = {part: _pictures(Path(folder) / part) for part in ("Training", "Testing")}
    inputs, truth = pixels["Testing"]
    asked = {
        "tumours, same scanners": inputs[truth < len(TUMORS)],
        "phantoms without one": inputs[truth == len(TUMORS)],
        "real healthy heads": _read(sorted((root / "Testing" / HEALTHY).glob("*.jpg"))),
    }
    if others:
        asked["real healthy, elsewhere"] = _read(sorted(Path(others).expanduser().rglob("*.jpg")))
    networks = [_trained(*pixels["Training"], seed) for seed in SEEDS]
    right = [_share(_answers(network, inputs) == truth) for network in networks]
    called = {
        name: [_share(_answers(network, slices) < len(TUMORS)) for network in networks]
        for name, slices in asked.items()
    }
    print(f"accuracy on the mixed test of {len(truth)}: {_told(right)}")
    for name, shares in called.items():
        print(f"called a tumour, of {len(asked[name])} {name}: {_told(shares)}")
    print("\n".join(words.telltale(found)))
    areas = {name: one.by_class[HEALTHY] for name, one in found.confounds.items() if name != "all"}
    print("AUC for no tumour:", ", ".join(f"{name} {area:.3f}" for name, area in areas.items()))
    rows = {f"{name} ({len(asked[name])})": shares for name, shares in called.items()}
    _draw(rows, _told(right), {f"{name} alone": [area] for name, area in areas.items()})


def _told(shares: list[float]) -> str:
    """Return the mean over the seeds, with the lowest and the highest."""
    return f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def _mix(root: Path, folder: Path) -> None:
    """Lay three classes of real slices and one of phantoms into a folder, as one might find them."""
    for part, first, count in (("Training", 0, EACH), ("Testing", EACH, TESTED)):
        for name in TUMORS:
            target = folder / part / name
            target.mkdir(parents=True)
            for number, file in enumerate(sorted((root / "Training" / name).glob("*.jpg"))[first : first + count]):
                (target / f"{number}.jpg").write_bytes(file.read_bytes())
        target = folder / part / HEALTHY
        target.mkdir(parents=True)
        for number in range(first, first + count):
            phantom = brain_phantom(HEALTHY, seed=number, size=128).record.pixels
            Image.fromarray(np.rint(phantom * 255).astype(np.uint8)).save(target / f"{number}.png")


def _pictures(part: Path) -> tuple[Tensor, NDArray[np.int64]]:
    files = [sorted((part / name).iterdir()) for name in (*TUMORS, HEALTHY)]
    truth = np.repeat(np.arange(len(files)), [len(some) for some in files])
    return _read([file for some in files for file in some]), truth


def _read(files: list[Path]) -> Tensor:
    """Return slices as (record, 1, row, column) of 0 to 1, stretched to one size."""
    wide = [torch.from_numpy(read(file).pixels.copy())[None, None] for file in files]  # type: ignore[union-attr]
    shrink = torch.nn.functional.interpolate
    return torch.cat([shrink(one, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True) for one in wide])


def _trained(inputs: Tensor, truth: NDArray[np.int64], seed: int) -> torch.nn.Module:
    generator = torch_generator(seed)
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(generator.get_state())
        network = PlainCnn(classes=len(TUMORS) + 1, channels=1)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        network.train()
        labels = torch.from_numpy(truth)
        for epoch in range(EPOCHS):
            for rows in torch.randperm(len(inputs), generator=generator).split(BATCH):
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(inputs[rows]), labels[rows])
                loss.backward()
                optimiser.step()
            print(f"seed {seed}, epoch {epoch + 1} of {EPOCHS}: loss {loss.item():.3f}", file=sys.stderr)
    return network.eval()


@torch.no_grad()
def _answers(network: torch.nn.Module, inputs: Tensor) -> NDArray[np.int64]:
    answers: NDArray[np.int64] = torch.cat([network(part).argmax(1) for part in inputs.split(128)]).numpy()
    return answers


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean())


def _draw(called: dict[str, list[float]], right: str, areas: dict[str, list[float]]) -> None:
    with drawing():
        figure = page(180.0, 92.0)
        figure.text(0.03, 0.93, "The class that came from somewhere else", fontsize=11, fontweight="bold")
        told = f"Three classes from scanners, the healthy ones simulated. Right on such data: {right}."
        figure.text(0.03, 0.865, told, fontsize=8, color=MUTED)
        figure.text(0.03, 0.77, "What it was shown as healthy", fontsize=8)
        for number in range(3):
            axes = figure.add_axes((0.03 + 0.085 * number, 0.57, 0.08, 0.16))
            axes.imshow(brain_phantom(HEALTHY, seed=number, size=128).record.pixels, cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
        _bars(figure.add_axes((0.56, 0.5, 0.36, 0.26)), called, f"Called a tumour, {len(SEEDS)} seeds")
        _bars(figure.add_axes((0.56, 0.1, 0.36, 0.22)), areas, "pellucid audit: AUC for no tumour (nothing: 50 %)")
        figure.text(0.03, 0.1, "Research use only, not a diagnosis.", fontsize=7.5, fontweight="bold")
    save(figure, Path(__file__).with_name("shortcut.png"), dpi=110)


def _bars(axes: Axes, rows: dict[str, list[float]], title: str) -> None:
    """Draw the means as bars, and each value as a point."""
    for place, (name, values) in enumerate(rows.items()):
        mean = float(np.mean(values))
        axes.barh(-place, mean, color=INK, height=0.55)
        axes.plot(values, [-place] * len(values), "o", color=MUTED, markersize=2.5)
        axes.text(1.03, -place, f"{mean:.0%}", va="center", fontsize=7.5)
        axes.text(-0.02, -place, name, va="center", ha="right", fontsize=7.5)
    axes.set(xlim=(0, 1.0), xticks=(), yticks=())
    axes.set_title(title, fontsize=8, loc="left")
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
