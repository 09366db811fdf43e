"""Small changes to training slices; the side and the place of a finding stay, unless one asks otherwise."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def altered(
    pictures: Float[Tensor, "record channel row column"],
    generator: torch.Generator,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    noise: float = 0.0,
    flip: float = 0.0,
    shift: float = 0.0,
    crop: float = 0.0,
) -> Float[Tensor, "record channel row column"]:
    """Return the pictures with other grey values, each by its own draw, still within 0 to 1.

    Parameters
    ----------
    pictures
        Grey values of 0 to 1.
    brightness
        Up to so much is added or taken away.
    contrast
        Distance from the picture's mean times 1 +- up to this.
    noise
        White, of a standard deviation up to this.
    flip
        How probably left and right change places.
    shift
        Moved by up to this share of the height and width; black comes in.
    crop
        Up to this share of each side is cut away, and the rest stretched.

    Notes
    -----
    The last three take away what says where a finding is and on which side.
    """
    records = len(pictures)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(records, *shape, generator=generator)

    scale = uniform(1 - contrast, 1 + contrast, 1, 1, 1)
    added = uniform(-brightness, brightness, 1, 1, 1)
    white = torch.randn(pictures.shape, generator=generator) * uniform(0.0, noise, 1, 1, 1)
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    changed = (mean + (pictures - mean) * scale + added + white).clamp(0.0, 1.0)
    if not (flip or shift or crop):
        return changed
    cut = uniform(0.0, crop, 2, 2)  # of (x, y): at the low and at the high end
    place = cut[..., 0] - cut[..., 1] + 2 * uniform(-shift, shift, 2)
    size = 1 - cut.sum(dim=-1)
    size[:, 0] *= torch.where(uniform(0.0, 1.0) < flip, -1.0, 1.0)
    corners = torch.cat([torch.diag_embed(size), place[..., None]], dim=-1)
    grid = torch.nn.functional.affine_grid(corners, list(pictures.shape), align_corners=False)
    return torch.nn.functional.grid_sample(changed, grid, align_corners=False)
