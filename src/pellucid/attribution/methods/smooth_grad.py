"""SmoothGrad: another method's relevance, averaged over noisy copies of the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.attribution.attribution import Kind
from pellucid.attribution.method import Method
from pellucid.attribution.method import method as made
from pellucid.attribution.run import Run
from pellucid.core.errors import SettingError
from pellucid.core.progress import track
from pellucid.core.provenance import array_hash
from pellucid.core.randomness import generator
from pellucid.core.settings import encode

_STREAM = 1  # of a seed: other methods that draw for a sample take other numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothGrad(Method):
    """What a method says on average of inputs near this one.

    R = 1/n * sum of method(x + e),   e ~ N(0, (noise * (max x - min x))^2)

    The noise follows from the seed and the sample's own values, so that a sample has the same alone and in a batch.
    All classes share it.

    Parameters
    ----------
    samples
        n, the noisy copies.
    noise
        Standard deviation of the noise relative to each sample's range, the largest value less the smallest. 0.1 to
        0.2 for images; for an ECG 0.05 is a better start, for 0.15 hides P waves.
    squared
        Average the squares.
    of
        What is averaged: `{"name": ..., settings}`, any method.
    seed
        0 or more.

    Axioms: none of completeness, for the copies have scores of their own.
    Cost: `samples` times that of the method.
    Source: Smilkov et al. 2017, arXiv 1706.03825, section 3; squared: Hooker et al. 2019, arXiv 1806.10758. Departure:
    any method in place of the gradient.
    """

    perturbs: ClassVar[bool] = True

    samples: int = 50
    noise: float = 0.15
    squared: bool = False
    of: Mapping[str, Any] = field(default_factory=lambda: {"name": "saliency", "signed": True})
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 10_000:
            raise SettingError(f"samples must be 1 to 10000; got {self.samples}.")
        if not 0 < self.noise <= 10:
            raise SettingError(f"noise must lie above 0 and up to 10 of the sample's range; got {self.noise}.")
        if self.seed < 0:
            raise SettingError(f"seed must be 0 or more; got {self.seed}.")
        _ = self.inner  # refuses a method or a setting that there is not

    @property
    def inner(self) -> Method:
        """The method that is averaged."""
        if not isinstance(self.of.get("name"), str):
            raise SettingError(f'of must be {{"name": ..., settings}}; got {dict(self.of)!r}.')
        return made(self.of["name"], **{key: value for key, value in self.of.items() if key != "name"})

    @property
    def looks_inside(self) -> bool:
        """Whether the inner method does."""
        return self.inner.looks_inside

    @property
    def looks_back(self) -> bool:
        """Whether the inner method does."""
        return self.inner.looks_back

    @property
    def layer(self) -> str | None:
        """The inner method's layer; like it, without this attribute where it looks at none."""
        layer: str | None = self.inner.layer  # type: ignore[attr-defined]  # AttributeError is the answer
        return layer

    @property
    def kind(self) -> Kind:
        """The inner method's; positive where squares are averaged."""
        return "positive" if self.squared else self.inner.kind

    def _at(self, module: nn.Module, layer: str | nn.Module | None) -> Method:
        inner = self.inner
        placed = inner._at(module, layer)
        return self if placed is inner else replace(self, of={"name": inner.name, **encode(placed)})

    def _refuse_several(self, count: int) -> None:
        self.inner._refuse_several(count)

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return self.inner._options(options)

    def relevance(self, run: Run) -> Tensor:
        """Return the mean over the noisy copies."""
        return run.once("means", lambda: self._means(run, self.inner))[run.number]

    def _means(self, run: Run, inner: Method) -> list[Tensor]:
        run.keep_scores()
        totals: list[Tensor | None] = [None] * len(run.rows)
        cells: Tensor | None = None
        for moved, count in self._copies(run):
            for number in range(len(run.rows)):
                moved.number = number
                relevance = inner.relevance(moved).detach()
                totals[number] = _added(totals[number], self._powered(relevance), count)
            if moved.declared.cells is not None and not self.squared:
                cells = _added(cells, moved.declared.cells.detach(), count)
            for text in moved.declared.warnings:
                run.warn(text)
            run.declare(geometry=moved.declared.geometry)
            moved.forget()
        if cells is not None:
            run.declare(cells=(cells / self.samples).to(run.rows[0].dtype))
        return [
            (total / self.samples).to(rows.dtype)
            for total, rows in zip(totals, run.rows, strict=True)
            if total is not None
        ]

    def _powered(self, relevance: Tensor) -> Tensor:
        return relevance.double() ** 2 if self.squared else relevance

    def _copies(self, run: Run) -> Iterator[tuple[Run, int]]:
        """Yield runs over noisy copies, as many at once as memory allows, and how many copies each holds."""
        draws = [[self._generator(sample, number) for sample in rows] for number, rows in enumerate(run.rows)]
        for chunk in track(run.chunks(self.samples), "smooth grad"):
            count = chunk.stop - chunk.start
            noisy = zip(run.rows, draws, strict=True)
            yield run.elsewhere(tuple(self._moved(rows, drawn, count) for rows, drawn in noisy)), count

    def _generator(self, sample: Tensor, number: int) -> np.random.Generator:
        content = int(array_hash(sample.detach().cpu().float().numpy())[:16], 16)
        return generator(self.seed, content, number, _STREAM)

    def _moved(self, rows: Tensor, draws: list[np.random.Generator], count: int) -> Tensor:
        """Return the next copies of some samples, shape (copy, batch, *input)."""
        flat = rows.flatten(1)
        width = self.noise * (flat.amax(1) - flat.amin(1))
        drawn = np.stack([draw.standard_normal((count, *rows.shape[1:])) for draw in draws], 1)
        return rows[None] + torch.from_numpy(drawn).to(rows) * width.reshape(1, -1, *(1,) * (rows.ndim - 1))


def _added(total: Tensor | None, relevance: Tensor, count: int) -> Tensor:
    """Add the relevance of some copies, (copy x batch, target, ...), summed in double precision."""
    part = torch.unflatten(relevance.double(), 0, (count, -1)).sum(0)
    return part if total is None else total + part
