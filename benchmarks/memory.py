"""Does the memory stay under the budget? `python benchmarks/memory.py` measures it in fresh processes.

Each method explains 8 records of 12 x 4096 by the Ribeiro network. What counts is by how much the process's largest
size grows over that of one pass with gradients of one record, whose size no method can choose.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

from results import write

BUDGETS = ("128MiB", "512MiB")
METHODS: dict[str, dict[str, object]] = {
    "saliency": {},
    "integrated_gradients": {"guarantee": "sum"},
    "integrated_gradients of equal steps": {"steps": 16},
    "smooth_grad": {"samples": 8},
    "lrp": {},
    "occlusion": {"window": 256, "stride": 256},
    "lime": {"parts": 8, "samples": 64},
    "kernel_shap": {"parts": 2, "samples": 64},
}
RECORDS = 8


def peak() -> float:
    """Return the largest size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def grown(name: str, budget: str) -> float:
    """Return by how many MiB a method makes this process grow."""
    import torch

    import networks
    from pellucid.attribution.method import method

    torch.set_num_threads(1)
    module, x = networks.built("Ribeiro")
    method("saliency")(module, x, target=0)
    before = peak()
    method(name.split(maxsplit=1)[0], **METHODS[name])(module, x.repeat(RECORDS, 1, 1), target=0, memory=budget)
    return peak() - before


def apart(name: str, budget: str) -> float:
    """Return `grown` of a fresh process."""
    command = [sys.executable, __file__, "--one", name, budget]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure and write; with `--one METHOD BUDGET` print one figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "BUDGET"))
    one = parser.parse_args().one
    if one is not None:
        print(grown(*one))
        return
    lines = [f"| MiB grown by, budget | {' | '.join(BUDGETS)} |", f"|{'---|' * (len(BUDGETS) + 1)}"]
    for name in METHODS:
        sizes = [apart(name, budget) for budget in BUDGETS]
        lines.append(f"| {name} | {' | '.join(f'{size:.0f}' for size in sizes)} |")
    write(Path(__file__).stem, "Memory", "\n".join(lines))


if __name__ == "__main__":
    main()
