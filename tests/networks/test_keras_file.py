"""Keras files: what is read, and what is refused with the layer's name."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from pellucid.core.errors import UnreadableFileError
from pellucid.networks.keras_file import read_keras

KERNEL, BIAS = np.arange(12, dtype=np.float32).reshape(2, 2, 3), np.ones(3, dtype=np.float32)


def write(path, *, within=None):
    """A file of three layers: an input, `conv1d_7` with kernel and bias, an activation."""
    with h5py.File(path, "w") as file:
        root = file.create_group(within) if within else file
        root.attrs["layer_names"] = [b"input_1", b"conv1d_7", b"activation"]
        for name in ("input_1", "activation"):
            root.create_group(name).attrs["weight_names"] = []
        layer = root.create_group("conv1d_7")
        layer.attrs["weight_names"] = [b"conv1d_7/kernel:0", b"conv1d_7/bias:0"]
        layer["conv1d_7/kernel:0"], layer["conv1d_7/bias:0"] = KERNEL, BIAS
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "weights.h5")


@pytest.mark.parametrize("within", [None, "model_weights"])
def test_layers_come_in_the_files_order_with_short_names(tmp_path, within):
    found = read_keras(write(tmp_path / "weights.h5", within=within))
    assert [layer.name for layer in found.layers] == ["input_1", "conv1d_7", "activation"]
    assert [(layer.stem, layer.number) for layer in found.layers] == [("input", 1), ("conv1d", 7), ("activation", 0)]
    np.testing.assert_array_equal(found.layers[1].weights["kernel"], KERNEL)
    np.testing.assert_array_equal(found.layers[1].weights["bias"], BIAS)
    assert found.layers[0].weights == {}
    assert found.settings == ()


def test_settings_stand_in_the_file_or_beside_it(file, tmp_path):
    text = json.dumps({"config": {"layers": [{"class_name": "Conv1D", "config": {"name": "c", "padding": "same"}}]}})
    wanted = ({"class": "Conv1D", "name": "c", "padding": "same"},)
    (tmp_path / "model.json").write_text(text)
    assert read_keras(file, tmp_path / "model.json").settings == wanted
    with h5py.File(file, "a") as opened:
        opened.attrs["model_config"] = text
    assert read_keras(file).settings == wanted


def changed(file, change):
    with h5py.File(file, "a") as opened:
        change(opened)
    return file


def more(opened):
    opened["dense/dense/kernel:0"] = KERNEL


def gone(opened):
    del opened["activation"]


def unlisted(opened):
    opened["conv1d_7/conv1d_7/gamma:0"] = BIAS


def soft(opened):
    del opened["conv1d_7/conv1d_7/bias:0"]
    opened["conv1d_7/conv1d_7/bias:0"] = h5py.SoftLink("/elsewhere")


def outside(opened):
    del opened["activation"]
    opened["activation"] = h5py.ExternalLink("other.h5", "/")


def external(opened):
    del opened["conv1d_7/conv1d_7/bias:0"]
    opened["conv1d_7/conv1d_7"].create_dataset("bias:0", (3,), "f4", external=[("secret.bin", 0, 12)])


def virtual(opened):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    del opened["conv1d_7/conv1d_7/bias:0"]
    opened["conv1d_7/conv1d_7"].create_virtual_dataset("bias:0", layout)


def text(opened):
    del opened["conv1d_7/conv1d_7/bias:0"]
    opened["conv1d_7/conv1d_7/bias:0"] = "no numbers"


def missing_number(opened):
    opened["conv1d_7/conv1d_7/bias:0"][1] = np.nan


def circle(opened):
    opened["conv1d_7/conv1d_7/inner"] = opened["conv1d_7"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (more, "layer 'dense' has weights but is not in the file's list"),
        (gone, "layer 'activation' is in the file's list of layers but has no group"),
        (unlisted, "layer 'conv1d_7': weight 'conv1d_7/gamma:0' is listed or stored, but not both"),
        (soft, "layer 'conv1d_7': 'bias:0' is a link to elsewhere"),
        (outside, "layer 'activation': 'activation' is a link to elsewhere"),
        (external, "layer 'conv1d_7': 'bias:0': its values stand in another file"),
        (virtual, "layer 'conv1d_7': 'bias:0': its values stand in another file"),
        (text, "layer 'conv1d_7': 'bias:0' must hold floating-point numbers"),
        (missing_number, "layer 'conv1d_7': 'bias:0' holds values that are not finite"),
        (circle, "layer 'conv1d_7': groups within groups"),
    ],
)
def test_what_does_not_belong_is_refused_by_layer(file, change, told):
    with pytest.raises(UnreadableFileError, match=f"weights.h5: {told}"):
        read_keras(changed(file, change))


def test_an_empty_group_of_later_versions_is_no_layer(file):
    changed(file, lambda opened: opened.create_group("top_level_model_weights"))
    assert len(read_keras(file).layers) == 3


def test_other_files_are_told(tmp_path):
    with pytest.raises(UnreadableFileError, match="are not there"):
        read_keras(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(UnreadableFileError, match="cannot be read as HDF5"):
        read_keras(tmp_path / "text.h5")


def test_a_file_of_something_else_is_told(tmp_path):
    with h5py.File(tmp_path / "tracings.h5", "w") as opened:
        opened["tracings"] = np.zeros(3)
    with pytest.raises(UnreadableFileError, match=r"no 'layer_names'.*save_weights"):
        read_keras(tmp_path / "tracings.h5")


@pytest.mark.parametrize("content", ["{", "[]", '{"config": {"layers": [1]}}'])
def test_damaged_settings_are_told(file, tmp_path, content):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(UnreadableFileError, match=r"model\.json is not as Keras writes it"):
        read_keras(file, tmp_path / "model.json")
