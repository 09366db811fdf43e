"""Which method is right on which hard network: `python benchmarks/hard_networks.py` asks all, writes the table.

Right: in double precision the relevance is finite, a sample has alone what it has in a batch (to 1e-9 of the largest
value), and where the method promises a sum it is kept (LRP's ledger to 1e-9, others to their tolerance). Beyond that
each method has its oracle in the tests. Refused: the method says in words that it makes no sense there. MONAI's
classifiers are among the networks where MONAI is installed; there integrated gradients takes equal steps, which promise
no sum.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from pellucid.attribution.method import METHODS, Method, method
from pellucid.core.errors import PellucidError
from results import write

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import zoo
import zoo_monai

QUICK: dict[str, dict[str, object]] = {
    "kernel_shap": {"parts": 4},
    "lime": {"parts": 4, "samples": 256},
    "occlusion": {"window": 4},
    "smooth_grad": {"samples": 4},
}
CLOSE = 1e-9


class Hard(NamedTuple):
    """A network, samples of all its inputs, where its logits are, and the methods' settings for it."""

    title: str
    module: nn.Module
    rows: tuple[Tensor, ...]
    output: str | int | None = None
    settings: dict[str, dict[str, object]] = QUICK


def main() -> None:
    """Ask all and write."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    reasons: list[str] = []
    lines = [f"| network | {' | '.join(METHODS.names)} |", f"|{'---|' * (len(METHODS.names) + 1)}"]
    for hard in networks():
        cells = [_cell(method(name, **hard.settings.get(name, {})), hard, reasons) for name in METHODS.names]
        lines.append(f"| {hard.title} | {' | '.join(cells)} |")
    lines += ["", "Refused, in the words of the method (shortened):", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    write(Path(__file__).stem, "The zoo", "\n".join(lines))


def networks() -> Iterator[Hard]:
    """Give the zoo, and MONAI's where they can be had."""
    for animal, dim in [*zoo.HARD_CAGES, *zoo.ODD_CAGES]:
        module, rows = (
            zoo.network(animal, dim, dtype=torch.float64),
            zoo.everything(animal, dim, 2, dtype=torch.float64),
        )
        yield Hard(f"{animal} {dim}-D", module, rows, {**zoo.HARD, **zoo.ODD}[animal].output)
    if find_spec("monai") is None:
        print("MONAI is not installed: its networks are left out.", file=sys.stderr)
        return
    for name, dim in zoo_monai.MONAI_CAGES:
        rows = (zoo_monai.monai_inputs(dim),)
        yield Hard(f"MONAI {name} {dim}-D", zoo_monai.monai_network(name, dim), rows, settings=_deep(dim))


def _deep(dim: int) -> dict[str, dict[str, object]]:
    """Return settings for networks of a hundred layers: sixteen coalitions, six nodes, few windows."""
    parts: dict[str, object] = {"parts": {1: 2, 2: 4}[dim]}
    return {
        "integrated_gradients": {"steps": 6},
        "kernel_shap": parts,
        "lime": {**parts, "samples": 64},
        "occlusion": {"window": 16},
        "smooth_grad": {"samples": 4},
    }


def _cell(ask: Method, hard: Hard, reasons: list[str]) -> str:
    try:
        together, kept = _answer(ask, hard, hard.rows)
        alone, _ = _answer(ask, hard, tuple(row[1:] for row in hard.rows))
    except PellucidError as error:
        reason = f"{ask.name}: {_shortened(str(error))}"
        if reason not in reasons:
            reasons.append(reason)
        return str(reasons.index(reason) + 1)
    right = kept and all(
        bool(torch.isfinite(ours).all()) and (ours[1:] - one).abs().max() <= CLOSE * ours.abs().max()
        for ours, one in zip(together, alone, strict=True)
    )
    return "right" if right else "**wrong**"


def _answer(ask: Method, hard: Hard, rows: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], bool]:
    """Return the relevance of each input that the method can explain, and whether the promised sum is kept."""
    count = len(rows) if ask.several_inputs else 1
    inputs = rows if count > 1 else rows[0]
    more: dict[str, Any] = _tokens(rows[0]) if ask.name == "attention_rollout" else {}
    answer = ask(hard.module, inputs, target="all", arguments=rows[count:], output=hard.output, **more)
    relevance = answer.relevance if isinstance(answer.relevance, tuple) else (answer.relevance,)
    promised = answer.gap is not None and getattr(ask, "steps", None) is None
    return relevance, not promised or float(cast(Tensor, answer.gap).max()) <= 1.01 * getattr(ask, "tolerance", CLOSE)


def _shortened(text: str) -> str:
    """Return the first sentence of a refusal without what is particular to one network."""
    plain = re.sub(r" \(after \w+\)| after \w+| with the result \(.*?\)| \(ReLU\)| in submodule '.*?'", "", text)
    return re.split(r"[.;,] ", plain)[0]


def _tokens(x: Tensor) -> dict[str, Tensor]:
    """Return some map of tokens, for whether it can be answered at all does not depend on which."""
    return {"parts": (torch.arange(x.shape[-1]) // 6).clamp(max=1)}


if __name__ == "__main__":
    main()
