from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import SettingError

REFUSED = ("attention_across",)
CAGES = [(name, dim) for name, dim in zoo.HARD_CAGES if name not in REFUSED]
# constants on the way (clamps, offsets), or values of exactly zero that had relevance: there the sum is not the logit,
# and the ledger says why
KEEPING = ("views", "activations")
RECTIFIED = (
    "plain", "functional", "reused", "in_place", "residual", "residual_in_place", "residual_add", "concatenation",
    "leads_apart", "leads_folded", "batch_norms", "convolutions", "padded", "weight_norm", "pool_max", "pool_avg",
    "pool_adaptive_max", "pool_topk", "pool_amax", "views", "checkpointed",
)  # fmt: skip


def relative(found, expected):
    return ((found - expected).abs().max() / expected.abs().max()).item()


def without_biases(name, dim):
    """Return a network of the zoo without constants on the way, zeroed before its graph may be frozen."""
    module = zoo.in_dtype(zoo.seeded(zoo.HARD[name].build(dim)), torch.float64)
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if "bias" in key or key.endswith(("running_mean", "cls", "positions")):
                tensor.zero_()
    return zoo.HARD[name].finish(module)


@pytest.mark.parametrize(("name", "dim"), CAGES)
def test_the_ledger_closes_and_without_biases_the_sum_is_the_logit(name, dim):
    module, x = zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    answer = method("lrp")(module, x, target=1)
    assert answer.gap.max() < 1e-9
    total = answer.relevance.flatten(1).sum(1) + answer.ledger.total()
    assert (total - answer.score).abs().max() < 1e-9 * answer.score.abs().max()
    if name in KEEPING:
        return
    answer = method("lrp", eps=1e-12)(without_biases(name, dim), x, target=1)
    assert relative(answer.relevance.flatten(1).sum(1), answer.score) < (1e-6 if name == "pool_lp" else 1e-8)


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("name", RECTIFIED)
def test_epsilon_of_zero_is_input_times_gradient_on_networks_of_rectifiers(name, dim):
    if (name, dim) not in zoo.HARD_CAGES:
        dim = 1
    module, x = zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(module(leaf * 1)[:, 2].sum(), leaf)
    if name == "views":  # a constant is subtracted and added to nothing else: no other difference
        assert method("lrp", eps=0.0)(module, x, target=2).ledger.total().abs().max() > 0
    assert relative(method("lrp", eps=0.0)(module, x, target=2).relevance, x * gradient) < 1e-10


def test_worked_out_by_hand():
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    module[0].weight.data = torch.tensor([[1.0, 2.0], [-1.0, 1.0]]).double()
    module[0].bias.data = torch.tensor([1.0, 0.0]).double()
    module[2].weight.data = torch.tensor([[2.0, 5.0]]).double()
    module[2].bias.data = torch.tensor([-2.0]).double()
    # hidden 4, 0; logit 8 - 2 = 6. With epsilon 2: 8 / 8 * 6 = 6 for the first unit, of which 1 / 6 and 2 / 6 go on
    answer = method("lrp", eps=2.0)(module, torch.tensor([[1.0, 1.0]]).double(), target=0)
    assert torch.allclose(answer.relevance, torch.tensor([[1.0, 2.0]]).double())
    table = answer.ledger.table(0)
    assert table.layer.tolist() == ["0 (linear)", "0 (linear)", "2 (linear)", "2 (linear)"]
    taken = {(row.layer, row.cause): row.relevance for row in table.itertuples()}
    assert taken["2 (linear)", "bias"] == pytest.approx(-2 / 8 * 6)
    assert taken["2 (linear)", "epsilon"] == pytest.approx(2 / 8 * 6)
    assert taken["0 (linear)", "bias"] == pytest.approx(1)
    assert taken["0 (linear)", "epsilon"] == pytest.approx(2)
    assert answer.base.item() == pytest.approx(answer.ledger.total().item()) == pytest.approx(3)


def test_epsilon_is_relative_or_not():
    with pytest.raises(SettingError, match=r"must not both be given; got 5\.0 and 0\.1"):
        method("lrp", relative_eps=0.1, eps=5.0)
    module, x = zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    one = method("lrp", relative_eps=0.1)(module, x, target=0).relevance
    scaled = nn.Sequential(module, Scale())
    found = method("lrp", relative_eps=0.1)(scaled, x, target=0).relevance
    assert torch.allclose(found, one * 1e-9, rtol=1e-8, atol=0)


class Scale(nn.Module):
    def forward(self, x):
        return x * 1e-9


def test_an_absolute_epsilon_can_eat_everything_and_the_ledger_says_so():
    module, x = zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
    answer = method("lrp", eps=1e12)(module, x, target=0)
    assert answer.relevance.abs().max() < 1e-9
    taken = sum(rows.item() for (_, cause), rows in answer.ledger.lines.items() if cause == "epsilon")
    assert taken == pytest.approx(answer.score.item(), rel=1e-6)
    assert answer.gap.max() < 1e-9


def test_all_inputs_together_make_the_sum():
    module, rows = (
        zoo.network("signal_and_age", 1, dtype=torch.float64),
        zoo.everything("signal_and_age", 1, 2, dtype=torch.float64),
    )
    answer = method("lrp")(module, rows, target="all")
    total = sum(part.flatten(2).sum(-1) for part in answer.relevance)
    assert torch.allclose(total + answer.ledger.total(), answer.score, rtol=1e-10)
    assert answer.relevance[1].abs().min() > 0


def test_in_single_precision_the_ledger_closes_to_rounding():
    for name in ("residual", "encoder", "norms"):
        answer = method("lrp", rule="epsilon_plus")(zoo.network(name, 1), zoo.inputs(1), target="all")
        assert answer.gap.max() < 1e-3
        assert answer.warnings == ()


def test_a_ledger_that_does_not_close_is_said():
    assert method("lrp").reserve(0.5e-3) is None
    assert "misses 20.0% of the logit" in method("lrp").reserve(0.2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rule": "epsilonn"}, "'epsilon'"),
        ({"rule": {"conv": "epsilon"}}, "convolution"),
        ({"rule": {"dense": "eps"}}, "epsilon"),
        ({"eps": -1.0}, "eps must be 0 or more"),
        ({"eps": float("nan")}, "eps: Input should be a finite number"),
        ({"relative_eps": -0.1}, "relative_eps must be 0 or more"),
        ({"gamma": -0.1}, "gamma must be 0 or more"),
        ({"low": 1.0}, "low and high must be given together"),
        ({"low": 1.0, "high": 1.0}, "low below high"),
        ({"attention": "cpp"}, "cpp"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(SettingError, match=words):
        method("lrp", **settings)


def test_the_ledger_is_no_larger_than_its_lines():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    ledger = method("lrp")(module, x, target="all").ledger
    assert len(ledger.lines) > 5
    assert all(line.untyped_storage().nbytes() == line.nbytes for line in ledger.lines.values())


@pytest.mark.parametrize("rule", ["zplus", "alpha2beta1", "epsilon"])
def test_a_layer_without_inputs_gives_nothing_on(rule):
    class Empty(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.empty = nn.Linear(4, 2).double(), nn.Parameter(torch.zeros(2, 0, dtype=torch.double))

        def forward(self, x):
            return self.one(x) + nn.functional.linear(x[:, :0], self.empty)

    module, x = Empty(), torch.ones(2, 4, dtype=torch.double)
    answer = method("lrp", rule=rule)(module, x, target=1)
    assert answer.relevance.shape == (2, 4)
    assert answer.score.tolist() == module(x)[:, 1].tolist()


@pytest.mark.parametrize("rule", ["epsilon", "epsilon_plus"])
def test_a_module_that_turns_autocast_on_itself_is_explained_in_its_precision(rule):
    class Halved(zoo.Plain):
        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return super().forward(x)

    found = method("lrp", rule=rule)(zoo.seeded(Halved(1)), zoo.inputs(1), target=1)
    whole = method("lrp", rule=rule)(zoo.seeded(zoo.Plain(1)), zoo.inputs(1), target=1)
    assert float(found.gap.max()) < 0.05  # bfloat16 has less than three digits
    both = torch.stack([found.relevance.flatten(), whole.relevance.flatten()])
    assert float(torch.corrcoef(both)[0, 1]) > 0.99


def test_a_norm_that_cannot_be_folded_may_stand_under_autocast():
    class Behind(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Conv1d(4, 8, 3), nn.ReLU(), nn.BatchNorm1d(8), nn.Flatten(), nn.Linear(176, 3))

        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return self.net(x)

    assert float(method("lrp")(zoo.seeded(Behind()), zoo.inputs(1), target=1).gap.max()) < 0.05
