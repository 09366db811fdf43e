"""Networks over a row of steps or tokens: recurrent layers, attention, state spaces."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo_parts import CLASSES, SHAPES, Animal, conv


class Recurrences(nn.Module):
    """Two recurrent layers, both ways through time, all their steps pooled."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.layers = kind(SHAPES[1][0], 5, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x.transpose(1, 2))[0].mean(1))


class Cell(nn.Module):
    """A recurrent cell called step by step, its states gathered in a list."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.cell, self.head = nn.LSTMCell(SHAPES[1][0], 5), nn.Linear(5, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        state, states = None, []
        for step in x[:, :, ::3].unbind(-1):
            state = self.cell(step, state)
            states.append(state[0])
        return self.head(torch.stack(states, 1).amax(1))


class Tokens(nn.Module):
    """Patches of the input as tokens of eight features, and a read-out of their mean."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.patches = conv(dim, SHAPES[dim][0], 8, 3, padding=0, stride=3)
        self.head = nn.Linear(8, CLASSES)

    def tokens(self, x: Tensor) -> Tensor:
        return self.patches(x).flatten(2).transpose(1, 2)


class MultiHead(Tokens):
    """Attention of torch's own, its weights returned or not."""

    def __init__(self, dim: int, *, need_weights: bool) -> None:
        super().__init__(dim)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.need_weights = need_weights

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.tokens(x)
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=self.need_weights)
        return self.head(torch.relu(tokens + mixed).mean(1))


class AcrossAttention(Tokens):
    """Few learnt queries that look at all tokens, and a mask that hides some; the weights themselves are used."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.queries = nn.Parameter(torch.zeros(2, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.read = nn.Linear(2, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.tokens(x)
        queries = self.queries.expand(len(x), -1, -1)
        hidden = torch.zeros(len(x), tokens.shape[1], dtype=torch.bool)
        hidden[:, -1] = True
        mixed, weights = self.attention(queries, tokens, tokens, key_padding_mask=hidden)
        return self.head(mixed.mean(1)) + self.read(weights.amax(-1))


class Encoder(Tokens):
    """Two transformer layers of torch's own, norm after or before, seeing everything or only what was before."""

    def __init__(self, dim: int, *, norm_first: bool) -> None:
        super().__init__(dim)
        layer = nn.TransformerEncoderLayer(
            8, 2, 16, dropout=0.0, batch_first=True, norm_first=norm_first, activation="gelu" if norm_first else "relu"
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first)
        self.causal = norm_first

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.tokens(x)
        count = tokens.shape[1]
        mask = torch.full((count, count), float("-inf"), dtype=x.dtype).triu(1) if self.causal else None
        return self.head(self.encoder(tokens, mask=mask).mean(1))


class SmallVit(Tokens):
    """A vision transformer: class token, learnt positions, queries, keys and values from one layer, fused attention."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        count = 8 if dim == 1 else 16
        self.cls, self.positions = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.zeros(1, count + 1, 8))
        self.blocks = nn.ModuleList(_VitBlock() for _ in range(2))
        self.last_norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        tokens = torch.cat([self.cls.expand(len(x), -1, -1), self.tokens(x)], 1) + self.positions
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.last_norm(tokens[:, 0]))


class _VitBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(8) for _ in range(2))
        self.qkv, self.out = nn.Linear(8, 24, bias=False), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        heads = self.qkv(self.norms[0](x)).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*heads.unbind(0))
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


class StateSpace(nn.Module):
    """An S4 block with a diagonal state matrix: each feature filtered by a long kernel, the convolution done by FFT.

    Gu et al. 2022, arXiv 2206.11893: complex parameters, kernel by a Vandermonde product, GELU, gated mixing, norm.
    """

    def __init__(self, dim: int, width: int = 6, states: int = 4) -> None:
        super().__init__()
        self.stem, self.skip = nn.Conv1d(SHAPES[1][0], width, 1), nn.Parameter(torch.zeros(width))
        self.log_step, self.log_decay = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width, states))
        self.read = nn.Parameter(torch.zeros(width, states, dtype=torch.complex64))
        self.register_buffer("turns", torch.zeros(width, states))
        self.mix, self.norm = nn.Conv1d(width, 2 * width, 1), nn.LayerNorm(width)
        self.head = nn.Linear(width, CLASSES)

    def kernel(self, length: int) -> Tensor:
        """Return the impulse response of each feature, (feature, step)."""
        poles = torch.complex(-self.log_decay.exp(), self.turns * torch.pi)
        moved = poles * (0.3 * self.log_step.exp())[:, None]
        powers = torch.exp(moved[:, :, None] * torch.arange(length, device=moved.device))
        return 2 * torch.einsum("hn,hnl->hl", self.read * (moved.exp() - 1) / poles, powers).real

    def forward(self, x: Tensor) -> Tensor:
        u = self.stem(x)
        length = u.shape[-1]
        spectrum = torch.fft.rfft(u, n=2 * length) * torch.fft.rfft(self.kernel(length), n=2 * length)
        y = torch.fft.irfft(spectrum, n=2 * length)[..., :length] + u * self.skip[:, None]
        y = functional.glu(self.mix(functional.gelu(y)), dim=1) + u
        return self.head(self.norm(y.transpose(1, 2)).mean(1))


SEQUENCES = {
    "gru": Animal(lambda dim: Recurrences(nn.GRU), "space", (1,)),
    "lstm": Animal(lambda dim: Recurrences(nn.LSTM), "space", (1,)),
    "lstm_cell": Animal(Cell, "space", (1,)),
    "multihead": Animal(lambda dim: MultiHead(dim, need_weights=False), "mean"),
    "multihead_weights": Animal(lambda dim: MultiHead(dim, need_weights=True), "mean"),
    "attention_across": Animal(AcrossAttention, "space"),
    "encoder": Animal(lambda dim: Encoder(dim, norm_first=False), "mean"),
    "encoder_causal": Animal(lambda dim: Encoder(dim, norm_first=True), "mean"),
    "vit": Animal(SmallVit, "none"),
    "state_space": Animal(StateSpace, "mean", (1,)),
}
