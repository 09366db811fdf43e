"""Published ImageNet weights, in the names they were published with, from a file into a picture network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pellucid.core.errors import UnreadableFileError, unknown_name
from pellucid.networks.store import read_weights
from pellucid.networks.transfer import Backbone

_COUNTER = "num_batches_tracked"  # files of old versions lack it; it changes no answer
_REMEDY = "Name a file with the state dict published for this network: see its docstring and that of load_imagenet."


def load_imagenet(module: Backbone, path: Path | str) -> tuple[str, ...]:
    """Copy published ImageNet weights into a network.

    The file must fit the published network as a whole, whatever of it is then used: a head for other classes or
    for transfers is left as it is. For one channel the first kernels are summed over red, green and blue, which
    gives a grey picture the answer it has with three equal channels and no other normalisation.

    Parameters
    ----------
    module
        Changed in place.
    path
        A `.safetensors` file, or a torch file, read without unpickling code.

    Returns
    -------
    :
        Names of the module's own tensors that the file does not give: they are as new.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read; or naming the first tensor that is missing, superfluous or of another shape.

    Notes
    -----
    Where torchvision is installed, this writes such a file: `torch.save(torchvision.models.resnet50(weights="DEFAULT")
    .state_dict(), "resnet50.pt")`; so do `vgg16`, `efficientnet_b0`, `efficientnet_b7` and `squeezenet1_1`.
    `EfficientNetLite` names its own source.
    """
    tensors = read_weights(Path(path))
    _check(tensors, published_shapes(module), f"{path} for {type(module).__name__}")
    first = next(name for name, value in module.named_parameters() if value.ndim == 4)
    new = []
    for name, value in module.state_dict().items():  # these are the module's own tensors, without gradients
        given = tensors.get(_their_name(module, name))
        if given is not None and name == first and module.channels == 1:
            given = given.sum(1, keepdim=True)
        if given is not None and given.shape == value.shape:
            value.copy_(given)
        elif not name.endswith(_COUNTER):
            new.append(name)
    return tuple(new)


def published_shapes(module: Backbone) -> dict[str, torch.Size]:
    """Return the names and shapes of the state dict published for this kind of network."""
    with torch.device("meta"):
        published = module.published().state_dict()
    return {_their_name(module, name): value.shape for name, value in published.items()}


def _their_name(module: Backbone, name: str) -> str:
    return next(
        (there + name.removeprefix(here) for there, here in module.published_names.items() if name.startswith(here)),
        name,
    )


def _check(tensors: Mapping[str, Tensor], wanted: Mapping[str, torch.Size], where: str) -> None:
    missing = [name for name in wanted if name not in tensors and not name.endswith(_COUNTER)]
    strange = [name for name in tensors if name not in wanted]
    if missing:
        near = f" {unknown_name('tensor', missing[0], strange)}" if strange else ""
        raise UnreadableFileError(f"weights {where} lack the tensor {missing[0]!r}.{near} {_REMEDY}")
    if strange:
        raise UnreadableFileError(
            f"weights {where} hold the tensor {strange[0]!r} beside the published ones. {_REMEDY}"
        )
    for name, shape in wanted.items():
        if name in tensors and tensors[name].shape != shape:
            raise UnreadableFileError(
                f"weights {where}: tensor {name!r} must have the shape {tuple(shape)}; "
                f"got {tuple(tensors[name].shape)}. {_REMEDY}"
            )
