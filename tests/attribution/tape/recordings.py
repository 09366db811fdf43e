"""Recording a module as a method would, without the method."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.attribution.guard import guarded
from pellucid.attribution.question import Question
from pellucid.attribution.tape.recording import Recorded


def record(module: nn.Module, *inputs: Tensor, output: str | int | None = None) -> Recorded:
    question = Question(module=module, inputs=inputs, output=output)
    with guarded(module, ["cpu"]):
        return Recorded(question, inputs, ())


class Writes(nn.Module):
    """A function, and weights that make three logits of its four numbers."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.head = nn.Linear(4, 3).double()
        with torch.no_grad():
            self.head.weight.copy_(torch.linspace(-1, 1.3, 12).reshape(3, 4))
            self.head.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.head(self.function(*inputs))


class Function(nn.Module):
    """A function as a module, which has no weights and gives its logits itself."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


def numbers(batch: int = 3) -> Tensor:
    return torch.tensor([[1.0, -2.0, 0.5, 3.0], [0.2, 0.7, -1.1, -0.4], [-0.6, 1.9, 2.2, -3.1]]).double()[:batch]
