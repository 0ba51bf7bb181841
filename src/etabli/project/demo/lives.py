"""The life of one sample ticket: the same steps as the desk's verbs, kept in memory to be written at once.

Nothing here wakes a reaction or leaves by mail: this is the past. Tests compare what is written with what the
verbs, the clocks and the matrix would say of it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.events import Event
from etabli.people.models import Person
from etabli.support.facts import TicketFact
from etabli.support.messages import Message
from etabli.support.outbox import UNDO, OutgoingMail
from etabli.support.states import State
from etabli.support.tickets import Ticket

Kind = Message.Kind


@dataclass
class Life:
    """A ticket not yet saved, and everything that hangs on it, in the order of time."""

    ticket: Ticket
    rng: Random
    assets: list[Asset] = field(default_factory=list)
    facts: list[TicketFact] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    mails: list[OutgoingMail] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    first_team: Any = None

    def open(self, text: str) -> None:
        """It is opened by whoever asks; its priority is weighed later, when those before it are known."""
        one = self.ticket
        self.first_team = one.team
        self.facts.append(TicketFact(kind="opened", at=one.opened_at, told={}))
        self.say(Kind.ASKED, text, one.opened_at, who=one.caller)
        self._tell("opened", one.opened_at, one.caller, text=text[:200])

    def take(self, agent: Account, at: datetime) -> None:
        """An agent takes charge of it."""
        self.ticket.assignee = agent
        self._move(State.IN_PROGRESS, at, "taken", agent.name, {"assignee": [None, _named(agent)]})

    def hand(self, team: Any, agent: Account, at: datetime, reason: str) -> None:
        """It goes to another team, to somebody of it."""
        before = self.ticket.team, self.ticket.assignee
        self.ticket.team, self.ticket.assignee = team, agent
        self.facts.append(TicketFact(kind="handed", at=at, told={"team": str(team)}))
        changes = {"team": [_named(before[0]), _named(team)], "assignee": [_named(before[1]), _named(agent)]}
        self._tell("assigned", at, before[1].name if before[1] else agent.name, changes, text=reason)

    def answer(self, agent: Account, text: str, at: datetime) -> None:
        """The user is answered, by mail when they have an address: it left long ago."""
        to = [self.ticket.caller_email] if self.ticket.caller_email else []
        message = self.say(Kind.REPLY, text, at, who=agent.name, account=agent, sent_to={"to": to, "cc": []})
        self.facts.append(TicketFact(kind="answered", at=at, told={}))
        self.ticket.answered_at, self.ticket.owed = self.ticket.answered_at or at, False
        if to:
            self._mail(message, to, at)
        self._tell("answered", at, agent.name, text=text[:200], account=agent)

    def note(self, agent: Account, text: str, at: datetime) -> None:
        self.say(Kind.NOTE, text, at, who=agent.name, account=agent)
        self._tell("noted", at, agent.name, text=text[:200], account=agent)

    def hear(self, text: str, at: datetime, *, thanks: bool = False) -> None:
        """The user writes again: what waits for them goes on, what was solved reopens, except for thanks."""
        one = self.ticket
        self.say(Kind.ASKED, text, at, who=one.caller)
        if not thanks:
            self.facts.append(TicketFact(kind="asked", at=at, told={}))
            if one.state == State.SOLVED:
                self._move(State.IN_PROGRESS, at, "reopened", one.caller)
            elif one.waiting == "user":
                self._move(State.IN_PROGRESS, at, "resumed", one.caller)
            one.owed = True
        self._tell("received", at, one.caller, text=text[:200])

    def wait(
        self, agent: Account, waiting: str, at: datetime, reason: str, visit: datetime | None = None
    ) -> None:
        self.ticket.waiting, self.ticket.visit_at = waiting, visit if waiting == "visit" else None
        self._move(State.WAITING, at, "put_on_hold", agent.name, text=reason)

    def resume(self, agent: Account, at: datetime) -> None:
        self._move(State.IN_PROGRESS, at, "resumed", agent.name)

    def solve(self, agent: Any, solution: str, at: datetime) -> None:
        self.ticket.solution = solution
        self._move(State.SOLVED, at, "solved", agent.name, text=solution)

    def close(self, who: str, at: datetime) -> None:
        self._move(State.CLOSED, at, "closed", who)

    def unclose(self) -> None:
        """Take back the closing, the last thing that happened: it is still to come."""
        self.events.pop()
        self.facts.pop()
        solved = self.ticket.solved_at or self.ticket.opened_at
        self.ticket.state, self.ticket.closed_at, self.ticket.state_since = State.SOLVED, None, solved
        self.ticket.active_at = max([solved, *(one.at for one in self.messages)])

    def recast(self, title: str, text: str, *, kind: str) -> None:
        """A ticket just begun becomes one that a program or the desk opened, about no machine."""
        one = self.ticket
        one.title, one.kind, one.channel = title, kind, Ticket.Channel.MONITORING
        one.requester, one.contact_name = None, "Supervision" if kind == Ticket.Kind.MAJOR else "Support N2"
        self.assets, self.messages, self.facts, self.events = [], [], [], []
        self.open(text)

    def say(
        self, kind: str, text: str, at: datetime, *, who: str, account: Account | None = None, **more: Any
    ) -> Message:
        """A message joins the ticket."""
        asked = kind == Kind.ASKED
        person: Person | None = self.ticket.requester if asked else None
        message = Message(
            kind=kind,
            at=at,
            account=account,
            person=person,
            author=who,
            email=self.ticket.caller_email if asked else "",
            text=text,
            visible=text,
            channel=self.ticket.channel if asked else "",
            **more,
        )
        self.messages.append(message)
        self.ticket.active_at = at
        return message

    def _mail(self, message: Message, to: list[str], at: datetime) -> None:
        left = at + UNDO
        self.mails.append(
            OutgoingMail(
                message=message,
                to=to,
                serial=f"{self.rng.getrandbits(80):020x}",
                state=OutgoingMail.State.SENT,
                send_at=left,
                sent_at=left + timedelta(seconds=2),
                tries=1,
            )
        )

    def _move(
        self,
        state: State,
        at: datetime,
        verb: str,
        who: str,
        changes: dict[str, Any] | None = None,
        text: str = "",
    ) -> None:
        one, before = self.ticket, self.ticket.state
        one.state, one.state_since, one.active_at = state, at, at
        if state != State.WAITING:
            one.waiting, one.visit_at = "", None
        if state == State.SOLVED:
            one.solved_at, one.owed = at, False
        elif state == State.CLOSED:
            one.closed_at, one.owed = at, False
        else:
            one.solved_at = one.closed_at = None
        told = {"state": str(state), "waiting": one.waiting or None}
        self.facts.append(TicketFact(kind="moved", at=at, told=told))
        self._tell(verb, at, who, {"state": [str(before), str(state)], **(changes or {})}, text=text)

    def _tell(
        self,
        verb: str,
        at: datetime,
        who: str,
        changes: dict[str, Any] | None = None,
        *,
        account: Account | None = None,
        **extra: Any,
    ) -> None:
        self.events.append(
            Event(
                at=at,
                verb=f"ticket.{verb}",
                noun="ticket",
                account_id=account.pk if account else None,
                actor=who[:120],
                source="page",
                changes=changes or {},
                extra=extra,
            )
        )


def _named(obj: Any) -> dict[str, Any] | None:
    return {"id": obj.pk, "text": str(obj)} if obj else None
