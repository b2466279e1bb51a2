"""All pages: addresses, themes, the way between them, and what the app's process is made of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.services import environment
from benchmarks.browser import PAGES
from tests.browser.world import DATASET, OLDER

HEAVY = ("torch", "umap", "numba", "sentence_transformers", "sklearn", "scipy")
ENGINE = tuple(name for name in HEAVY if name != "scipy")
"""What no page loads. The page Study tests by Student's t and takes that from scipy."""
MOST_MB = 1000
WITH_TITLES = (
    ("", {}),
    ("losses", {"ls_view": "Loss curves"}),
    ("flagged", {}),
    ("graph_diff", {"gd_user": "u03"}),
    ("graph_diff", {"gd_view": "Changed edges"}),
    ("data", {"da_set": DATASET, "da_tab": "Items", "da_item": "i05"}),
    ("method", {}),
)
"""Pages where titles of items are on show."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_by_its_address(screen, scheme):
    for path in PAGES:
        screen.open(path)
        ground = screen.page.locator('[data-testid="stApp"]').evaluate(
            "element => getComputedStyle(element).backgroundColor"
        )
        red = int(re.findall(r"\d+", ground)[0])
        assert red > 200 if scheme == "light" else red < 60
        screen.page.locator("[data-testid='stSidebar'] input[value*='browser']").wait_for()


def test_the_sidebar_keeps_run_and_review_list(screen):
    screen.open("losses", run=OLDER, ls_view="Loss curves")
    screen.press("Review them")
    screen.title("Flagged interactions")
    screen.until(lambda: {"run", "list"} <= set(screen.query))
    kept = {name: screen.query[name] for name in ("run", "list")}
    assert kept["run"] == [OLDER]
    listed = screen.says(" of 540 interactions")
    for title in ("Overview", "Loss distributions", "Semantic map", "Graph diff", "Data", "Method"):
        screen.go(title)
        screen.shows(lambda: {name: screen.query.get(name) for name in kept}, kept)
    screen.go("Flagged interactions")
    screen.shows(lambda: screen.query.get("list"), kept["list"])
    screen.shows(lambda: screen.says(" of 540 interactions"), listed)


def test_a_reload_shows_what_a_review_list_showed(screen):
    screen.open("losses", ls_view="Loss curves", ls_order="Lowest loss")
    screen.press("Review them")
    screen.title("Flagged interactions")
    listed = screen.says(" of 540 interactions")
    screen.page.reload()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.says(" of 540 interactions"), listed)


def test_back_and_reload_keep_the_filters(screen):
    screen.open("flagged")
    screen.write("fl_text", "ghost")
    found = screen.says(" of 540 interactions")
    screen.until(lambda: screen.query.get("fl_text") == ["ghost"])
    screen.page.reload()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.says(" of 540 interactions"), found)
    screen.go("Method")
    screen.page.go_back()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.query.get("fl_text"), ["ghost"])
    screen.shows(lambda: screen.says(" of 540 interactions"), found)
    assert screen.page.locator(".st-key-fl_text input").input_value() == "ghost"


def test_titles_of_the_data_stay_text(screen):
    for path, query in WITH_TITLES:
        screen.open(path, **query)
        screen.until(lambda: "onerror" in screen.page.content())  # it is there, in letters
        main = screen.page.get_by_test_id("stMain")
        for working in ("img[src='x']", "a[href*='evil']", ".katex", "b:text-is('b')"):
            assert main.locator(working).count() == 0, (path, working)
        assert main.locator("strong").filter(has_text="bold").count() == 0, path
        shown = main.locator("[data-testid='stText'], td, svg text").filter(has_text="<b>b</b><i")
        assert shown.count(), path


def test_the_server_stays_light_and_never_loads_the_engine(screen, server):
    """After every page was seen: the engine's libraries are not mapped into the process."""
    screen.open()
    for title in list(PAGES.values())[1:]:
        screen.go(title)
    process = Path(f"/proc/{server.pid}")
    if not process.is_dir():
        pytest.skip("only Linux says what a process has loaded")
    loaded = (process / "maps").read_text()
    found = [name for name in ENGINE if f"/site-packages/{name}/" in loaded]
    assert not found
    resident = int(re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())[1]) / 1024
    assert resident < MOST_MB


def test_no_page_imports_the_engine(world, tmp_path):
    """The same by name: drawing all pages leaves the engine's modules out, far from the project."""
    code = f"""
import sys
sys.path.insert(0, {str(environment.ROOT)!r})
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(environment.ROOT / "app" / "main.py")!r}, default_timeout=120).run()
for name in ("losses", "semantic_map", "flagged", "graph_diff", "data", "method", "judge"):
    app.switch_page(f"../pages/{{name}}.py").run()
    assert not app.exception, (name, app.exception)
print("heavy:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    variables = environment.with_defaults({environment.WORKSPACE_VARIABLE: str(world)})
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().endswith("heavy: []")
