"""Ten methods, six classes, one record: `python benchmarks/ten_methods.py --repeats 1` takes minutes.

The peers one by one and class by class, at the same settings: captum, and zennit for LRP. What they return on this
network is not always right (its rectifiers are functions, its branches are added); here only their time counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

import networks
import peers
from pellucid.attribution.method import method
from timing import Paired, arguments, paired, written

STEPS, SAMPLES, EPS = 50, 50, 1e-6
METHODS: dict[str, dict[str, Any]] = {
    "saliency": {},
    "input_x_gradient": {},
    "smooth_grad": {"samples": SAMPLES, "noise": 0.05},
    "integrated_gradients": {"steps": STEPS},
    "guided_backprop": {},
    "deconvolution": {},
    "grad_cam": {},
    "guided_grad_cam": {},
    "lrp": {"rule": "epsilon", "eps": EPS},
    "occlusion": {"window": 64, "stride": 32},
}
CLASSES = range(networks.CLASSES)


def theirs(name: str, module: nn.Module, x: Tensor) -> Callable[[], object]:
    """Return a peer's call for one method, for all classes."""
    layer = module.get_submodule(networks.LAYERS["Ribeiro"])
    noise = 0.05 * float(x.max() - x.min())
    calls: dict[str, Callable[[int], object]] = {
        "smooth_grad": lambda target: peers.smooth_grad(module, x, target, SAMPLES, noise),
        "integrated_gradients": lambda target: peers.integrated_gradients(module, x, target, STEPS),
        "lrp": lambda target: peers.lrp(module, x, target, peers.composite("epsilon", EPS)),
        "occlusion": lambda target: peers.occlusion(module, x, (12, 64), (12, 32), target),
    }
    whole: dict[str, Callable[[], object]] = {
        "saliency": lambda: peers.saliency(module, x, CLASSES),
        "grad_cam": lambda: peers.grad_cam(module, layer, x, CLASSES),
    }
    if name in whole:
        return whole[name]
    if name in calls:
        return lambda: [calls[name](target) for target in CLASSES]
    return lambda: [peers.simple(name, module, layer, x, target) for target in CLASSES]


def turns(name: str, module: nn.Module, x: Tensor, repeats: int) -> Paired:
    """Time one method."""
    ask = method(name, **METHODS[name])
    return paired(lambda: ask(module, x, target="all"), theirs(name, module, x), repeats, warm=False)


def main() -> None:
    """Measure each, and all together."""
    given = arguments(1)
    module, x = networks.built("Ribeiro")
    times = {name: turns(name, module, x, given.repeats) for name in METHODS}
    together = Paired(
        [sum(turn) for turn in zip(*(found.ours for found in times.values()), strict=True)],
        [sum(turn) for turn in zip(*(found.peer for found in times.values()), strict=True)],
    )
    rows = [found.row(name, "zennit" if name == "lrp" else "captum", "", "") for name, found in times.items()]
    rows.append(together.row("all ten", "one by one", "2.2", "4"))
    written("ten_methods", "Ten methods", rows, given, "Ribeiro's network, six classes, one record.")


if __name__ == "__main__":
    main()
