"""The contract of `records.read.Format`, for every format in the registry.

The test file of a format, `tests/records/formats/test_NAME.py`, gives `example(folder)`: it writes the smallest valid
file of that format into a folder that exists, and returns the path that a user would name.
"""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import numpy as np
import pytest

from pellucid import EcgRecord, MriSlice, read
from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.records.quality import findings
from pellucid.records.read import HEAD_BYTES, formats

OWN_TESTS = Path(__file__).parents[1] / "records" / "formats"
MUTANTS = 60


def example(name, folder):
    spec = importlib.util.spec_from_file_location(f"example_of_{name}", OWN_TESTS / f"test_{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder.mkdir(exist_ok=True)
    return module.example(folder)


def values(record):
    return record.signal if isinstance(record, EcgRecord) else record.pixels


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(params=formats.names)
def name(request):
    return request.param


def test_the_example_is_read_and_knows_where_it_came_from(name, tmp_path):
    path = example(name, tmp_path)
    record = read(path)
    assert isinstance(record, EcgRecord | MriSlice)
    assert record.source == path
    assert record.name == path.stem
    assert values(record).dtype == np.float32
    assert not values(record).flags.writeable
    json.dumps(dict(record.metadata), allow_nan=False)
    findings(record)


def test_a_name_can_be_given(name, tmp_path):
    assert read(example(name, tmp_path), name="patient 7").name == "patient 7"


def test_only_its_own_format_recognises_the_example(name, tmp_path):
    path = example(name, tmp_path)
    head = path.read_bytes()[:HEAD_BYTES]
    assert [other for other in formats if formats[other]().recognises(path, head)] == [name]


def test_reading_writes_nothing_and_gives_the_same_again(name, tmp_path):
    path = example(name, tmp_path)
    before = content(tmp_path)
    first, second = read(path), read(path)
    assert content(tmp_path) == before
    np.testing.assert_array_equal(values(first), values(second))
    assert first.metadata == second.metadata


def test_folders_may_have_any_name(name, tmp_path):
    expected = read(example(name, tmp_path / "plain"))
    for folder in ("mit Leerzeichen", "ünïcödé 心", "-o", "[x]"):
        np.testing.assert_array_equal(values(read(example(name, tmp_path / folder))), values(expected))


def test_a_cut_off_file_is_refused_in_words_or_read_for_what_it_is(name, tmp_path):
    path = example(name, tmp_path)
    whole = path.read_bytes()
    for length in sorted({round(len(whole) * part / 20) for part in range(20)}):
        path.write_bytes(whole[:length])
        check_outcome(path)


def test_damage_anywhere_is_refused_in_words_or_read_for_what_it_is(name, tmp_path):
    path = example(name, tmp_path)
    whole = content(tmp_path)
    chance = random.Random(0)
    for _ in range(MUTANTS):
        victim = chance.choice(sorted(whole))
        damaged = bytearray(whole[victim])
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / victim).write_bytes(damaged)
        check_outcome(path)
        (tmp_path / victim).write_bytes(whole[victim])


def check_outcome(path):
    """Either a valid record, or an error of pellucid's that names a file of the folder or the record."""
    refusal = ""
    try:
        findings(read(path))
    except (UnreadableFileError, InvalidInputError) as error:
        refusal = str(error)
    assert not refusal or any(name in refusal for name in [path.stem, *(file.name for file in path.parent.iterdir())])
