"""One training by RecBole, in RecBole's own environment: ``python recbole_runner.py JOB OUT``.

Started by :mod:`benchmarks.recbole_parity`; imports nothing of the workbench. RecBole is used as
installed: its data set, loaders, samplers, models, trainer and evaluation. From outside come:

* the initial embeddings, normal instead of Xavier: a setting of ours and none of RecBole's;
* the best epoch, kept in memory: RecBole's checkpoint cannot be read by PyTorch 2.6 and later;
* SimGCL, which RecBole 1.2.1 does not have: :func:`simgcl` writes it from the equations.

``quick_start``, the one module that needs ray, is not imported.
"""

from __future__ import annotations

import copy
import importlib.metadata
import json
import logging
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import LightGCN
from recbole.utils import get_model, get_trainer, init_seed
from torch.nn import functional

PACKAGES = ("recbole", "torch", "numpy", "scipy", "pandas")


def simgcl() -> type[LightGCN]:
    """SimGCL from its equations, on RecBole's LightGCN (Yu et al., SIGIR 2022)."""

    class SimGCL(LightGCN):
        """Layers 1..K without layer 0; two noisy passes are contrasted within the batch."""

        def __init__(self, config: Config, dataset: Any) -> None:  # noqa: ANN401
            super().__init__(config, dataset)
            self.epsilon, self.tau = config["epsilon"], config["temperature"]
            self.weight = config["weight"]

        def forward(self, noisy: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
            """Users and items, each ``(n, D)``."""
            layer, total = self.get_ego_embeddings(), 0.0
            for _ in range(self.n_layers):
                layer = torch.sparse.mm(self.norm_adj_matrix, layer)
                if noisy:  # eq. 8: length epsilon, in the orthant of the vector
                    noise = functional.normalize(torch.rand_like(layer), dim=1)
                    layer = layer + self.epsilon * noise * layer.sign()
                total = total + layer
            return torch.split(total / self.n_layers, [self.n_users, self.n_items])

        def calculate_loss(self, interaction: Any) -> torch.Tensor:  # noqa: ANN401
            """BPR and decay as of LightGCN, plus weight * InfoNCE (eq. 9 and 10)."""
            loss = super().calculate_loss(interaction)
            first, second = self.forward(noisy=True), self.forward(noisy=True)
            for side, field in enumerate((self.USER_ID, self.ITEM_ID)):
                node = torch.unique(interaction[field])
                left = functional.normalize(first[side][node], dim=1)
                right = functional.normalize(second[side][node], dim=1)
                logits = left @ right.T / self.tau
                loss = loss + self.weight * functional.cross_entropy(
                    logits, torch.arange(len(node))
                )
            return loss

    return SimGCL


def train(job: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Train one model as the job says.

    Returns:
        What was measured, and the users and items of the best epoch in the order of our numbers.
    """
    logging.disable(logging.CRITICAL)
    sys.argv = sys.argv[:1]  # RecBole reads the command line by itself
    from_equations = job["model"] == "SimGCL"
    config = Config(
        "LightGCN" if from_equations else job["model"], job["data"], None, job["config"]
    )
    init_seed(config["seed"], config["reproducibility"])
    loaders = data_preparation(config, create_dataset(config))
    dataset = loaders[0].dataset
    init_seed(config["seed"], config["reproducibility"])
    model = (simgcl() if from_equations else get_model(job["model"]))(config, dataset)
    if job["init_std"] is not None:
        for table in (model.user_embedding, model.item_embedding):
            torch.nn.init.normal_(table.weight, std=job["init_std"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    best: dict[str, Any] = {}

    def keep(epoch: int, **_: Any) -> None:  # noqa: ANN401
        best.update(epoch=epoch + 1, state=copy.deepcopy(model.state_dict()))

    trainer._save_checkpoint = keep
    wall, cpu = time.perf_counter(), time.process_time()
    best_valid, _ = trainer.fit(loaders[0], loaders[1], verbose=False, saved=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    model.load_state_dict(best["state"])
    model.restore_user_e = model.restore_item_e = (
        None  # computed from the weights of the last epoch
    )
    found = trainer.evaluate(loaders[2], load_best_model=False)
    n_epochs = len(trainer.train_loss_dict)
    result = {
        "recall20": float(found["recall@20"]),
        "ndcg20": float(found["ndcg@20"]),
        "valid_recall20": float(best_valid),
        "best_epoch": best["epoch"],
        "n_epochs": n_epochs,
        "epoch_seconds": wall / n_epochs,
        "epoch_cpu_seconds": cpu / n_epochs,
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    users = _ordered(model.restore_user_e, dataset, dataset.uid_field)
    return result, users, _ordered(model.restore_item_e, dataset, dataset.iid_field)


def _ordered(table: torch.Tensor, dataset: Any, field: str) -> np.ndarray:  # noqa: ANN401
    """Rows by the number that is each one's token; RecBole's row 0 is padding."""
    token = dataset.id2token(field, np.arange(1, len(table))).astype(np.int64)
    ordered = np.empty((len(token), table.shape[1]), np.float32)
    ordered[token] = table[1:].detach().numpy()
    return ordered


def main() -> None:
    """Read the job, train, write what was found beside the vectors."""
    job, out = Path(sys.argv[1]), Path(sys.argv[2])
    result, users, items = train(json.loads(job.read_text("utf-8")))
    np.savez(out.with_suffix(".npz"), user=users, item=items)
    out.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
