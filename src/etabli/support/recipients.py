"""To whom an answer goes: what the composer spells out on its button, and what is sent to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from .tickets import Ticket

MOST = 100


@dataclass(frozen=True)
class Recipient:
    """An address, and the name people know it by (the address itself when there is no other)."""

    name: str
    address: str

    def __str__(self) -> str:
        return self.name if self.name == self.address else f"{self.name} <{self.address}>"


def recipients_of(ticket: Ticket) -> tuple[list[Recipient], list[Recipient]]:
    """Who receives an answer, and who receives it in copy: the caller, then the watchers who have an address
    here. None at all when the caller has no address.
    """
    address = ticket.caller_email
    to = [Recipient(ticket.caller or address, address)] if address else []
    if not to:
        return [], []
    rows = ticket.watchers.exclude(email="").select_related("person").order_by("id")[:MOST]
    seen, cc = {address.lower()}, []
    for row in rows:
        if row.email.lower() not in seen:
            seen.add(row.email.lower())
            cc.append(Recipient(str(row.person) if row.person else row.email, row.email))
    return to, cc


def addresses(text: str | Iterable[str]) -> list[str]:
    """Addresses as somebody typed them, separated by commas, semicolons or lines, each once.

    Raises ``ValidationError`` that names the one that is wrong.
    """
    pieces = text.replace(";", ",").replace("\n", ",").split(",") if isinstance(text, str) else list(text)
    found = {piece.strip().lower(): piece.strip() for piece in pieces if piece.strip()}
    for one in found.values():
        try:
            validate_email(one)
        except ValidationError:
            raise ValidationError(_("“%(text)s” is not an e-mail address.") % {"text": one[:80]})
    if len(found) > MOST:
        raise ValidationError(_("A mail has at most %(most)s recipients.") % {"most": MOST})
    return list(found.values())


def plain_addresses(recipients: Sequence[Recipient]) -> list[str]:
    return [one.address for one in recipients]
