"""What the processor can do."""

from __future__ import annotations

import torch


def multiplies_bfloat16(device: str) -> bool:
    """Whether products of bfloat16 numbers have instructions of their own on this device.

    Args:
        device: Such as ``cpu`` or ``cuda:0``.
    """
    if device.startswith("cuda"):
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
