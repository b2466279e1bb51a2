"""The Label page: queue, bulk labels, second opinions, import and export."""
