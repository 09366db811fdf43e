"""Published Keras networks: the stored answers to 1e-5, Keras' own arithmetic, and words for what does not fit."""

from __future__ import annotations

import itertools
import json
import shutil

import h5py
import numpy as np
import pytest
import torch
from scipy.io import loadmat
from scipy.signal import butter, filtfilt, iirnotch
from scipy.special import softmax

from pellucid.core.errors import InvalidInputError, PellucidError, UnknownNameError, UnreadableFileError
from pellucid.networks.keras import import_keras
from pellucid.networks.store import load
from pellucid.records.ecg import EcgRecord
from pellucid.records.read import read

WIDTHS = (64, 128, 196, 256, 320)


def ribeiro_weights(rng):
    """Kernels in the order in which Keras makes the layers, as (sample, in, out); norms; the dense layer."""
    shapes = [(16, 12, 64)]
    for width_in, width in itertools.pairwise(WIDTHS):
        shapes += [(1, width_in, width), (16, width_in, width), (16, width, width)]
    kernels = [rng.normal(scale=np.prod(shape[:2]) ** -0.5, size=shape).astype(np.float32) for shape in shapes]
    norms = [
        {
            "gamma": rng.uniform(0.5, 1.5, width).astype(np.float32),
            "beta": rng.normal(size=width).astype(np.float32),
            "moving_mean": rng.normal(size=width).astype(np.float32),
            "moving_variance": rng.uniform(0.5, 1.5, width).astype(np.float32),
        }
        for width in (64, *(width for width in WIDTHS[1:] for _ in range(2)))
    ]
    dense = rng.normal(scale=0.01, size=(5120, 6)).astype(np.float32), rng.normal(size=6).astype(np.float32)
    return kernels, norms, dense


def numbered(stem, count, first):
    return [stem if number == 0 else f"{stem}_{number}" for number in range(first, first + count)]


def write_ribeiro(path, weights, first=0):
    """The published layout: a whole model, its layers in order of depth, numbered from 0 or from 1."""
    kernels, norms, (dense, bias) = weights
    layers = {"signal": {}}
    layers |= {name: {"kernel": kernel} for name, kernel in zip(numbered("conv1d", 13, first), kernels, strict=True)}
    layers |= dict(zip(numbered("batch_normalization", 9, first), norms, strict=True))
    counts = {"activation": 9, "dropout": 8, "max_pooling1d": 4, "add": 4, "flatten": 1}
    layers |= {name: {} for stem, count in counts.items() for name in numbered(stem, count, first)}
    layers["diagn"] = {"kernel": dense, "bias": bias}
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights")
        file.create_group("optimizer_weights")["step"] = np.zeros(3)
        root.attrs["layer_names"] = [name.encode() for name in sorted(layers)]  # no order to rely on
        for name, held in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{weight}:0".encode() for weight in held]
            for weight, value in held.items():
                group[f"{name}/{weight}:0"] = value
    return path


def same_convolution(x, kernel, stride):
    """Keras' Conv1D, (sample, in) to (sample, out)."""
    length = -(-len(x) // stride)
    zeros = max((length - 1) * stride + len(kernel) - len(x), 0)
    padded = np.pad(x, ((zeros // 2, zeros - zeros // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0)[::stride]
    return np.tensordot(windows, kernel, axes=([2, 1], [0, 1]))


def ribeiro_in_numpy(weights, x):
    """The published model in channels-last arithmetic, up to the logits."""
    kernels, norms, (dense, bias) = iter(weights[0]), iter(weights[1]), weights[2]

    def normed(x):
        one = next(norms)
        scaled = (x - one["moving_mean"]) / np.sqrt(one["moving_variance"] + 1e-3) * one["gamma"] + one["beta"]
        return np.maximum(scaled, 0)

    x = y = normed(same_convolution(x, next(kernels), 1))
    for _ in range(4):
        shortcut = same_convolution(y.reshape(len(y) // 4, 4, -1).max(1), next(kernels), 1)
        hidden = normed(same_convolution(x, next(kernels), 1))
        y = same_convolution(hidden, next(kernels), 4) + shortcut
        x = normed(y)
    return x.ravel() @ dense + bias


@pytest.fixture(scope="module")
def weights():
    return ribeiro_weights(np.random.default_rng(0))


@pytest.fixture(scope="module")
def published(tmp_path_factory, weights):
    """The published layout, written once."""
    return write_ribeiro(tmp_path_factory.mktemp("ribeiro") / "model.hdf5", weights)


@pytest.fixture
def copied(tmp_path, published):
    """A copy of it, to be changed."""
    return shutil.copyfile(published, tmp_path / "model.hdf5")


@pytest.mark.parametrize("first", [0, 1])
def test_the_ribeiro_layout_gives_what_keras_computes(tmp_path, weights, first):
    network = import_keras(write_ribeiro(tmp_path / "model.hdf5", weights, first), "ribeiro")
    x = np.random.default_rng(1).normal(size=(4096, 12)).astype(np.float32)
    found = network.logits(torch.from_numpy(x.T[None].copy()))[0]
    np.testing.assert_allclose(found, ribeiro_in_numpy(weights, x), rtol=1e-4, atol=1e-4)


def test_an_imported_network_comes_back_from_its_folder(tmp_path, published):
    network = import_keras(published, "ribeiro")
    again = load(network.save(tmp_path / "ribeiro"))
    record = EcgRecord(signal=np.random.default_rng(2).normal(size=(12, 4000)), sampling_rate=400, name="noise")
    np.testing.assert_array_equal(again.predict(record).logits, network.predict(record).logits)
    assert again.card == network.card
    assert again.card.thresholds == (0.124, 0.07, 0.05, 0.278, 0.390, 0.174)
    assert "does not say its licence" in again.card.limits[0]


def drop(name):
    def change(root):
        root.attrs["layer_names"] = [one for one in root.attrs["layer_names"] if one != name]
        del root[name]

    return change


def add(name, **held):
    def change(root):
        root.attrs["layer_names"] = [*root.attrs["layer_names"], name]
        group = root.create_group(name)
        group.attrs["weight_names"] = [f"{name}/{weight}:0".encode() for weight in held]
        for weight, value in held.items():
            group[f"{name}/{weight}:0"] = value

    return change


def reshape(root):
    del root["conv1d_5/conv1d_5/kernel:0"]
    root["conv1d_5/conv1d_5/kernel:0"] = np.zeros((17, 128, 196), np.float32)


def biased(root):
    root["conv1d_2"].attrs["weight_names"] = [b"conv1d_2/kernel:0", b"conv1d_2/bias:0"]
    root["conv1d_2/conv1d_2/bias:0"] = np.zeros(128, np.float32)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop("conv1d_12"), "must have 13 layers of the kind convolution; it has 12"),
        (add("conv1d_13", kernel=np.zeros((1, 2, 2), np.float32)), "'conv1d_13' is one more convolution"),
        (add("age", embeddings=np.zeros((2, 2), np.float32)), r"'age' \(embeddings\) is of no kind"),
        (drop("add_3"), "must have 4 layers 'add'; it has 3"),
        (add("dropout_8"), "'dropout_8' is one more"),
        (add("lambda"), "'lambda' is one more"),
        (reshape, r"'conv1d_5': kernel must have the shape \(16, 128, 196\); got \(17, 128, 196\)"),
        (biased, "'conv1d_2' must hold kernel; it holds kernel, bias"),
    ],
)
def test_another_network_than_the_published_one_is_told_by_layer(copied, change, told):
    with h5py.File(copied, "a") as file:
        change(file["model_weights"])
    with pytest.raises(UnreadableFileError, match=rf"model\.hdf5.*{told}.*another network"):
        import_keras(copied, "ribeiro")


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ({"class_name": "LSTM", "config": {"name": "lstm"}}, "layer 'lstm' is a LSTM"),
        (
            {"class_name": "BatchNormalization", "config": {"name": "bn", "epsilon": 1e-5}},
            "layer 'bn': epsilon must be 0.001; got 1e-05",
        ),
        (
            {"class_name": "Dense", "config": {"name": "diagn", "activation": "softmax"}},
            "layer 'diagn': activation must be 'sigmoid'; got 'softmax'",
        ),
        (
            {"class_name": "Conv1D", "config": {"name": "conv1d_6", "strides": [2]}},
            r"layer 'conv1d_6': strides must be \[4\]; got \[2\]",
        ),
    ],
)
def test_settings_other_than_the_published_ones_are_told_by_layer(copied, layer, told):
    with h5py.File(copied, "a") as file:
        file.attrs["model_config"] = json.dumps({"config": {"layers": [layer]}})
    with pytest.raises(UnreadableFileError, match=told):
        import_keras(copied, "ribeiro")


@pytest.fixture(scope="module")
def resnet27(shared):
    return import_keras(shared / "weights" / "ecg_resnet27" / "resnet_final_weights.h5", "resnet27")


def stored(shared):
    folder = shared / "weights" / "ecg_resnet27"
    return (folder / "records.txt").read_text().split(), np.load(folder / "probabilities.npy")


def test_the_stored_probabilities_of_all_100_recordings(resnet27, shared, cinc2020):
    names, wanted = stored(shared)
    values = [loadmat(cinc2020 / f"{name}.mat")["val"][:, :5000].astype(np.float32) for name in names]
    logits = np.concatenate([resnet27.logits(torch.from_numpy(one[None])) for one in values])
    assert len(wanted) == 100
    np.testing.assert_allclose(resnet27.probabilities(logits), wanted, rtol=0, atol=1e-5)


def test_a_record_in_millivolts_gets_the_stored_probabilities(resnet27, shared, cinc2020):
    names, wanted = stored(shared)
    longer = [place for place, name in enumerate(names) if read(cinc2020 / f"{name}.hea").seconds > 10]
    for place in (0, longer[0]):
        found = resnet27.predict(read(cinc2020 / f"{names[place]}.hea")).probabilities
        np.testing.assert_allclose(found, wanted[place], rtol=0, atol=1e-4)


def test_the_published_file_keeps_its_licence(resnet27):
    card = resnet27.card
    assert card.licence == "MIT"
    assert "nareshwar/ecg-xai" in card.attribution
    assert card.training["imported"]["published"] is True
    assert not any("not one of the published" in limit for limit in card.limits)


def test_the_plain_network_of_27_classes(shared):
    """Against Keras' arithmetic in numpy, for no probabilities are stored."""
    path = shared / "weights" / "ecg_resnet27" / "cnn_1d_final_weights.h5"
    network = import_keras(path, "cnn27")
    x = np.random.default_rng(3).normal(scale=200, size=(600, 12)).astype(np.float32)
    with h5py.File(path) as file:

        def held(layer, weight):
            return file[f"{layer}/{layer}/{weight}:0"][()]

        y = x
        for place, end in enumerate(("", "_1", "_2")):
            y = same_convolution(y, held(f"conv1d{end}", "kernel"), 1) + held(f"conv1d{end}", "bias")
            name = f"batch_normalization{end}"
            y = (y - held(name, "moving_mean")) / np.sqrt(held(name, "moving_variance") + 1e-3)
            y = np.maximum(y * held(name, "gamma") + held(name, "beta"), 0)
            y = y if place == 2 else y.reshape(len(y) // 2, 2, -1).max(1)
        wanted = y.mean(0) @ held("dense", "kernel") + held("dense", "bias")
    np.testing.assert_allclose(network.logits(torch.from_numpy(x.T[None].copy()))[0], wanted, rtol=1e-4, atol=1e-4)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def aime_in_numpy(path, x):
    with h5py.File(path) as file:

        def held(layer, weight):
            return file[f"{layer}/{layer}/{weight}:0"][()]

        for end in ("", "_1", "_2", "_3", "_4"):
            x = elu(same_convolution(x, held(f"conv1d{end}", "kernel"), 1) + held(f"conv1d{end}", "bias"))
            x = x[: len(x) // 2 * 2].reshape(len(x) // 2, 2, -1).max(1)
        x = x.mean(0)
        for end in ("", "_1", "_2"):
            x = elu(x @ held(f"dense{end}", "kernel") + held(f"dense{end}", "bias"))
        return softmax(x @ held("dense_3", "kernel") + held("dense_3", "bias"))


def as_published(signal):
    """The published preparation of a record at 500 Hz, step by step."""
    signal = filtfilt(*iirnotch(0.05, 0.05, 500), signal)
    starts = range(0, signal.shape[1] - 99, 50)
    flattest = [min(starts, key=lambda start, row=row: np.ptp(row[start : start + 100])) for row in signal]
    signal = np.stack([row - row[start : start + 100].mean() for row, start in zip(signal, flattest, strict=True)])
    signal = filtfilt(*iirnotch(50, 0.05, 500), signal)
    return filtfilt(*butter(2, 40, fs=500), signal)[:, :2000]


@pytest.mark.parametrize("name", ["AVB", "ISCH", "LBBB", "RBBB"])
def test_the_aime_networks_from_record_to_answer(shared, ptbxl, name):
    folder = shared / "weights" / "aime2024_ptbxl" / name
    network = import_keras(folder, "aime")
    record = read(next((ptbxl / "records500").rglob("00282_hr.hea")))
    seen = as_published(record.signal.astype(np.float64))
    np.testing.assert_allclose(network.prepare(record).inputs[0], seen, rtol=0, atol=1e-6)
    found = network.predict(record).probabilities
    np.testing.assert_allclose(found, aime_in_numpy(folder / "weights.h5", seen.T), rtol=0, atol=1e-5)
    assert network.card.classes == (f"no {name}", name)
    assert network.card.licence == "CC-BY-4.0"


@pytest.fixture
def avb(shared, tmp_path):
    """A copy of one network's folder, to be changed."""
    folder = tmp_path / "AVB"
    folder.mkdir()
    for name in ("model.json", "weights.h5"):
        shutil.copyfile(shared / "weights" / "aime2024_ptbxl" / "AVB" / name, folder / name)
    return folder


def test_another_order_of_layers_is_told(avb):
    model = json.loads((avb / "model.json").read_text())
    layers = model["config"]["layers"]
    layers[2], layers[3] = layers[3], layers[2]
    (avb / "model.json").write_text(json.dumps(model))
    with pytest.raises(UnreadableFileError, match="layer 'max_pooling1d', number 3, must be Activation; got Max"):
        import_keras(avb, "aime")


def test_a_layer_too_many_in_the_architecture_is_told(avb):
    model = json.loads((avb / "model.json").read_text())
    model["config"]["layers"].append({"class_name": "Softmax", "config": {"name": "again"}})
    (avb / "model.json").write_text(json.dumps(model))
    with pytest.raises(UnreadableFileError, match="layer 'again', number 33, must be nothing; got Softmax"):
        import_keras(avb, "aime")


def test_a_changed_file_is_not_passed_on_under_the_published_licence(avb):
    with h5py.File(avb / "weights.h5", "a") as file:
        file["dense_3/dense_3/bias:0"][0] += 1
    card = import_keras(avb, "aime").card
    assert card.training["imported"]["published"] is False
    assert "not one of the published ones" in card.limits[0]


def test_the_wrong_kind_of_path_or_file_is_told(avb, shared):
    with pytest.raises(InvalidInputError, match=r"must be the folder of aime that holds model\.json and weights\.h5"):
        import_keras(avb / "weights.h5", "aime")
    with pytest.raises(InvalidInputError, match="must be the HDF5 file of cnn27; it is a folder"):
        import_keras(avb, "cnn27")
    with pytest.raises(PellucidError, match="another network than the published one"):
        import_keras(shared / "weights" / "ecg_resnet27" / "cnn_1d_final_weights.h5", "resnet27")
    with pytest.raises(UnknownNameError, match="'resnet' is not known; known: ribeiro, resnet27"):
        import_keras(avb, "resnet")
