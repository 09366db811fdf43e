"""ECGs with known millimetres."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD


@pytest.fixture
def pulses():
    """Builds a record whose every lead is flat but for one up and one down deflection of the given mV."""

    def build(up=1.0, down=0.5, *, seconds=10.0, rate=100.0, leads=STANDARD, name="pulses"):
        signal = np.zeros((len(leads), round(seconds * rate)))
        signal[:, round(0.3 * rate)] = up
        signal[:, round(0.6 * rate)] = -down
        return EcgRecord(signal=signal, sampling_rate=rate, leads=leads, name=name)

    return build
