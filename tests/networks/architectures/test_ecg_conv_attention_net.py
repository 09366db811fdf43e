"""EcgConvAttentionNet: the published counts, the leak and its absence, the geometry of its map."""

from __future__ import annotations

import pytest
import torch

from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, NotApplicableError
from pellucid.networks.architectures.ecg_conv_attention_net import EcgConvAttentionNet


@pytest.fixture(scope="module", params=[False, True], ids=["faithful", "leaky"])
def module(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return EcgConvAttentionNet(leaky=request.param).eval()


@pytest.fixture
def signal():
    return torch.randn(1, 12, 5000, generator=torch.Generator().manual_seed(1))


def test_the_published_counts():
    with torch.device("meta"):
        for leaky, wanted in ((False, 26_370_216), (True, 26_404_536)):
            module = EcgConvAttentionNet(leaky=leaky)
            assert sum(parameter.numel() for parameter in module.parameters()) == wanted
            assert sum(parameter.numel() for parameter in module.attention.parameters()) == 26_333_640


def test_lead_v1_changes_other_leads_tokens_with_the_leak_alone(module, signal, request):
    changed = signal.clone()
    changed[:, 6] += torch.randn(5000, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        before, after = module.tokens(signal), module.tokens(changed)
    moved = (before != after).any(-1)[0]
    leaky = request.node.callspec.params["module"]
    assert before.shape == (1, 12, 740)
    assert moved.tolist() == [leaky or lead == 6 for lead in range(12)]
    assert module.token_map is None if leaky else module.token_map.tolist() == [[lead] for lead in range(12)]


def test_the_sizes_before_and_after_each_pooling():
    module = EcgConvAttentionNet().eval()
    x, sizes = torch.zeros(1, 12, 5000), []
    with torch.no_grad():
        for block in module.blocks:
            convolved = block.convolution(x)
            x = block.rest(convolved)
            sizes.append((convolved.shape[-1], x.shape[-1]))
    assert sizes == [(4950, 2475), (2450, 1225), (1216, 608), (601, 300), (297, 148)]


def test_a_token_is_the_five_channels_of_its_lead(module, signal):
    seen = []
    handle = module.features.register_forward_hook(lambda *args: seen.append(args[-1]))
    with torch.no_grad():
        tokens = module.tokens(signal)
        handle.remove()
        last = module.blocks[-1].rest(seen[0].flatten(1, 2))
    assert seen[0].shape == (1, 12, 5, 297)
    assert torch.equal(tokens[0, 4], last[0, 20:25].flatten())


def test_the_layer_for_class_activation_lies_where_it_says(module, signal):
    found = method("grad_cam", relu=False)(module, signal, target=0, layer=module.layer)
    assert found.geometry.cells == (297,)
    assert (found.geometry.offset, found.geometry.jump, found.geometry.field) == ((127.5,), (16.0,), (256.0,))


def test_a_map_for_each_lead_is_refused_with_the_leak_alone(module, signal, request):
    for_each_lead = method("lead_grad_cam")
    if request.node.callspec.params["module"]:
        with pytest.raises(NotApplicableError, match="the leads have met"):
            for_each_lead(module, signal, target=0, layer=module.layer)
    else:
        assert for_each_lead(module, signal, target=0, layer=module.layer).cells.shape == (1, 12, 297)


def test_another_length_is_refused_with_the_remedy():
    with torch.device("meta"), pytest.raises(InvalidInputError, match=r"5000 samples; got 4096\. Pad or cut"):
        EcgConvAttentionNet()(torch.empty(1, 12, 4096))
