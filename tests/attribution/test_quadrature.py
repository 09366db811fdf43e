from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.forward import Forward
from pellucid.attribution.method import method
from pellucid.attribution.quadrature import Quadrature
from pellucid.attribution.question import Question
from pellucid.attribution.run import Run

COST = 1000


def settled(module, x, classes, *, memory=2**31, tolerance=0.01):
    question = Question(module=module, inputs=x, memory=memory)
    run = Run(question, x, torch.arange(len(x[0])), torch.tensor(classes), bytes_a_row=COST)
    return Quadrature(run, tuple(torch.zeros_like(part) for part in x), tolerance, one_by_one=True, budget=2000)


@pytest.fixture
def case():
    return zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)


def test_the_means_add_up_to_the_rise_within_the_gap_of_each_class(case):
    module, x = case
    found = settled(module, (x,), [[0, 1, 2]] * 3)
    with torch.no_grad():
        rise = module(x) - module(torch.zeros_like(x))
    assert torch.allclose(found.bases(), module(torch.zeros_like(x)).detach())
    missed = ((found.means[0] * x[:, None]).flatten(2).sum(2) - rise).abs()
    for sample in range(3):
        for target in range(3):
            course = found.courses[sample][target]
            assert missed[sample, target] <= course.gap + 1e-12 <= 0.01 * course.variation + 1e-12


def test_a_class_of_a_sample_comes_out_as_it_would_alone(case):
    module, x = case
    every = settled(module, (x,), [[0, 1, 2]] * 3)
    for sample in range(3):
        for target in range(3):
            alone = settled(module, (x[sample : sample + 1],), [[target]])
            assert torch.allclose(every.means[0][sample, target], alone.means[0][0, 0], atol=1e-12)
            assert every.courses[sample][target].spent == alone.courses[0][0].spent


def test_what_memory_does_not_hold_is_computed_again(case, monkeypatch):
    module, x = case
    passes = []
    usual = Forward.__init__

    def counted(self, question, rows, *more, **keywords):
        passes.append(len(rows[0]))
        usual(self, question, rows, *more, **keywords)

    monkeypatch.setattr(Forward, "__init__", counted)
    rich = settled(module, (x,), [[0, 2]] * 3)
    rows_rich = sum(passes)
    passes.clear()
    poor = settled(module, (x,), [[0, 2]] * 3, memory=COST)
    assert max(passes[1:]) == 1  # the first pass is the scores of the run itself
    assert sum(passes) > 1.2 * rows_rich
    assert torch.allclose(rich.means[0], poor.means[0], atol=1e-12)
    assert [course.spent for course in rich.courses[1]] == [course.spent for course in poor.courses[1]]


def test_classes_share_the_passes_forward(case, monkeypatch):
    module, x = case
    rows = []
    usual = Forward.__init__

    def counted(self, question, points, *more, **keywords):
        rows.append(len(points[0]))
        usual(self, question, points, *more, **keywords)

    monkeypatch.setattr(Forward, "__init__", counted)
    courses = settled(module, (x[:1],), [[0, 1, 2]]).courses[0]
    assert sum(rows) < 0.8 * sum(course.spent for course in courses)


def test_all_inputs_go_the_way_together():
    class Both(nn.Module):
        def forward(self, x, y):
            return (x.sum(1) * y.sum(1) ** 2)[:, None]

    x, y = torch.tensor([[2.0, 1.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    found = settled(Both(), (x, y), [[0]])
    assert found.means[0][0, 0].tolist() == pytest.approx([3, 3])  # integral of (3a)^2
    assert found.means[1][0, 0].tolist() == pytest.approx([6])  # integral of 2 (3a)(3a)


class Counting(zoo.Plain):
    """Notes how many rows each pass has."""

    def forward(self, x):
        ROWS.append(len(x))
        return super().forward(x)


ROWS: list[int] = []


def test_passes_do_not_grow_while_more_and_more_panels_are_kept():
    module, x = zoo.seeded(Counting(1)), zoo.inputs(1, 1)
    ROWS.clear()
    method("integrated_gradients", tolerance=1e-6)(module, x, target=0, memory=50_000)
    assert len(ROWS) > 100
    assert 4 < max(ROWS[3:]) < 8  # twice as many would fit but for the panels and the way back; the first are looks
