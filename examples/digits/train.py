"""Train the digits transformer that comes with neuromorph.

    python examples/digits/train.py [-o FILE] [--seed 0] [--epochs 300]

Needs torch (``pip install 'neuromorph[hf]'``); one to four minutes on one CPU thread. The
same command gives the same bytes on the same torch and CPU. Settings were chosen on the validation
images; the test images are looked at once, at the end.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from neuromorph.models.digits import DigitsConfig, Part, load_split
from neuromorph.models.digits.data import SPLIT_SEED

CONFIG = DigitsConfig(width=48, heads=4, layers=3, patch=2, mlp=48, classes=10, image=8,
                      eps=1e-5, split_seed=SPLIT_SEED)
BATCH, LEARNING_RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 128, 3e-3, 0.05, 0.1
# Random turns (radian), zooms, shears and shifts (half an image is 1): a shift of 0.25 is a pixel.
TURN, ZOOM, SHEAR, SHIFT = 0.25, 0.15, 0.15, 0.25


# --- the model, with the tensor names of the weights file


class Attention(nn.Module):
    """softmax(q kᵀ / √d) v, or the mean of v for comparison."""

    def __init__(self, config: DigitsConfig) -> None:
        super().__init__()
        self.shape = (-1, config.tokens, config.heads, config.head_size)
        self.query, self.key, self.value, self.output = (
            nn.Linear(config.width, config.width) for _ in range(4))

    def forward(self, x: Tensor, uniform: bool) -> Tensor:
        q, k, v = (part(x).view(self.shape).transpose(1, 2)
                   for part in (self.query, self.key, self.value))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        weights = torch.softmax(torch.zeros_like(scores) if uniform else scores, dim=-1)
        return self.output((weights @ v).transpose(1, 2).reshape(x.shape))


class Mlp(nn.Module):
    def __init__(self, config: DigitsConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.mlp)
        self.down = nn.Linear(config.mlp, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(functional.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: DigitsConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.eps)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, eps=config.eps)
        self.mlp = Mlp(config)

    def forward(self, x: Tensor, uniform: bool) -> Tensor:
        x = x + self.attention(self.norm1(x), uniform)
        return x + self.mlp(self.norm2(x))


class TorchDigitsViT(nn.Module):
    """The same function as neuromorph.models.digits.DigitsViT; a test holds them equal.

    The read-out sees the class token only, so all that it knows of the image came by attention.
    """

    def __init__(self, config: DigitsConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(config.patch**2, config.width)
        self.class_token = nn.Parameter(0.02 * torch.randn(config.width))
        self.positions = nn.Parameter(0.2 * torch.randn(config.tokens, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.head = nn.Linear(config.width, config.classes)

    def forward(self, images: Tensor, uniform: bool = False) -> Tensor:
        """Logits (n, classes) of images (n, 8, 8) with pixels 0…16."""
        patch = self.config.patch
        grid = images.unfold(1, patch, patch).unfold(2, patch, patch)
        embedded = self.embed(grid.reshape(len(images), -1, patch**2) / 8 - 1)
        first = self.class_token.expand(len(images), 1, -1)
        x = torch.cat([first, embedded], dim=1) + self.positions
        for block in self.blocks:
            x = block(x, uniform)
        return self.head(self.norm(x[:, 0]))


# --- training


def augment(images: Tensor) -> Tensor:
    """Turn, zoom, shear and shift each image a little, at random; outside is black."""
    n = len(images)

    def amount(size: float) -> Tensor:
        return (2 * torch.rand(n) - 1) * size

    turn, zoom = amount(TURN), 1 + amount(ZOOM)
    rows = [
        torch.stack([zoom * turn.cos(), amount(SHEAR) - zoom * turn.sin(), amount(SHIFT)], 1),
        torch.stack([zoom * turn.sin(), zoom * turn.cos(), amount(SHIFT)], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), [n, 1, 8, 8], align_corners=False)
    return functional.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def train(part: Part, epochs: int, seed: int, uniform: bool) -> TorchDigitsViT:
    """AdamW with one learning-rate cycle; prints the mean loss ten times."""
    torch.manual_seed(seed)
    images, labels = torch.tensor(part.images, dtype=torch.float32), torch.tensor(part.labels)
    model = TorchDigitsViT(CONFIG)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * math.ceil(len(part) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps,
                                                   pct_start=0.1)
    for epoch in range(1, epochs + 1):
        losses = []
        for batch in torch.randperm(len(part)).split(BATCH):
            logits = model(augment(images[batch]), uniform)
            loss = functional.cross_entropy(logits, labels[batch], label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if epoch % max(1, epochs // 10) == 0:
            print(f"epoch {epoch:4d}  loss {sum(losses) / len(losses):.3f}", flush=True)
    return model.eval()


@torch.no_grad()
def accuracy(model: TorchDigitsViT, part: Part, uniform: bool) -> float:
    """Share of right answers, %."""
    answers = model(torch.tensor(part.images, dtype=torch.float32), uniform).argmax(dim=1)
    return 100 * (answers.numpy() == part.labels).mean().item()


# --- the file


def as_safetensors(model: TorchDigitsViT) -> bytes:
    """8 bytes length | JSON header | tensors, all in sorted order.

    Written out here because the safetensors library leaves the metadata in random order, and the
    same training should give the same bytes.
    """
    state = model.state_dict()
    tensors = {name: state[name].numpy().astype("<f4") for name in sorted(state)}
    header: dict[str, object] = {
        "__metadata__": {"config": model.config.to_json(), "format": "neuromorph"}}
    ends = np.cumsum([tensor.nbytes for tensor in tensors.values()]).tolist()
    for (name, tensor), end in zip(tensors.items(), ends, strict=True):
        header[name] = {"dtype": "F32", "shape": tensor.shape,
                        "data_offsets": [end - tensor.nbytes, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(tensor.tobytes() for tensor in tensors.values())
    return len(text).to_bytes(8, "little") + text + data


def write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    unfinished.replace(path)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the digits transformer.")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/digits-vit.safetensors"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--uniform", action="store_true",
                        help="train with uniform attention, to see what attention is worth")
    given = parser.parse_args()
    if given.epochs < 1:
        parser.error("--epochs must be at least 1")
    return given


def main() -> None:
    given = options()
    torch.set_num_threads(1)  # the order of sums, and so the weights, depend on it
    torch.use_deterministic_algorithms(True)
    split = load_split()
    model = train(split.train, given.epochs, given.seed, given.uniform)
    data = as_safetensors(model)
    write(given.output, data)
    print("accuracy, %    as trained   uniform attention")
    for name in ("train", "validation", "test"):
        part = getattr(split, name)
        print(f"{name:12s} {accuracy(model, part, given.uniform):12.2f} "
              f"{accuracy(model, part, True):12.2f}")
    print(f"{given.output}: {len(data)} bytes")


if __name__ == "__main__":
    main()
