"""Published ImageNet weights, in torchvision's names, from a file into a picture network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pellucid.core.errors import UnreadableFileError, unknown_name
from pellucid.networks.store import read_weights
from pellucid.networks.transfer import Backbone

_COUNTER = "num_batches_tracked"  # files of old versions lack it; it changes no answer
_REMEDY = "Name a file with the state dict that torchvision publishes for this network."


def load_imagenet(module: Backbone, path: Path) -> tuple[str, ...]:
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
    """
    tensors = read_weights(path)
    with torch.device("meta"):
        published = {name: value.shape for name, value in module.published().state_dict().items()}
    theirs = {_their_name(module, name): name for name in published}
    _check(tensors, {name: published[own] for name, own in theirs.items()}, f"{path} for {type(module).__name__}")
    own = module.state_dict()
    new = []
    with torch.no_grad():
        for name, value in own.items():
            given = tensors.get(_their_name(module, name)) if name in published else None
            if given is not None and name == _first(module):
                given = given if module.channels == given.shape[1] else given.sum(1, keepdim=True)
            if given is None or given.shape != value.shape:
                new.append(name)
            else:
                value.copy_(given)
    return tuple(name for name in new if not name.endswith(_COUNTER))


def _first(module: Backbone) -> str:
    return next(name for name, value in module.named_parameters() if value.ndim == 4)


def _their_name(module: Backbone, name: str) -> str:
    return next(
        (there + name.removeprefix(here) for there, here in module.torchvision.items() if name.startswith(here)), name
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
