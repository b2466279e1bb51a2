"""A real worker process over a pipeline that waits for files: what the queue and cancel are of.

Run as a script: ``queued_worker.py [--deaf] ARGUMENTS OF THE COMMAND LINE``.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    sys.path.insert(0, str(ROOT))
    from app import cli  # noqa: PLC0415 - the path is set before
    from core.types import Progress  # noqa: PLC0415
    from tests.app.fake_pipeline import FakePipeline  # noqa: PLC0415

    deaf = "--deaf" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--deaf"]
    fake = FakePipeline()
    usual = fake.run_pipeline

    def run_pipeline(dataset, config, folder, cache, on_progress, **given):
        """Work until a file ``go`` lies in the run folder, in steps that are kept."""
        kept = folder / "stages" / "epochs"
        kept.parent.mkdir(exist_ok=True)
        epoch = int(kept.read_text()) if kept.exists() else 0
        while not (folder / "go").exists():
            if deaf:
                time.sleep(60)
            epoch += 1
            kept.write_text(str(epoch))
            values = {"epoch": float(epoch), "loss": 1.0 / epoch}
            on_progress(Progress("pretrain", min(0.9, epoch / 100), values))
            time.sleep(0.05)
        return usual(dataset, config, folder, cache, on_progress, **given)

    fake.run_pipeline = run_pipeline
    sys.modules["core.pipeline"] = fake
    signal.signal(signal.SIGTERM, cli._interrupt)
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
