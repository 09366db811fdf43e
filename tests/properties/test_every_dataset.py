"""What every data set of the catalog promises.

A data set that lies on disk needs an example of a few records: a fixture, named in EXAMPLES, that gives its folder.
"""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import EcgRecord, MriSlice
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.dataset import CATALOG, dataset
from pellucid.datasets.slices import SliceDataset
from pellucid.datasets.splits import write_split

EXAMPLES = {
    "brain_tumor": "small_slices",
    "cinc": "small_cinc",
    "code": "small_code",
    "image_folder": "small_slices",
    "mitbih": "small_mitbih",
    "oasis": "small_oasis",
    "ptbxl": "small_ptbxl",
    "volumes": "small_volumes",
}
PUBLISHED = {"ptbxl": "ptbxl"}  # records of the data set itself, with the folds it was published with
PLACES = {"phantoms": "12", "simulated": "14"}
SETTINGS = {key: {"sampling_rate": 100} for key in ("cinc", "ptbxl", "simulated")}
CLASSES = {
    **dict.fromkeys(("brain_tumor", "image_folder", "oasis", "phantoms", "volumes"), ("no_tumor", "glioma_tumor")),
    "mitbih": ("V", "N"),
}
TWO = ("STACH", "AFIB")


@pytest.fixture(params=CATALOG.names)
def name(request):
    return request.param


@pytest.fixture
def spec(name, request):
    place = PLACES[name] if name in PLACES else request.getfixturevalue(EXAMPLES[name])
    return f"{name}:{place}"


@pytest.fixture
def settings(name):
    return SETTINGS.get(name, {})


@pytest.fixture
def source(spec, settings):
    return dataset(spec, **settings)


def values(source):
    """All records as one array."""
    return source.pictures((32, 32)) if isinstance(source, SliceDataset) else source.signals()


def test_every_row_has_a_patient_and_a_fold(source):
    assert len(source) == len(source.table) > 0
    assert source.table.index.is_unique
    assert source.table["patient"].notna().all()
    assert (source.table["fold"] >= 1).all()


@pytest.mark.parametrize("name", CATALOG.names)
def test_no_patient_is_in_two_folds(name, request):
    place = PLACES[name] if name in PLACES else request.getfixturevalue(PUBLISHED.get(name, EXAMPLES.get(name)))
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
    slices = isinstance(source, SliceDataset)
    array = source.pictures(source[0].shape) if slices else source.signals()
    assert array.dtype == (np.uint8 if slices else np.int16)
    for position, record in enumerate(source):
        assert isinstance(record, MriSlice if slices else EcgRecord)
        alone = record.pixels * 255 if slices else record.signal * 1000
        assert slices or record.sampling_rate == source.sampling_rate
        np.testing.assert_array_equal(np.rint(alone), array[position])


def test_a_selection_is_those_rows_and_no_others(source):
    fold = source.table["fold"].iloc[-1]
    rows = np.flatnonzero(source.table["fold"] == fold)
    part = source.select(folds=[fold])
    assert part.table.index.tolist() == source.table.index[rows].tolist()
    np.testing.assert_array_equal(part.labels, source.labels.iloc[rows])
    np.testing.assert_array_equal(values(part), values(source)[rows])
    np.testing.assert_array_equal(values(source.take(rows[::-1])), values(source)[rows[::-1]])
    assert part[0].name == source[rows[0]].name
    with_class = source.select(records="any-of-classes")
    assert len(with_class) == source.labels.any(axis=1).sum()
    with pytest.raises(InvalidInputError, match="folds of"):
        source.select(folds=[99])


def test_a_split_file_gives_folds_and_patients(spec, source, settings, tmp_path):
    write_split(tmp_path / "split.csv", source.table.index[:2].tolist(), ["a", "b"], [10, 1])
    part = dataset(f"{spec},split={tmp_path / 'split.csv'}", **settings)
    assert part.table["fold"].tolist() == [10, 1]
    assert part.table["patient"].tolist() == ["a", "b"]
    np.testing.assert_array_equal(values(part), values(source)[:2])


def test_the_hash_is_of_the_records_and_labels(spec, source, settings, name):
    assert dataset(spec, **settings).hash == source.hash
    assert source.select(folds=[source.table["fold"].iloc[0]]).hash != source.hash
    assert dataset(spec, classes=CLASSES.get(name, TWO), **settings).hash != source.hash


def test_codes_are_classes_in_the_given_order(spec, name):
    two = CLASSES.get(name, TWO)
    assert dataset(spec, classes=",".join(two)).classes == dataset(spec, classes=list(two)).classes == two


def test_what_is_unknown_is_told_in_words(spec, source):
    with pytest.raises(UnknownNameError, match="record"):
        source.read(999_999)
    with pytest.raises(UnknownNameError, match="AFBI"):
        dataset(spec, classes=["AFBI"])
    with pytest.raises(InvalidInputError, match="no_such_setting"):
        dataset(spec, no_such_setting=1)
