"""PyTorch: sees steps, batches, losses and maps through hooks that leave nothing behind."""

from snellen.adapters.torch.adapter import BOUNDARIES as BOUNDARIES
from snellen.adapters.torch.adapter import TorchAdapter as TorchAdapter
