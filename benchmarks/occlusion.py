"""Occlusion: `python benchmarks/occlusion.py --repeats 3` takes about twenty minutes, nearly all of them the peers'.

Nothing is extrapolated: a peer that takes minutes is measured whole, once, and the table says so.
"""

from __future__ import annotations

from torch import Tensor, nn

import networks
import peers
from pellucid.attribution.method import method
from timing import arguments, paired, written

ASKED = {"VGG16": ("7", "11"), "ResNet50": ("2.2", "3.5"), "EfficientNet-B0": ("1.1", "2")}
SIDE, STEP = 16, 8
REMARK = "Ours answers for six classes, the peers for one and for six. Lines of one turn are whole runs, timed once."


def ecg_row(module: nn.Module, x: Tensor, rows: int, turns: int, asked: str, aim: str) -> str:
    """Return the table's line of Ribeiro's network, so many leads replaced at once."""
    ask = method("occlusion", window=64, stride=32, channels="each" if rows == 1 else "together")
    times = paired(
        lambda: ask(module, x, target="all"),
        lambda: peers.occlusion(module, x, (rows, 64), (rows, 32), 0),
        turns,
        warm=turns > 1,
    )
    return times.row(f"Ribeiro, {rows} x 64 / 32, {127 * 12 // rows} windows", "captum", asked, aim, str(turns))


def image_rows(name: str) -> list[str]:
    """Return the table's lines of a network for pictures, captum's and MONAI's, each measured once."""
    module, x = networks.built(name)
    ask, question = method("occlusion", window=SIDE, stride=STEP), f"{name}, {SIDE} x {SIDE} / {STEP}, 729 windows"

    def ours() -> object:
        return ask(module, x, target="all")

    captum = paired(ours, lambda: peers.occlusion(module, x, (3, SIDE, SIDE), (3, STEP, STEP), 0), 1, warm=False)
    monai = paired(ours, lambda: peers.monai_occlusion(module, x, SIDE, STEP), 1, warm=False)
    return [
        captum.row(question, "captum", *ASKED[name], "1"),
        monai.row(question, "MONAI", *ASKED[name], "1"),
    ]


def rows(name: str, repeats: int) -> list[str]:
    """Return the table's lines of one network."""
    if name in networks.IMAGE:
        return image_rows(name)
    ecg = networks.built(name)
    return [ecg_row(*ecg, 12, repeats, "10", "15"), ecg_row(*ecg, 1, 1, "14", "20")]


def main() -> None:
    """Measure and write, network by network."""
    given = arguments(3, networks.NAMES)
    for name in networks.NAMES if given.network is None else (given.network,):
        found = rows(name, given.repeats)
        written("occlusion", f"Occlusion: {name}", found, given, REMARK, ["turns"], f" --network {name}")


if __name__ == "__main__":
    main()
