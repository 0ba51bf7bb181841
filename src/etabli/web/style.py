"""Sample values for the living style page."""

from typing import Any


def samples() -> dict[str, Any]:
    """Context of ``web/style.html``: its components carry their own samples."""
    return {}
