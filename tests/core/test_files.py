from __future__ import annotations

import hashlib
import json
import math
import stat

import pytest

from pellucid.core.files import sha256, write_json, write_text, written_whole


def test_a_file_appears_whole_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "note.txt"
    write_text(path, "µV\n")
    assert path.read_bytes() == "µV\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["note.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_whole(path) as temporary:
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_name_keeps_the_suffix(tmp_path):
    with written_whole(tmp_path / "picture.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path


def test_json_is_read_back(tmp_path):
    write_json(tmp_path / "card.json", {"name": "µ", "values": [1, 2.5, None]})
    assert json.loads((tmp_path / "card.json").read_text(encoding="utf-8")) == {"name": "µ", "values": [1, 2.5, None]}


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "card.json", [math.nan])
    assert list(tmp_path.iterdir()) == []


def test_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc").hexdigest()
