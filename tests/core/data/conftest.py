"""Raw tables from a few lines of text."""

import pytest

from core.data.sources import load_raw


@pytest.fixture
def read(tmp_path):
    """Write interactions (and items, if given) as CSV and load them."""

    def read_text(interactions, items=None, **arguments):
        path = tmp_path / "interactions.csv"
        path.write_text(interactions, encoding="utf-8")
        if items is not None:
            arguments["items_path"] = tmp_path / "items.csv"
            arguments["items_path"].write_text(items, encoding="utf-8")
        return load_raw(path, **arguments)

    return read_text
