"""What every data set of the catalog promises.

A data set that lies on disk needs an example of a few records: a fixture, named in EXAMPLES, that gives its folder.
"""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import EcgRecord
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.dataset import CATALOG, dataset

EXAMPLES = {"ptbxl": "small_ptbxl"}
PUBLISHED = {"ptbxl": "ptbxl"}  # records of the data set itself, with the folds it was published with
PLACES = {"simulated": "14"}


@pytest.fixture(params=CATALOG.names)
def spec(request):
    name = request.param
    place = PLACES[name] if name in PLACES else request.getfixturevalue(EXAMPLES[name])
    return f"{name}:{place}"


@pytest.fixture
def source(spec):
    return dataset(spec, sampling_rate=100)


def test_every_row_has_a_patient_and_a_fold(source):
    assert len(source) == len(source.table) > 0
    assert source.table.index.is_unique
    assert source.table["patient"].notna().all()
    assert (source.table["fold"] >= 1).all()


@pytest.mark.parametrize("name", CATALOG.names)
def test_no_patient_is_in_two_folds(name, request):
    place = PLACES[name] if name in PLACES else request.getfixturevalue(PUBLISHED[name])
    source = dataset(f"{name}:{place}")
    assert (source.table.groupby("patient")["fold"].nunique() == 1).all()


def test_labels_are_yes_or_no_for_every_class(source):
    assert source.labels.shape == (len(source), len(source.classes))
    assert tuple(source.labels.columns) == source.classes
    assert source.labels.index.equals(source.table.index)
    labels = source.labels.to_numpy()
    assert labels.dtype == np.bool_
    assert labels.any()


def test_a_record_read_alone_is_its_row_of_the_array(source):
    array = source.signals()
    assert array.dtype == np.int16
    for position, record in enumerate(source):
        assert isinstance(record, EcgRecord)
        assert record.sampling_rate == source.sampling_rate == 100
        np.testing.assert_array_equal(np.rint(record.signal * 1000), array[position])


def test_a_selection_is_those_rows_and_no_others(source):
    fold = source.table["fold"].iloc[-1]
    rows = np.flatnonzero(source.table["fold"] == fold)
    part = source.select(folds=[fold])
    assert part.table.index.tolist() == source.table.index[rows].tolist()
    np.testing.assert_array_equal(part.labels, source.labels.iloc[rows])
    np.testing.assert_array_equal(part.signals(), source.signals()[rows])
    np.testing.assert_array_equal(part[0].signal, source[rows[0]].signal)
    with_class = source.select(records="any-of-classes")
    assert len(with_class) == source.labels.any(axis=1).sum()
    with pytest.raises(InvalidInputError, match="folds of"):
        source.select(folds=[99])


def test_the_hash_is_of_the_records_and_labels(spec, source):
    assert dataset(spec, sampling_rate=100).hash == source.hash
    assert source.select(folds=[source.table["fold"].iloc[0]]).hash != source.hash
    assert dataset(spec, classes="all", sampling_rate=100).hash != source.hash


def test_codes_are_classes_in_the_given_order(spec):
    assert dataset(spec, classes="STACH,AFIB").classes == dataset(spec, classes=["STACH", "AFIB"]).classes
    assert dataset(spec, classes=["STACH", "AFIB"]).classes == ("STACH", "AFIB")


def test_what_is_unknown_is_told_in_words(spec, source):
    with pytest.raises(UnknownNameError, match="record"):
        source.read(999_999)
    with pytest.raises(UnknownNameError, match="AFBI"):
        dataset(spec, classes=["AFBI"])
    with pytest.raises(InvalidInputError, match="no_such_setting"):
        dataset(spec, no_such_setting=1)
