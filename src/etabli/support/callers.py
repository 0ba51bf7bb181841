"""Who writes, by their address, among the people of the mailbox's organisation and of those under it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_noop

from etabli.kernel.sentences import Sentence, sentence
from etabli.people.models import Person

from .letters import Letter, valid
from .opening import Caller

_SEVERAL = gettext_noop("%(count)s people have this address: the one of %(place)s was taken.")
_UNKNOWN = gettext_noop("Nobody is known by this address.")
_ROBOT = gettext_noop("A program wrote it for %(who)s, who is to be answered.")


@dataclass(frozen=True)
class Identified:
    """Who speaks, and the organisation (id) their ticket belongs to."""

    caller: Caller
    organisation: int
    told: tuple[Sentence, ...] = ()


def people_at(address: str, served: Sequence[int]) -> list[Person]:
    """The people of this address, the nearest first: ``served`` lists organisations from the nearest; those
    who left come last.
    """
    if not address:
        return []
    rows = Person.objects.alias(low=Lower("email")).filter(organisation__in=served, low=address)
    rank, today = {key: at for at, key in enumerate(served)}, timezone.localdate()
    return sorted(
        rows,
        key=lambda one: (bool(one.left_on and one.left_on < today), rank[one.organisation_id], one.pk),
    )


def identify(letter: Letter, served: Sequence[int]) -> Identified:
    """Who speaks: somebody known, in their organisation, else what the mail says, in the mailbox's."""
    found = people_at(letter.address, served)
    told = []
    if letter.mail.sender and letter.sender is not letter.mail.sender:
        told.append(sentence(_ROBOT, who=letter.sender.address if letter.sender else ""))
    if not found:
        if letter.address:
            told.append(sentence(_UNKNOWN))
        return Identified(stranger(letter), served[0], tuple(told))
    person = found[0]
    if len(found) > 1:
        told.append(sentence(_SEVERAL, count=len(found), place=person.organisation))
    caller = Caller(person=person, name=person.name, email=letter.address)
    return Identified(caller, person.organisation_id, tuple(told))


def stranger(letter: Letter) -> Caller:
    """The sender as the mail names them."""
    sender = letter.sender
    if sender is None:
        return Caller()
    # An address that is none is still all that is known of them.
    name = sender.name or ("" if letter.address else sender.address)
    return Caller(name=printable(name)[:120], email=letter.address)


def caller_in(letter: Letter, organisation: int) -> Caller:
    """The sender as a ticket of this organisation may name them."""
    found = people_at(letter.address, [organisation])
    if found:
        return Caller(person=found[0], name=found[0].name, email=letter.address)
    return stranger(letter)


def written(name: str, address: str) -> str:
    """Somebody in one line, as :func:`read_back` reads it."""
    return f"{printable(name).replace('<', ' ').strip()[:180]} <{valid(address) or address[:130]}>".strip()


def read_back(line: str) -> tuple[str, str]:
    """The name and the address of such a line."""
    name, _sign, address = line.rpartition("<")
    return name.strip(), address.rstrip("> ")


def printable(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
