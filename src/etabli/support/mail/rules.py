"""The rules by which a mail is sorted, and the sentence that tells each to a person."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop

from etabli.kernel.sentences import Sentence, sentence

SENTENCES = {
    # unreadable
    "too-large": gettext_noop("The mail is larger than what is read; the original is attached."),
    "too-many-parts": gettext_noop("The mail has more parts than what is read; the original is attached."),
    "malformed": gettext_noop("The mail is built in a way that cannot be read; the original is attached."),
    "no-header": gettext_noop("No header of a mail was found; the original is attached."),
    "encrypted": gettext_noop("The mail is encrypted (%(what)s); its content is attached as it came."),
    # loop
    "own-mark": gettext_noop("It carries the mark of our own automatic mails (%(what)s)."),
    "own-address": gettext_noop("It comes from one of our own addresses (%(what)s)."),
    "own-message-id": gettext_noop("Its Message-ID is one of ours (%(what)s)."),
    "own-loop": gettext_noop("Its X-Loop header names one of our own addresses (%(what)s)."),
    "hops": gettext_noop("It passed %(what)s servers: it goes round."),
    # bounce
    "delivery-report": gettext_noop("A delivery report says that %(what)s did not receive it."),
    "failed-recipients": gettext_noop("The X-Failed-Recipients header names %(what)s."),
    "told-by-server": gettext_noop("A mail server says that %(what)s did not receive it."),
    # automatic
    "auto-submitted": gettext_noop("Its Auto-Submitted header says that a program wrote it (%(what)s)."),
    "precedence": gettext_noop("Its Precedence header is “%(what)s”."),
    "suppress": gettext_noop("It asks not to be answered by a program (X-Auto-Response-Suppress: %(what)s)."),
    "automatic-header": gettext_noop("A header says that a program wrote it (%(what)s)."),
    "foreign-loop": gettext_noop("It carries the loop mark of another system (%(what)s)."),
    "list": gettext_noop("It comes through a mailing list (%(what)s)."),
    "report": gettext_noop("It is a report made by a program (%(what)s)."),
    "null-sender": gettext_noop("Its Return-Path is empty: nothing may be answered."),
    "daemon": gettext_noop("It was written by a mail server (%(what)s)."),
    "absence-subject": gettext_noop("Its subject is that of an automatic answer (“%(what)s”)."),
    # reply, message
    "signed-id": gettext_noop("It answers one of our mails (%(what)s)."),
    "reference": gettext_noop("It answers another mail (%(what)s)."),
    "subject-tag": gettext_noop("Its subject names a ticket (%(what)s)."),
    "body-marker": gettext_noop("It quotes the mark of one of our mails (%(what)s)."),
    "subject-re": gettext_noop("Its subject begins as an answer (“%(what)s”)."),
    "new": gettext_noop("It refers to no other mail."),
    "thanks": gettext_noop("It only says thank you: nothing to reopen."),
    "no-reply": gettext_noop("Its sender does not read answers (%(what)s)."),
}


@dataclass(frozen=True)
class Reason:
    """A rule that held, and what it was seen from."""

    rule: str
    evidence: str = ""

    @property
    def sentence(self) -> Sentence:
        """Why, in the language of whoever reads it."""
        return sentence(SENTENCES[self.rule], what=self.evidence)
