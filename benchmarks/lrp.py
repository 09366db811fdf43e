"""LRP beside zennit, and beside a plain gradient: `python benchmarks/lrp.py --repeats 11`."""

from __future__ import annotations

from torch import Tensor, nn

import networks
import peers
from pellucid.attribution.method import method
from timing import Paired, arguments, paired, written

EPS = 1e-6
LOW, HIGH = -5.0, 5.0
# rule, networks, asked, aim
RULES = (
    ("epsilon", ("Ribeiro", "VGG16", "ResNet50"), "1.7", "2"),
    ("epsilon_plus", ("Ribeiro", "VGG16"), "1.6", "1.9"),
    ("epsilon_alpha2_beta1", ("Ribeiro", "VGG16"), "1.7", "2"),
    ("epsilon_gamma_box", ("VGG16",), "2", "2.3"),
)
NAMES = ("Ribeiro", "VGG16", "ResNet50")  # zennit doubles relevance on the skips of Ribeiro and ResNet50


def beside_zennit(module: nn.Module, x: Tensor, rule: str, repeats: int) -> Paired:
    """Time one rule."""
    box = {"low": LOW, "high": HIGH} if rule == "epsilon_gamma_box" else {}
    ask, composite = method("lrp", rule=rule, eps=EPS, **box), peers.composite(rule, EPS, LOW, HIGH)
    return paired(lambda: ask(module, x, target=0), lambda: peers.lrp(module, x, 0, composite), repeats)


def rows(name: str, repeats: int) -> list[str]:
    """Return the table's lines of one network."""
    module, x = networks.built(name)
    found = [
        beside_zennit(module, x, rule, repeats).row(f"{name}, {rule}", "zennit", asked, aim)
        for rule, where, asked, aim in RULES
        if name in where
    ]
    ask = method("lrp", rule="epsilon", eps=EPS)
    times = paired(lambda: ask(module, x, target=0), lambda: peers.gradient(module, x, 0), repeats)
    found.append(times.row(f"{name}, epsilon", "autograd's gradient", "1 / 1.4 = 0.71", "1 / 1.15 = 0.87"))
    return found


def main() -> None:
    """Measure and write."""
    given = arguments(11)
    found = [line for name in NAMES for line in rows(name, given.repeats)]
    written("lrp", "LRP", found, given, "One class. zennit without merging batch norms, which costs it time.")


if __name__ == "__main__":
    main()
