"""What both sides are given, in the words of each side.

RecBole's early stop counts one evaluation more than ours before it stops, its LightGCN has our
decay if ``require_pow`` is set, and its SGL has a decay of another form, so SGL has none at all.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from benchmarks.recbole_shared import SHARED
from core.config import Settings

METHODS: Final = {"lightgcn": "bpr", "sgl": "sgl", "simgcl": "simgcl"}
"""Name here -> name in our table of methods."""
MODELS: Final = {"lightgcn": "LightGCN", "sgl": "SGL", "simgcl": "SimGCL"}
"""Name here -> name for RecBole's side."""


class Matched(Settings):
    """Hyper-parameters of both sides."""

    embedding_size: PositiveInt = 64
    """D."""
    n_layers: PositiveInt = 3
    """Propagation steps."""
    init_std: PositiveFloat = 0.1
    """Standard deviation of the normal initial embeddings."""
    learning_rate: PositiveFloat = 5e-3
    """Adam step size."""
    batch_size: PositiveInt = 2048
    """Positives per step, each with one uniform negative."""
    weight_decay: NonNegativeFloat = 1e-5
    """Weight of half the squared norm of the batch's rows over B; SGL: none."""
    epochs: PositiveInt = 120
    """Upper bound of epochs."""
    eval_every: PositiveInt = 5
    """Epochs between two evaluations on validation."""
    patience: PositiveInt = 5
    """Evaluations without a better Recall@20 on validation before stopping."""
    simgcl_patience: PositiveInt = 24
    """The same for SimGCL, whose recall falls for some dozens of epochs before it rises for good:
    a shorter patience stops some seeds in that dip, on either side."""
    drop_rate: float = Field(0.1, ge=0.0, lt=1.0)
    """SGL: share of edges dropped from each view."""
    sgl_weight: NonNegativeFloat = 0.01
    """SGL: weight of the contrast beside BPR."""
    simgcl_weight: NonNegativeFloat = 0.001
    """SimGCL: weight of the contrast beside BPR."""
    epsilon: NonNegativeFloat = 0.1
    """SimGCL: length of the noise."""
    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of both contrasts."""

    def decay_of(self, method: str) -> float:
        """Weight decay of a method."""
        return 0.0 if method == "sgl" else self.weight_decay

    def patience_of(self, method: str) -> int:
        """Evaluations that a method may wait."""
        return self.simgcl_patience if method == "simgcl" else self.patience

    def options_of(self, method: str) -> dict[str, float]:
        """Settings of our method."""
        if method == "sgl":
            own = {"drop_rate": self.drop_rate, "weight": self.sgl_weight}
            return own | {"temperature": self.temperature}
        if method == "simgcl":
            own = {"epsilon": self.epsilon, "weight": self.simgcl_weight}
            return own | {"temperature": self.temperature}
        return {}


def recbole_config(matched: Matched, method: str, seed: int, folder: str) -> dict[str, Any]:
    """RecBole's configuration that means the same.

    Args:
        matched: Hyper-parameters.
        method: Key of :data:`MODELS`.
        seed: Of RecBole's own draws; draws of the two sides are never the same.
        folder: Where the atomic files are.
    """
    own: dict[str, Any] = {}
    if method == "sgl":
        own = {"type": "ED", "drop_ratio": matched.drop_rate, "ssl_tau": matched.temperature}
        own |= {"ssl_weight": matched.sgl_weight}
    elif method == "simgcl":
        own = {"epsilon": matched.epsilon, "temperature": matched.temperature}
        own |= {"weight": matched.simgcl_weight}
    return (
        own
        | SHARED
        | {
            "data_path": folder,
            "learner": "adam",
            "learning_rate": matched.learning_rate,
            "train_batch_size": matched.batch_size,
            "epochs": matched.epochs,
            "eval_step": matched.eval_every,
            "stopping_step": matched.patience_of(method) - 1,
            "embedding_size": matched.embedding_size,
            "n_layers": matched.n_layers,
            "reg_weight": matched.decay_of(method),
            "weight_decay": 0.0,
            "clip_grad_norm": None,
            "seed": seed,
            "show_progress": False,
            "save_dataset": False,
            "save_dataloaders": False,
            "log_wandb": False,
            "checkpoint_dir": folder,
        }
    )
