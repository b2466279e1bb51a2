"""What was drawn on the CPU, on the way to where the model is.

Draws are made on the CPU so that a seed means the same on every device. A plain copy to a GPU makes
the host wait until the steps before it are done; from pinned memory it takes its place behind them.
"""

from __future__ import annotations

import torch
from torch import Tensor


def to_device(value: Tensor, device: torch.device) -> Tensor:
    """The same values on a device, any shape; the host does not wait for a GPU."""
    if device.type == "cuda" and value.device.type == "cpu":
        return value.pin_memory().to(device, non_blocking=True)
    return value.to(device)
