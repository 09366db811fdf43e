"""LIME beside the lime package and captum: passes and seconds until the surrogate is equally good.

    python benchmarks/surrogates.py [--passes 512 1024 2048] [--repeats 3] [--held-out 1024]

One simulated record in atrial fibrillation, twelve leads of sixteen windows, the bundled network of six classes, one
class. Surrogates are judged on masks that none has seen, each part kept with probability one half, by the weighted R2,
with the intercept that fits these masks best. The peers get what is best for them here: of several regressions the one
with the highest R2 and, in the place of the lime package's own loop over images, a faster one; chunks are equal. Ours
then gets as few passes as reach the peer's R2, the mean over the repeats, and both are timed in turns. What is only
needed for R2 is asked of the network once; what is timed is asked anew.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from captum._utils.models.linear_model import (
    SkLearnLasso,
    SkLearnLinearRegression,
    SkLearnRidge,
)
from captum.attr import Lime
from lime.lime_base import LimeBase
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge
from torch import Tensor, nn

import pellucid
from results import write

Array = NDArray[np.float64]
Surrogate = Callable[[int, int], Array]  # of passes and a seed: the weight of each part
LEADS, WINDOWS, CHUNK = 12, 16, 16
LADDER = (*range(96, 512, 32), *range(512, 1024, 64), *range(1024, 4097, 512))
_KNOWN: dict[bytes, Tensor] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A network, a record (1, lead, sample), a class, and the part of each sample."""

    module: nn.Module
    x: Tensor
    target: int
    labels: Tensor

    def values(self, masks: NDArray[np.bool_]) -> Array:
        """Return the logits of masked records, shape (row,)."""
        found = []
        with torch.no_grad():
            for first in range(0, len(masks), CHUNK):
                kept = torch.from_numpy(masks[first : first + CHUNK])[:, self.labels]
                found.append(self.module(torch.where(kept, self.x, 0.0))[:, self.target].double())
        return torch.cat(found).numpy()


class Remembering(nn.Module):
    """A module that is not asked twice about one record."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Return the module's logits, known or new."""
        names = [row.numpy().tobytes() for row in x.detach()]
        new = [number for number, name in enumerate(names) if name not in _KNOWN]
        if new:
            _KNOWN.update(zip((names[number] for number in new), self.module(x[new]).detach(), strict=True))
        return torch.stack([_KNOWN[name] for name in names])


def ours(case: Case) -> Surrogate:
    """Return pellucid's LIME."""

    def weights(passes: int, seed: int) -> Array:
        answer = pellucid.method("lime", parts=WINDOWS, samples=passes, seed=seed)(
            case.module, case.x, target=case.target
        )
        return np.asarray(answer.details["weights"][0], dtype=np.float64)

    return weights


def of_lime(case: Case, regressor: object) -> Surrogate:
    """Return the lime package: its masks, distance, width and fit."""

    def weights(passes: int, seed: int) -> Array:
        masks = np.random.default_rng(seed).random((passes, LEADS * WINDOWS)) < 0.5
        masks[0] = True
        distances = 1 - masks.sum(1) / np.sqrt(masks.sum(1).clip(1) * masks.shape[1])
        base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)))
        _, found, _, _ = base.explain_instance_with_data(
            masks.astype(float), case.values(masks)[:, None], distances, 0, masks.shape[1], "none", regressor
        )
        return np.array([weight for _, weight in sorted(found)])

    return weights


def of_captum(case: Case, regressor: Callable[[], object]) -> Surrogate:
    """Return captum's LIME."""

    def weights(passes: int, seed: int) -> Array:
        with torch.random.fork_rng():
            torch.random.manual_seed(seed)
            found = Lime(case.module, interpretable_model=regressor()).attribute(
                case.x,
                target=case.target,
                feature_mask=case.labels[None],
                n_samples=passes,
                perturbations_per_eval=CHUNK,
                return_input_shape=False,
            )
        return np.asarray(found[0].double())

    return weights


def peers(case: Case) -> dict[str, dict[str, Surrogate]]:
    """Return each peer with its regressions, the default first."""
    return {
        "lime": {
            "ridge 1": of_lime(case, Ridge(alpha=1)),
            "ridge 10": of_lime(case, Ridge(alpha=10)),
            "linear": of_lime(case, LinearRegression()),
        },
        "captum": {
            "lasso 0.01": of_captum(case, lambda: SkLearnLasso(alpha=0.01)),
            "lasso 0.001": of_captum(case, lambda: SkLearnLasso(alpha=0.001)),
            "ridge 1": of_captum(case, lambda: SkLearnRidge(alpha=1)),
            "ridge 10": of_captum(case, lambda: SkLearnRidge(alpha=10)),
            "linear": of_captum(case, SkLearnLinearRegression),
        },
    }


class Judge:
    """Weighted R2 on masks of its own; a surrogate's mean over seeds."""

    def __init__(self, case: Case, rows: int, repeats: int) -> None:
        self.masks = np.random.default_rng(987_654).random((rows, LEADS * WINDOWS)) < 0.5
        self.values = case.values(self.masks)
        self.share = np.exp((self.masks.mean(1) - 1) / 0.85**2)
        self.share /= self.share.sum()
        self.repeats = repeats

    def r2(self, weights: Array) -> float:
        """Return the R2 of weights with their best intercept."""
        rest = self.values - self.masks @ weights
        left, spread = (self.share @ (part - self.share @ part) ** 2 for part in (rest, self.values))
        return float(1 - left / spread)

    def mean(self, surrogate: Surrogate, passes: int) -> float:
        """Return the mean R2 over the seeds."""
        return statistics.mean(self.r2(surrogate(passes, seed)) for seed in range(self.repeats))


def paired(one: Callable[[int], object], two: Callable[[int], object], repeats: int) -> list[tuple[float, float]]:
    """Return the processor seconds of both, taken in turns."""
    found = []
    for seed in range(repeats):
        started = time.process_time()
        one(seed)
        between = time.process_time()
        two(seed)
        found.append((between - started, time.process_time() - between))
    return found


def row(case: Case, judge: Judge, name: str, passes: int) -> str:
    """Return the table's row of one peer at one number of passes."""
    known = replace(case, module=Remembering(case.module).eval())
    choices = peers(known)[name]
    once = {regression: judge.r2(choice(passes, 0)) for regression, choice in choices.items()}
    best = max(once, key=once.__getitem__)
    mine = ours(known)
    wanted = judge.mean(choices[best], passes)
    reached = {}
    for enough in LADDER:
        reached[enough] = judge.mean(mine, enough)
        if reached[enough] >= wanted:
            break
    theirs, own = peers(case)[name][best], ours(case)
    seconds = paired(lambda seed: theirs(passes, seed), lambda seed: own(enough, seed), judge.repeats)
    ratios = [first / second for first, second in seconds]
    return (
        f"| {name}, {best} | {passes} | {wanted:.3f} | {next(iter(once.values())):.3f} | {enough} "
        f"| {reached[enough]:.3f} | {judge.mean(mine, passes):.3f} | {passes / enough:.1f} "
        f"| {statistics.median(ratios):.1f} [{min(ratios):.1f}..{max(ratios):.1f}] |"
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passes", type=int, nargs="+", default=[512, 1024, 2048])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--held-out", type=int, default=1024)
    given = parser.parse_args()
    network = pellucid.load("ecg-six")
    x = torch.as_tensor(network.prepare(pellucid.simulate(["AFIB"], seed=7).record).inputs)
    samples = torch.arange(x.shape[-1]) * WINDOWS // x.shape[-1]
    labels = torch.arange(LEADS)[:, None] * WINDOWS + samples
    case = Case(network.module, x, network.classes.index("AFIB"), labels)
    judge = Judge(case, given.held_out, given.repeats)
    lines = [
        "| peer at its best regression | passes | held-out R2 | at its default | ours: passes | R2 | ours at theirs "
        "| fewer passes | less processor time, median [least..most] |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [row(case, judge, name, passes) for name in ("lime", "captum") for passes in given.passes]
    write(Path(__file__).stem, "Surrogates (LIME)", "\n".join(lines))


if __name__ == "__main__":
    main()
