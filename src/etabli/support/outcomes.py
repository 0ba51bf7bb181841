"""What became of a mail, as sorting tells it."""

from dataclasses import dataclass

from etabli.kernel.sentences import Sentence

from .mailboxes import ReceivedMail


@dataclass(frozen=True)
class Outcome:
    """The fate of a mail, sentences that say why, and the ticket and message it is on, if any."""

    fate: ReceivedMail.Fate
    told: tuple[Sentence, ...] = ()
    ticket_id: int | None = None
    message_id: int | None = None
