"""A contestant that counts how often it was asked."""

import os


def prepare(job):
    print("libraries print what they like")
    if job.get("fails"):
        raise RuntimeError("no such library")
    asked = []

    def measure():
        asked.append(1)
        if len(asked) == job.get("fails_at"):
            raise RuntimeError("out of memory")
        return {"step": float(len(asked)), "threads": os.environ["OMP_NUM_THREADS"],
                "placed": os.environ.get("OMP_PROC_BIND", "anywhere"),
                "waits": os.environ["OMP_WAIT_POLICY"]}  # fmt: skip

    return measure
