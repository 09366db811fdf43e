"""What the tests over every method share: how each is asked, on which network, and what a module must keep."""

from __future__ import annotations

import pickle

import pytest
import torch

import zoo
from pellucid.attribution.method import METHODS, method

QUICK = {
    "integrated_gradients": {"tolerance": 0.1},
    "kernel_shap": {"parts": 4, "samples": 64},
    "lead_grad_cam": {"allow_leak": True},
    "lime": {"parts": 4, "samples": 64},
    "occlusion": {"window": 6, "stride": 6},
    "smooth_grad": {"samples": 3},
}
OF_ATTENTION = {"attention_lrp", "attention_rollout"}  # asked on the zoo's transformer only
PERTURBING = {"integrated_gradients", "kernel_shap", "lime", "occlusion", "smooth_grad"}  # many passes
CONTROLS = {"amplitude", "random"}  # never look at the module
EVERY = pytest.mark.parametrize("name", METHODS.names)


def asked(name):
    return method(name, **QUICK.get(name, {}))


def ask(name, module, x, **more):
    """Return a method's answer, with what it must be given for the first of the inputs."""
    return asked(name)(module, x, **given(name, x[0] if isinstance(x, tuple) else x), **more)


def network(name, animal="plain", dim=1, **more):
    """Return a network of the zoo, for methods of attention the one with attention."""
    return zoo.network("attention" if name in OF_ATTENTION else animal, dim, **more)


def given(name, x):
    """Return what a method must be given at the call: which token an element went into."""
    tokens = torch.arange(12).repeat_interleave(2) if x.ndim == 3 else torch.arange(36).reshape(6, 6)
    spread = tokens if x.ndim == 3 else tokens.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return {"parts": spread} if name == "attention_rollout" else {}


def portrait(module):
    """Return all that must be as it was."""
    return {
        "state": {name: value.clone() for name, value in module.state_dict().items()},
        "modes": [part.training for part in module.modules()],
        "hooks": [[len(vars(part)[key]) for key in vars(part) if "hooks" in key] for part in module.modules()],
        "attributes": [sorted(vars(part)) for part in module.modules()],
        "gradients": [
            (p.requires_grad, id(p), None if p.grad is None else p.grad.clone()) for p in module.parameters()
        ],
        "bytes": len(pickle.dumps(module)),
    }


def same(one, two):
    return all(
        torch.equal(one[key], two[key]) if isinstance(one[key], torch.Tensor) else one[key] == two[key] for key in one
    )


def assert_untouched(module, before):
    after = portrait(module)
    assert same(before["state"], after["state"])
    for key in ("modes", "hooks", "attributes", "bytes"):
        assert after[key] == before[key], key
    for old, new in zip(before["gradients"], after["gradients"], strict=True):
        assert old[:2] == new[:2]
        assert (old[2] is None) == (new[2] is None)
        assert old[2] is None or torch.equal(old[2], new[2])
