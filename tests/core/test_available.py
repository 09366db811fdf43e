from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import pellucid
from pellucid.core.available import FOLDERS, available
from pellucid.core.errors import UnknownNameError
from pellucid.networks.store import bundled


@pytest.mark.parametrize("registry", FOLDERS)
def test_the_names_are_the_files_of_the_folder(registry):
    folder = Path(importlib.import_module(FOLDERS[registry][0]).__file__).parent
    assert available(registry) == tuple(sorted(path.stem for path in folder.glob("[!_]*.py")))


def test_what_the_first_issue_brings():
    assert {"saliency", "grad_cam", "random"} <= set(available("methods"))
    assert {"methods", "networks"} <= set(available("commands"))
    assert {"lead_net", "ribeiro_resnet"} <= set(available("architectures"))


def test_networks_are_the_bundled_ones_that_load_knows():
    assert available("networks") == bundled()


def test_an_unknown_registry_gets_a_guess():
    with pytest.raises(UnknownNameError, match=r"registry 'method' is not known; .* Did you mean 'methods'\?"):
        pellucid.available("method")
