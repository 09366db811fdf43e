from __future__ import annotations

import pytest

from pellucid.records.units import millivolts


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("mV", 1), ("MV", 1), (" uV ", 1e-3), ("µV", 1e-3), ("μV", 1e-3), ("nV", 1e-6), ("V", 1e3),
        ("microvolts", 1e-3), ("Millivolt", 1), ("volt", 1e3),
    ],
)  # fmt: skip
def test_voltages_in_any_spelling(unit, factor):
    assert millivolts(unit) == factor


@pytest.mark.parametrize("unit", ["", "mmHg", "NU", "s", "mvs2", "volts per second", "m"])
def test_what_is_no_voltage(unit):
    assert millivolts(unit) is None
