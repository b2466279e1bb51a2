"""What is left after a crash, on a full disk, in a damaged file: earlier labels, and no halves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.services import database
from core.errors import DataError

ROOT = Path(__file__).resolve().parents[4]
START = """
import os, resource, sys
from pathlib import Path
import pandas as pd
from app.services import database
from app.services.labels import current, events
from core.errors import DataError

def say(number, note=""):
    context = events.Context("ann", "d", "card", client="w")
    decision = events.Decision("u", f"i{number}", True, "hard", number, note)
    return events.record(connection.cursor(), context, [decision])

connection = database.connect(Path(sys.argv[1]))
database.prepare(connection)
"""
ONE_BY_ONE = (
    START
    + """
for number in range(100_000):
    say(number)
    print(number, flush=True)
"""
)
BULK = (
    START
    + """
for number in range(5):
    say(number)
frame = pd.DataFrame({
    "user_id": [f"u{n // 10}" for n in range(200_000)],
    "item_id": [f"i{n}" for n in range(200_000)], "observed": True,
})
print("begin", flush=True)
events.record_table(connection.cursor(), events.Context("ann", "d", "bulk"), frame, "noisy", "b")
print("done", flush=True)
sys.stdin.read()
"""
)
FULL = (
    START
    + """
for number in range(5):
    say(number)
size = os.path.getsize(Path(sys.argv[1]) / "workspace.duckdb.wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))
try:
    for number in range(5, 50):
        say(number, "x" * 300)
except DataError as error:
    print(number, error, flush=True)
found = current.own(connection.cursor(), "d", "ann")
print(len(found), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
if not database.works(connection):
    connection.close()
    connection = database.connect(Path(sys.argv[1]))
print(say(number).n_written, say(number).n_known, flush=True)
"""
)
READ_ONLY = (
    START
    + """
for number in range(5):
    say(number)
connection.execute("CHECKPOINT")
os.chmod(sys.argv[1], 0o555)
if os.geteuid() == 0:
    os.seteuid(65534)  # who may write anywhere learns nothing from a folder that is read-only
try:
    say(5)
except DataError as error:
    print(error, flush=True)
print(len(current.own(connection.cursor(), "d", "ann")), flush=True)
"""
)


def child(code, folder, **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def events_in(folder):
    with database.connect(folder) as connection:
        database.prepare(connection)
        return connection.execute('SELECT * EXCLUDE ("at") FROM label_event ORDER BY seq').df()


def can_go_on(folder, n):
    """One more label gets a number of its own."""
    done = subprocess.run(
        [sys.executable, "-c", START + "print(say(10**6).n_written)", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout == "1\n" and len(events_in(folder)) == n + 1


def test_labels_that_were_recorded_survive_a_kill(tmp_path):
    with child(ONE_BY_ONE, tmp_path) as writer:
        told = [int(writer.stdout.readline()) for _ in range(25)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines()]
    found = events_in(tmp_path)
    # All that it told of, and at most the one that it had no time to tell of.
    assert len(told) <= len(found) <= len(told) + 1
    assert found["item_id"].tolist() == [f"i{number}" for number in range(len(found))]
    assert found["seq"].is_unique
    assert found[["new", "who", "batch", "cid"]].notna().all().all()
    assert can_go_on(tmp_path, len(found))


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6])
def test_a_bulk_that_is_killed_is_there_whole_or_not_at_all(tmp_path, seconds):
    with child(BULK, tmp_path) as writer:
        assert writer.stdout.readline() == "begin\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        told = writer.stdout.read()
    found = events_in(tmp_path)
    assert len(found) in ((200_005,) if told else (5, 200_005))
    assert found["item_id"].head(5).tolist() == [f"i{number}" for number in range(5)]
    assert can_go_on(tmp_path, len(found))


def test_a_bulk_that_was_told_of_survives_a_kill(tmp_path):
    with child(BULK, tmp_path) as writer:
        assert [writer.stdout.readline() for _ in range(2)] == ["begin\n", "done\n"]
        writer.send_signal(signal.SIGKILL)
    assert len(events_in(tmp_path)) == 200_005


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path):
    with child(FULL, tmp_path) as writer:
        failed = writer.stdout.readline()
        n_left, (n_written, n_known) = writer.stdout.readline(), writer.stdout.readline().split()
    number, said = failed.split(" ", 1)
    assert "nothing of it was" in said
    assert "The disk is full" in said
    assert int(n_left) == int(number)  # 0 .. number - 1, all whole
    assert (n_written, n_known) == ("1", "1")  # with room again, it goes on
    assert events_in(tmp_path)["item_id"].tolist() == [f"i{n}" for n in range(int(number) + 1)]


def test_a_folder_that_became_read_only_is_told(tmp_path):
    folder = tmp_path / "workspace"
    try:
        with child(READ_ONLY, folder) as writer:
            said, n_left = writer.stdout.readline(), writer.stdout.readline()
    finally:
        os.chmod(folder, 0o755)
    assert "can be written to" in said
    assert n_left == "5\n"
    assert len(events_in(folder)) == 5


def test_a_database_that_another_process_holds_names_it(tmp_path):
    with child(BULK, tmp_path) as holder:
        holder.stdout.readline()
        with pytest.raises(DataError, match=f"in use by process {holder.pid}"):
            database.connect(tmp_path)
        holder.stdin.close()
        holder.wait()
    assert len(events_in(tmp_path)) == 200_005


@pytest.mark.parametrize("damage", ["text", "header", "cut"])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path, damage):
    path = tmp_path / database.NAME
    events_in(tmp_path)
    whole = path.read_bytes()
    broken = {"text": b"no database" * 1000, "header": b"\x00" * 64 + whole[64:], "cut": whole[:99]}
    path.write_bytes(broken[damage])
    with pytest.raises(DataError, match=r"Nothing was changed. Move it away"):
        database.connect(tmp_path)
    assert path.read_bytes() == broken[damage]
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_workspace_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be opened"):
        database.connect(tmp_path / "file" / "workspace")
