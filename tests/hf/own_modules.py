"""Attention as people write it themselves, each way in a module of its own."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

WIDTH, HEADS, TOKENS, BATCH = 32, 4, 12, 3
SHARPER = 4.0
"""Queries and keys of random models are multiplied by its root, or attention would be uniform."""


def sharpened(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights, with which attention is far from uniform."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() < 2:
                parameter.add_(0.1 * noise)
                continue
            parameter.copy_(noise / math.sqrt(parameter.shape[-1]))
            if name.endswith(("qkv.weight", "in_proj_weight")):
                parameter[: 2 * len(parameter) // 3] *= math.sqrt(SHARPER)
    return module.eval()


def tokens(length: int = TOKENS, seed: int = 1) -> torch.Tensor:
    return torch.randn(BATCH, length, WIDTH, generator=torch.Generator().manual_seed(seed))


def future(length: int) -> torch.Tensor:
    """True where a causal query must not look."""
    return torch.ones(length, length, dtype=torch.bool).triu(1)


class Own(nn.Module):
    """Projections around `attend`, which gets (batch, heads, tokens, size)."""

    def __init__(self) -> None:
        super().__init__()
        self.n_head = HEADS
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        y = self.attend(q, k, v)
        return self.out(y.transpose(1, 2).flatten(2))

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        raise NotImplementedError


class Sdpa(Own):
    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


class Nano(Own):
    """As in nanoGPT without flash attention."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        seen = torch.tril(torch.ones(k.shape[2], k.shape[2], device=k.device))[None, None]
        att = att.masked_fill(seen == 0, float("-inf"))
        att = functional.dropout(functional.softmax(att, dim=-1), 0.1, self.training)
        return att @ v


class Bmm(Own):
    """Batch and heads in one dimension, and a float mask in two."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        b, h, t, _ = q.shape
        q, k, v = (part.reshape(b * h, t, -1) for part in (q / 4, k, v))
        att = torch.bmm(q, k.transpose(1, 2)).view(b, h, t, t)
        att = (att + torch.zeros(t, t).masked_fill(future(t), -torch.inf)).view(b * h, t, t)
        return torch.bmm(att.softmax(-1), v).view(b, h, t, -1)


class Baddbmm(Own):
    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        b, h, t, _ = q.shape
        mask = torch.zeros(b * h, t, t).masked_fill(future(t), -1e9)
        att = torch.baddbmm(mask, q.flatten(0, 1), k.flatten(0, 1).mT, beta=1.0, alpha=0.25)
        att = torch.softmax(att, dim=-1, dtype=torch.float32).to(q.dtype)
        return torch.bmm(att, v.flatten(0, 1)).unflatten(0, (b, h))


class Einsum(Own):
    """Tokens first, softmax over a dimension in the middle."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        q, k, v = (part.permute(2, 0, 1, 3) for part in (q, k, v))
        att = torch.einsum("ibhd,jbhd->ijbh", q, k) / 4
        return torch.einsum("ijbh,jbhd->bhid", att.softmax(1), v)


class Turned(Own):
    """Values times weights, as convolutional networks write it; one head."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        b, h, t, d = q.shape
        q, k, v = (part.permute(0, 1, 3, 2).reshape(b, h * d, t) for part in (q, k, v))
        att = functional.softmax(torch.bmm(q.transpose(1, 2), k) * 0.1, dim=2)
        return torch.bmm(v, att.permute(0, 2, 1)).view(b, h, d, t).transpose(2, 3)


class InPlace(Own):
    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        att = q @ k.mT
        att /= 4
        att[..., future(q.shape[2])] = -1e9
        return nn.Softmax(-1)(att) @ v


class Multiplied(Own):
    """The first GPT's mask."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        seen = (~future(q.shape[2])).float()
        att = torch.matmul(q, k.mT) / 4 * seen + -1e4 * (1 - seen)
        return att.softmax(-1) @ v


class Where(Own):
    """Cosine attention, a factor a head, and a mask by `where`."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        att = q @ k.mT * torch.tensor([5.0, 6.0, 7.0, 8.0])[:, None, None]
        att = torch.where(future(q.shape[2]), torch.finfo(att.dtype).min, att)
        return att.softmax(-1) @ v


class Parts(Own):
    """Scores of two kinds, summed."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        att = q[..., :4] @ k[..., :4].mT * 0.3 + q[..., 4:] @ k[..., 4:].mT * 0.2
        return att.softmax(-1) @ v


class Grouped(Own):
    """Two heads share a key-value head."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        return functional.scaled_dot_product_attention(q, k[:, :2], v[:, :2], enable_gqa=True)


class OneKey(Own):
    """All heads share one, which broadcasts."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        return (q @ k[:, :1].mT / 3).softmax(-1) @ v[:, :1]


class Short(Own):
    """Fewer queries than keys: torch's causal mask then begins at the first key."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        y = functional.scaled_dot_product_attention(q[:, :, :5], k, v, is_causal=True)
        return functional.pad(y, (0, 0, 0, q.shape[2] - 5))


class Twice(Own):
    """Two attentions in one module."""

    def attend(self, q: Any, k: Any, v: Any) -> torch.Tensor:
        first = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return functional.scaled_dot_product_attention(first, k, v)


ALL = (Sdpa, Nano, Bmm, Baddbmm, Einsum, Turned, InPlace, Multiplied, Where, Parts, Grouped,
       OneKey, Short, Twice)


class Net(nn.Module):
    """Two layers and what stands around them."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList([first, second])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + layer(self.norm(x))
        return x


def net(kind: type[nn.Module], seed: int = 0) -> nn.Module:
    return sharpened(Net(kind(), kind()), seed)
