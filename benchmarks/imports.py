"""How long does it take before pellucid does anything? `python benchmarks/imports.py` writes the answer.

Each figure is a median over fresh interpreters: seconds on the clock, and seconds of processor time, which other work
on the machine hardly moves. Limits: import 0.1 s over Python, `--help` 0.3 s, the first use of torch 1.3 times
`import torch`.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from results import write

REPEATS = 7
STATEMENTS = {
    "Python alone": "pass",
    "import pellucid": "import pellucid",
    "pellucid --help": "from pellucid.cli.main import main; main(['--help'])",
    "pellucid methods --help": "from pellucid.cli.main import main; main(['methods', '--help'])",
    "from pellucid import read": "from pellucid import read",
    "import torch": "import torch",
    "from pellucid import attribute": "from pellucid import attribute",
}
# Attributes without pellucid doing anything else: what a first call costs beyond torch itself.
FIRST = "import torch, pellucid; pellucid.attribute(torch.nn.Linear(3, 2), torch.ones(1, 3), 'saliency', target=0)"
BARE = "import torch; x = torch.ones(1, 3, requires_grad=True); torch.nn.Linear(3, 2)(x)[0, 0].backward()"


def seconds(statement: str) -> tuple[float, float]:
    """Return clock and processor seconds of a fresh interpreter that runs a statement."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def medians(statements: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Return the median times of each statement; taken in turns, so that a slow moment hits all alike."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in statements}
    for _ in range(REPEATS):
        for name, statement in statements.items():
            times[name].append(seconds(statement))
    return {
        name: (statistics.median(clock for clock, _ in pairs), statistics.median(cpu for _, cpu in pairs))
        for name, pairs in times.items()
    }


def main() -> None:
    """Measure and write."""
    found = medians({**STATEMENTS, "first gradient with torch alone": BARE, "first pellucid.attribute": FIRST})
    python = found["Python alone"][0]
    lines = ["| what | seconds | over Python | of processor time |", "|---|---|---|---|"]
    lines += [f"| {name} | {clock:.3f} | {clock - python:.3f} | {cpu:.3f} |" for name, (clock, cpu) in found.items()]
    first, torch = found["first pellucid.attribute"], found["import torch"]
    ratios = f"{first[0] / torch[0]:.2f} times as long as `import torch` (processor time: {first[1] / torch[1]:.2f})"
    lines += ["", f"The first `attribute`, `import torch` included, takes {ratios}."]
    write(Path(__file__).stem, "Imports", "\n".join(lines))


if __name__ == "__main__":
    main()
