"""Who is calling: somebody found by what a technician has before their eyes, a number, a login, a machine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.utils.translation import gettext as _

from etabli.assets.models import Asset
from etabli.kernel import screens, search
from etabli.kernel.actors import Actor
from etabli.kernel.text import plain
from etabli.people.models import Person

MOST = 12
LEAST_DIGITS = 4  # an internal extension
NATIONAL = 9  # the digits that French numbers share, whatever is written before: 0, +33, 0033


@dataclass(frozen=True)
class Found:
    """Somebody who may be calling, why, and the machine that told it."""

    person: Person
    why: str
    asset: Asset | None = None

    @property
    def query(self) -> str:
        """What opens a ticket for them."""
        told = f"organisation={self.person.organisation_id}&requester={self.person.pk}"
        return f"{told}&asset={self.asset.pk}" if self.asset else told


def callers(text: str, actor: Actor) -> list[Found]:
    """Whoever the text may name, the surest first: an address, a number, a machine, a login, a name."""
    text = " ".join(text.replace("\0", "").split())[:80]
    if not text:
        return []
    made: dict[int, Found] = {}
    for one in _found(text, actor):
        made.setdefault(one.person.pk, one)
        if len(made) == MOST:
            break
    return list(made.values())


def _found(text: str, actor: Actor) -> Iterator[Found]:
    people: Any = screens.registry[Person].rows(actor).select_related("organisation", "site")
    if "@" in text:
        for one in people.filter(email__iexact=text)[:MOST]:
            yield Found(one, _("e-mail address"))
    digits = re.sub(r"\D", "", text)
    if len(digits) >= LEAST_DIGITS and not re.search(r"[^\W\d_]", text):
        for one in _by_number(people, digits):
            yield Found(one, _("telephone number"))
    for asset in _machines(text, actor):
        yield Found(asset.person, _("has %(machine)s") % {"machine": asset.name}, asset)
    keys = [e.object_id for e in search.find(text, nouns=["person"], limit=MOST)]
    for one in people.filter(pk__in=keys):
        yield Found(one, _("name"))


def _by_number(people: Any, digits: str) -> Any:
    """Numbers are written in ten ways: only their digits are compared, the last nine of a whole one."""
    wanted = digits[-NATIONAL:] if len(digits) >= NATIONAL else digits
    numbers = {f"{name}_digits": _digits(name) for name in ("phone", "mobile")}
    ends = Q(phone_digits__endswith=wanted) | Q(mobile_digits__endswith=wanted)
    return people.annotate(**numbers).filter(ends)[:MOST]


def _digits(name: str) -> Func:
    return Func(
        F(name), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=TextField()
    )


def _machines(text: str, actor: Actor) -> Any:
    """Machines of this name, number or last user (``DOMAIN\\login`` too), that somebody has."""
    login = text.rpartition("\\")[2]
    named = Q(name_key=text.lower()) | Q(serial_key=text.lower()) | Q(tag=text)
    used = Q(last_user__iexact=login) | Q(last_user__iendswith=f"\\{login}") if plain(login) else Q()
    rows: Any = screens.registry[Asset].rows(actor).filter(named | used).exclude(person=None)
    return rows.select_related("person__organisation", "person__site", "kind")[:MOST]
