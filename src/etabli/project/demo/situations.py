"""What the people of the sample companies ask for: situations written by hand, read from the files beside.

A line says what it is by its first sign: ``==`` a new situation, ``T`` a subject, ``?`` what the user writes,
``R`` an answer, ``+`` what the user adds, ``N`` a note, ``S`` the solution, ``W`` what it waits for.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PLACE = Path(__file__).with_name("situations")


@dataclass
class Situation:
    """Something that happens to people. concern: the kind of asset it is about; company: whose own it is."""

    top: str
    category: str
    service: str
    kind: str
    concern: str
    impact: int
    urgency: int
    company: str = ""
    titles: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    solution: str = ""
    waiting: str = ""

    @property
    def watched(self) -> bool:
        """Whether a program told it, and nobody wrote."""
        return self.asked[0].startswith("Supervision")


@cache
def situations() -> tuple[Situation, ...]:
    """All of them, in the order of the files."""
    found: list[Situation] = []
    for file in sorted(PLACE.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            sign, _space, text = line.partition(" ")
            if sign == "==":
                found.append(_begun(text))
            elif sign in _LISTS:
                getattr(found[-1], _LISTS[sign]).append(text)
            elif sign in _TEXTS:
                setattr(found[-1], _TEXTS[sign], text)
    return tuple(found)


_LISTS = {"T": "titles", "?": "asked", "N": "notes", "R": "answers", "+": "added"}
_TEXTS = {"S": "solution", "W": "waiting"}


def _begun(header: str) -> Situation:
    path, service, kind, concern, impact, urgency, *company = [one.strip() for one in header.split("|")]
    top, _sign, category = path.partition(" › ")
    own = company[0] if company else ""
    return Situation(top, category, service, kind, concern, int(impact), int(urgency), own)
