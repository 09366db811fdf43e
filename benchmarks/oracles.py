"""How far answers are from what they must be: `python benchmarks/oracles.py` writes the largest over many networks.

In double precision, relative to the largest value (windows: to the range of their logits; a ledger: to the logit). The
same is asserted by the tests, whose networks and comparisons these are. Needs the judges of `tests/judges.txt`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import torch
from captum.attr import InputXGradient
from torch import Tensor, nn

import peers
from pellucid.attribution.method import method
from pellucid.attribution.occluding.record import Unfit
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import Message, one_hot, propagate
from pellucid.core.errors import NotApplicableError
from results import write

sys.path.extend(
    str(Path(__file__).parents[1] / "tests" / part)
    for part in (".", "oracles", "attribution/tape", "attribution/occluding")
)
import occluded
import recordings
import test_judges_zennit as judges

import zoo

TARGETS = [2, 0, 1]
Deviation = Callable[[nn.Module, Tensor], float]


def main() -> None:
    """Compare all and write."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = [
        ("the tape's gradient", "autograd's", over_the_zoo(_gradient)),
        ("LRP-epsilon and its ledger", "the logit", over_the_zoo(lambda module, x: _gap(module, x, "epsilon"))),
        (
            "LRP-epsilon-plus and its ledger",
            "the logit",
            over_the_zoo(lambda module, x: _gap(module, x, "epsilon_plus")),
        ),
        ("occlusion's partial passes", "whole passes", over_the_zoo(_windows)),
        ("input times gradient", "captum", over_the_zoo(_captum)),
        ("LRP, every rule and composite", "zennit, on chains", list(_zennit())),
    ]
    lines = ["| what | against | cases | largest deviation |", "|---|---|---|---|"]
    lines += [f"| {what} | {against} | {len(found)} | {max(found):.0e} |" for what, against, found in rows]
    write(Path(__file__).stem, "Oracles", "\n".join(lines))


def over_the_zoo(deviation: Deviation) -> list[float]:
    """Return the deviation on each network that can be answered."""
    found = []
    for animal, dim in zoo.HARD_CAGES:
        module, x = zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, dtype=torch.float64)
        try:
            found.append(deviation(module, x))
        except (NotApplicableError, Unfit):  # said in words, or left to the other way
            continue
    return found


def _apart(ours: Tensor, right: Tensor) -> float:
    return float((ours - right).abs().max() / right.abs().max())


def _gradient(module: nn.Module, x: Tensor) -> float:
    recorded = recordings.record(module, x)
    start = one_hot(recorded.tape, recorded.logits, torch.tensor(TARGETS))
    (message,) = cast(list[Message], propagate(recorded.tape, start, lambda _: gradient))
    leaf = x.clone().requires_grad_()
    logits = module(leaf * 1)  # some write into what they are given
    (right,) = torch.autograd.grad(logits[range(len(x)), TARGETS].sum(), leaf)
    return _apart(cast(Tensor, message.c), right)


def _gap(module: nn.Module, x: Tensor, rule: str) -> float:
    return float(cast(Tensor, method("lrp", rule=rule)(module, x, target=TARGETS).gap).max())


def _windows(module: nn.Module, x: Tensor) -> float:
    run, windows = occluded.run_of(module, x), occluded.windows_of(x, 3, 2)
    return float(occluded.missed(*occluded.both(run, windows, sample=1)))


def _captum(module: nn.Module, x: Tensor) -> float:
    theirs = InputXGradient(module).attribute(x.clone().requires_grad_(), target=torch.tensor(TARGETS))
    return _apart(cast(Tensor, method("input_x_gradient")(module, x, target=TARGETS).relevance), theirs)


def _zennit() -> Iterator[float]:
    for case in judges.CASES:
        dim, bias = case.values
        for rule in (*judges.SINGLE, *judges.COMPOSITES):
            ours, theirs = judges.asked_of_both(peers.zennit(), rule, dim, bias)
            yield _apart(ours, theirs)


if __name__ == "__main__":
    main()
