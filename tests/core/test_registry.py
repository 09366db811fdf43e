from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from pellucid.core import registry
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.core.registry import Registry, normalised

FILES = {
    "__init__": "",
    "grad_cam": "class Base: ...\nclass GradCam(Base): ...\n",
    "two_words": "def two_words(): return 2\n",
    "borrowed": "from fractions import Fraction as Borrowed\n",
    "_private": "class Private: ...\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of plug-ins; each test has its own, for imported modules stay."""
    name = f"plugins_{tmp_path.name}"
    (tmp_path / name).mkdir()
    for stem, text in FILES.items():
        (tmp_path / name / f"{stem}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_names_are_the_files_sorted_and_nothing_is_imported(folder):
    assert Registry(folder, "method").names == ("borrowed", "grad_cam", "two_words")
    assert list(Registry(folder, "method")) == ["borrowed", "grad_cam", "two_words"]
    assert f"{folder}.grad_cam" not in sys.modules


@pytest.mark.parametrize("typed", ["grad_cam", "grad-cam", "Grad-Cam", " GRAD_CAM "])
def test_a_name_is_found_in_every_spelling(typed, folder):
    methods = Registry(folder, "method")
    assert typed in methods
    assert methods[typed].__name__ == "GradCam"


def test_a_function_is_a_plugin_too(folder):
    assert Registry(folder, "command")["two-words"]() == 2


def test_home_says_where_a_plugin_stands_without_importing_it(folder):
    assert Registry(folder, "method").home("Grad-Cam") == (f"{folder}.grad_cam", "grad_cam")
    assert f"{folder}.grad_cam" not in sys.modules


def test_an_unknown_name_gets_a_guess(folder):
    with pytest.raises(UnknownNameError, match=r"method 'gradcam' is not known; .* Did you mean 'grad_cam'\?"):
        Registry(folder, "method")["gradcam"]
    with pytest.raises(UnknownNameError):
        Registry(folder, "method").home("nothing")
    assert 7 not in Registry(folder, "method")


def test_a_file_without_the_thing_it_is_named_after_says_what_to_write(folder):
    with pytest.raises(InvalidInputError, match=r"borrowed\.py must define .* Name it Borrowed\."):
        Registry(folder, "method")["borrowed"]


def test_others_packages_add_theirs_by_entry_point(folder, monkeypatch):
    asked = []

    def entry_points(*, group):
        asked.append(group)
        return [EntryPoint("Half-Life", "fractions:Fraction", group)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    methods = Registry(folder, "method")
    assert methods.names == ("borrowed", "grad_cam", "half_life", "two_words")
    assert methods["half_life"].__name__ == "Fraction"
    assert methods.home("half-life") == ("fractions", "Fraction")
    assert asked == ["pellucid." + folder]


def test_normalised():
    assert normalised(" Integrated-Gradients ") == "integrated_gradients"
