from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from pellucid.core.errors import SettingError, UnreadableFileError
from pellucid.core.settings import Settings, decode, encode, read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Settings):
    rate: float = 0.1

    def __post_init__(self):
        if not 0 < self.rate <= 1:
            raise SettingError(f"rate must lie in 0..1; got {self.rate}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Settings):
    name: str
    steps: int = 50
    folds: tuple[int, ...] = (1, 2)
    inner: Inner = field(default_factory=Inner)


def test_what_is_decoded_is_encoded_back():
    values = {"name": "a", "steps": 7, "folds": [3], "inner": {"rate": 0.5}}
    outer = decode(Outer, values, where="x.toml")
    assert outer == Outer(name="a", steps=7, folds=(3,), inner=Inner(rate=0.5))
    assert encode(outer) == values


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        Inner().rate = 0.2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "a", "stepz": 7}, r"x\.toml: key 'stepz' is not known; known: name, .*\. Did you mean 'steps'\?"),
        ({"name": "a", "inner": {"rat": 1}}, r"x\.toml: key 'rat' is not known; known: rate\."),
        ({"name": "a", "steps": "7"}, r"x\.toml: steps: .*integer; got '7'"),
        ({"name": "a", "steps": 7.5}, r"x\.toml: steps: .*; got 7\.5"),
        ({"steps": 7}, r"x\.toml: name: .*"),
        ({"name": "a", "inner": {"rate": 2}}, r"x\.toml: inner: rate must lie in 0\.\.1; got 2\.0\."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_was_wanted(values, said):
    with pytest.raises(SettingError, match=said):
        decode(Outer, values, where="x.toml")


def test_toml_is_read(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('name = "µ"\n[inner]\nrate = 0.5\n', encoding="utf-8")
    assert read_toml(path) == {"name": "µ", "inner": {"rate": 0.5}}


@pytest.mark.parametrize(
    ("content", "said"), [(b"name = ]", r"a\.toml is not TOML: .*line 1, column 8"), (b"\xff", "cannot be read")]
)
def test_a_broken_file_is_named(content, said, tmp_path):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=said):
        read_toml(tmp_path / "a.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"nothing\.toml cannot be read"):
        read_toml(tmp_path / "nothing.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Settings):
    size: int | tuple[int, ...] | None = None


def test_an_error_names_the_key_and_not_the_types_that_were_tried():
    with pytest.raises(SettingError, match=r"^here: size: .*valid integer; got 'wide'$"):
        decode(Window, {"size": "wide"}, where="here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Several(Settings):
    windows: tuple[Window, ...] | None = None


def test_a_misspelt_key_in_a_list_of_tables_has_its_neighbours_named():
    with pytest.raises(SettingError, match=r"key 'sise' is not known; known: size\. Did you mean 'size'"):
        decode(Several, {"windows": [{"sise": 3}]}, where="here")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(SettingError, match=f"t: rate: Input should be a finite number; got {value}"):
        decode(Inner, {"rate": float(value)}, where="t")
