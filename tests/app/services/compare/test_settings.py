"""Settings in which runs differ, options of baselines among them."""

from __future__ import annotations

from app.services.compare.settings import differences
from app.services.store import load_run
from core.config import RunConfig
from tests.run_folder import write_run


def test_options_of_baselines_are_told_apart_with_their_meaning(workspace):
    made = {
        "ours": RunConfig(),
        "mild": RunConfig(method="r-ce"),
        "steep": RunConfig(method="r-ce", method_options={"alpha": 0.5}),
    }
    for name, config in made.items():
        write_run(workspace, name, {"settings": config.model_dump(mode="json")})
    table = differences([load_run(workspace, name) for name in made]).set_index("name")
    row = table.loc["method_options.alpha"]
    assert row[["ours", "mild", "steep"]].tolist() == ["–", "0.2", "0.5"]
    assert row["meaning"].startswith("Exponent of the model's confidence")
    assert row["part"] == "setting"
    assert table.loc["method", ["ours", "mild"]].tolist() == ["llmhni", "r-ce"]
