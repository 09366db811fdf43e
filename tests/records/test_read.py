from __future__ import annotations

import os

import pytest

from pellucid import EcgRecord, PellucidError, available, read
from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.records import limits
from pellucid.records.read import formats

TABLE = "# sampling_rate=100\nI,II\n1,2\n3,4\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "ecg.csv"
    path.write_text(TABLE)
    return path


def test_the_registry_lists_the_formats():
    assert set(formats) == set(available("formats")) >= {"csv", "dicom", "picture", "wfdb"}


def test_a_path_may_be_text_and_begin_at_home(table, monkeypatch):
    monkeypatch.setenv("HOME", str(table.parent))
    assert read(str(table)).source == table
    assert read("~/ecg.csv").source == table


def test_a_name_can_be_given(table):
    assert (read(table).name, read(table, name="patient 7").name) == ("ecg", "patient 7")


def test_a_folder_is_refused_and_what_it_holds_is_named(table):
    with pytest.raises(UnreadableFileError, match=r"is a folder, which holds ecg\.csv\. Name a file in it"):
        read(table.parent)


def test_a_record_beside_a_folder_of_its_name_is_read(tmp_path):
    (tmp_path / "100").mkdir()
    (tmp_path / "100.hea").write_text("100 1 360 4\n100.dat 16 200/mV 16 0 0 0 0 MLII\n")
    (tmp_path / "100.dat").write_bytes(bytes(8))
    assert isinstance(read(tmp_path / "100"), EcgRecord)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("egc.csv", r"egc\.csv does not exist\. Did you mean ecg\.csv\?"),
        ("ecg", r"ecg does not exist\. Did you mean ecg\.csv\?"),
        ("zzz", r"zzz does not exist\. The folder .* does, with 1 files\."),
        ("nowhere/ecg.csv", r"ecg\.csv does not exist\. Nor does the folder .*nowhere\."),
        ("x" * 300, r"cannot be reached: File name too long\. Check its name and rights"),
    ],
)
def test_a_missing_file_is_named_with_what_was_probably_meant(table, name, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(table.parent / name)


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableFileError, match="pipe is neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_an_empty_file_says_so(tmp_path):
    for name in ("a.csv", "a.hea", "a.jpg", "a.dcm", "a"):
        (tmp_path / name).touch()
        with pytest.raises(UnreadableFileError, match=r"is empty\. Copy or download it again"):
            read(tmp_path / name)


def test_a_file_beyond_the_limit_is_not_read(table, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 10)
    with pytest.raises(UnreadableFileError, match="must have at most 0 MiB"):
        read(table)


def test_an_unknown_format_lists_the_known_ones_and_how_the_file_begins(tmp_path):
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\nand more")
    with pytest.raises(UnreadableFileError, match=r"\(.*csv, dicom.*\); it begins with b'%PDF-1.7.*Convert it"):
        read(tmp_path / "paper.pdf")


def test_a_file_that_fits_several_formats_says_what_is_wrong_with_each(tmp_path):
    (tmp_path / "cut.hea").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    with pytest.raises(UnreadableFileError, match=r"fits several formats.*damaged picture.*no WFDB header"):
        read(tmp_path / "cut.hea")


def test_a_file_that_may_not_be_opened_says_so(table, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(table), "open", refuse)
    with pytest.raises(UnreadableFileError, match="cannot be opened: Permission denied"):
        read(table)


def test_errors_are_also_the_builtin_that_fits(table):
    with pytest.raises(OSError, match="does not exist"):
        read(table.parent / "zzz")
    table.write_text("I,II\n1,2\n")
    with pytest.raises(ValueError, match="sampling rate") as caught:
        read(table)
    assert isinstance(caught.value, InvalidInputError)
    assert isinstance(caught.value, PellucidError)
