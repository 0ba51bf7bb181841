"""What commands print: data on stdout, progress on stderr, colour and frames only on a terminal."""

import sys
from collections.abc import Iterable, Sequence

from .language import _

TONES = {"ok": "green", "warning": "yellow", "error": "bold red", "": ""}


def say(sentence: str) -> None:
    """Progress, for the person who waits."""
    print(sentence, file=sys.stderr, flush=True)


def interactive() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """A yes or no question; anything but a yes is a no."""
    print(question, _("[y/N]"), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("o", "oui", "y", "yes")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], tones: Sequence[str] = ()) -> None:
    """Rows on stdout: a drawn table on a terminal, else one tab-separated line per row, headings first."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            print("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*headings, box=SIMPLE_HEAD, pad_edge=False)
    for number, row in enumerate(rows):
        tone = tones[number] if number < len(tones) else ""
        drawn.add_row(*row, style=TONES[tone])
    Console().print(drawn)
