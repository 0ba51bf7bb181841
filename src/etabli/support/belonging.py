"""Which ticket a mail belongs to, and whether its sender may write there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel import preferences
from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.sentences import Sentence, sentence
from etabli.people.models import Person

from . import known
from .identity import internal
from .letters import Letter
from .mail.threads import BODY, REFERENCE, SIGNED, SUBJECT, Candidate
from .tickets import Ticket

preferences.declare(
    "support.colleagues_write",
    kind=bool,
    default=True,
    per_organisation=True,
    section=gettext_lazy("Service desk"),
    label=gettext_lazy("Colleagues of the requester may write on a ticket by e-mail"),
    help=gettext_lazy("Otherwise their messages wait for an agent to accept them."),
)
_SERIAL = re.compile(r"\betb\.[a-z0-9-]{1,40}\.([a-z0-9]{1,40})\.[a-z2-7]{26}", re.I)
_MERGES = 20
_NAMED = gettext_noop("Its subject names %(ticket)s, where its sender may not write.")
_MERGED = gettext_noop("%(ticket)s was merged: it joins what it was merged into.")


class Standing(Enum):
    """What a sender is to a ticket: somebody of the desk, somebody it concerns, or a stranger to it."""

    AGENT = "agent"
    ALLOWED = "allowed"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Place:
    """Where a mail belongs: the ticket and what proves it; ``told`` are sentences for its history.

    ``agent`` is who answers for the desk; ``internal`` is whether the mail answers what never left it.
    """

    ticket: Ticket | None = None
    proof: str = ""
    standing: Standing = Standing.STRANGER
    agent: Actor | None = None
    internal: bool = False
    told: tuple[Sentence, ...] = ()


class Writer:
    """The sender of a mail, looked at once whatever the number of tickets tried."""

    def __init__(self, letter: Letter) -> None:
        self.letter, self.address = letter, letter.address
        self._account: Account | None = None
        self._actor: Actor | None = None
        self._looked = False

    @property
    def account(self) -> Account | None:
        """Their account, if they have one; addresses of accounts are unique."""
        if not self._looked and self.address:
            rows = Account.objects.alias(low=Lower("email")).filter(low=self.address, is_active=True)
            self._account = rows.first()
            self._looked = True
        return self._account

    @property
    def actor(self) -> Actor | None:
        if self._actor is None and self.account:
            self._actor = actor_of(self.account, source="mail")
        return self._actor

    def serves(self, organisation: int) -> bool:
        """Whether they answer for the desk there; never on the word of an unproven sender."""
        return not self.letter.unproven and bool(self.actor and self.actor.may("ticket.answer", organisation))

    def standing(self, ticket: Ticket) -> Standing:
        """What they are to a ticket."""
        if not self.address or self.letter.unproven:
            return Standing.STRANGER
        if self.address == ticket.caller_email.lower() or self._is_requester(ticket):
            return Standing.ALLOWED
        if self.serves(ticket.organisation_id):
            return Standing.AGENT
        if self._watches(ticket) or self._colleague(ticket):
            return Standing.ALLOWED
        return Standing.STRANGER

    def _is_requester(self, ticket: Ticket) -> bool:
        requester = ticket.requester
        return bool(requester and requester.account_id and self.account == requester.account)

    def _watches(self, ticket: Ticket) -> bool:
        asked = Q(low=self.address) | Q(low_of_person=self.address)
        if self.account:
            asked |= Q(account=self.account)
        rows = ticket.watchers.alias(low=Lower("email"), low_of_person=Lower("person__email"))
        return rows.filter(asked).exists()

    def _colleague(self, ticket: Ticket) -> bool:
        if not preferences.get("support.colleagues_write", ticket.organisation_id):
            return False
        rows = Person.objects.alias(low=Lower("email"))
        return rows.filter(organisation=ticket.organisation_id, low=self.address).exists()


def place_of(letter: Letter, writer: Writer) -> Place:
    """The ticket a mail belongs to, by the strongest proof that leads to one in sight; an empty place if not.

    A number in a subject proves nothing: it leads there only those who may write there.
    """
    told: list[Sentence] = []
    for proof, key, value in _leads(letter.verdict.threads):
        ticket = _ticket(key, told)
        if ticket is None:
            continue
        standing = writer.standing(ticket)
        if proof == SUBJECT and standing is Standing.STRANGER:
            told.append(sentence(_NAMED, ticket=ticket.reference))
            continue
        return Place(
            ticket,
            proof,
            standing,
            agent=writer.actor if standing is Standing.AGENT else None,
            internal=standing is Standing.AGENT and (proof == SUBJECT or internal(value)),
            told=tuple(told),
        )
    return Place(told=tuple(told))


def _leads(threads: Sequence[Candidate]) -> Iterator[tuple[str, int, str]]:
    """Proof, ticket (id) and what was found, from the strongest."""
    by_proof = {proof: [one for one in threads if one.proof == proof] for proof in (SIGNED, SUBJECT, BODY)}
    for one in by_proof[SIGNED]:
        if one.verified and (key := _number(one.ticket)):
            yield SIGNED, key, one.value
    referred = [one.value for one in threads if one.proof == REFERENCE]
    if found := known.find(referred):
        yield REFERENCE, found, ""
    for one in by_proof[SUBJECT]:
        if key := _number(one.ticket):
            yield SUBJECT, key, one.value
    for one in by_proof[BODY]:
        if one.verified and (key := _number(one.ticket)):
            yield BODY, key, one.value


def _number(written: str | None) -> int:
    return int(written) if written and written.isdecimal() and len(written) < 16 else 0


def _ticket(key: int, told: list[Sentence]) -> Ticket | None:
    """The ticket, or what it was merged into."""
    rows = Ticket.objects.select_related("requester")
    found = rows.filter(pk=key).first()
    for _step in range(_MERGES):
        if found is None or found.merged_into_id is None:
            return found
        told.append(sentence(_MERGED, ticket=found.reference))
        found = rows.filter(pk=found.merged_into_id).first()
    return found
