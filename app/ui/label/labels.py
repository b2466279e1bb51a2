"""Names, signs and colours of labels: verdicts look as everywhere, the others have their own."""

from __future__ import annotations

from typing import Any, Final

from app.services.labels.schema import OBSERVED, UNOBSERVED, UNSURE
from app.ui import theme
from app.ui.glossary import explain

KINDS: Final = {"observed": ["hard", "noisy", "clean"], "addition": ["like", "not"]}
"""In the order of their keys."""
SIGNS: Final = {**theme.VERDICT_SIGNS, "like": "+", "not": "−", UNSURE: "?", "conflict": "≠"}
COLORS: Final = {
    **theme.VERDICT_COLORS,
    "like": theme.EDGE_COLORS["added"],
    "not": theme.EDGE_COLORS["dropped"],
    UNSURE: "#6B7078",  # dark enough for white text
}
MEANINGS: Final = {
    **{name: explain(name) for name in OBSERVED},
    "like": "Never observed, but a real preference: the refined graph should have the edge.",
    "not": "Never observed, and rightly so: no edge, a hard negative at most.",
    UNSURE: "Seen and left open. Counts for nothing but progress.",
}


def signed(label: object) -> str:
    """A label with its sign, for tables and text; a dash where there is none."""
    return f"{SIGNS.get(label, '')} {label}".strip() if isinstance(label, str) and label else "–"


def entries() -> dict[str, dict[str, Any]]:
    """What the component needs to draw each label."""
    return {
        name: {"name": name, "sign": SIGNS[name], "color": COLORS[name], "help": MEANINGS[name]}
        for name in (*OBSERVED, *UNOBSERVED, UNSURE)
    }
