"""What the desk writes by itself, in the language of whoever reads it, and how an organisation sets it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences

from .tickets import Ticket

DESK = gettext_lazy("Service desk")


def _days(key: str, default: int, label: object, help: object = "") -> None:
    preferences.declare(
        key,
        kind=int,
        default=default,
        least=0,
        most=90,
        per_organisation=True,
        section=DESK,
        label=label,
        help=help,
    )


preferences.declare(
    "desk.language",
    kind=str,
    default="fr",
    choices=settings.LANGUAGES,
    per_organisation=True,
    section=DESK,
    label=gettext_lazy("Language of automatic mails"),
    help=gettext_lazy("For people without an account; the others are written to in their own language."),
)
preferences.declare(
    "desk.receipt_note",
    kind=str,
    default="",
    per_organisation=True,
    section=DESK,
    label=gettext_lazy("Sentence added to acknowledgements"),
    help=gettext_lazy("Such as: For an emergency, call 01 23 45 67 89."),
)
_days(
    "desk.reminder_days",
    3,
    gettext_lazy("Working days before the user is reminded that we wait for them"),
    gettext_lazy("0: no reminder. A second one follows after as long."),
)
preferences.declare(
    "desk.waiting_closes",
    kind=bool,
    default=True,
    per_organisation=True,
    section=DESK,
    label=gettext_lazy("Close what was reminded twice without an answer"),
)
_days(
    "desk.solved_days",
    5,
    gettext_lazy("Working days before a solved ticket closes by itself"),
    gettext_lazy("0: never."),
)
preferences.declare(
    "desk.survey_percent",
    kind=int,
    default=100,
    least=0,
    most=100,
    per_organisation=True,
    section=DESK,
    label=gettext_lazy("Share of tickets whose user is asked for an opinion (%)"),
    help=gettext_lazy("0: nobody is asked."),
)
_days(
    "desk.survey_days",
    0,
    gettext_lazy("Days after the solution when the opinion is asked"),
    gettext_lazy("0: when the ticket is closed."),
)


def language_of(ticket: Ticket) -> str:
    """The language to write to its user in: that of their account, else the organisation's."""
    account = ticket.requester.account if ticket.requester else None
    return account.language if account else str(preferences.get("desk.language", ticket.organisation_id))


@contextmanager
def spoken(ticket: Ticket) -> Iterator[None]:
    """Inside, sentences are said in the language of the ticket's user."""
    with translation.override(language_of(ticket)):
        yield


def greeting(ticket: Ticket) -> str:
    name = ticket.caller if ticket.requester or ticket.contact_name else ""
    return _("Hello %(name)s,") % {"name": name} if name else _("Hello,")


def receipt(ticket: Ticket) -> str:
    """That the request arrived, under which number, and that an answer to this mail joins it."""
    parts = [
        greeting(ticket),
        _("We received your request “%(title)s”. Its number is %(reference)s.") % _told(ticket),
        _("To add something, answer this mail."),
        str(preferences.get("desk.receipt_note", ticket.organisation_id)),
    ]
    return _paragraphs(parts)


def reminder(ticket: Ticket, *, last: bool, closes: bool) -> str:
    """That the ticket waits for its user; the last one says what happens without an answer."""
    parts = [
        greeting(ticket),
        _("We need an answer from you to go on with your request “%(title)s” (%(reference)s).")
        % _told(ticket),
        _("Answer this mail, even with a few words."),
    ]
    if last and closes:
        parts.append(_("Without news from you it will soon be closed; you may always write to us again."))
    return _paragraphs(parts)


def question(ticket: Ticket, links: list[tuple[int, str]]) -> str:
    """The question of satisfaction, with a link for each grade, the best first."""
    from .satisfaction import GRADES

    lines = [f"{GRADES[grade]} : {url}" for grade, url in links]
    parts = [
        greeting(ticket),
        _("Your request “%(title)s” (%(reference)s) is over. Are you satisfied with how it went?")
        % _told(ticket),
        "\n".join(lines),
        _("One click is enough; you may add a comment. The link is valid for 30 days."),
    ]
    return _paragraphs(parts)


def _told(ticket: Ticket) -> dict[str, str]:
    return {"title": ticket.title, "reference": ticket.reference}


def _paragraphs(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part)
