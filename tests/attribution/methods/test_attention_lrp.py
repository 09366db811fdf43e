from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator


class OneHead(nn.Module):
    """One head over three tokens of two features, without biases; the logits are the mixed first token."""

    def __init__(self):
        super().__init__()
        draw = torch_generator(7)
        self.q, self.k, self.v = (torch.randn(2, 2, generator=draw).double() for _ in range(3))

    def forward(self, x):
        scores = (x @ self.q) @ (x @ self.k).mT
        return (torch.softmax(scores, -1) @ (x @ self.v))[:, 0]


def test_one_head_worked_out_by_the_propositions():
    module = OneHead()
    x = torch.randn(1, 3, 2, generator=torch_generator(8)).double()
    answer = method("attention_lrp", eps=0.0)(module, x, target=1)
    X = x[0]
    Q, K, V = X @ module.q, X @ module.k, X @ module.v
    scores = Q @ K.T
    A = scores.softmax(-1)
    # the product A V gives half to each factor: shares A_0t V_t1 of the logit
    share = A[0] * V[:, 1]
    R_A = torch.zeros_like(A)
    R_A[0] = share / 2
    R_V = torch.zeros_like(V)
    R_V[:, 1] = share / 2
    # softmax: R_x = x (R_s - s sum R_s); then Q K^T half to each, in shares Q_0f K_tf of the score
    R_scores = scores * (R_A - A * R_A.sum(-1, keepdim=True))
    parts = Q[:, None, :] * K[None, :, :] / scores[:, :, None] * R_scores[:, :, None]
    R_Q, R_K = parts.sum(1) / 2, parts.sum(0) / 2
    # epsilon at 0: back through a linear map
    expected = X * ((R_Q / Q) @ module.q.T + (R_K / K) @ module.k.T + (R_V / V) @ module.v.T)
    assert torch.allclose(answer.relevance[0], expected, rtol=1e-9)
    lost = {cause: taken.item() for (_, cause), taken in answer.ledger.lines.items()}
    assert lost["not conserved by the rule"] == pytest.approx((R_A.sum() - R_scores.sum()).item())
    assert answer.gap.max() < 1e-12


@pytest.mark.parametrize("name", ["attention", "multihead", "encoder", "encoder_causal", "vit", "attention_across"])
@pytest.mark.parametrize("dim", [1, 2])
def test_it_is_lrp_through_the_softmax_and_its_ledger_closes(name, dim):
    module, x = zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    answer = method("attention_lrp")(module, x, target=0)
    assert answer.gap.max() < 1e-9
    assert torch.equal(answer.relevance, method("lrp", attention="attnlrp")(module, x, target=0).relevance)
    if name != "attention_across":
        held = method("attention_lrp", attention="cp")(module, x, target=0).relevance
        assert torch.equal(held, method("lrp")(module, x, target=0).relevance)
        assert (held - answer.relevance).abs().max() > 1e-3


def test_each_layers_loss_has_a_line_of_its_own():
    answer = method("attention_lrp")(zoo.network("encoder", 1), zoo.inputs(1), target=0)
    lines = [layer for layer, cause in answer.ledger.lines if cause == "not conserved by the rule"]
    assert lines == ["encoder.layers.1.self_attn (_softmax)", "encoder.layers.0.self_attn (_softmax)"]


def test_without_attention_it_is_refused():
    with pytest.raises(NotApplicableError, match="the module has no attention"):
        method("attention_lrp")(zoo.network("plain", 1), zoo.inputs(1), target=0)
