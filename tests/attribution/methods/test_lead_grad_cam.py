from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.maps import interpolated
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError, SettingError

LEADS, FEATURES = zoo.SHAPES[1][0], 5


class Grouped(nn.Module):
    """The leads in groups of channels; with a leak one of them hears a little of its neighbour."""

    def __init__(self, leak=0.0):
        super().__init__()
        self.one = nn.Conv1d(LEADS, LEADS * 3, 5, stride=2, groups=LEADS)
        self.two = nn.Conv1d(LEADS * 3, LEADS * FEATURES, 3, groups=LEADS)
        self.head = nn.Linear(LEADS * FEATURES, 3)
        self.leak = leak

    def forward(self, x):
        x = torch.cat([x[:, :2], x[:, 2:3] + self.leak * x[:, 1:2], x[:, 3:]], 1)
        return self.head(functional.relu(self.two(functional.relu(self.one(x)))).mean(-1))


@pytest.fixture
def grouped():
    return zoo.seeded(Grouped()).double()


@pytest.fixture
def x():
    return zoo.inputs(1, dtype=torch.float64)


def by_hand(module, x, target, *, relu=False):
    """Return the leads' maps on the cells."""
    inner = functional.relu(module.two(functional.relu(module.one(x)))).unflatten(1, (LEADS, FEATURES))
    weights = module.head.weight[target].unflatten(0, (LEADS, FEATURES)) / inner.shape[-1]
    maps = (weights[None, :, :, None] * inner).sum(2).detach()
    return maps.clamp(min=0) if relu else maps


@pytest.mark.parametrize("relu", [False, True])
def test_groups_of_channels_are_leads(grouped, x, relu):
    answer = method("lead_grad_cam", relu=relu)(grouped, x, target=1)
    assert torch.allclose(answer.cells, by_hand(grouped, x, 1, relu=relu), atol=1e-12)
    assert answer.relevance.shape == x.shape
    assert answer.geometry.by_lead
    assert (answer.geometry.offset, answer.geometry.jump) == ((4.0,), (2.0,))  # 2 + 1 * 2 samples from the left
    assert torch.allclose(answer.relevance, interpolated(answer.cells, answer.geometry, x.shape[2:]))
    assert answer.warnings == ()
    assert answer.kind == ("positive" if relu else "signed")


def test_leads_that_the_module_unfolds_itself(x):
    module = zoo.network("leads_apart", 1, dtype=torch.float64)
    answer = method("lead_grad_cam")(module, x, target="all")
    ours = method("grad_cam", relu=False)(module, x, target="all")
    assert torch.allclose(answer.relevance, ours.relevance)
    assert answer.relevance.shape == (3, 3, *x.shape[1:])


def test_what_one_lead_does_changes_no_other_map(grouped, x):
    other = x.clone()
    other[:, 2] = x.flip(2)[:, 2]
    one, two = (method("lead_grad_cam")(grouped, rows, target=0).relevance for rows in (x, other))
    changed = (one - two).abs().amax((0, 2)) > 0
    assert changed.tolist() == [False, False, True, False]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_leak_is_found_by_trying_and_refused_in_words(x, dtype):
    module = zoo.seeded(Grouped(leak=0.01)).to(dtype)
    with pytest.raises(NotApplicableError, match=r"noise in lead 1 changes the features of lead 2.*allow_leak=True"):
        method("lead_grad_cam")(module, x.to(dtype), target=0)
    answer = method("lead_grad_cam", allow_leak=True)(module, x.to(dtype), target=0)
    assert answer.remarks[0].startswith("leads mixed: noise in lead 1 changes the features of lead 2")
    assert answer.relevance.shape == x.shape


def test_a_leak_that_a_rectifier_hides_in_the_record_is_found(x):
    class Hidden(Grouped):
        def forward(self, x):
            return super().forward(torch.cat([x[:, :1] + 0.5 * functional.relu(x[:, 3:4]), x[:, 1:]], 1))

    module = zoo.seeded(Hidden()).double()
    quiet = x.clone()
    quiet[:, 3] = -x[:, 3].abs()
    with pytest.raises(NotApplicableError, match="noise in lead 3 changes the features of lead 0"):
        method("lead_grad_cam")(module, quiet, target=0)


def test_an_earlier_layer_may_still_keep_them_apart(x):
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.early = nn.Conv1d(LEADS, LEADS * 2, 3, groups=LEADS)
            self.late = nn.Conv1d(LEADS * 2, LEADS * 2, 1)
            self.head = nn.Linear(LEADS * 2, 3)

        def forward(self, x):
            return self.head(self.late(functional.relu(self.early(x))).mean(-1))

    module = zoo.seeded(Late()).double()
    with pytest.raises(NotApplicableError, match=r"Choose one with layer=; `grad_cam`"):
        method("lead_grad_cam")(module, x, target=0)
    assert method("lead_grad_cam", layer="early")(module, x, target=0).warnings == ()


@pytest.mark.parametrize(("dim", "words"), [(1, "6 channels, no groups of 4 leads"), (2, r"must be \(lead, time\)")])
def test_channels_that_are_no_groups_of_leads_give_one_map_and_only_if_asked(dim, words):
    module, x = zoo.network("plain", dim), zoo.inputs(dim)
    with pytest.raises(NotApplicableError, match=words):
        method("lead_grad_cam")(module, x, target=0)
    answer = method("lead_grad_cam", allow_leak=True)(module, x, target=0)
    assert answer.warnings[0].startswith("leads mixed: ")
    assert torch.equal(answer.relevance, method("grad_cam", relu=False)(module, x, target=0).relevance)


def test_a_picture_whose_channels_are_apart_has_no_leads_either():
    apart = nn.Sequential(nn.Conv2d(2, 2, 3, groups=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    with pytest.raises(NotApplicableError, match=r"must be \(lead, time\), and has the shape \(2, 12, 12\)"):
        method("lead_grad_cam")(zoo.seeded(apart), zoo.inputs(2), target=0)
    answer = method("lead_grad_cam", allow_leak=True)(zoo.seeded(apart), zoo.inputs(2), target=0)
    assert answer.warnings[0].startswith("leads mixed: ")


def test_little_memory_changes_nothing(grouped, x):
    ask = method("lead_grad_cam")
    every = ask(grouped, x, target="all").relevance
    assert torch.allclose(every, ask(grouped, x, target="all", memory=1).relevance, atol=1e-12)
    assert torch.allclose(every[1, 2], ask(grouped, x[1:2], target=2).relevance[0], atol=1e-12)


def test_an_unknown_setting_is_refused():
    with pytest.raises(SettingError, match="'per' is not known"):
        method("lead_grad_cam", per="lead")
