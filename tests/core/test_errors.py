from __future__ import annotations

import inspect
import pickle

import pytest

from pellucid.core import errors
from pellucid.core.errors import Interrupted, PellucidError, UnknownNameError, interrupted, missing_extra, unknown_name

TREE = [
    ("InvalidInputError", PellucidError, ValueError),
    ("SettingError", errors.InvalidInputError, ValueError),
    ("UnknownNameError", PellucidError, KeyError),
    ("UnreadableFileError", PellucidError, OSError),
    ("NotApplicableError", PellucidError, RuntimeError),
    ("MissingExtraError", PellucidError, ImportError),
]


@pytest.mark.parametrize(("name", "parent", "builtin"), TREE)
def test_each_error_is_ours_and_the_fitting_builtin(name, parent, builtin):
    error = getattr(errors, name)
    assert issubclass(error, parent)
    assert issubclass(error, builtin)
    assert str(error("lead 'V7' is not there.")) == "lead 'V7' is not there."


def test_the_docstring_draws_the_whole_tree():
    kinds = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == errors.__name__
    }
    assert kinds == {name for name, _, _ in TREE} | {"PellucidError", "PellucidWarning", "Interrupted"}
    assert all(name in errors.__doc__ for name in kinds)


def test_an_unknown_name_says_what_is_known_and_what_was_meant():
    error = unknown_name("method", "Salienci", ["grad_cam", "saliency"], remedy="See `pellucid methods`.")
    assert isinstance(error, UnknownNameError)
    assert str(error) == (
        "method 'Salienci' is not known; known: grad_cam, saliency. Did you mean 'saliency'? See `pellucid methods`."
    )


def test_a_name_like_nothing_known_gets_no_guess():
    assert str(unknown_name("lead", "xyz", ["V1"])) == "lead 'xyz' is not known; known: V1."
    assert str(unknown_name("lead", "V1", [])) == "lead 'V1' is not known; known: none."


def test_a_missing_extra_names_the_command_that_brings_it():
    assert str(missing_extra("lightning", "train", "pellucid train")) == (
        "pellucid train needs lightning, which is not installed. Run: pip install 'pellucid[train]'."
    )


def test_of_many_known_names_some_are_listed_and_the_nearest_is_named():
    message = str(unknown_name("layer", "block.77x", [f"block.{number}" for number in range(100)]))
    assert "block.39 and 60 more" in message
    assert "block.40" not in message
    assert "Did you mean 'block.77'?" in message


def test_an_interrupt_with_what_was_finished_is_still_ctrl_c():
    stop = interrupted("5 of 8 samples", "their Attribution", [1, 2])
    assert isinstance(stop, KeyboardInterrupt)
    assert not isinstance(stop, Exception)  # what goes on after a failure does not go on after this
    assert str(stop) == (
        "interrupted after 5 of 8 samples; the exception's .finished holds their Attribution (in a notebook or at the "
        "prompt: import sys; sys.last_value.finished)."
    )
    assert stop.finished == [1, 2]


def test_an_interrupt_goes_from_process_to_process():
    copy = pickle.loads(pickle.dumps(interrupted("1 of 2 samples", "it", {"a": 1})))
    assert type(copy) is Interrupted
    assert str(copy).startswith("interrupted after 1 of 2 samples")
    assert copy.finished == {"a": 1}
