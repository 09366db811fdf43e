"""What the tests of this folder share: a network, its windows, and their logits in both ways."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.attribution.guard import guarded
from pellucid.attribution.occluding.engine import Engine
from pellucid.attribution.occluding.naive import naive
from pellucid.attribution.occluding.plan import Plan
from pellucid.attribution.occluding.planning import Planner
from pellucid.attribution.occluding.record import Record
from pellucid.attribution.occluding.region import covering
from pellucid.attribution.occluding.tiles import tiled
from pellucid.attribution.occluding.windows import Window, grid
from pellucid.attribution.question import Question
from pellucid.attribution.run import Run
from pellucid.attribution.tape.recording import Recorded


def run_of(module: nn.Module, rows: Tensor | tuple[Tensor, ...], arguments: tuple[object, ...] = ()) -> Run:
    inputs = rows if isinstance(rows, tuple) else (rows,)
    question = Question(module=module, inputs=inputs, arguments=arguments)
    count = len(inputs[0])
    return Run(question, inputs, torch.arange(count), torch.zeros(count, 1).long(), bytes_a_row=2**27)


def windows_of(x: Tensor, window: int, stride: int, *, each: bool = False) -> list[Window]:
    return grid(x.shape[1:], window, stride, each=each, centred=False).windows


def both(
    run: Run, windows: list[Window], value: float = 0.2, *, most: int = 5, sample: int = 0
) -> tuple[Tensor, Tensor]:
    """Return the logits of a sample's windows, by the engine and by the module itself."""
    row = run.rows[run.number][sample]
    fill = torch.full_like(row, value).__getitem__
    with guarded(run.question.module, {"cpu"}), torch.no_grad():
        plain = torch.cat(list(naive(run, sample, windows, fill)))
        engine, quick = Engine(run, sample, windows, fill, len(windows) // 2), torch.full_like(plain, torch.nan)
        for numbers, logits in engine.logits(most):
            quick[numbers] = logits
        assert torch.allclose(engine.plain, plain[len(windows) // 2])
    return quick, plain


def missed(quick: Tensor, plain: Tensor) -> float:
    """Return the largest difference, relative to the range of the logits over the windows."""
    spread = (plain.amax(0) - plain.amin(0)).max()
    return float((quick - plain).abs().max() / spread)


def planned(module: nn.Module, x: Tensor, window: int, stride: int) -> Plan:
    """Return the plan for all windows of one sample, (1, *input), as if they were one tile."""
    windows = windows_of(x, window, stride)
    with guarded(module, {"cpu"}), torch.no_grad():
        recorded = Recorded(run_of(module, x).question, (x.repeat(2, *(1,) * (x.ndim - 1)),), ())
        record = Record(recorded.tape, recorded.tape.inputs[0])
        tile = tiled(windows, x.shape[1])[0]
        *_, height, width = (1, *x.shape[2:])
        return Planner(record).planned(covering(tile.starts, tile.ends, (height, width)), apart=False)


def regions(plan: Plan) -> dict[str, tuple[int, int]]:
    """Return the sizes of the slabs, by the operator that gives them; the last of its name."""
    return {value.node.operator: region.widths for value, region in plan.regions.items() if value.node is not None}
