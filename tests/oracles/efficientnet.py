"""EfficientNet-Lite0 in NumPy float64, from a PyTorch state_dict: channels first, loops over taps.

Written from the published architecture: inverted residuals (MobileNetV2) with TensorFlow's 'SAME'
padding, which puts the odd zero last, ReLU6, batch norm with averages and epsilon 1e-3.
"""

import math

import numpy as np

# Of each stage: blocks, kernel, first stride, expansion, channels in, channels out.
TABLE = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


def convolve(x, weight, stride, groups=1):
    """Cross-correlation of [n, c, h, w] with [o, c / groups, k, k]."""
    n, _, height, width = x.shape
    outputs, _, size, _ = weight.shape
    rows, columns = math.ceil(height / stride), math.ceil(width / stride)
    padded = np.zeros((n, x.shape[1], *((count - 1) * stride + size for count in (rows, columns))))
    top, left = (
        max((count - 1) * stride + size - side, 0) // 2
        for count, side in ((rows, height), (columns, width))
    )
    inside = x[:, :, : padded.shape[2] - top, : padded.shape[3] - left]
    padded[:, :, top : top + inside.shape[2], left : left + inside.shape[3]] = inside
    result = np.zeros((n, outputs, rows, columns))
    for i in range(rows):
        for j in range(columns):
            patch = padded[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            if groups == 1:
                result[:, :, i, j] = np.einsum("ncab,ocab->no", patch, weight)
            else:
                result[:, :, i, j] = np.einsum("ncab,cab->nc", patch, weight[:, 0])
    return result


def normalise(x, tensors, name):
    """Batch norm by its averages."""
    scale, bias, mean, variance = (
        np.asarray(tensors[f"{name}.{part}"], np.float64).reshape(1, -1, 1, 1)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + bias


def relu6(x):
    return np.clip(x, 0, 6)


def inverted_residual(x, tensors, name, stride, expansion):
    """One block, whose tensors begin with the name."""
    y = x
    if expansion > 1:
        y = relu6(
            normalise(convolve(y, tensors[name + "_expand_conv.weight"], 1), tensors, name + "_bn0")
        )
    kernel = tensors[name + "_depthwise_conv.weight"]
    y = relu6(normalise(convolve(y, kernel, stride, groups=len(kernel)), tensors, name + "_bn1"))
    y = normalise(convolve(y, tensors[name + "_project_conv.weight"], 1), tensors, name + "_bn2")
    return x + y if y.shape == x.shape else y


def features(pixels, tensors):
    """The 1280 features of pixels [n, h, w, 3] in [0, 255]."""
    x = (np.asarray(pixels, np.float64).transpose(0, 3, 1, 2) - 127) / 128
    x = relu6(normalise(convolve(x, tensors["_conv_stem.weight"], 2), tensors, "_bn0"))
    number = 0
    for count, _, stride, expansion, _, _ in TABLE:
        for i in range(count):
            x = inverted_residual(
                x, tensors, f"_blocks.{number}.", stride if i == 0 else 1, expansion
            )
            number += 1
    x = relu6(normalise(convolve(x, tensors["_conv_head.weight"], 1), tensors, "_bn1"))
    return x.mean(axis=(2, 3))


def random_tensors(rng):
    """A state_dict of the published names and shapes with random values (float32)."""
    tensors = {}

    def add(conv, norm, shape):
        spread = np.sqrt(2 / np.prod(shape[1:]))
        tensors[f"{conv}.weight"] = rng.normal(0, spread, shape).astype(np.float32)
        channels = shape[0]
        for part, low, high in (
            ("weight", 0.5, 1.5), ("bias", -0.5, 0.5), ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 1.5),
        ):  # fmt: skip
            tensors[f"{norm}.{part}"] = rng.uniform(low, high, channels).astype(np.float32)
        tensors[f"{norm}.num_batches_tracked"] = np.array(7)

    add("_conv_stem", "_bn0", (32, 3, 3, 3))
    number = 0
    for count, kernel, _, expansion, first, out in TABLE:
        for i in range(count):
            name, narrow = f"_blocks.{number}.", first if i == 0 else out
            wide = narrow * expansion
            if expansion > 1:
                add(name + "_expand_conv", name + "_bn0", (wide, narrow, 1, 1))
            add(name + "_depthwise_conv", name + "_bn1", (wide, 1, kernel, kernel))
            add(name + "_project_conv", name + "_bn2", (out, wide, 1, 1))
            number += 1
    add("_conv_head", "_bn1", (1280, 320, 1, 1))
    tensors["_fc.weight"] = np.zeros((1000, 1280), np.float32)
    tensors["_fc.bias"] = np.zeros(1000, np.float32)
    return tensors
