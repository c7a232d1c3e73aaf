"""DANN by hand in PyTorch, as one would write it: modules, autograd and `torch.optim.SGD`."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from benchmarks.problems import (
    BATCH_SIZES,
    DISCRIMINATOR_WIDTH,
    LR,
    MOMENTUM,
    TOTAL_STEPS,
    Problem,
    layer_shapes,
)  # fmt: skip


class Reverse(torch.autograd.Function):
    """The identity, with a gradient times minus `scale`."""

    @staticmethod
    def forward(ctx, x, scale):
        """Returns a view of x and keeps the scale."""
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        """Returns the reversed gradient, and none for the scale."""
        return -ctx.scale * gradient, None


class Networks(nn.Module):
    """Encoder, head and discriminator."""

    def __init__(self, problem: Problem):
        """Builds the layers."""
        super().__init__()
        shapes = layer_shapes(problem.spec)
        layers: list[nn.Module] = []
        for shape in shapes:
            if len(shape) == 4:
                layers += [nn.Conv2d(shape[2], shape[3], shape[0]), nn.MaxPool2d(2), nn.ReLU()]
            else:
                layers += [nn.Flatten(), nn.Linear(shape[0], shape[1]), nn.ReLU()]
        d = shapes[-1][-1]
        self.encoder = nn.Sequential(*layers)
        self.head = nn.Linear(d, problem.spec.num_classes)
        self.discriminator = nn.Sequential(
            nn.Linear(d, DISCRIMINATOR_WIDTH), nn.ReLU(), nn.Linear(DISCRIMINATOR_WIDTH, 1)
        )


class Trainer:
    """Networks, optimiser and data in memory; a step draws a batch and updates."""

    def __init__(self, problem: Problem, *, channels_last: bool, device: str):
        """Puts data and networks on the device in the memory format."""
        image = len(problem.spec.input_shape) == 3
        layout = torch.channels_last if channels_last and image else torch.contiguous_format
        source, target = (torch.from_numpy(part.inputs) for part in problem.data[:2])
        if image:
            source, target = source.permute(0, 3, 1, 2), target.permute(0, 3, 1, 2)
        self.source, self.target = (
            x.contiguous(memory_format=layout).to(device) for x in (source, target)
        )
        self.labels = torch.from_numpy(problem.data.source.labels).long().to(device)
        self.layout, self.device = layout, device
        self.networks = Networks(problem).to(device, memory_format=layout)
        self.optimiser = torch.optim.SGD(self.networks.parameters(), LR, MOMENTUM)
        self.steps_done = 0

    def advance(self, steps: int) -> None:
        """Trains for a number of steps and waits for the last."""
        n, m = BATCH_SIZES
        for _ in range(steps):
            i = torch.randint(len(self.source), (n,), device=self.device)
            j = torch.randint(len(self.target), (m,), device=self.device)
            self.update(self.source[i], self.labels[i], self.target[j])
        if self.device == "cuda":
            torch.cuda.synchronize()

    def update(self, source: torch.Tensor, labels: torch.Tensor, target: torch.Tensor) -> None:
        """Makes one update of SGD with momentum."""
        ramp = 2.0 / (1.0 + math.exp(-10.0 * self.steps_done / TOTAL_STEPS)) - 1.0
        n = len(source)
        inputs = torch.cat([source, target])
        if inputs.dtype == torch.uint8:
            inputs = inputs.float() / 127.5 - 1.0
        features = self.networks.encoder(inputs.contiguous(memory_format=self.layout))
        domain = self.networks.discriminator(Reverse.apply(features, ramp))[:, 0]
        classification = functional.cross_entropy(self.networks.head(features[:n]), labels)
        source_loss, target_loss = functional.softplus(-domain[:n]), functional.softplus(domain[n:])
        self.optimiser.zero_grad(set_to_none=True)
        (classification + 0.5 * (source_loss.mean() + target_loss.mean())).backward()
        self.optimiser.step()
        self.steps_done += 1
