from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid import EcgRecord
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.records.leads import INDEPENDENT, STANDARD

CHANCE = np.random.default_rng(0)


def record(leads=STANDARD, **fields):
    signal = CHANCE.normal(size=(len(leads), 1000)).astype(np.float32)
    return EcgRecord(**{"signal": signal, "sampling_rate": 100, "leads": leads, **fields})


def test_facts_follow_from_signal_and_rate():
    ecg = record(sampling_rate=250)
    assert (ecg.samples, ecg.seconds, ecg.leads, ecg.name) == (1000, 4.0, STANDARD, "record")
    np.testing.assert_allclose(ecg.times[[0, 1, -1]], [0, 0.004, 3.996])


def test_leads_get_their_standard_spelling():
    assert record(("lead i", "AVR", "MLII")).leads == ("I", "aVR", "MLII")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"signal": np.zeros(10)},
            r"signal of record must have the shape \(lead, sample\), neither empty; got \(10,\)",
        ),
        ({"signal": np.zeros((12, 0))}, r"neither empty; got \(12, 0\)"),
        ({"signal": [["a"]]}, r"signal of record must be numbers in mV, \(lead, sample\)"),
        ({"signal": np.full((12, 5), np.inf)}, "signal of record must be finite or NaN, in mV; got infinite"),
        ({"signal": np.full((12, 5), 1e300)}, "signal of record must be finite or NaN, in mV; got infinite"),
        ({"signal": np.zeros((5, 12))}, r"leads of record must name each of the 5 rows .* got 12 names\. Transpose"),
        ({"sampling_rate": 0}, "sampling_rate of record must be a positive number of Hz; got 0"),
        ({"sampling_rate": float("nan")}, "sampling_rate of record must be a positive number of Hz; got nan"),
        ({"sampling_rate": "500"}, "sampling_rate of record must be a positive number of Hz; got '500'"),
        ({"sampling_rate": True}, "sampling_rate of record must be a positive number of Hz; got True"),
        ({"leads": ("I", "lead I", *STANDARD[2:])}, "leads of record must be different; got I more than once"),
        ({"leads": "twelve leads"}, "leads of record must be a sequence of names, none empty; got 'twelve leads'"),
        ({"leads": ("", *STANDARD[1:])}, "leads of record must be a sequence of names, none empty"),
        ({"leads": (1, *STANDARD[1:])}, "leads of record must be a sequence of names, none empty"),
    ],
)
def test_errors_name_the_field_and_what_came(fields, message):
    with pytest.raises(InvalidInputError, match=message):
        EcgRecord(**{"signal": np.zeros((12, 5)), "sampling_rate": 100, **fields})


def test_a_record_cannot_be_changed():
    signal = np.zeros((12, 5), dtype=np.float32)
    ecg = EcgRecord(signal=signal, sampling_rate=100)
    signal[:] = 1
    assert ecg.signal.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        ecg.signal[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        ecg.sampling_rate = 5


def test_records_survive_pickling_and_copying():
    ecg = record(name="x", metadata={"age": 5})
    for other in (pickle.loads(pickle.dumps(ecg)), copy.deepcopy(ecg)):
        np.testing.assert_array_equal(other.signal, ecg.signal)
        assert (other.leads, other.sampling_rate, other.name, other.metadata) == (ecg.leads, 100, "x", {"age": 5})


@given(st.permutations(STANDARD))
def test_select_goes_by_name_whatever_the_order_in_the_file(order):
    ecg = record()
    shuffled = EcgRecord(signal=ecg.select(order).signal, sampling_rate=100, leads=[lead.upper() for lead in order])
    np.testing.assert_array_equal(shuffled.select().signal, ecg.signal)
    np.testing.assert_array_equal(shuffled.lead("avf"), ecg.signal[5])


def test_missing_limb_leads_are_derived_from_one_and_two():
    ecg = record(INDEPENDENT)
    one, two = ecg.signal[:2].astype(np.float64)
    whole = ecg.select()
    assert whole.leads == STANDARD
    expected = [two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    np.testing.assert_allclose(whole.signal[2:6], expected, atol=1e-6)
    np.testing.assert_array_equal(whole.signal[6:], ecg.signal[2:])


def test_a_recorded_limb_lead_is_kept_as_it_was_recorded():
    ecg = record(("I", "II", "III"))
    np.testing.assert_array_equal(ecg.select(("III",)).signal[0], ecg.signal[2])


def test_a_lead_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        UnknownNameError, match=r"lead 'II', 'V2' is not in record x; it has I, V1\. Choose with leads="
    ):
        record(("I", "V1"), name="x").select(("I", "II", "V2"))


def test_cut_goes_by_seconds():
    ecg = record()
    np.testing.assert_array_equal(ecg.cut(2, 3.5).signal, ecg.signal[:, 200:350])
    for start, end in ((-1, 5), (3, 3), (5, 2), (0, 10.1)):
        with pytest.raises(InvalidInputError, match="cut of record must lie within 0 to 10 s; got"):
            ecg.cut(start, end)
