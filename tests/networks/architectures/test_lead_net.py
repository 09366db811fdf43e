"""LeadNet: the exact sum, the leads apart, members joined."""

from __future__ import annotations

import itertools

import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.networks.architectures.lead_net import POOLS, LeadNet, join

SMALL = {"widths": (4, 6, 6), "kernels": (5, 3, 3), "strides": (2, 2, 1), "dilations": (1, 1, 2)}


def network(
    classes: int = 3, pools: tuple[tuple[str, ...], ...] = (("mean", "attention", "std"),), seed: int = 0
) -> LeadNet:
    """A small LeadNet in float64 whose batch norms have something to say."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = LeadNet(classes, pools=pools, **SMALL).double()
    for name, value in module.state_dict().items():
        if name.endswith("running_mean") or (name.endswith("bias") and value.ndim == 1):
            value.copy_(torch.randn(value.shape, generator=generator, dtype=value.dtype) * 0.3)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=generator, dtype=value.dtype) + 0.5)
    return module.eval()


def signals(batch: int = 2, samples: int = 97) -> torch.Tensor:
    return torch.randn(batch, 12, samples, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * 0.4


@pytest.mark.parametrize("pool", POOLS)
def test_the_exact_map_sums_to_the_logit_for_each_pooling(pool: str) -> None:
    module = network(pools=((pool,),))
    x = signals()
    found = module.additive_map(x)
    torch.testing.assert_close(found.maps.sum((2, 3)) + found.bias, module(x), rtol=0, atol=1e-12)


def test_the_exact_map_sums_to_the_logit_for_several_encoders() -> None:
    module = network(pools=(("mean", "max"), ("attention", "std")))
    x = signals()
    found = module.additive_map(x)
    torch.testing.assert_close(found.maps.sum((2, 3)) + found.bias, module(x), rtol=0, atol=1e-12)
    assert found.maps.shape == (2, 3, 12, 25)
    assert (found.offset, found.jump) == (0.0, 4.0)


def test_noise_in_one_lead_moves_no_share_of_another() -> None:
    module = network(pools=(("mean", "attention", "std"), ("max",)))
    x = signals(1)
    changed = x.clone()
    changed[:, 6] += 0.5
    before, after = module.additive_map(x).maps, module.additive_map(changed).maps
    others = [lead for lead in range(12) if lead != 6]
    assert torch.equal(before[:, :, others], after[:, :, others])
    assert (before[:, :, 6] - after[:, :, 6]).abs().max() > 1e-3


def test_a_cell_is_centred_where_it_says() -> None:
    module = network(pools=(("mean",),))
    flat = torch.zeros(1, 12, 96, dtype=torch.float64)
    found = module.additive_map(flat)
    for cell in (5, 12):
        spike = flat.clone()
        spike[0, 3, round(found.offset + cell * found.jump)] = 1e-3
        moved = (module.additive_map(spike).maps - found.maps)[0, :, 3].abs().sum(0)
        middle = (moved * torch.arange(len(moved))).sum() / moved.sum()
        assert abs(float(middle) - cell) < 0.6


def test_joined_members_average_their_logits_and_stay_additive() -> None:
    members = [network(seed=1), network(pools=(("mean", "max", "std"),), seed=2)]
    joined = join(members, [("mean", "attention", "std"), ("mean", "max", "std")], **SMALL).double()
    joined.load_state_dict({name: value.double() for name, value in joined.state_dict().items()})
    x = signals()
    mean = (members[0](x) + members[1](x)) / 2
    torch.testing.assert_close(joined(x), mean, rtol=0, atol=1e-5)  # joining went through float32
    found = joined.additive_map(x)
    torch.testing.assert_close(found.maps.sum((2, 3)) + found.bias, joined(x), rtol=0, atol=1e-12)


def test_unlike_members_are_not_joined() -> None:
    other = LeadNet(3, **{**SMALL, "dilations": (1, 1, 1)})  # type: ignore[arg-type]  # overridden
    for unlike in (other, network(pools=(("mean",), ("mean",)))):
        with pytest.raises(InvalidInputError, match="one encoder each, alike but for their pooling"):
            join([network(), unlike], [("mean",), ("mean",)], **SMALL)


def test_keep_drops_outputs_in_the_order_asked_for() -> None:
    module = network(classes=5)
    x = signals()
    before = module(x)
    module.keep([4, 1])
    torch.testing.assert_close(module(x), before[:, [4, 1]], rtol=0, atol=1e-6)


def test_dropping_leads_keeps_the_mean_and_acts_in_training_alone() -> None:
    module = network()
    pooled = torch.ones(4000, 12 * 18, dtype=torch.float64)
    assert module._drop_leads(pooled) is pooled
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = module.train()._drop_leads(pooled)
    assert abs(float(dropped.mean()) - 1) < 0.01
    values = dropped.view(4000, 12, 18)
    assert all(len(set(row.tolist())) == 1 for row in itertools.chain(*values[:3]))


def test_any_length_is_read() -> None:
    module = network()
    assert module(signals(1, 40)).shape == (1, 3)
    assert module(signals(1, 333)).shape == (1, 3)


def test_the_exact_map_is_refused_in_training_mode() -> None:
    with pytest.raises(InvalidInputError, match=r"eval mode.*\.eval\(\)"):
        network().train().additive_map(signals())


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"pools": (("median",),)}, "median"), ({"pools": ()}, "pools"), ({"widths": (4, 6)}, "one length")],
)
def test_wrong_settings_are_told(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        LeadNet(2, **{**SMALL, **settings})  # type: ignore[arg-type]  # wrong on purpose
