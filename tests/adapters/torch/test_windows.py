"""How convolutions, pools and reshapings slide over positions: as written, and as they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snellen.adapters.torch.model import TorchModel
from snellen.core import Layer, Window, WindowKind


class Made(nn.Module):
    def __init__(self, forward: Callable[[Any, Tensor], Any], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.function = forward

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def layers_of(model: nn.Module, *shape: int) -> dict[str, Layer]:
    held = TorchModel(model, "M", lambda _: True)
    shown = held.look(((torch.rand(*shape),), {}), None, lambda _: None)
    return {layer.name: layer for layer in shown.layers}


def said(window: Window) -> str:
    """`max-pool k2x2 s2x2 on 8x8`."""
    words = [window.kind.value]
    for letter, values in (("k", window.kernel), ("s", window.stride), ("d", window.dilation)):
        if values and not (letter == "d" and set(values) == {1}):
            words.append(letter + "x".join(map(str, values)))
    if any(window.before) or any(window.after):
        words.append(f"pad{list(window.before)}{list(window.after)}")
    if window.padding not in ("zeros", "lowest"):
        words.append(window.padding)
    words += ["ceil"] * window.ceiling
    return " ".join([*words, "on " + "x".join(map(str, window.positions))])


CONVOLUTIONS: dict[str, tuple[nn.Module, tuple[int, ...], str]] = {
    "plain": (nn.Conv2d(3, 4, 3), (3, 8, 9), "conv k3x3 s1x1 on 8x9"),
    "strided": (
        nn.Conv2d(3, 4, 5, stride=(2, 1), padding=(2, 1)), (3, 8, 9),
        "conv k5x5 s2x1 pad[2, 1][2, 1] on 8x9",
    ),
    "same": (
        nn.Conv2d(3, 4, 3, padding="same"), (3, 8, 8), "conv k3x3 s1x1 pad[1, 1][1, 1] on 8x8",
    ),
    "same, even": (
        nn.Conv2d(3, 4, 4, padding="same", dilation=3), (3, 9, 9),
        "conv k4x4 s1x1 d3x3 pad[4, 4][5, 5] on 9x9",
    ),
    "valid": (nn.Conv2d(3, 4, 3, padding="valid"), (3, 8, 8), "conv k3x3 s1x1 on 8x8"),
    "circular": (
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), (3, 8, 8),
        "conv k3x3 s1x1 pad[1, 1][1, 1] circular on 8x8",
    ),
    "reflect, same": (
        nn.Conv2d(3, 4, 2, padding="same", padding_mode="reflect"), (3, 8, 8),
        "conv k2x2 s1x1 pad[0, 0][1, 1] reflect on 8x8",
    ),
    "depthwise": (
        nn.Conv2d(4, 4, 3, groups=4, padding=1), (4, 6, 6),
        "conv k3x3 s1x1 pad[1, 1][1, 1] on 6x6",
    ),
    "1-D": (nn.Conv1d(2, 3, 5, padding=2, stride=2), (2, 20), "conv k5 s2 pad[2][2] on 20"),
    "3-D": (nn.Conv3d(1, 2, (1, 3, 3)), (1, 4, 6, 7), "conv k1x3x3 s1x1x1 on 4x6x7"),
    "transposed": (
        nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1), (3, 5, 6),
        "transposed-conv k3x3 s2x2 pad[-1, -1][0, 0] on 5x6",
    ),
    "transposed, dilated": (
        nn.ConvTranspose1d(3, 4, 3, dilation=2), (3, 5), "transposed-conv k3 s1 d2 on 5",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolutions_window_is_as_written(name: str) -> None:
    module, shape, expected = CONVOLUTIONS[name]
    layer = layers_of(nn.Sequential(module), 2, *shape)["0"]
    assert layer.window is not None
    assert said(layer.window) == expected
    # A padding of its own is no window ahead of it.
    assert layer.paths == ((),)


def pool(kind: str, *args: Any, **kwargs: Any) -> nn.Module:
    return getattr(nn, kind)(*args, **kwargs)


def two(between: Callable[[Tensor], Tensor], head: nn.Module | None = None) -> nn.Module:
    """Two convolutions with something between them."""
    last = head or nn.Conv2d(4, 2, 1)
    return Made(lambda m, x: m.b(between(F.relu(m.a(x)))), a=nn.Conv2d(3, 4, 1), b=last)


DENSE = nn.LazyLinear(3)
POOLS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "nothing": (lambda x: x * 2, ""),
    "MaxPool2d": (nn.MaxPool2d(2), "max-pool k2x2 s2x2 on 8x8"),
    "F.max_pool2d": (
        lambda x: F.max_pool2d(x, 3, 2, 1), "max-pool k3x3 s2x2 pad[1, 1][1, 1] on 8x8",
    ),
    "torch.max_pool2d": (lambda x: torch.max_pool2d(x, [2, 4]), "max-pool k2x4 s2x4 on 8x8"),
    "with indices": (
        lambda x: nn.MaxPool2d(2, return_indices=True)(x)[0], "max-pool k2x2 s2x2 on 8x8",
    ),
    "ceil": (nn.MaxPool2d(3, ceil_mode=True), "max-pool k3x3 s3x3 ceil on 8x8"),
    "dilated": (nn.MaxPool2d(2, dilation=2, stride=1), "max-pool k2x2 s1x1 d2x2 on 8x8"),
    "AvgPool2d": (
        nn.AvgPool2d(3, 2, 1, ceil_mode=True), "average-pool k3x3 s2x2 pad[1, 1][1, 1] ceil on 8x8",
    ),
    "LPPool2d": (nn.LPPool2d(2, 2), "average-pool k2x2 s2x2 on 8x8"),
    "two pools": (
        lambda x: F.avg_pool2d(F.max_pool2d(x, 2), 2),
        "max-pool k2x2 s2x2 on 8x8, average-pool k2x2 s2x2 on 4x4",
    ),
    "adaptive to 4": (nn.AdaptiveAvgPool2d(4), "average-pool k2x2 s2x2 on 8x8"),
    "adaptive to 3": (nn.AdaptiveMaxPool2d(3), "other on 8x8"),
    "adaptive to itself": (nn.AdaptiveAvgPool2d(8), ""),
    "adaptive to 1": (nn.AdaptiveAvgPool2d(1), "global-pool on 8x8"),
    "adaptive, one axis": (nn.AdaptiveMaxPool2d((1, None)), "max-pool k8x1 s8x1 on 8x8"),
    "average of all": (nn.AvgPool2d(8), "global-pool on 8x8"),
    "mean, kept": (lambda x: x.mean((2, 3), keepdim=True), "global-pool on 8x8"),
    "amax, kept": (lambda x: x.amax(dim=[-1, -2], keepdim=True), "global-pool on 8x8"),
    "mean over channels": (lambda x: x * x.mean(1, keepdim=True), ""),
    "upsample": (nn.Upsample(scale_factor=2), "upsample k1x1 s2x2 on 8x8"),
    "bilinear": (
        lambda x: F.interpolate(x, size=(16, 24), mode="bilinear"), "upsample k2x2 s2x3 on 8x8",
    ),
    "interpolated down": (lambda x: F.interpolate(x, size=5), "other on 8x8"),
    "interpolated to itself": (lambda x: F.interpolate(x, size=8), ""),
    "pixel shuffle": (
        lambda x: nn.PixelShuffle(2)(x).repeat(1, 4, 1, 1), "pixel-shuffle s2x2 on 8x8",
    ),
    "F.pad": (lambda x: F.pad(x, (1, 2, 3, 4)), "pad pad[3, 1][4, 2] on 8x8"),
    "ZeroPad2d": (nn.ZeroPad2d(1), "pad pad[1, 1][1, 1] on 8x8"),
    "ReflectionPad2d": (nn.ReflectionPad2d(1), "pad pad[1, 1][1, 1] reflect on 8x8"),
    "padded channels": (lambda x: F.pad(x, (0, 0, 0, 0, 1, 1))[:, :4], ""),
    "F.pad, cropping": (lambda x: F.pad(x, (-1, -1, 0, -2)), "crop pad[0, -1][-2, -1] on 8x8"),
    "sliced": (lambda x: x[:, :, 1:-1, 2:], "crop pad[-1, -2][-1, 0] on 8x8"),
    "sliced by ...": (lambda x: x[..., 1:7], "crop pad[0, -1][0, -1] on 8x8"),
    "narrowed": (lambda x: x.narrow(2, 1, 4), "crop pad[-1, 0][-3, 0] on 8x8"),
    "every other": (lambda x: x[:, :, ::2, 1::2], "max-pool k1x1 s2x2 pad[0, -1][-1, 0] on 8x8"),
    "some channels": (lambda x: torch.cat([x[:, 2:], x[:, :2]], 1), ""),
    "chunks": (lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), ""),
    "channel shuffle": (lambda x: x.view(2, 2, 2, 8, 8).transpose(1, 2).reshape(2, 4, 8, 8), ""),
    "there and back": (lambda x: x.flatten(2).transpose(1, 2).transpose(1, 2).view(2, 4, 8, 8), ""),
    "channels last and back": (
        lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (4,)).permute(0, 3, 1, 2), "",
    ),
    "turned": (lambda x: x.transpose(2, 3), "other on 8x8"),
    "flipped": (lambda x: x.flip(3), "other on 8x8"),
    "attention": (lambda x: x @ x.softmax(-1), "other on 8x8"),
    "side by side": (lambda x: torch.cat([x, x], 3), "other on 8x8"),
    "the longer way": (
        lambda x: x + F.interpolate(F.max_pool2d(x, 2), scale_factor=2),
        "max-pool k2x2 s2x2 on 8x8, upsample k1x1 s2x2 on 4x4",
    ),
    "a gate": (lambda x: x * x.mean((2, 3))[:, :, None, None], "global-pool on 8x8"),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_windows_between_convolutions_are_as_written(name: str) -> None:
    between, expected = POOLS[name]
    layer = layers_of(two(between), 2, 3, 8, 8)["b"]
    assert layer.inputs == ("a",)
    assert ", ".join(said(window) for window in layer.paths[0]) == expected


ENDS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "flatten": (nn.Flatten(), "flatten on 8x8"),
    "x.view": (lambda x: x.view(len(x), -1), "flatten on 8x8"),
    "x.reshape": (lambda x: x.reshape(-1, 256), "flatten on 8x8"),
    "pooled and flattened": (
        lambda x: F.max_pool2d(x, 2).flatten(1), "max-pool k2x2 s2x2 on 8x8, flatten on 4x4",
    ),
    "global pool": (lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), "global-pool on 8x8"),
    "global pool, squeezed": (
        lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1), "global-pool on 8x8",
    ),
    "mean": (lambda x: x.mean((2, 3)), "global-pool on 8x8"),
    "mean of means": (lambda x: x.mean(-1).mean(-1), "global-pool on 8x8"),
    "mean of a row": (lambda x: x.flatten(2).mean(-1), "global-pool on 8x8"),
    "largest": (lambda x: x.view(2, 4, -1).max(2)[0], "global-pool on 8x8"),
    "sum, channels last": (lambda x: x.permute(0, 2, 3, 1).sum((1, 2)), "global-pool on 8x8"),
    "dropout": (lambda x: F.dropout(x.flatten(1), 0.5), "flatten on 8x8"),
    "per position": (lambda x: x.permute(0, 2, 3, 1), ""),
    "tokens": (lambda x: x.flatten(2).transpose(1, 2), "other on 8x8"),
    "over positions": (lambda x: x.flatten(2), "flatten on 8x8"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_windows_before_a_dense_layer_are_as_written(name: str) -> None:
    between, expected = ENDS[name]
    width = between(torch.rand(2, 4, 8, 8)).shape[-1]
    layer = layers_of(two(between, nn.Linear(width, 3)), 2, 3, 8, 8)["b"]
    assert ", ".join(said(window) for window in layer.paths[0]) == expected


def test_paths_follow_the_inputs() -> None:
    def forward(m: Any, x: Tensor) -> Tensor:
        a = F.relu(m.a(x))
        b = F.relu(m.b(F.max_pool2d(a, 2)))
        return m.c(torch.cat([F.interpolate(b, scale_factor=2), a, x], 1))

    model = Made(
        forward, a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(4, 5, 1), c=nn.Conv2d(12, 2, 1)
    )  # fmt: skip
    layers = layers_of(model, 2, 3, 8, 8)
    assert layers["a"].inputs == ()
    assert layers["a"].paths == ((),)
    assert layers["c"].inputs == ("a", "b")
    assert [[w.kind.value for w in path] for path in layers["c"].paths] == [[], ["upsample"]]


def test_an_activation_of_its_own_stands_between() -> None:
    model = Made(
        lambda m, x: m.c(F.relu(F.max_pool2d(m.a(x) + m.b(x), 2))),
        a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 4, 1), c=nn.Conv2d(4, 2, 1),
    )  # fmt: skip
    layers = layers_of(model, 2, 3, 8, 8)
    assert [[w.kind.value for w in path] for path in layers["Made"].paths] == [["max-pool"]] * 2
    assert layers["c"].paths == ((),)


def test_what_reads_a_lost_tensor_has_no_known_path() -> None:
    model = Made(
        lambda m, x: m.b(torch.tensor(m.a(x).detach().tolist())),
        a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(4, 2, 1),
    )  # fmt: skip
    assert layers_of(model, 2, 3, 4, 4)["b"].paths == ()


@pytest.mark.parametrize("shape", [(784,), (28, 28)])
def test_images_that_are_reshaped_first_keep_their_positions(shape: tuple[int, ...]) -> None:
    model = Made(lambda m, x: m.a(x.view(-1, 1, 28, 28)), a=nn.Conv2d(1, 2, 3))
    layer = layers_of(model, 2, *shape)["a"]
    assert layer.window is not None
    assert layer.window.positions == (28, 28)
    assert layer.inputs == ()
    assert layer.paths == ((),)


SLIDING = [name for name, (module, _, _) in CONVOLUTIONS.items() if "3-D" not in name]
POOLED = ["MaxPool2d", "F.max_pool2d", "ceil", "dilated", "AvgPool2d", "every other", "sliced"]
POOLED += ["F.pad", "pixel shuffle", "upsample", "F.pad, cropping", "adaptive, one axis"]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", [*SLIDING, *POOLED])
def test_a_window_reads_what_the_function_really_reads(name: str) -> None:
    if name in CONVOLUTIONS:
        module, shape, _ = CONVOLUTIONS[name]
        window = layers_of(nn.Sequential(module), 1, *shape)["0"].window
    else:
        module, shape = Made(lambda _, x: POOLS[name][0](x)), (4, 8, 8)
        ((window,),) = layers_of(two(POOLS[name][0]), 2, 3, 8, 8)["b"].paths
    assert window is not None
    for axis in range(len(shape) - 1):
        assert np.array_equal(by_window(window, axis, module, shape), really(axis, module, shape))


def really(axis: int, module: nn.Module, shape: tuple[int, ...]) -> Any:
    """`(inputs, outputs)` along one axis: a NaN at an input spoils the outputs that read it."""
    rows: list[Any] = []
    for i in range(shape[axis + 1]):
        x = torch.rand(2, *shape)
        x.select(axis + 2, i).fill_(torch.nan)
        with torch.no_grad():
            spoilt = torch.isnan(module(x))[0]
        others = [d for d in range(spoilt.ndim) if d != axis + 1]
        rows.append(spoilt.amax(others).numpy())
    return np.array(rows)


def by_window(window: Window, axis: int, module: nn.Module, shape: tuple[int, ...]) -> Any:
    """The same, one tap of the window at a time."""
    size = shape[axis + 1]
    with torch.no_grad():
        outputs = module(torch.rand(2, *shape)).shape[axis + 2]
    found = np.zeros((size, outputs), bool)
    before = window.before[axis] if window.before else 0
    stride = window.stride[axis] if window.stride else 1
    kernel = window.kernel[axis] if window.kernel else 1
    dilation = window.dilation[axis] if window.dilation else 1
    for out in range(outputs):
        for tap in range(kernel):
            if window.kind is WindowKind.TRANSPOSED_CONV:
                place, remainder = divmod(out - before - tap * dilation, stride)
                if remainder:
                    continue
            elif window.kind in (WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE):
                place = out // stride
            else:
                place = out * stride - before + tap * dilation
            if window.padding == "circular":
                place %= size
            if window.padding == "reflect":
                place = size - 2 - (place - size) if place >= size else abs(place)
            if 0 <= place < size:
                found[place, out] = True
    return found
