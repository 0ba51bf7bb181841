"""What a mail says and brings, as messages of tickets hold it: bounded, its files kept."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel import files
from etabli.kernel.actors import SYSTEM
from etabli.kernel.sentences import Sentence, sentence

from .letters import Letter
from .mail.message import Attachment
from .opening import Words

MOST_FILES = 100
LONGEST_TEXT, LONGEST_HTML = 500_000, 1_500_000
ORIGINAL = "message.eml"

_FILES = gettext_noop(
    "It brings %(count)s files: the first %(most)s were kept apart, the others are in the original."
)
_LONG = gettext_noop("Its text is very long: the end of it is in the original, attached.")
_REFUSED = gettext_noop("The file “%(name)s” was not kept apart: %(why)s")
_HEADERS_ONLY = gettext_noop(
    "It is larger than the largest file accepted here: only its headers were kept, the whole stays in the "
    "mailbox."
)


@dataclass(frozen=True)
class Unpacked:
    """The words of a mail, and what is to be said of what could not be kept apart."""

    words: Words
    told: tuple[Sentence, ...] = ()


def unpack(letter: Letter, raw: bytes, organisation: int, *, own_words: bool = False) -> Unpacked:
    """Keep the files of a mail in an organisation (id) and give its words.

    own_words: only what the writer wrote, without what they quote: what an agent sends on to a user.
    """
    mail, told = letter.mail, []
    attached = list(mail.attachments[:MOST_FILES])
    if not letter.whole:
        told.append(sentence(_HEADERS_ONLY))
    if len(mail.attachments) > MOST_FILES:
        told.append(sentence(_FILES, count=len(mail.attachments), most=MOST_FILES))
    if long := len(mail.text) > LONGEST_TEXT or len(mail.html) > LONGEST_HTML:
        told.append(sentence(_LONG))
    cut = long or len(mail.attachments) > MOST_FILES or bool(mail.trouble)
    if cut and not any(one.content == raw for one in attached):
        attached.append(Attachment(ORIGINAL, "message/rfc822", raw))
    kept = []
    for one in attached:
        try:
            file = files.store(
                one.content, name=one.name or ORIGINAL, actor=SYSTEM, organisation=organisation
            )
            kept.append((file, _content_id(one)))
        except files.FileTooLarge as error:
            told.append(sentence(_REFUSED, name=one.name, why=error))
    text, visible = mail.text[:LONGEST_TEXT], letter.trimmed.visible[:LONGEST_TEXT]
    if not letter.whole:
        text = visible = _(
            "(The mail is larger than the largest file accepted here: it stays in the mailbox.)"
        )
    if own_words:
        return Unpacked(Words(visible or text, visible or text, files=tuple(kept)), tuple(told))
    html = mail.html if len(mail.html) <= LONGEST_HTML else ""
    return Unpacked(Words(text, visible, html, tuple(kept)), tuple(told))


def _content_id(one: Attachment) -> str:
    return "".join(c for c in one.content_id if c.isprintable())[:250]
