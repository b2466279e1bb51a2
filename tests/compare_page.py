"""The page Compare as people open it, by its address."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from app.services import environment

MAIN = environment.ROOT / "app" / "main.py"
PAGE = str(environment.ROOT / "pages" / "compare.py")


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    app.switch_page(PAGE)
    if "run" in query:
        app.session_state["run"] = query.pop("run")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app
