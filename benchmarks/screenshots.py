"""Pictures of the pages over the newest run of the sample, for the documentation.

``python -m benchmarks.screenshots`` writes the ones that are kept, in docs/images;
``--all DIR`` writes every page at two widths, light and dark, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app.services import ego, environment, store
from app.ui.analyst import COOKIE
from benchmarks.browser import DRAWN, PAGES, launch, serve
from core.errors import DataError

OUT: Final = environment.ROOT / "docs" / "images"
SAMPLE: Final = "sample"
SIZES: Final = {1280: 900, 1920: 1080}
"""Width -> height of the window, in pixels."""
MOST_BYTES: Final = 300_000
"""Most bytes of a picture in the repository."""
MOST_EDGES: Final = 40
WHO: Final = "Ana"
"""Who labels on the pictures; nothing is labelled."""
TIMEOUT_MS: Final = 120_000
REST_MS: Final = 1200
"""Until transitions are over and fonts are there."""


@dataclass(frozen=True)
class View:
    """What one picture shows."""

    name: str
    path: str
    """Address of the page."""
    query: tuple[tuple[str, str], ...] = ()
    dark: bool = False
    """Kept in its dark form as well."""


def views(run: store.Run) -> list[View]:
    """Every picture, each of its page at a telling place."""
    user = changed_user(run)
    return [
        View("overview", ""),
        View("losses", "losses"),
        View("losses-threshold", "losses", (("ls_view", "Threshold"),)),
        View("losses-data-map", "losses", (("ls_view", "Data map"),)),
        View("semantic-map", "semantic_map", (("sm_color", "Verdict"),), dark=True),
        View("flagged", "flagged", dark=True),
        View("graph-diff", "graph_diff"),
        View("graph-diff-user", "graph_diff", (("gd_user", user),)),
        View("label", "label", (("la_order", "Uncertain"),)),
        View("compare", "compare", (("co_view", "Verdicts"),)),
        View("jobs", "jobs"),
        View("judge", "judge", (("ju_view", "Trust"),)),
        View("data", "data"),
        View("method", "method"),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=environment.workspace())
    parser.add_argument("--all", type=Path, metavar="DIR", help="every width and theme, into DIR")
    given = parser.parse_args(arguments)
    run = newest_sample(given.workspace)
    if run is None:
        sys.exit(
            f"There is no finished run of the sample in {given.workspace}. "
            "Make one first: make demo (some minutes, offline)."
        )
    with serve(given.workspace) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        for path, content in take(browser, server.url, run, given.all):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(f"{path}: {len(content) / 1000:,.0f} kB", flush=True)
        browser.close()


def newest_sample(workspace: Path) -> store.Run | None:
    """The newest finished run of the sample that can be read; None if there is none."""
    for name in store.run_ids(workspace):
        try:
            run = store.load_run(workspace, name)
        except DataError:
            continue
        if run.manifest.dataset == SAMPLE:
            return run
    return None


def changed_user(run: store.Run) -> str:
    """A user with many changed edges, yet few enough for all of them to be named."""
    found = ego.most_changed(run, "user", 100)
    few = found[found["before"] <= MOST_EDGES]
    return str((found if few.empty else few)["id"].iloc[0])


def take(
    browser: Browser, url: str, run: store.Run, folder: Path | None
) -> Iterator[tuple[Path, bytes]]:
    """Take the pictures, one window after the other.

    Args:
        browser: A started Playwright browser.
        url: Of the app.
        run: Which run to show.
        folder: Where to put all of them; None = only those that are kept, in docs/images.

    Yields:
        Path and content of each picture.
    """
    for width, height in SIZES.items():
        for scheme in ("light", "dark"):
            chosen = [
                view
                for view in views(run)
                if folder or (width == min(SIZES) and (scheme == "light" or view.dark))
            ]
            if not chosen:
                continue
            window = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            window.set_default_timeout(TIMEOUT_MS)
            window.add_cookies([{"name": COOKIE, "value": WHO, "url": url}])
            page = window.new_page()
            for view in chosen:
                _open(page, url, run, view)
                ending = "" if scheme == "light" else "-dark"
                name = f"{view.name}-{width}{ending}.png" if folder else f"{view.name}{ending}.png"
                yield (folder or OUT) / name, pack(page.screenshot())
            window.close()


def _open(page: Page, url: str, run: store.Run, view: View) -> None:
    page.goto(f"{url}/{view.path}?{urlencode([('run', run.id), *view.query])}")
    page.get_by_role("heading", level=1, name=PAGES[view.path], exact=True).wait_for()
    page.wait_for_timeout(REST_MS)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(REST_MS)


def pack(picture: bytes) -> bytes:
    """Make a PNG small: all colours if that is small enough, else 256 well chosen ones."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    packed = _png(image)
    if len(packed) > MOST_BYTES:
        packed = _png(image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=0))
    return packed


def _png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    main()
