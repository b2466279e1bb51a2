"""How long people wait for the pages: first views, filters, turned pages, lassos; and memory.

``python -m benchmarks.pages --workspace DIR`` opens the newest run of the workspace in Chromium,
does what people do and writes docs/results/pages.md. Without ``--workspace`` it measures the
sample (if it was run) and a large invented run, which is written once. Times begin with the
click, in the browser, and end when script and figures are done.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from app.services import environment, store
from benchmarks import large_run, pages_report
from benchmarks.browser import DRAWN, PAGES, Server, launch, serve
from benchmarks.pages_report import Measured

OUT: Final = environment.ROOT / "docs" / "results" / "pages.md"
LARGE: Final = environment.ROOT / "workspace" / "large"
TIMEOUT_MS: Final = 180_000
START: Final = "data"
"""The page with which the app is opened."""
LIMIT_MS: Final = 90_000
WATCH: Final = f"""({{ event, title }}) => new Promise((done) => {{
  const drawn = {DRAWN};
  const app = () => document.querySelector('[data-testid="stApp"]');
  const map = () => document.querySelector('.map')?.dataset.seen;
  const before = map();
  let [start, ran, since] = [event ? null : 0, !event, null];
  if (event) {{
    document.addEventListener(event, () => {{ start = performance.now(); }}, {{ capture: true }});
    new MutationObserver(() => {{
      if (start !== null) ran = true;
    }}).observe(document.body, {{
      // A script that is done at once leaves no trace in the state of the app, only on the page;
      // what moves before it begins is not taken for an answer: 300 ms must pass in peace.
      subtree: true, childList: true, characterData: true,
      attributes: true, attributeFilter: ['data-test-script-state'],
    }});
  }}
  const look = () => {{
    const right = document.querySelector('h1')?.innerText.trim() === title;
    const told = !event || event === 'click' || !before || map() !== before;
    if (start !== null && ran && right && told && drawn()) {{
      since ??= performance.now();
      if (performance.now() - since > 300) return done((since - start) / 1000);
    }} else since = null;
    if (performance.now() - begun > {LIMIT_MS}) return done(null);
    requestAnimationFrame(look);
  }};
  const begun = performance.now();
  look();
}})"""
"""Seconds from an event (or from the start of the page) until the page of this title is drawn.

After an event that changes the map, until the map shows it: its state is another one.
"""


STATE: Final = """() => JSON.stringify({
  title: document.querySelector('h1')?.innerText,
  script: document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState,
  stale: document.querySelectorAll('[data-stale="true"]').length,
  plots: [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].map(
    (plot) => !!plot.querySelector('.main-svg')),
  tables: [...document.querySelectorAll('[data-testid="stDataFrame"]')].map(
    (table) => !!table.querySelector('canvas')),
})"""
"""What a page that does not answer looks like."""


@dataclass
class Session:
    """One browser window on the app, with the times taken so far."""

    page: Page
    url: str
    run: store.Run
    repeat: int
    measured: list[Measured] = field(default_factory=list)

    def opened(self, name: str, path: str, kind: str = "address", **query: str) -> None:
        """Open a page by its address, in a browser that has the app's files."""
        self._goto(path, query)
        seconds = self.page.evaluate(WATCH, {"event": "", "title": PAGES[path]})
        self.measured.append(Measured(name, kind, [seconds]))

    def reach(self, path: str, **query: str) -> None:
        """Open a page by its address; nothing is measured."""
        self._goto(path, query)
        self.page.evaluate(WATCH, {"event": "", "title": PAGES[path]})

    def _goto(self, path: str, query: dict[str, str]) -> None:
        asked = urlencode({"run": self.run.id, **query})
        self.page.goto(f"{self.url}/{path}?{asked}", wait_until="commit")
        self.page.locator("h1").first.wait_for()

    def time(
        self,
        name: str,
        kind: str,
        act: Callable[[], object],
        event: str = "click",
        title: str | None = None,
    ) -> None:
        """Do something and take the time until the page has answered; several times add up."""
        here = title or self.page.locator("h1").first.inner_text().strip()
        self.page.evaluate(
            f"(options) => {{ window.measuring = ({WATCH})(options); }}",
            {"event": event, "title": here},
        )
        act()
        seconds = self.page.evaluate("() => window.measuring")
        if seconds is None:
            state = self.page.evaluate(STATE)
            raise RuntimeError(
                f"{name} ({kind}): no answer within {LIMIT_MS / 1000:.0f} s, at {self.page.url}, "
                f"{state}."
            )
        found = next((m for m in self.measured if (m.name, m.kind) == (name, kind)), None)
        if found is None:
            found = Measured(name, kind, [])
            self.measured.append(found)
        found.seconds.append(seconds)

    def side(self, title: str) -> Callable[[], None]:
        """The way to a page by the sidebar."""
        link = self.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True)
        return link.click

    def key(self, name: str, part: str) -> Locator:
        """Part of a widget of the page."""
        return self.page.locator(f".st-key-{name} {part}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure every workspace, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--workspace", type=Path, action="append", help="its newest run; may be given repeatedly"
    )
    parser.add_argument("--repeat", type=int, default=3, help="of quick things; the median counts")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    machine = pages_report.machine()
    if pages_report.is_busy(machine):
        print(f"Load {machine['load']:.1f} on {machine['cpus']} CPUs: times will be too long.")
    parts = []
    for workspace in given.workspace or defaults():
        run = store.load_run(workspace, next(iter(store.run_ids(workspace)), "none"))
        print(f"{run.id}: {run.manifest.n_interactions:,} interactions", flush=True)
        parts.append(measure(workspace, run, given.repeat))
    report = pages_report.write(machine, parts)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(report, encoding="utf-8")
    print(report)


def defaults() -> Iterator[Path]:
    """The user's workspace if it has a run, and the large one, written where it is missing."""
    if store.run_ids(environment.workspace()):
        yield environment.workspace()
    if not store.run_ids(LARGE):
        large_run.main(["--out", str(LARGE)])
    yield LARGE


def measure(workspace: Path, run: store.Run, repeat: int) -> pages_report.Part:
    """Do everything once over a run, with an app and a browser of its own."""
    with serve(workspace) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        version = browser.version
        session = window(browser, server, run, repeat)
        for step in (first_views, again, filters, turns, views, maps):
            step(session)
            print(f"  {step.__name__}: at most {server.status('VmHWM')} MB", flush=True)
        sizes = {"at the end": server.status("VmRSS"), "at most": server.status("VmHWM")}
        browser.close()
    return pages_report.Part(run, session.measured, sizes, version)


def window(browser: Browser, server: Server, run: store.Run, repeat: int) -> Session:
    """A browser window."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(TIMEOUT_MS)
    return Session(context.new_page(), server.url, run, repeat)


def first_views(session: Session) -> None:
    """Each page for the first time since the app was started: nothing is cached.

    The one that is opened by its address waits for Python's imports too.
    """
    session.opened(PAGES[START], START, kind="start")
    for path, title in PAGES.items():
        if path != START:
            session.time(title, "first view", session.side(title), title=title)


def again(session: Session) -> None:
    """Each page once more."""
    for _ in range(session.repeat):
        for title in PAGES.values():
            session.time(title, "again", session.side(title), title=title)
    session.opened("Flagged interactions", "flagged")


def filters(session: Session) -> None:
    """A filter of each table of interactions, edges and users."""
    session.reach("flagged")
    clean = session.key("fl_verdict", "button:has-text('clean')")
    for _ in range(session.repeat):
        session.time("Flagged: verdict", "filter", clean.click)
    field_ = session.key("fl_text", "input")
    for text in ("1", "a1", "2", "b", "7")[: session.repeat]:
        field_.fill(text)
        session.time("Flagged: search", "filter", lambda: field_.press("Enter"), event="keydown")
    session.reach("graph_diff", gd_view="Changed edges")
    noisy = session.key("gd_verdict", "button:has-text('noisy')")
    for _ in range(session.repeat):
        session.time("Changed edges: verdict", "filter", noisy.click)
    session.reach("data", da_tab="Interactions")
    train = session.key("da_part", "button:has-text('Train')")
    for _ in range(session.repeat):
        session.time("Data, interactions: split", "filter", train.click)


def turns(session: Session) -> None:
    """The next page of each table."""
    for name, path, query in (
        ("Flagged", "flagged", {}),
        ("Changed edges", "graph_diff", {"gd_view": "Changed edges"}),
        ("Data, interactions", "data", {"da_tab": "Interactions"}),
    ):
        session.reach(path, **query)
        ahead = session.page.get_by_test_id("stPaginationNext")
        for _ in range(session.repeat):
            session.time(name, "page turn", ahead.click)


def views(session: Session) -> None:
    """What else there is on the pages, for the first time."""
    page = session.page
    session.reach("losses")
    for view in ("Threshold", "Data map", "Loss curves"):
        button = session.key("ls_view", f"button:has-text('{view}')")
        session.time(f"Losses: {view}", "first view", button.click)
    session.reach("losses", ls_view="Threshold")
    session.key("ls_share", "input[type=range]").focus()
    for _ in range(session.repeat):
        session.time(
            "Losses: threshold moved", "filter", lambda: page.keyboard.press("ArrowRight"),
            event="keydown",
        )  # fmt: skip
    session.reach("flagged")
    for _ in range(session.repeat):
        session.time("Flagged: next card", "card", session.key("fl_Next", "button").click)
    session.reach("graph_diff", gd_view="User or item")
    session.time("Graph: one user", "card", page.get_by_role("button", name="Surprise me").click)


def maps(session: Session) -> None:
    """A lasso around a third of the map: of users and items, then of interactions."""
    for name, points in (("users and items", "Users + items"), ("interactions", "Interactions")):
        session.opened(f"Map of {name}", "semantic_map", sm_points=points, sm_draw="WebGL")
        for turn in range(session.repeat):
            session.time(f"Map of {name}", "lasso", partial(lasso, session.page, turn), "pointerup")


def lasso(page: Page, turn: int) -> None:
    """Outline a part of the map, each time another one."""
    box: Any = page.locator(".map canvas.over").bounding_box()
    left, top = 0.1 + 0.04 * turn, 0.15 + 0.04 * turn
    corners = [(left, top), (left + 0.25, top), (left + 0.3, top + 0.5), (left, top + 0.55)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


if __name__ == "__main__":
    main()
