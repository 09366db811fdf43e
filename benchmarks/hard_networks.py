"""Which method is right on which hard network: `python benchmarks/hard_networks.py` asks all, writes the table.

Right: in double precision the relevance is finite, a sample has alone what it has in a batch (to 1e-9 of the largest
value), and where the method promises a sum it is kept (LRP's ledger to 1e-9, others to their tolerance). Beyond that
each method has its oracle in the tests. Refused: the method says in words that it makes no sense there.
"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from pellucid.attribution.method import METHODS, Method, method
from pellucid.core.errors import PellucidError
from results import write

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import zoo

QUICK: dict[str, dict[str, object]] = {
    "kernel_shap": {"parts": 4},
    "lime": {"parts": 4, "samples": 256},
    "occlusion": {"window": 4},
    "smooth_grad": {"samples": 4},
}
SUMS = {"integrated_gradients": 0.0101}  # others: to rounding
ALONE = 1e-9


def main() -> None:
    """Ask all and write."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    asked = {name: method(name, **QUICK.get(name, {})) for name in METHODS.names}
    reasons: list[str] = []
    lines = [f"| network | {' | '.join(asked)} |", f"|{'---|' * (len(asked) + 1)}"]
    for animal, dim in zoo.HARD_CAGES:
        cells = [_cell(ask, animal, dim, reasons) for ask in asked.values()]
        lines.append(f"| {animal} {dim}-D | {' | '.join(cells)} |")
    lines += ["", "Refused, in the words of the method (shortened):", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    write(Path(__file__).stem, "The zoo", "\n".join(lines))


def _cell(ask: Method, animal: str, dim: int, reasons: list[str]) -> str:
    module, x = zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    options: dict[str, Any] = _tokens(x) if ask.name == "attention_rollout" else {}
    try:
        answer = ask(module, x, target="all", **options)
        alone = ask(module, x[1:], target="all", **options)
    except PellucidError as error:
        reason = f"{ask.name}: {_shortened(str(error))}"
        if reason not in reasons:
            reasons.append(reason)
        return str(reasons.index(reason) + 1)
    ours, one = cast(Tensor, answer.relevance), cast(Tensor, alone.relevance)
    scale = ours.abs().max().clamp(min=1e-30)
    same = float((ours[1:] - one).abs().max() / scale) <= ALONE
    kept = answer.gap is None or float(answer.gap.max()) <= SUMS.get(ask.name, 1e-9)
    return "right" if same and kept and bool(torch.isfinite(ours).all()) else "**wrong**"


def _shortened(text: str) -> str:
    """Return the first sentence of a refusal without what is particular to one network."""
    plain = re.sub(r" \(after \w+\)| after \w+| with the result \(.*?\)| \(ReLU\)| in submodule '.*?'", "", text)
    return re.split(r"[.;,] ", plain)[0]


def _tokens(x: Tensor) -> dict[str, Tensor]:
    """Return some map of tokens, for whether it can be answered at all does not depend on which."""
    return {"parts": (torch.arange(x.shape[-1]) // 6).clamp(max=1)}


if __name__ == "__main__":
    main()
