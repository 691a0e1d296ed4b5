"""Small models as people write them: attention in plain PyTorch, each kind in another form."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

WIDTH, HEADS = 16, 4
FUSED = ("fused", "vit", "by head")


class Attention(nn.Module):
    """Keeps what entered, and queries, keys and values, to be compared."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.size = kind, WIDTH // HEADS
        self.kv_heads = 2 if kind == "grouped" else HEADS
        if kind in FUSED:
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        else:
            self.q = nn.Linear(WIDTH, WIDTH, bias=kind != "masked")
            self.k = nn.Linear(WIDTH, self.kv_heads * self.size)
            self.v = nn.Linear(WIDTH, self.kv_heads * self.size)
        self.o = nn.Linear(WIDTH, WIDTH)

    def parts(self, x: Any) -> Any:
        b, t, w = x.shape
        if self.kind == "fused":
            return [y.view(b, t, HEADS, self.size).transpose(1, 2) for y in self.qkv(x).split(w, 2)]
        if self.kind == "vit":
            return self.qkv(x).reshape(b, t, 3, HEADS, self.size).permute(2, 0, 3, 1, 4).unbind(0)
        if self.kind == "by head":
            return self.qkv(x).view(b, t, HEADS, 3 * self.size).transpose(1, 2).chunk(3, -1)
        q, k, v = (part(x).view(b, t, -1, self.size).transpose(1, 2)
                   for part in (self.q, self.k, self.v))
        group = HEADS // self.kv_heads
        return (q, k, v) if group == 1 else (q, *(y.repeat_interleave(group, 1) for y in (k, v)))

    def forward(self, x: Any) -> Any:
        b, t, w = x.shape
        q, k, v = self.parts(x)
        self.entered, self.seen = x, (q, k, v)
        if self.kind.startswith("sdpa"):
            mixed = functional.scaled_dot_product_attention(q, k, v,
                                                            is_causal=self.kind.endswith("causal"))
        else:
            scores = q @ k.transpose(-1, -2) * self.size**-0.5
            if self.kind == "masked":
                hidden = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
                scores = scores.masked_fill(hidden, float("-inf"))
            mixed = scores.softmax(-1) @ v
        return self.o(mixed.transpose(1, 2).reshape(b, t, w))


class Stack(nn.Module):
    """Two attentions, a feed-forward layer, and a softmax over classes that is no attention."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Attention(kind) for _ in range(2)])
        self.feed, self.classes = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 5)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = x + layer(x)
            x = x + self.feed(x).relu()
        return self.classes(x).softmax(-1)


def stack(kind: str) -> Stack:
    return Stack(kind)
