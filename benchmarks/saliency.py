"""Saliency of six classes: `python benchmarks/saliency.py --repeats 15`."""

from __future__ import annotations

import networks
import peers
from pellucid.attribution.method import method
from timing import apart, arguments, paired, written

CLASSES = range(networks.CLASSES)


def row(name: str, repeats: int) -> str:
    """Return the table's line of one network."""
    module, x = networks.built(name)
    ask = method("saliency")
    times = paired(lambda: ask(module, x, target="all"), lambda: peers.saliency(module, x, CLASSES), repeats)
    equal = apart(ask(module, x, target="all").relevance, peers.saliency(module, x, CLASSES))
    return times.row(f"{name}, six classes", "captum, class by class", "1.5", "1.7", equal)


def main() -> None:
    """Measure and write."""
    given = arguments(15)
    rows = [row(name, given.repeats) for name in networks.NAMES]
    remark = "Apart: the largest difference, relative to the largest value."
    written("saliency", "Saliency", rows, given, remark, ["apart"])


if __name__ == "__main__":
    main()
