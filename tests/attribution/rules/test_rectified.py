from __future__ import annotations

import pytest
import torch
from graph_hooks import changed_gradient
from recordings import Function, Writes, numbers, record
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.engine import one_hot, propagate
from pellucid.attribution.rules.rectified import at_rectifiers, deconvolved, guided, rectified
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator

IN_PLACE = {"in_place", "views", "checkpointed"}  # autograd's own graph has other nodes there
RULES = pytest.mark.parametrize(("rule", "deconvolution"), [(guided, False), (deconvolved, True)])


def changed(module, rows, rule, target=0, output=None):
    recorded = record(module, *rows, output=output)
    start = one_hot(recorded.tape, recorded.logits, torch.full((len(rows[0]),), target))
    return propagate(recorded.tape, start, at_rectifiers(recorded.tape, rule, "guided_backprop"))


@RULES
@pytest.mark.parametrize(
    ("name", "dim"), [(name, dim) for name, dim in [*zoo.HARD_CAGES, *zoo.ODD_CAGES] if name not in IN_PLACE]
)
def test_the_tape_agrees_with_hooks_on_autograds_own_graph(name, dim, rule, deconvolution):
    animal = {**zoo.HARD, **zoo.ODD}[name]
    module, rows = zoo.network(name, dim, dtype=torch.float64), zoo.everything(name, dim, 2, dtype=torch.float64)
    expected, rectifiers = changed_gradient(module, rows, 0, deconvolution=deconvolution, output=animal.output)
    if not rectifiers:
        with pytest.raises(NotApplicableError, match="guided_backprop changes the gradient at rectifiers"):
            changed(module, rows, rule, output=animal.output)
        return
    for message, right in zip(changed(module, rows, rule, output=animal.output), expected, strict=True):
        assert torch.allclose(message.c, right, rtol=1e-10, atol=1e-12 * right.abs().max().item())


@RULES
@pytest.mark.parametrize("dim", [1, 2])
def test_in_place_is_as_out_of_place(rule, deconvolution, dim):
    x = zoo.inputs(dim, 2, dtype=torch.float64)
    plain, in_place = (
        changed(zoo.network(name, dim, dtype=torch.float64), (x,), rule) for name in ("plain", "in_place")
    )
    assert torch.allclose(plain[0].c, in_place[0].c, rtol=1e-12)


def test_by_hand():
    x = torch.tensor([[1.0, -1.0, 2.0]]).double()
    # arrives at the rectifier: 3, 5, -7
    module = Function(lambda x: torch.relu(x) @ torch.tensor([[3.0], [5.0], [-7.0]]).double())
    assert changed(module, (x,), guided)[0].c.tolist() == [[3, 0, 0]]
    assert changed(module, (x,), deconvolved)[0].c.tolist() == [[3, 5, 0]]
    six = Function(lambda x: torch.nn.functional.relu6(4 * x) @ torch.tensor([[3.0], [5.0], [7.0]]).double())
    assert changed(six, (x,), guided)[0].c.tolist() == [[12, 0, 0]]
    assert changed(six, (x,), deconvolved)[0].c.tolist() == [[12, 20, 28]]


@pytest.mark.parametrize(
    ("write", "yes"),
    [
        (torch.relu, True),
        (lambda x: torch.relu_(x * 1), True),
        (lambda x: x.clamp(min=0), True),
        (lambda x: x.clamp(min=0.0, max=3), True),
        (lambda x: x.clamp_min(0), True),
        (torch.nn.functional.relu6, True),
        (lambda x: torch.nn.functional.threshold(x, 0.0, 0.0), True),
        (lambda x: torch.nn.functional.threshold(x, 0.1, 0.0), False),
        (lambda x: x.clamp(min=-1), False),
        (lambda x: x.clamp(max=0), False),
        (lambda x: x.clamp(min=torch.zeros(4).double()), True),
        (lambda x: x.clamp_min(torch.tensor([0.0, 0, 0.1, 0]).double()), False),
        (lambda x: torch.fmax(torch.zeros(()).double(), x), True),
        (lambda x: torch.fmax(x, x.flip(1)), False),
        (lambda x: x * (x > 0), True),
        (lambda x: (x >= 0).to(x.dtype) * x, True),
        (lambda x: x * (x > 1), False),
        (lambda x: x * (x < 0), False),
        (lambda x: x * (x.flip(1) > 0), False),
        (lambda x: torch.where(x > 0, x, 0.0), True),
        (lambda x: torch.where(x > 0, x, torch.zeros_like(x)), True),
        (lambda x: torch.where(x > 0, x, 0.1), False),
        (lambda x: torch.where(x > 0, x + 1, 0.0), False),
        (lambda x: torch.where(x > 0, x, x * 0.1), False),
        (lambda x: torch.clamp(torch.ones(4).double(), torch.zeros(4).double(), x), False),
        (torch.nn.functional.hardtanh, False),
        (torch.nn.functional.leaky_relu, False),
        (torch.tanh, False),
    ],
)
def test_what_a_rectifier_is(write, yes):
    assert any(rectified(node) for node in record(Writes(write), numbers()).tape.nodes) == yes


@pytest.mark.parametrize("name", ["guided_backprop", "deconvolution"])
@pytest.mark.parametrize(
    "write",
    [
        lambda x: torch.maximum(x, torch.zeros(())),
        lambda x: torch.fmax(torch.zeros(()), x),
        lambda x: x.clamp(min=torch.tensor(0.0)),
        lambda x: x * (x > 0),
        lambda x: (x > 0).float() * x,
        lambda x: torch.where(x > 0, x, 0.0),
    ],
)
def test_a_rectifier_by_another_name_has_the_map_of_its_twin(name, write):
    before, after = zoo.seeded(nn.Linear(5, 7)), zoo.seeded(nn.Linear(7, 7), 1)
    head = nn.Sequential(nn.ReLU(), zoo.seeded(nn.Linear(7, 3), 2))
    x = torch.randn(2, 5, generator=torch_generator(0))
    twins = [nn.Sequential(before, kind, after, head) for kind in (Function(write), nn.ReLU())]
    found = [method(name)(twin, x, target=1).relevance for twin in twins]
    assert torch.equal(*found)
    assert found[0].abs().sum() > 0
