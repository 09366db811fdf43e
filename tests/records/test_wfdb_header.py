from __future__ import annotations

import pytest

from pellucid.core.errors import UnreadableFileError
from pellucid.records import limits
from pellucid.records.wfdb_header import beside, check_signal_files, looks_like_header, read_header

PLAIN = "rec 2 500/100(5) 5000 12:30:00 01/02/1990\nrec.dat 16x2:3+24 200(7)/uV 16 0 1 -22 0 lead I\n"


@pytest.fixture
def header(tmp_path):
    def write(text, *, name="rec.hea"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def test_every_field_of_a_header(header):
    parsed = read_header(header(PLAIN + "rec.dat 212\n# Age: 5\n#Dx: 1\n"))
    assert (parsed.rate, parsed.frames, parsed.moment) == (500, 5000, "12:30:00 01/02/1990")
    assert parsed.comments == ("Age: 5", "Dx: 1")
    assert parsed.segments == ()
    one, two = parsed.signals
    assert (one.file, one.code, one.per_frame, one.offset, one.unit, one.calibrated, one.checksum) == (
        "rec.dat", "16", 2, 24, "uV", True, -22,
    )  # fmt: skip
    assert (two.code, two.per_frame, two.offset, two.unit, two.calibrated, two.checksum) == (
        "212", 1, 0, "mV", False, None,
    )  # fmt: skip


def test_segments(header):
    parsed = read_header(header("rec/3 2 250 300\nrec_layout 0\n~ 100\nrec_1 200\n"))
    assert parsed.segments == (("rec_layout", 0), ("~", 100), ("rec_1", 200))
    assert parsed.signals == ()


@pytest.mark.parametrize(
    "text",
    [
        "A0001 12 500 7500 12-May-2020 12:33:59\nA0001.mat 16+24 1000/mV\n",
        "a\t1\t500\na.dat\t16\n",
        "# c\na/2 1 5 9\n~ 5\n",
    ],
)
def test_headers_are_known_by_their_first_lines(text):
    assert looks_like_header(text.encode())


@pytest.mark.parametrize(
    "text", ["I,II\n1,2\n", "1\t2\t3\n4\t5\t6\n", "# only a comment\n", "", "\0\0", "a word\nb word\n"]
)
def test_other_texts_are_none(text):
    assert not looks_like_header(text.encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("garbage\n", r"rec\.hea is no WFDB header: its first line must be NAME LEADS RATE SAMPLES; got 'garbage'"),
        ("# nothing\n", "got ''"),
        (b"\xff\xd8\xff\0", "got no text"),
        ("rec 0 500 100\n", "is no WFDB header"),
        ("rec 1 fast 100\nrec.dat 16\n", "is no WFDB header"),
        ("rec 1 500 100\nrec.dat 16\nrec.dat 16\n", "announces 1 lines and has 2"),
        ("ümlaut 1 500 100\nrec.dat 16\n", "is no WFDB header"),
        ("rec 1 5e2 100\nrec.dat 16\n", "is no WFDB header"),
        (f"rec {'9' * 5000} 500 100\nrec.dat 16\n", "is no WFDB header"),
        ("rec 2 500 100\nrec.dat 16\n", r"announces 2 lines and has 1\. Copy it again"),
        ("rec 1 500 100\nrec.dat\n", "names the signal format ''; known are 8, 16,"),
        ("rec 1 500 100\nrec.dat 17\n", "names the signal format '17'"),
        ("rec/1 1 500 100\nrec_1 many\n", "a segment line must be NAME SAMPLES; got 'rec_1 many'"),
    ],
)
def test_what_cannot_be_understood_is_quoted(header, text, message):
    with pytest.raises(UnreadableFileError, match=message):
        read_header(header(text))


@pytest.mark.parametrize(
    "name", ["../x.dat", "../../x.dat", "/etc/passwd", "a/b.dat", "a\\b.dat", "..", "s3://b/x", "ü.dat"]
)
def test_names_that_leave_the_folder_are_refused(header, name):
    with pytest.raises(UnreadableFileError, match=r"in the header's own folder\. Put the file there"):
        beside(header(PLAIN), name)


def test_links_that_leave_the_folder_are_refused_and_others_followed(header, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = header(PLAIN, name="folder/rec.hea")
    (tmp_path / "secret.dat").write_bytes(b"secret")
    (folder / "out.dat").symlink_to(tmp_path / "secret.dat")
    with pytest.raises(UnreadableFileError, match=r"is a link to .*secret\.dat, outside the header's folder"):
        beside(path, "out.dat")
    (folder / "rec.dat").write_bytes(b"")
    (folder / "in.dat").symlink_to(folder / "rec.dat")
    assert beside(path, "in.dat") == folder / "in.dat"
    (tmp_path / "other").symlink_to(folder)  # a link to the whole folder is the user's own way to it
    assert beside(tmp_path / "other" / "rec.hea", "rec.dat").is_file()


def test_a_missing_signal_file_is_named(header):
    with pytest.raises(UnreadableFileError, match=r"names rec\.dat, which is not beside it\. Put rec\.dat into"):
        check_signal_files(read_header(header(PLAIN + "rec.dat 16\n")))


@pytest.mark.parametrize(
    ("code", "frames", "leads", "needed"),
    [
        ("16", 100, 2, 400), ("212", 101, 1, 152), ("310", 100, 1, 134), ("24", 100, 2, 600), ("16+24", 100, 2, 424),
        ("8x3", 10, 1, 30),
    ],
)  # fmt: skip
def test_announced_bytes_must_be_there(header, tmp_path, code, frames, leads, needed):
    text = f"rec {leads} 500 {frames}\n" + f"rec.dat {code} 200/mV\n" * leads
    parsed = read_header(header(text))
    (tmp_path / "rec.dat").write_bytes(bytes(needed))
    check_signal_files(parsed)
    (tmp_path / "rec.dat").write_bytes(bytes(needed - 1))
    with pytest.raises(UnreadableFileError, match=f"must have {needed} bytes .* it has {needed - 1}. It is cut off"):
        check_signal_files(parsed)


def test_a_header_without_a_length_is_bound_by_the_size_of_its_file(header, tmp_path, monkeypatch):
    (tmp_path / "rec.dat").write_bytes(bytes(302))
    parsed = read_header(header("rec 1 500\nrec.dat 212+2 200/mV\n"))
    monkeypatch.setattr(limits, "MAX_SAMPLES", 200)
    check_signal_files(parsed)
    monkeypatch.setattr(limits, "MAX_SAMPLES", 199)
    with pytest.raises(UnreadableFileError, match="at most 199 samples"):
        check_signal_files(parsed)
    with pytest.raises(UnreadableFileError, match=r"rec\.dat is compressed, and its header does not say how many"):
        check_signal_files(read_header(header("rec 1 500\nrec.dat 516 200/mV\n")))


def test_what_a_header_announces_beyond_the_limit_is_not_allocated(header, tmp_path):
    (tmp_path / "rec.dat").write_bytes(b"fLaC")
    with pytest.raises(UnreadableFileError, match="at most 67,108,864 samples"):
        check_signal_files(read_header(header("rec 1 500 99999999999\nrec.dat 516 200/mV\n")))
