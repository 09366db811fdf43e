"""Small networks of every kind that `explain` must serve, and records for them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from pellucid.core.randomness import generator
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.network import Network
from pellucid.records.ecg import EcgRecord
from pellucid.records.slice import MriSlice

sys.path.append(str(Path(__file__).parents[1]))

import zoo  # stands beside this folder

CLASSES = ["1AVB", "CRBBB", "AFIB"]


@pytest.fixture
def record():
    """Four seconds at 250 Hz, twelve leads."""
    times = np.arange(1000) / 250
    signal = np.sin(times * 7) * np.arange(1, 13)[:, None] / 10 + generator(0).normal(size=(12, 1000)) / 20
    return EcgRecord(signal=signal, sampling_rate=250, name="sine")


@pytest.fixture
def picture():
    return MriSlice(pixels=generator(1).random((20, 30)), name="noise")


@pytest.fixture
def additive():
    """A LeadNet: exact shares of every lead."""
    shape = {"widths": (6, 6), "kernels": (5, 3), "strides": (4, 4), "dilations": (1, 1)}
    module = zoo.seeded(LeadNet(3, **shape))
    return Network(module, CLASSES, sampling_rate=100, length=400, layer="features", thresholds=[0, 1, 0], name="add")


@pytest.fixture
def mixed():
    """A foreign network that mixes the leads, with a longer input than the record."""
    module = nn.Sequential(nn.Conv1d(12, 6, 5, 2, 2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3))
    return Network(zoo.seeded(module), CLASSES, sampling_rate=125, length=600, thresholds=[1, 1, 1], name="mix")


@pytest.fixture
def slices():
    """A network for slices of another size than the picture, with exclusive classes."""
    module = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    return Network(
        zoo.seeded(module), ["none", "glioma", "other"], size=(16, 24), channels=3, activation="softmax", name="brain"
    )
