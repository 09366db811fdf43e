from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, NotApplicableError

TOKENS = 5


class Encodes(nn.Module):
    """Two transformer layers over the input's own rows, (batch, token, feature), and a read-out of their mean."""

    def __init__(self, read=lambda tokens: tokens.mean(1)):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head, self.read = nn.Linear(8, 3), read

    def forward(self, x):
        return self.head(self.read(self.encoder(x)))


class ClassToken(Encodes):
    def __init__(self):
        super().__init__(lambda tokens: tokens[:, 0])
        self.cls = nn.Parameter(torch.zeros(1, 1, 8))

    def forward(self, x):
        return super().forward(torch.cat([self.cls.expand(len(x), -1, -1), x], 1))


def draws(batch=2):
    return zoo.inputs(2, batch, dtype=torch.float64).flatten(1)[:, : TOKENS * 8].reshape(batch, TOKENS, 8)


PARTS = torch.arange(TOKENS)[:, None].repeat(1, 8)


def weights_by_hand(module, tokens):
    """Return each layer's attention (batch, head, query, key), kept in autograd's graph, and the logits."""
    found = []
    for layer in module.encoder.layers:
        attention = layer.self_attn
        query, key, value = nn.functional.linear(tokens, attention.in_proj_weight, attention.in_proj_bias).chunk(3, -1)
        heads = [part.unflatten(-1, (2, 4)).transpose(1, 2) for part in (query, key, value)]
        weights = (heads[0] @ heads[1].mT / 2).softmax(-1)
        torch_says = attention(tokens, tokens, tokens, need_weights=True, average_attn_weights=False)[1]
        assert torch.allclose(weights, torch_says, atol=1e-12)
        found.append(weights)
        mixed = attention.out_proj((weights @ heads[2]).transpose(1, 2).flatten(2))
        tokens = layer.norm1(tokens + mixed)
        tokens = layer.norm2(tokens + layer.linear2(torch.relu(layer.linear1(tokens))))
    return found, module.head(module.read(tokens))


def plain_by_hand(found):
    rolled = torch.eye(found[0].shape[-1]).double()
    for weights in found:
        rolled = (0.5 * weights.mean(1) + 0.5 * torch.eye(rolled.shape[-1])) @ rolled
    return rolled


def weighted_by_hand(found, logits, target):
    slopes = torch.autograd.grad(logits[:, target].sum(), found, retain_graph=True)
    rolled = torch.eye(found[0].shape[-1]).double()
    for weights, slope in zip(found, slopes, strict=True):
        rolled = rolled + (slope * weights).clamp(min=0).mean(1) @ rolled
    return rolled


def test_plain_rollout_by_hand():
    module, x = zoo.seeded(Encodes().double()), draws()
    answer = method("attention_rollout")(module, x, target="all", parts=PARTS)
    found, logits = weights_by_hand(module, x)
    assert torch.allclose(answer.score, logits, rtol=1e-10)
    scores = plain_by_hand(found).mean(1)
    assert torch.allclose(scores.sum(-1), torch.ones(2).double())
    for target in range(3):
        assert torch.allclose(answer.details["tokens"][:, target], scores, rtol=1e-10)
        assert torch.allclose(answer.relevance[:, target], (scores / 8)[:, :, None].expand(2, TOKENS, 8), rtol=1e-10)
    entropy = -(scores * scores.log()).sum(-1) / torch.tensor(float(TOKENS)).log()
    assert torch.allclose(answer.details["entropy"][:, 0], entropy, rtol=1e-6)
    assert answer.kind == "positive"


def test_gradient_weighted_rollout_by_hand():
    module, x = zoo.seeded(Encodes().double()), draws()
    answer = method("attention_rollout", gradient=True)(module, x, target="all", parts=PARTS)
    found, logits = weights_by_hand(module, x)
    for target in range(3):
        scores = weighted_by_hand(found, logits, target).mean(1)
        assert torch.allclose(answer.details["tokens"][:, target], scores, rtol=1e-9)
    assert not torch.allclose(answer.relevance[:, 0], answer.relevance[:, 1], rtol=1e-3)


@pytest.mark.parametrize("gradient", [False, True])
def test_a_class_token_is_read_from_the_first_row(gradient):
    module, x = zoo.seeded(ClassToken().double()), draws()
    ask = method("attention_rollout", gradient=gradient, read_out="first")
    answer = ask(module, x, target=1, parts=PARTS + 1)
    found, logits = weights_by_hand(module, torch.cat([module.cls.expand(2, -1, -1), x], 1))
    rolled = weighted_by_hand(found, logits, 1) if gradient else plain_by_hand(found)
    assert torch.allclose(answer.details["tokens"], rolled[:, 0], rtol=1e-9)
    assert torch.allclose(answer.relevance, (rolled[:, 0, 1:] / 8)[:, :, None].expand(2, TOKENS, 8), rtol=1e-9)


def test_a_sample_alone_is_as_in_a_batch():
    module, x = zoo.seeded(Encodes().double()), draws(3)
    for gradient in (False, True):
        ask = method("attention_rollout", gradient=gradient)
        together = ask(module, x, target=[2, 0, 1], parts=PARTS).relevance
        for number, target in enumerate([2, 0, 1]):
            alone = ask(module, x[number : number + 1], target=target, parts=PARTS).relevance
            assert torch.allclose(together[number], alone[0], rtol=1e-10)


@pytest.mark.parametrize("name", ["multihead", "multihead_weights", "encoder", "vit", "attention"])
def test_torchs_other_ways_to_attend(name):
    module, x = zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    count = {"vit": 9, "attention": 12}.get(name, 8)
    parts = torch.arange(24) * 8 // 24
    answer = method("attention_rollout")(module, x, target=0, parts=parts)
    tokens = answer.details["tokens"]
    assert tokens.shape == (2, count)
    assert torch.allclose(tokens.sum(-1), torch.ones(2).double())
    assert torch.allclose(answer.relevance.sum((1, 2)), tokens[:, :8].sum(-1))
    assert ((answer.details["entropy"] > 0) & (answer.details["entropy"] <= 1)).all()


def test_elements_of_no_token_get_nothing():
    parts = torch.where(torch.arange(8) < 2, PARTS, -1)
    answer = method("attention_rollout")(zoo.seeded(Encodes().double()), draws(), target=0, parts=parts)
    assert answer.relevance[:, :, 2:].abs().max() == 0
    assert torch.allclose(answer.relevance.sum(-1), answer.details["tokens"])


def test_a_token_that_nothing_went_into_keeps_its_number():
    parts = torch.where(PARTS == 1, -1, PARTS)
    answer = method("attention_rollout")(zoo.seeded(Encodes().double()), draws(), target=0, parts=parts)
    assert torch.allclose(answer.relevance[:, 4].sum(-1), answer.details["tokens"][:, 4])
    assert answer.relevance[:, 1].abs().max() == 0


def test_what_cannot_be_rolled_out_is_refused():
    module, x = zoo.seeded(Encodes().double()), draws()
    ask = method("attention_rollout")
    with pytest.raises(NotApplicableError, match=r"scores 5 tokens; .* parts="):
        ask(module, x, target=0)
    with pytest.raises(InvalidInputError, match="the module's 5 tokens, 0 to 4; got 5"):
        ask(module, x, target=0, parts=PARTS + 1)
    with pytest.raises(NotApplicableError, match="the module has no attention"):
        ask(zoo.network("plain", 1), zoo.inputs(1), target=0, parts=torch.arange(24))
    with pytest.raises(NotApplicableError, match="sizes 2x8"):
        ask(zoo.network("attention_across", 1), zoo.inputs(1), target=0, parts=torch.arange(24))


def test_attention_within_windows_is_refused():
    class Windows(Encodes):
        def forward(self, x):
            return super().forward(x.reshape(-1, 2, 8)).unflatten(0, (len(x), -1)).mean(1)

    module, x = zoo.seeded(Windows().double()), draws()[:, :4]
    with pytest.raises(NotApplicableError, match=r"in submodule 'encoder\.layers\.0\.self_attn' tokens attend within"):
        method("attention_rollout")(module, x, target=0, parts=PARTS[:4] // 2)
