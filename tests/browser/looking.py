"""What is looked at on each page, whatever it shows."""

from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

AXE = Path(__file__).resolve().parents[2] / "var" / "axe.min.js"
COLOURS = {"runOnly": ["color-contrast"]}
# The rows of a list are all made alike: the first fifteen tell, at a third of the time.
RUN = """async (options) => (await axe.run({exclude: ["tbody tr:nth-child(n+16)"]}, {resultTypes: ["violations"], ...options})).violations.map(
    (v) => `${v.id}: ${v.nodes.length} × ${v.nodes[0].target.join(" ")} — ${v.nodes[0].failureSummary}`)"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Console:
    """What the browser complains about while a page is open."""

    def __init__(self, page: Page) -> None:
        self.lines: list[str] = []
        page.on("console", self._written)
        page.on("pageerror", lambda error: self.lines.append(f"exception: {error}"))

    def _written(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.lines.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


def set_look(page: Page, size: dict[str, int], theme: str) -> None:
    """Size and theme change by style sheets alone, so the page need not be asked for again."""
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)


def violations(page: Page, **options: Any) -> list[str]:
    """What axe-core (WCAG A and AA up to 2.2, and its best practices) finds wrong."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    return list(page.evaluate(RUN, options))


def too_wide(page: Page) -> int:
    """Pixels by which the page must be scrolled sideways."""
    return int(page.evaluate(WIDER))
