"""AimeCnn: the small convolutional network of Gumpfer et al. 2024 for one finding in a 12-lead ECG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

_WIDTH, _LEADS, _KERNEL = 64, 12, 3
_CONVOLUTIONS, _HIDDEN = 5, 3


class AimeCnn(nn.Module):
    """Five convolutions with ELU and max pooling by two, mean over time, four dense layers.

    Input (batch, 12, sample) in mV at 500 Hz, filtered, 2000 samples where it was trained; output logits (batch,
    class), exclusive: softmax of the two says absent and present. 64,386 parameters.

    Parameters
    ----------
    classes
        Number of logits.

    Attributes
    ----------
    reads
        What it wants of an ECG.

    Notes
    -----
    Dropout as published: 0.1 after each pooling but the first, 0.25 after each hidden dense layer. Weights
    He-uniform, biases zero, as Keras draws them. No batch norm.

    References
    ----------
    Gumpfer et al., Towards Trustworthy AI in Cardiology, AIME 2024, doi 10.1007/978-3-031-66535-6_36.
    """

    reads: ClassVar[Mapping[str, Any]] = {
        "sampling_rate": 500.0, "length": 2000, "keep": "start", "padding": "end"
    }  # fmt: skip

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.leads = _LEADS
        layers: list[nn.Module] = []
        for index in range(_CONVOLUTIONS):
            convolution = nn.Conv1d(_WIDTH if index else _LEADS, _WIDTH, _KERNEL, padding="same")
            layers += [convolution, nn.ELU(), nn.MaxPool1d(2), nn.Dropout(0.1 if index else 0.0)]
        self.features = nn.Sequential(*layers)
        dense = [(nn.Linear(_WIDTH, _WIDTH), nn.ELU(), nn.Dropout(0.25)) for _ in range(_HIDDEN)]
        self.head = nn.Sequential(*(layer for layers in dense for layer in layers), nn.Linear(_WIDTH, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # each has one here

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in mV."""
        logits: Tensor = self.head(self.features(x).mean(-1))
        return logits
