"""Grad-CAM of six classes: `python benchmarks/grad_cam.py --repeats 15`."""

from __future__ import annotations

import networks
import peers
from pellucid.attribution.method import method
from timing import apart, arguments, paired, written

CLASSES = range(networks.CLASSES)


def rows(name: str, repeats: int) -> list[str]:
    """Return the table's lines of one network: captum's, and MONAI's for pictures."""
    module, x = networks.built(name)
    layer = networks.LAYERS[name]
    part, ask, question = module.get_submodule(layer), method("grad_cam"), f"{name}, six classes"

    def ours() -> object:
        return ask(module, x, target="all", layer=layer)

    equal = apart(ask(module, x, target="all", layer=layer).cells, peers.grad_cam_cells(module, part, x, CLASSES))
    times = paired(ours, lambda: peers.grad_cam(module, part, x, CLASSES), repeats)
    found = [times.row(question, "captum, class by class", "4.5", "6", equal)]
    if name in networks.IMAGE:
        times = paired(ours, lambda: peers.monai_grad_cam(module, layer, x, CLASSES), repeats)
        found.append(times.row(question, "MONAI, class by class", "4.5", "6", ""))
    return found


def main() -> None:
    """Measure and write."""
    given = arguments(15)
    found = [line for name in networks.NAMES for line in rows(name, given.repeats)]
    remark = "Apart: captum's largest difference on the layer's cells, relative to the largest value."
    written("grad_cam", "Grad-CAM", found, given, remark, ["apart"])


if __name__ == "__main__":
    main()
