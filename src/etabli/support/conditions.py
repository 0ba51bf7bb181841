"""What a rule looks at: fields of a ticket, compared with a value; each answer keeps the value it saw.

A condition is a row ``{"field": "state", "op": "is", "value": "state:waiting", "text": "3"}``: ``value`` for
what is chosen, ``text`` for what is typed. Fields that are columns are also asked of the database, to find
the few tickets that a rule of time concerns among all of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.organisations import Organisation, lineage
from etabli.kernel.tenancy import opening, visible
from etabli.kernel.text import plain
from etabli.kernel.workingtime import WorkingHours
from etabli.people.models import Team

from .handing import agents_of
from .messages import Message
from .priority import HIGHEST, LOWEST, Impact, Urgency
from .promises import Book
from .states import State, Waiting
from .task_lists import opens
from .tickets import Category, Service, Ticket

Row = dict[str, Any]
FARTHEST = 400
"""Days counted at most: beyond, “more than 400” says enough."""


@dataclass
class Look:
    """One look at tickets: the moment, and the working hours read once for each level."""

    now: datetime
    hours: dict[tuple[Any, int], WorkingHours] = field(default_factory=dict)

    def hours_of(self, ticket: Ticket) -> WorkingHours:
        key = (ticket.level_id, ticket.organisation_id)
        if key not in self.hours:
            self.hours[key] = Book().business(ticket)
        return self.hours[key]


@dataclass(frozen=True)
class Field:
    """A field that conditions look at. ``kind``: choice, yes, text or number. ``path``: its column, if any;
    of a number, the moment it counts from.
    """

    label: Any
    kind: str
    read: Callable[[Ticket, Look], Any]
    path: str = ""
    choices: Callable[[int | None], Iterable[tuple[str, Any]]] = lambda _place: ()
    unit: Any = ""


OPERATORS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "is": (gettext_lazy("is"), ("choice", "yes")),
    "is_not": (gettext_lazy("is not"), ("choice",)),
    "contains": (gettext_lazy("contains"), ("text",)),
    "lacks": (gettext_lazy("does not contain"), ("text",)),
    "least": (gettext_lazy("is at least"), ("number",)),
    "less": (gettext_lazy("is less than"), ("number",)),
}


def _rows(model: Any) -> Callable[[int | None], Iterable[tuple[str, Any]]]:
    def choices(place: int | None) -> Iterable[tuple[str, Any]]:
        found = model.objects.filter(organisation__in=lineage(place) if place else []).order_by("pk")
        if model is Category:
            found = found.select_related("parent")
        return [("none", _("none")), *((str(one.pk), str(one)) for one in found[:300])]

    return choices


def _agents(place: int | None) -> Iterable[tuple[str, Any]]:
    found = agents_of(place) if place else []
    return [("none", _("nobody")), *((str(one.pk), str(one)) for one in found[:300])]


def _places(place: int | None) -> Iterable[tuple[str, Any]]:
    """The organisation of a rule, and those under it."""
    with opening():
        found = Organisation.objects.filter(path__contains=[place or 0], pk__in=visible()).order_by("name")
        return [(str(one.pk), one.name) for one in found[:300]]


def _key(name: str) -> Callable[[Ticket, Look], str]:
    return lambda ticket, look: str(getattr(ticket, f"{name}_id") or "none")


def _text_of(name: str) -> Callable[[Ticket, Look], str]:
    return lambda ticket, look: str(getattr(ticket, name))


def _last_words(ticket: Ticket, look: Look) -> str:
    """What the user wrote last."""
    row = ticket.messages.filter(kind=Message.Kind.ASKED).order_by("-at", "-id").first()
    return row.visible or row.text if row else ""


def _hours(since: Callable[[Ticket], datetime | None]) -> Callable[[Ticket, Look], int | None]:
    def read(ticket: Ticket, look: Look) -> int | None:
        start = since(ticket)
        return None if start is None else max(0, int((look.now - start).total_seconds() // 3600))

    return read


def _days(since: Callable[[Ticket], datetime | None]) -> Callable[[Ticket, Look], int | None]:
    def read(ticket: Ticket, look: Look) -> int | None:
        start = since(ticket)
        return None if start is None else working_days(start, look.now, look.hours_of(ticket))

    return read


def working_days(start: datetime, now: datetime, hours: WorkingHours) -> int:
    """Whole working days gone by: from Friday 10:00 to Monday 10:00 is one, to Monday 9:59 none."""
    zone = ZoneInfo(hours.timezone)
    first, last = start.astimezone(zone), now.astimezone(zone)
    if last <= first:
        return 0
    end = last.date() if last.time() >= first.time() else last.date() - timedelta(days=1)
    end = min(end, first.date() + timedelta(days=FARTHEST))
    return sum(opens(day, hours) for day in _each_day(first.date() + timedelta(days=1), end))


def _each_day(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _owed_since(ticket: Ticket) -> datetime | None:
    """Since when the user has been without an answer: the first of what they wrote since the last one."""
    if not ticket.owed:
        return None
    words = ticket.messages.exclude(kind=Message.Kind.NOTE).exclude(automatic=True).exclude(unverified=True)
    answered = words.filter(kind=Message.Kind.REPLY).order_by("-at").values_list("at", flat=True).first()
    asked = words.filter(kind=Message.Kind.ASKED)
    asked = asked.filter(at__gt=answered) if answered else asked
    return asked.order_by("at").values_list("at", flat=True).first() or ticket.opened_at


HOURS, DAYS = gettext_lazy("hours"), gettext_lazy("working days")
FIELDS: dict[str, Field] = {
    "state": Field(gettext_lazy("State"), "choice", _text_of("state"), "state", lambda p: State.choices),
    "waiting": Field(gettext_lazy("Waits for"), "choice", _text_of("waiting"), "waiting",
                     lambda p: Waiting.choices),
    "kind": Field(pgettext_lazy("ticket", "Type"), "choice", _text_of("kind"), "kind",
                  lambda p: Ticket.Kind.choices),
    "channel": Field(gettext_lazy("Received by"), "choice", _text_of("channel"), "channel",
                     lambda p: Ticket.Channel.choices),
    "priority": Field(gettext_lazy("Priority"), "choice", _text_of("priority"), "priority",
                      lambda p: [(str(n), f"P{n}") for n in range(HIGHEST, LOWEST + 1)]),
    "impact": Field(gettext_lazy("Impact"), "choice", _text_of("impact"), "impact",
                    lambda p: [(str(one.value), one.label) for one in Impact]),
    "urgency": Field(gettext_lazy("Urgency"), "choice", _text_of("urgency"), "urgency",
                     lambda p: [(str(one.value), one.label) for one in Urgency]),
    "category": Field(gettext_lazy("Category"), "choice", _key("category"), "category", _rows(Category)),
    "service": Field(gettext_lazy("Service"), "choice", _key("service"), "service", _rows(Service)),
    "team": Field(gettext_lazy("Team"), "choice", _key("team"), "team", _rows(Team)),
    "assignee": Field(gettext_lazy("Agent"), "choice", _key("assignee"), "assignee", _agents),
    "organisation": Field(gettext_lazy("Organisation"), "choice", _key("organisation"), "organisation",
                          _places),
    "owed": Field(gettext_lazy("An answer is awaited"), "yes", lambda t, k: t.owed, "owed"),
    "vip": Field(gettext_lazy("Priority person"), "yes",
                 lambda t, k: bool(t.requester and t.requester.vip), "requester__vip"),
    "known": Field(gettext_lazy("The requester is known"), "yes", lambda t, k: t.requester_id is not None),
    "title": Field(gettext_lazy("Subject"), "text", _text_of("title")),
    "words": Field(gettext_lazy("Last message of the user"), "text", _last_words),
    "email": Field(gettext_lazy("E-mail of the requester"), "text", lambda t, k: t.caller_email),
    "open_hours": Field(gettext_lazy("Open since"), "number", _hours(lambda t: t.opened_at), "opened_at",
                        unit=HOURS),
    "open_days": Field(gettext_lazy("Open since"), "number", _days(lambda t: t.opened_at), "opened_at",
                       unit=DAYS),
    "state_hours": Field(gettext_lazy("In this state since"), "number", _hours(lambda t: t.state_since),
                         "state_since", unit=HOURS),
    "state_days": Field(gettext_lazy("In this state since"), "number", _days(lambda t: t.state_since),
                        "state_since", unit=DAYS),
    "silent_hours": Field(gettext_lazy("Nothing happened since"), "number", _hours(lambda t: t.active_at),
                          "active_at", unit=HOURS),
    "silent_days": Field(gettext_lazy("Nothing happened since"), "number", _days(lambda t: t.active_at),
                         "active_at", unit=DAYS),
    "unanswered_hours": Field(gettext_lazy("Without an answer since"), "number", _hours(_owed_since),
                              unit=HOURS),
    "unanswered_days": Field(gettext_lazy("Without an answer since"), "number", _days(_owed_since),
                             unit=DAYS),
}  # fmt: skip


def name_of(key: str) -> str:
    one = FIELDS.get(key)
    if one is None:
        return key
    return f"{one.label} ({one.unit})" if one.unit else str(one.label)


def columns() -> dict[str, forms.Field]:
    """The table in which conditions are edited; ``offered`` fills what may be chosen."""
    return {
        "field": forms.ChoiceField(
            label=gettext_lazy("Field"), choices=lambda: [("", "—"), *((key, name_of(key)) for key in FIELDS)]
        ),
        "op": forms.ChoiceField(
            label=gettext_lazy("Comparison"),
            choices=[("", "—"), *((key, label) for key, (label, _k) in OPERATORS.items())],
        ),
        "value": forms.ChoiceField(label=gettext_lazy("Choice"), required=False),
        "text": forms.CharField(label=gettext_lazy("Text or number"), required=False, max_length=200),
    }


def offered(organisation: int | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """What ``value`` may be, in groups by field."""
    groups = [(_("Yes or no"), [("yes", _("yes")), ("no", _("no"))])]
    for key, one in FIELDS.items():
        if one.kind == "choice":
            found = [(f"{key}:{value}", str(text)) for value, text in one.choices(organisation)]
            groups.append((str(one.label), found))
    return groups


def check(rows: Iterable[Row]) -> None:
    """Raise ``ValidationError`` naming each condition that could never be read."""
    mistakes = []
    for number, row in enumerate(rows, 1):
        if problem := _problem(row):
            told = _("Line %(n)s: %(text)s")
            mistakes.append(ValidationError(told % {"n": number, "text": problem}))
    if mistakes:
        raise ValidationError(mistakes)


def _problem(row: Row) -> str:
    one = FIELDS.get(row.get("field", ""))
    if one is None:
        return _("Choose a field.")
    if one.kind not in OPERATORS.get(row.get("op", ""), ("", ()))[1]:
        fit = ", ".join(str(label) for label, kinds in OPERATORS.values() if one.kind in kinds)
        return _("“%(field)s” is compared with: %(operators)s.") % {"field": one.label, "operators": fit}
    chosen = str(row.get("value", ""))
    if one.kind == "choice" and not chosen.startswith(f"{row['field']}:"):
        return _("Choose one of the values of “%(field)s”.") % {"field": one.label}
    if one.kind == "yes" and chosen not in {"yes", "no"}:
        return _("Choose yes or no.")
    if one.kind == "text" and not str(row.get("text", "")).strip():
        return _("Type the text to look for.")
    if one.kind == "number" and not _number(row):
        return _("Type a whole number from 1 to %(most)s.") % {"most": FARTHEST}
    return ""


def _number(row: Row) -> int:
    text = str(row.get("text", "")).strip()
    return int(text) if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= FARTHEST else 0


@dataclass(frozen=True)
class Verdict:
    """Whether the conditions hold, and each of them in words with the value that was seen."""

    met: bool
    why: list[dict[str, Any]]


def judge(all_of: Iterable[Row], any_of: Iterable[Row], ticket: Ticket, look: Look) -> Verdict:
    """All of the first must hold, and one of the others when there are some."""
    every = [_ask(row, ticket, look) for row in all_of]
    some = [_ask(row, ticket, look) | {"any": True} for row in any_of]
    met = all(one["met"] for one in every) and (not some or any(one["met"] for one in some))
    return Verdict(met, [*every, *some])


def _ask(row: Row, ticket: Ticket, look: Look) -> dict[str, Any]:
    key = row["field"]
    one, told = FIELDS[key], str(row.get("text", "")).strip()
    seen = one.read(ticket, look)
    wanted: Any = _wanted(row)
    if row["op"] == "contains":
        met = plain(told) in plain(str(seen))
    elif row["op"] == "lacks":
        met = plain(told) not in plain(str(seen))
    elif one.kind == "number":
        met = seen is not None and ((seen >= wanted) if row["op"] == "least" else (seen < wanted))
    else:
        met = (seen == wanted) == (row["op"] == "is")
    return {
        "field": name_of(key),
        "op": str(OPERATORS[row["op"]][0]),
        "wanted": told or _spoken(key, wanted, ticket),
        "seen": _spoken(key, seen, ticket),
        "met": met,
    }


def _wanted(row: Row) -> Any:
    one = FIELDS[row["field"]]
    if one.kind == "number":
        return _number(row)
    if one.kind == "yes":
        return row.get("value") == "yes"
    return str(row.get("value", "")).partition(":")[2]


def _spoken(key: str, value: Any, ticket: Ticket) -> str:
    """A value in words: as the ticket shows it, or as its choice says."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "":
        return "—"
    if FIELDS[key].kind != "choice":
        return str(value)[:200]
    if key in {"category", "service", "team", "assignee", "organisation"}:
        if value == "none":
            return _("none")
        if str(getattr(ticket, f"{key}_id")) == value:
            return str(getattr(ticket, key))
        model: Any = Ticket._meta.get_field(key).related_model
        found = model._default_manager.filter(pk=int(value)).first() if value.isdecimal() else None
        return str(found or value)
    return str(dict(FIELDS[key].choices(None)).get(value, value))


def spoken(rows: Iterable[Row], organisation: int) -> list[str]:
    """Conditions in words, for the page of a rule."""
    labels = {key: text for _group, found in offered(organisation) for key, text in found}
    return [
        f"{name_of(row.get('field', ''))} {OPERATORS.get(row.get('op', ''), ('?',))[0]} "
        f"{row.get('text') or labels.get(row.get('value', ''), '?')}"
        for row in rows
    ]


def narrowing(rows: Iterable[Row], now: datetime) -> Q:
    """What the database can already say of conditions that must all hold: never less than the truth.

    So many working days are at least as many days on the wall, so a moment bounds them.
    """
    found = Q()
    for row in rows:
        one = FIELDS[row["field"]]
        if not one.path:
            continue
        wanted = _wanted(row)
        if one.kind == "number" and row["op"] == "least":
            span = timedelta(hours=wanted) if one.unit is HOURS else timedelta(days=wanted)
            found &= Q(**{f"{one.path}__lte": now - span})
        elif one.kind == "yes":
            found &= Q(**{one.path: True}) if wanted else ~Q(**{one.path: True})
        elif one.kind == "choice":
            empty = wanted == "none"
            condition = Q(**{f"{one.path}__isnull": True}) if empty else Q(**{one.path: wanted})
            found &= condition if row["op"] == "is" else ~condition
    return found
