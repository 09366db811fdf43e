from __future__ import annotations

import math

import pytest
import torch
from recordings import Function, record
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.composites import COMPOSITES
from pellucid.attribution.rules.engine import one_hot
from pellucid.attribution.rules.ledger import BIAS, CONSTANTS, EPSILON, NOT_CONSERVED
from pellucid.attribution.rules.relevance import RelevancePropagation, first_weighted, in_parts
from pellucid.attribution.rules.weighted_rules import RuleSettings, Stabiliser
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator

REFUSED = {"attention_across": "is no attention weight"}
LONG = ("gru", "lstm", "lstm_cell", "recurrent")  # many hundred operations, all alike


def cages(*, refused):
    return [(name, dim) for name, dim in zoo.HARD_CAGES if (name in REFUSED) == refused]


@pytest.mark.parametrize(("name", "dim"), cages(refused=False))
def test_the_ledger_closes_for_every_rule(name, dim):
    recorded = record(zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 1, dtype=torch.float64))
    settings = RuleSettings(Stabiliser(1e-6, False, 1), 0.25, -200.0, 200.0)
    score = recorded.logits[0, 1]
    for rule in list(COMPOSITES)[:: 4 if name in LONG else dim]:
        ask = RelevancePropagation(recorded.tape, COMPOSITES[rule], settings, "cp")
        (found,), book = ask.relevance(one_hot(recorded.tape, recorded.logits, torch.tensor([1])))
        missed = score - found.sum() - torch.stack(list(book.lines.values())).sum()
        assert missed.abs() < 1e-9 * score.abs(), rule
        if not {"zplus", "alpha2beta1"} & {COMPOSITES[rule].convolution, COMPOSITES[rule].dense}:
            assert NOT_CONSERVED not in {cause for _, cause in book.lines}


def test_where_nothing_pulls_one_way_the_ledger_says_that_the_rule_did_not_conserve():
    module = nn.Linear(3, 1, bias=False).double()
    module.weight.data = torch.tensor([[1.0, 2.0, 3.0]]).double()
    answer = method("lrp", rule="alpha2beta1", eps=1e-12)(module, torch.ones(1, 3).double())
    assert answer.relevance[0].tolist() == pytest.approx([2.0, 4.0, 6.0])
    assert answer.ledger.lines["(linear)", NOT_CONSERVED].item() == pytest.approx(-6)
    assert answer.ledger.lines["(linear)", EPSILON].abs().item() < 1e-11
    assert "not conserved" in answer.warnings[0]


@pytest.mark.parametrize("end", [nn.Sigmoid(), nn.Sequential(nn.Softmax(1), nn.Flatten())])
def test_probabilities_are_refused(end):
    with pytest.raises(NotApplicableError, match="explains logits, not probabilities"):
        method("lrp")(nn.Sequential(nn.Linear(3, 2), end), torch.ones(1, 3), target=0)


@pytest.mark.parametrize(("name", "dim"), cages(refused=True))
def test_what_has_no_rule_is_named(name, dim):
    with pytest.raises(NotApplicableError, match=REFUSED[name]):
        method("lrp")(zoo.network(name, dim), zoo.inputs(dim, 1), target=0)


def test_an_operation_without_a_rule_is_named_with_shape_and_submodule():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.cumprod(x, 1)

    with pytest.raises(
        NotApplicableError, match=r"no rule for operation cumprod with the result \(2, 3\) in submodule '0'\. `integ"
    ):
        method("lrp")(nn.Sequential(Odd(), nn.Linear(3, 2)), torch.ones(2, 3), target=0)


@pytest.mark.parametrize("name", ["attention", "multihead", "attention_across", "encoder", "encoder_causal", "vit"])
@pytest.mark.parametrize("rule", ["epsilon", "epsilon_plus"])
def test_through_the_softmax_the_ledger_says_what_is_not_conserved(name, rule):
    module, x = zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    answer = method("lrp", rule=rule, attention="attnlrp")(module, x, target="all")
    assert answer.gap.max() < 1e-9
    lines = {layer: taken for (layer, cause), taken in answer.ledger.lines.items() if cause == NOT_CONSERVED}
    lost = {layer: taken for layer, taken in lines.items() if "softmax" in layer}
    assert lost
    assert rule != "epsilon" or lost == lines
    assert all(taken.abs().max() > 1e-3 for taken in lost.values())


def asked(function, *pair, lines=None, target=0, **settings):
    """Return the relevance of a function of (a, b), and check what the ledger took by cause."""
    x = torch.tensor([pair]).double()
    answer = method("lrp", **{"eps": 0.0, **settings})(Function(function), x, target=target)
    assert answer.gap.max() < 1e-12
    causes = dict.fromkeys((BIAS, EPSILON, CONSTANTS, NOT_CONSERVED), 0.0)
    for (_, cause), taken in (answer.ledger.lines if answer.ledger else {}).items():
        causes[cause] += taken.item()
    for cause, taken in causes.items():
        assert taken == pytest.approx((lines or {}).get(cause, 0.0), abs=1e-12)
    return answer.relevance[0].tolist()


def one(function):
    return lambda x: function(*x.unbind(1))[:, None]


def test_branches_share_a_sum_by_their_size():
    # exp passes all of its value z on: that is R, and R is divided by the sum
    z = math.exp(5)
    assert asked(one(lambda a, b: a + b), 2, 3) == [2, 3]
    assert asked(one(lambda a, b: a - b), 2, 3) == [2, -3]
    assert asked(one(lambda a, b: (a + b).exp()), 2, 3) == pytest.approx([2 / 5 * z, 3 / 5 * z])
    assert asked(one(lambda a, b: (a - b).exp()), 2, -3) == pytest.approx([2 / 5 * z, 3 / 5 * z])
    assert asked(one(lambda a, b: torch.add(a, b, alpha=1.5).exp()), 2, 2) == pytest.approx([2 / 5 * z, 3 / 5 * z])
    assert asked(one(lambda a, b: (a + a + b).exp()), 2, 1) == pytest.approx([4 / 5 * z, 1 / 5 * z])


def test_epsilon_takes_its_share_of_a_sum():
    z = math.exp(5)
    found = asked(one(lambda a, b: (a + b).exp()), 2, 3, eps=0.5, lines={EPSILON: 0.5 / 5.5 * z})
    assert found == pytest.approx([2 / 5.5 * z, 3 / 5.5 * z])


def test_constants_take_their_share_of_a_sum():
    assert asked(one(lambda a, b: a + 3), 2, 9, lines={CONSTANTS: 3}) == [2, 0]
    assert asked(one(lambda a, b: 3 - a), 2, 9, lines={CONSTANTS: 3}) == [-2, 0]
    z = math.exp(5)
    found = asked(one(lambda a, b: (a + 3).exp()), 2, 9, lines={CONSTANTS: 3 / 5 * z})
    assert found == pytest.approx([2 / 5 * z, 0])


def test_constants_that_are_moved_in_take_what_they_hold():
    def function(x):
        joined = torch.cat([x, torch.full_like(x[:, :1], 4.0)], 1)
        return joined.sum(1, keepdim=True)

    assert asked(function, 2, 3, lines={CONSTANTS: 4}) == [2, 3]
    padded = lambda x: functional.pad(x, (1, 0), value=4.0).sum(1, keepdim=True)  # noqa: E731  # one line reads best
    assert asked(padded, 2, 3, lines={CONSTANTS: 4}) == [2, 3]
    filled = lambda x: x.masked_fill(x > 2.5, 7.0).sum(1, keepdim=True)  # noqa: E731  # one line reads best
    assert asked(filled, 2, 3, lines={CONSTANTS: 7}) == [2, 0]


@pytest.mark.parametrize(
    ("bent", "limit"),
    [
        (torch.relu, 0.0),
        (torch.tanh, 1.0),
        (functional.silu, 0.5),
        (functional.gelu, 0.5),
        (functional.hardswish, 0.5),
        (functional.mish, math.tanh(math.log(2))),
        (torch.erf, 2 / math.sqrt(math.pi)),
        (functional.elu, 1.0),
        (functional.leaky_relu, 1.0),
        (torch.log1p, 1.0),
        (torch.abs, 0.0),
        (lambda x: x**3, 0.0),
        (lambda x: x**1, 1.0),
        (lambda x: x.clamp(min=-1), 1.0),
    ],
)
def test_an_activation_at_zero_has_the_limit_of_its_slope(bent, limit):
    assert asked(one(lambda a, b: bent(a - b)), 2, 2) == pytest.approx([2 * limit, -2 * limit])


def test_an_activation_hands_on_by_its_value():
    assert asked(one(lambda a, b: functional.leaky_relu(a - b, 0.1)), 1, 3) == pytest.approx([0.1, -0.3])
    assert asked(one(lambda a, b: torch.relu(a - b)), 3, 1) == [3, -1]
    assert asked(one(lambda a, b: functional.hardtanh(a + b)), 3, 1) == pytest.approx([0.75, 0.25])
    assert asked(one(lambda a, b: (a + b) ** 2), 3, 1) == [12, 4]


@pytest.mark.parametrize(
    "through",
    [
        lambda x: torch.sigmoid(x) * 1.0, functional.softplus, torch.exp, torch.cos, functional.logsigmoid, torch.sqrt,
        lambda x: 1 / x, lambda x: 2**x, lambda x: x**0.5, lambda x: x.clamp(min=1),
    ],
)  # fmt: skip
def test_what_is_not_zero_at_zero_passes_all_on(through):
    z = through(torch.tensor(5.0).double()).item()
    assert asked(one(lambda a, b: through(a + b)), 2, 3) == pytest.approx([0.4 * z, 0.6 * z])


def test_what_was_spread_is_summed_again():
    spread = lambda x: torch.tensor([1.0, 2.0, 4.0]).double() / x[:, :1]  # noqa: E731  # one line reads best
    assert asked(spread, 2, 9, target=2) == [2, 0]
    power = lambda x: torch.tensor([1.0, 2.0, 4.0]).double() ** x[:, :1]  # noqa: E731  # one line reads best
    assert asked(power, 2, 9, target=1) == [4, 0]


def test_a_gate_gets_nothing_and_two_factors_half_each():
    z = 2 * torch.tensor(3.0).sigmoid().item()
    assert asked(one(lambda a, b: a * torch.sigmoid(b)), 2, 3) == pytest.approx([z, 0])
    assert asked(one(lambda a, b: a * (1 - torch.sigmoid(-b))), 2, 3) == pytest.approx([z, 0])
    assert asked(one(lambda a, b: a * functional.hardsigmoid(b)), 2, 3) == [2, 0]
    assert asked(one(lambda a, b: a * b), 2, 3) == [3, 3]
    assert asked(one(lambda a, b: a * a + b), 2, 3) == [4, 3]
    assert asked(one(lambda a, b: torch.sigmoid(a) * torch.sigmoid(b)), 0, 0) == [0.125, 0.125]
    assert asked(one(lambda a, b: (a * b).exp()), 2, 0.5) == pytest.approx([math.e / 2, math.e / 2])
    assert asked(one(lambda a, b: (a * a * b).exp()), 1, 1) == pytest.approx([math.e / 2, math.e / 2])


def test_the_size_of_a_complex_number_goes_by_the_squares_of_its_parts():
    assert asked(one(lambda a, b: torch.complex(a, b).abs()), 3, -4) == pytest.approx([9 / 5, 16 / 5])
    z = math.exp(5)
    assert asked(one(lambda a, b: torch.complex(a, b).abs().exp()), 3, -4) == pytest.approx([9 / 25 * z, 16 / 25 * z])
    assert in_parts(torch.tensor([2.0]), torch.tensor([0j])).tolist() == [2]


def test_a_comparison_is_a_gate():
    assert asked(one(lambda a, b: a * (b > 0)), 2, 3) == [2, 0]
    assert asked(one(lambda a, b: (a > 0).double() * a * b), 2, 3) == [3, 3]
    assert asked(one(lambda a, b: (b > 5).double() * a), 2, 3) == [0, 0]


def test_a_constant_factor_only_scales():
    assert asked(one(lambda a, b: 3 * (a + b)), 2, 3) == [6, 9]
    assert asked(one(lambda a, b: (0.2 * (a + b)).exp()), 2, 3) == pytest.approx([0.4 * math.e, 0.6 * math.e])
    assert asked(one(lambda a, b: -(a + b) / 5), 2, 3) == pytest.approx([-0.4, -0.6])


def test_a_quotient_goes_to_what_is_above():
    assert asked(one(lambda a, b: a / b), 2, 4) == [0.5, 0]
    assert asked(one(lambda a, b: (a / b).exp()), 4, 4) == pytest.approx([math.e, 0])
    assert asked(one(lambda a, b: a * torch.rsqrt(b)), 2, 4) == [1, 0]


WEIGHT = torch.tensor([[2.0, -1.0], [1.0, 3.0]]).double()


def test_a_bias_that_depends_on_the_input_is_a_part_and_no_factor():
    # z = 2 a - b + 10 a
    weighted = lambda x: functional.linear(x, WEIGHT, 10 * x[0])  # noqa: E731  # one line reads best
    assert asked(weighted, 3, 2) == [36, -2]
    assert asked(lambda x: torch.addmm(10 * x, x, WEIGHT.T), 3, 2) == [36, -2]
    assert asked(lambda x: torch.addmm(x, x, WEIGHT.T, beta=10), 3, 2) == [36, -2]
    products = lambda x: torch.baddbmm(x[:, None, :1], x[:, None], x[:, :, None])[:, 0]  # noqa: E731  # one line reads best
    assert asked(products, 3, 2) == [12, 4]


def test_a_matrix_product_of_two_values_gives_half_to_each():
    outer = lambda x: (x[:, :, None] * torch.ones(1, 1, 2).double()) @ x[:, :, None]  # noqa: E731  # one line reads best
    assert asked(lambda x: outer(x)[:, :, 0], 2, 3) == pytest.approx([2 * 5 / 2 + 2 * 2 / 2, 2 * 3 / 2])
    square = lambda x: torch.linalg.matrix_power(torch.diag_embed(x), 2).sum(1)  # noqa: E731  # one line reads best
    assert asked(square, 2, 3) == [4, 0]
    mixed = lambda x: functional.linear(x, WEIGHT * x[0, 0], torch.ones(2).double())  # noqa: E731  # one line reads best
    # z = a (2 a - b) + 1: half to the second factor, all of that to a
    assert asked(mixed, 3, 2, lines={BIAS: 1}) == pytest.approx([18 / 2 - 6 / 2 + 18 / 2, -6 / 2])


def test_a_gate_between_two_values_weighs_both():
    half = 2 * torch.tensor(2.0).sigmoid().item() + 3 * (1 - torch.tensor(2.0).sigmoid().item())
    shares = 2 * torch.tensor(2.0).sigmoid().item(), half - 2 * torch.tensor(2.0).sigmoid().item()
    assert asked(one(lambda a, b: torch.lerp(b, a, a.sigmoid())), 2, 3) == pytest.approx(list(shares))


def test_a_variance_is_shared_as_its_squares_are():
    # mean 2, deviations -1 and 1: (1 (-1) + 3 (1)) / 1 = 2
    assert asked(lambda x: x.var(1, keepdim=True), 1, 3) == [-1, 3]
    written = lambda x: ((x - x.mean(1, keepdim=True)) ** 2).sum(1, keepdim=True)  # noqa: E731  # one line reads best
    assert asked(written, 1, 3) == [-1, 3]


def test_the_winner_takes_all():
    assert asked(one(torch.maximum), 2, 3) == [0, 3]
    assert asked(lambda x: x.amax(1, keepdim=True), 2, 3) == [0, 3]
    assert asked(lambda x: x.topk(1).values.exp(), 1, 0) == pytest.approx([math.e, 0])
    assert asked(lambda x: functional.max_pool1d(x[:, None], 2)[:, 0].exp(), 1, 0) == pytest.approx([math.e, 0])


def test_a_mean_is_shared_by_size():
    z = math.exp(2)
    assert asked(lambda x: x.mean(1, keepdim=True), 1, 3) == [0.5, 1.5]
    assert asked(lambda x: x.mean(1, keepdim=True).exp(), 1, 3) == pytest.approx([z / 4, 3 * z / 4])
    assert asked(lambda x: functional.avg_pool1d(x[:, None], 2)[:, 0].exp(), 1, 3) == pytest.approx([z / 4, 3 * z / 4])
    assert asked(lambda x: x.norm(dim=1, keepdim=True), 3, 4) == pytest.approx([9 / 5, 16 / 5])


def test_glu_and_logsumexp():
    z = 2 * torch.tensor(3.0).sigmoid().item()
    assert asked(lambda x: functional.glu(x, 1), 2, 3) == pytest.approx([z, 0])
    assert asked(lambda x: functional.glu(x, 1).exp(), 2, 3) == pytest.approx([math.exp(z), 0])
    z = math.log(math.exp(2) + math.exp(3))
    shares = torch.tensor([2.0, 3.0]).double().softmax(0)
    assert asked(lambda x: x.logsumexp(1, keepdim=True), 2, 3) == pytest.approx((shares * z).tolist())


def test_the_softmax_of_attnlrp_is_its_formula():
    weights, values = torch.tensor([0.5, 2.0]).double().softmax(0), torch.tensor([4.0, -1.0]).double()
    R = weights * values
    expected = torch.tensor([0.5, 2.0]).double() * (R - weights * R.sum())
    function = lambda x: torch.softmax(x, 1) @ values[:, None]  # noqa: E731  # one line reads best
    lost = (R.sum() - expected.sum()).item()
    found = asked(function, 0.5, 2.0, attention="attnlrp", lines={NOT_CONSERVED: lost})
    assert found == pytest.approx(expected.tolist())
    with pytest.raises(NotApplicableError, match="explain logits, not probabilities"):
        asked(function, 0.5, 2.0)


def test_weights_of_attention_are_held_constant_by_default():
    function = lambda x: (torch.softmax(x, 1)[:, None] @ x[:, :, None])[:, 0]  # noqa: E731  # one line reads best
    weights = torch.tensor([0.5, 2.0]).double().softmax(0)
    assert asked(function, 0.5, 2.0) == pytest.approx([0.5 * weights[0].item(), 2 * weights[1].item()])


@pytest.mark.parametrize("eps", [0.0, 0.3])
def test_a_batch_norm_that_cannot_be_folded_is_an_affine_layer(eps):
    norm = zoo.seeded(nn.BatchNorm1d(3).double())
    x = torch.randn(2, 3, generator=torch_generator(1)).double()
    answer = method("lrp", eps=eps)(nn.Sequential(nn.ReLU(), norm), x, target=1)
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    y = norm(x.relu())
    kept = (y.abs() / (y.abs() + eps))[:, 1]
    expected = torch.zeros_like(x)
    expected[:, 1] = (x.relu() * gain)[:, 1] * kept
    assert torch.allclose(answer.relevance, expected, rtol=1e-10)
    shift = (norm.bias - norm.running_mean * gain)[1]
    ((_, bias), (_, epsilon)) = answer.ledger.lines.items()
    assert torch.allclose(bias, shift * kept, rtol=1e-10)
    assert torch.allclose(epsilon, y[:, 1] * (1 - kept), atol=1e-12)


def test_a_layer_used_twice_does_not_lose_its_batch_norm_or_its_share():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.norm, self.head = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)

        def forward(self, x):
            y = self.one(x)
            return self.head(torch.relu(self.norm(y)) + self.one(torch.relu(y)))

    module = zoo.seeded(Twice().double())
    x = torch.randn(2, 3, generator=torch_generator(1)).double().requires_grad_()
    gradient = torch.autograd.grad(module(x)[:, 1].sum(), x)[0]
    answer = method("lrp", eps=0.0)(module, x.detach(), target=1)
    assert torch.allclose(answer.relevance, (x * gradient).detach(), rtol=1e-10)
    assert answer.gap.max() < 1e-12


def test_the_first_weighted_operations_are_those_with_none_before():
    tape = record(zoo.network("concatenation", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)).tape
    first = first_weighted(tape)
    assert [node.place for node in tape.nodes if node.index in first] == ["near", "far"]
    tape = record(zoo.network("batch_norms", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)).tape
    first = first_weighted(tape)
    assert [node.place for node in tape.nodes if node.index in first] == ["one"]


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "w_square"])
@pytest.mark.parametrize(
    "seen",
    [
        lambda x: torch.fft.rfft(x).abs(),
        lambda x: (torch.fft.rfft(x).abs() + 0.1).log(),
        lambda x: (torch.fft.rfft(x) / torch.tensor(2 - 1j, dtype=torch.complex128)).real,
        lambda x: torch.view_as_real(torch.fft.rfft(x)).flatten(2),
        lambda x: torch.fft.fft(x).imag,
        lambda x: torch.fft.irfft(torch.fft.rfft(x) * torch.tensor(0.5 + 1j, dtype=torch.complex128)),
        lambda x: torch.stft(
            x[:, 0].repeat(1, 2), 8, window=torch.ones(8).double(), return_complex=True
        ).abs().square().log1p(),
    ],
)  # fmt: skip
def test_the_ledger_closes_through_a_spectrum(seen, rule):
    class Spectrum(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.after, self.head = nn.Conv1d(2, 1, 3), nn.LazyConv1d(3, 3), nn.LazyLinear(2)

        def forward(self, x):
            return self.head(torch.relu(self.after(seen(self.stem(x)))).mean(-1))

    x = torch.randn(2, 2, 12, generator=torch_generator(1)).double()
    module = Spectrum().double()
    module(x)
    module = zoo.seeded(module)
    answer = method("lrp", rule=rule)(module, x, target="all")
    assert answer.gap.max() < 1e-9
    alone = method("lrp", rule=rule)(module, x[1:], target="all")
    assert torch.allclose(answer.relevance[1], alone.relevance[0], atol=1e-10)


class Spread(nn.Module):
    """Statistics pooling: mean and standard deviation over time."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Conv1d(4, 6, 3, bias=False), nn.Linear(12, 3, bias=False)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        return self.head(torch.cat([x.mean(-1), x.std(-1)], 1))


def test_a_standard_deviation_hands_on_all_that_it_has():
    module, x = zoo.seeded(Spread()).double(), zoo.inputs(1, dtype=torch.float64)
    answer = method("lrp", eps=1e-12)(module, x, target="all")
    assert torch.allclose(answer.relevance.flatten(2).sum(-1), answer.score, rtol=1e-9)
