"""Finding a ticket by what anybody remembers of it: its number, a name, a serial number, words of a message.

The best come first: the number itself, then names and serial numbers, the subject, what was said; among
equals the latest. When nothing holds every word, what holds all but one is found; a word nobody ever wrote
is taken for a slip of the keyboard and replaced by the nearest ones that names and subjects hold.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Func, Q, QuerySet, Value

from etabli.kernel.search import SearchEntry
from etabli.kernel.tenancy import OrganisationModel
from etabli.kernel.text import plain

from .tickets import PREFIX, Ticket

MOST = 1000
"""How many tickets a search gives: twenty pages, which nobody turns."""
LOOKED_AT = 100  # texts looked at for each part of a word that may be a slip
CLOSE = 0.75  # how alike two words are (2 × common letters ÷ all letters) to be taken for each other
REFERENCE = re.compile(rf"(?:#|{PREFIX.lower()}[\s-]?)?0*(\d{{1,18}})")


class TicketText(OrganisationModel):
    """The words of a ticket, kept by triggers (``words_trigger.py``).

    names: its number, who asks, its assets with their numbers; head: these and the subject; words: all of
    that and what was said; the words of notes begin with a sign, for those who may read them.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="found_by")
    names = SearchVectorField(default="")
    head = SearchVectorField(default="")
    words = SearchVectorField(default="")

    class Meta:
        indexes = [GinIndex(fields=["words"], name="ticket_words")]

    def __str__(self) -> str:
        return f"words of {self.ticket_id}"


@SearchVectorField.register_lookup
class Has(models.Lookup):
    """``head__has``: holds what a tsquery asks, by the bare operator that the index serves."""

    lookup_name = "has"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} @@ {right}::tsquery", (*left_values, *right_values)


@dataclass(frozen=True)
class Word:
    """A word that is looked for, and its tsquery: its stem, itself, and what begins with it."""

    text: str
    query: str

    def within(self, notes: bool) -> Q:
        """Tickets that hold it, anywhere the reader may read."""
        return Q(words__has=f"{self.query} | {self.noted}" if notes else self.query)

    @property
    def noted(self) -> str:
        """The same among the words of notes."""
        return re.sub(r"'([^']+)'", r"'~\1'", self.query)


def find(text: str, *, rows: QuerySet[Ticket] | None = None, notes: bool, most: int = MOST) -> list[int]:
    """The ids of the tickets a text means, the best first; ``rows``: among these only.

    notes: whether internal notes are searched too, for a reader who may read them.
    """
    asked = read(text)
    number = REFERENCE.fullmatch(plain(text).strip())
    numbered = _numbered(int(number[1]), rows) if number else []
    if not asked:
        return numbered
    found = _holding([one.within(notes) for one in asked], asked, rows, most)
    if not found and not number:
        found = _nearly(asked, rows, notes, most)
    return [*numbered, *(one for one in found if one not in numbered)][:most]


def read(text: str) -> list[Word]:
    """The words of a text, without those that are in every sentence; the last one may be unfinished."""
    bare = [one for one in re.split(r"[^\w]+|_", plain(text)) if one][:8]
    bare = [one for one in bare if len(one) <= 60]
    if not bare:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT plainto_tsquery('pg_catalog.french', one)::text FROM unnest(%s::text[]) one", [bare]
        )
        stems = [row[0] for row in cursor.fetchall()]
    telling = [n for n, stem in enumerate(stems) if stem] or range(len(bare))
    return [_word(bare[n], stems[n], last=n == len(bare) - 1) for n in telling]


def _word(bare: str, stem: str, *, last: bool) -> Word:
    parts = [f"'{bare}'"]
    if stem and stem != parts[0]:
        parts.append(f"({stem})")
    if last and len(bare) > 2:
        parts.append(f"'{bare}':*")
    return Word(bare, " | ".join(parts))


def _numbered(number: int, rows: QuerySet[Ticket] | None) -> list[int]:
    """The ticket of this number, if there is one to be seen."""
    among = Ticket.objects.all() if rows is None else rows
    return list(among.filter(pk=number).values_list("pk", flat=True))


def _holding(
    conditions: Sequence[Q], asked: Sequence[Word], rows: QuerySet[Ticket] | None, most: int
) -> list[int]:
    """Those under all the conditions, the ones whose names, then whose subject, hold what is asked first."""
    every = " & ".join(f"({one.query})" for one in asked)
    first = [
        ExpressionWrapper(Q(**{f"{name}__has": every}), models.BooleanField()) for name in ("names", "head")
    ]
    found = TicketText.objects.filter(*conditions).order_by(*(one.desc() for one in first), "-ticket_id")
    keys = list(found.values_list("ticket_id", flat=True)[:most])
    if rows is None or not rows.query.where:
        return keys
    if len(keys) < most:
        kept = set(rows.filter(_one_of(keys)).values_list("pk", flat=True))
        return [one for one in keys if one in kept]
    return list(found.filter(ticket__in=rows.values("pk")).values_list("ticket_id", flat=True)[:most])


def _nearly(asked: list[Word], rows: QuerySet[Ticket] | None, notes: bool, most: int) -> list[int]:
    """Nothing holds every word: mend those that nobody wrote, else do without one of them."""
    mended = [one if _known(one, notes) else _mended(one) for one in asked]
    if mended != asked:
        kept = [one for one in mended if one is not None]
        found = _holding([one.within(notes) for one in kept], kept, rows, most) if kept else []
        if found or len(kept) < 2:
            return found
        asked = kept
    if len(asked) < 2:
        return []
    but_one = Q()
    for left_out in asked:
        but_one |= Q(*(one.within(notes) for one in asked if one is not left_out))
    return _holding([but_one], asked[:1], rows, most)


def _known(word: Word, notes: bool) -> bool:
    """Whether anybody ever wrote it. Asked with an order: for the first row of any, all would be read."""
    return bool(_holding([word.within(notes)], [word], None, 1))


def _mended(word: Word) -> Word | None:
    """The words of names and subjects that are nearest to one nobody wrote; none when nothing is near."""
    if len(word.text) < 4 or word.text.isdecimal():
        return None
    texts: list[str] = []
    for pattern in _around(word.text):
        alike = SearchEntry.objects.filter(noun__in=["ticket", "asset", "person"], text__like=pattern)
        texts += alike.values_list("text", flat=True)[:LOOKED_AT]
    vocabulary = {one for text in texts for one in re.split(r"[^\w]+|_", text) if len(one) > 2}
    near = get_close_matches(word.text, sorted(vocabulary), n=3, cutoff=CLOSE)
    if not near:
        return None
    queries = [query for one in near for query in (found.query for found in read(one))]
    return Word(near[0], " | ".join(f"({query})" for query in queries))


def _around(word: str) -> tuple[str, str, str]:
    """Patterns of which one holds, wherever the one slip is: of three parts of a word it spoils one."""
    first, last = len(word) // 3, len(word) - len(word) // 3
    begins, middle, ends = word[:first], word[first:last], word[last:]
    # Two letters alone have no trigram, two that begin a word have.
    return f"%{begins}{middle}%", f"%{middle}{ends}%", f"%{' ' if first < 3 else ''}{begins}%{ends}%"


def ranked(rows: QuerySet[Ticket], text: str, *, notes: bool) -> QuerySet[Ticket]:
    """The rows a text means, with ``found``, their rank, to be ordered by."""
    keys = find(text, rows=rows, notes=notes)
    place = Func(_array(keys), F("pk"), function="array_position", output_field=models.IntegerField())
    return rows.filter(_one_of(keys)).annotate(found=place)


def _one_of(keys: list[int]) -> Func:
    """One value holds all the keys: a thousand of them are not a thousand values to be bound."""
    return Func(
        F("pk"),
        _array(keys),
        template="%(expressions)s)",
        arg_joiner=" = ANY (",
        output_field=models.BooleanField(),
    )


def _array(keys: list[int]) -> Value:
    return Value(keys, output_field=ArrayField(models.BigIntegerField()))
