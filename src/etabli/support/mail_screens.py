"""The mails that leave: the list, each with its tries and what is wrong, and what can be done about it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act, Column, Filter, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.filters import named
from etabli.web import markup
from etabli.web.markup import Tone

from . import groups
from .messages import Message
from .outbox import OutgoingMail
from .posting import BACK, NOT_LEFT, give_up, reschedule, resend, take_back
from .recipients import addresses

State = OutgoingMail.State
TONES: dict[str, Tone] = {
    State.QUEUED: "info",
    State.SENDING: "info",
    State.SENT: "ok",
    State.DEFERRED: "warn",
    State.FAILED: "bad",
    State.BOUNCED: "bad",
    State.CANCELLED: "off",
}


class LaterForm(ActForm):
    send_at = forms.DateTimeField(
        label=gettext_lazy("Leaves on"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class AgainForm(ActForm):
    to = forms.CharField(
        label=gettext_lazy("Recipients"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("E-mail addresses, separated by commas."),
    )
    cc = forms.CharField(
        label=gettext_lazy("In copy"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list(self.rows[:2])
        if len(rows) == 1:
            self.initial["to"], self.initial["cc"] = ", ".join(rows[0].to), ", ".join(rows[0].cc)

    def clean_to(self) -> list[str]:
        return addresses(self.cleaned_data["to"])

    def clean_cc(self) -> list[str]:
        return addresses(self.cleaned_data["cc"])


def _not_left(mail: OutgoingMail) -> str:
    """Why it can no longer be held back; empty when it can."""
    return "" if mail.state in NOT_LEFT else _("It is over: %(state)s.") % {"state": mail.get_state_display()}


def _why_not_back(mail: OutgoingMail) -> str:
    if mail.message_id is None:
        return _("Nobody wrote it: give it up instead.")
    return _("Somebody has received it already.") if mail.delivered else _not_left(mail)


def _why_not_again(mail: OutgoingMail) -> str:
    if mail.state in BACK or (mail.state == State.SENT and mail.refused):
        return ""
    return _("Only a mail that was refused or returned is sent again.")


def _why_not_given_up(mail: OutgoingMail) -> str:
    return "" if mail.state in BACK else _not_left(mail)


def _take_back(mail: OutgoingMail, _cleaned: dict[str, Any], actor: Actor) -> None:
    take_back(mail, actor=actor)


def _now(mail: OutgoingMail, _cleaned: dict[str, Any], actor: Actor) -> None:
    reschedule(mail, actor=actor)


def _later(mail: OutgoingMail, cleaned: dict[str, Any], actor: Actor) -> None:
    reschedule(mail, actor=actor, send_at=cleaned["send_at"])


def _again(mail: OutgoingMail, cleaned: dict[str, Any], actor: Actor) -> None:
    resend(mail, actor=actor, to=cleaned["to"], cc=cleaned["cc"])


def _same_again(mail: OutgoingMail, _cleaned: dict[str, Any], actor: Actor) -> None:
    if problem := _why_not_again(mail):
        raise ValidationError(problem)
    resend(mail, actor=actor)


def _give_up(mail: OutgoingMail, _cleaned: dict[str, Any], actor: Actor) -> None:
    give_up(mail, actor=actor)


ACTS = [
    Act("resend", gettext_lazy("Send again"), "send", "ticket.answer", _again, AgainForm,
        why_not=_why_not_again, primary=True, many=False),
    Act("again", gettext_lazy("Send again, to the same addresses"), "refresh", "ticket.answer", _same_again,
        why_not=_why_not_again, one=False),
    Act("now", gettext_lazy("Send now"), "player-play", "ticket.answer", _now, why_not=_not_left),
    Act("later", gettext_lazy("Send later"), "clock", "ticket.answer", _later, LaterForm, why_not=_not_left),
    Act("takeback", gettext_lazy("Take back"), "arrow-back-up", "ticket.answer", _take_back,
        why_not=_why_not_back, danger=True, many=False,
        text=gettext_lazy("The answer goes away from the ticket; its words are kept.")),
    Act("giveup", gettext_lazy("Give up"), "x", "ticket.answer", _give_up, why_not=_why_not_given_up,
        danger=True, text=gettext_lazy("It is not tried again. What was written stays on the ticket.")),
]  # fmt: skip


@register
class OutgoingMailScreen(Screen):
    """Answers, acknowledgements, reminders and questions of satisfaction, as they leave."""

    about = gettext_lazy("What leaves by mail: whether it did, and what is wrong when it did not.")
    model = OutgoingMail
    area, group, icon = "support", groups.MAIL, "mail"
    columns = [
        Column(
            "subject",
            gettext_lazy("Subject"),
            lambda m: markup.titled(m.subject),
            value=lambda m: m.subject,
        ),
        Column(
            "to",
            gettext_lazy("Recipients"),
            lambda m: show(", ".join(m.to)),
            css="m",
            value=lambda m: ", ".join(m.to),
        ),
        Column(
            "state",
            gettext_lazy("State"),
            lambda m: markup.state(m.get_state_display(), TONES[m.state]),
            sort=("state",),
            value=lambda m: str(m.get_state_display()),
        ),
        Column(
            "problem",
            gettext_lazy("What is wrong"),
            lambda m: show(m.problem),
            css="m p-hide",
            value=lambda m: str(m.problem),
        ),
        "kind",
        Column("tries", gettext_lazy("Tries"), lambda m: show(m.tries), css="num", value=lambda m: m.tries),
        Column(
            "send_at",
            gettext_lazy("Leaves on"),
            lambda m: show(m.sent_at or m.send_at),
            css="m p-hide",
            value=lambda m: m.sent_at or m.send_at,
        ),
    ]
    filters = [
        Filter(
            "is",
            gettext_lazy("Which"),
            named(
                waiting=lambda: Q(state__in=[State.QUEUED, State.SENDING, State.DEFERRED]),
                stuck=lambda: Q(state__in=[State.DEFERRED, State.FAILED, State.BOUNCED]),
            ),
            lambda: [("waiting", _("not left yet")), ("stuck", _("could not leave"))],
        ),
        "state",
        "kind",
        "send_at",
    ]
    order = (F("id").desc(),)
    identity = ("subject",)
    related = ["ticket"]
    acts = ACTS
    adds = changes = deletes = importable = searchable = annexed = undoable = False

    def holding(self, rows: Any, wanted: Any, actor: Actor) -> Any:
        """Its subject and recipients: a mail is not in the search of everything."""
        for word in wanted:
            rows = rows.filter(Q(subject__icontains=word) | Q(to__icontains=word))
        return rows

    def heading(self, obj: OutgoingMail) -> dict[str, Any]:
        alerts = [{"tone": TONES[obj.state] or "info", "text": obj.problem}] if obj.problem else []
        label = str(obj.get_state_display())
        return {"state": {"label": label, "tone": TONES[obj.state]}, "alerts": alerts}

    def panels(self, obj: OutgoingMail, request: HttpRequest) -> Iterable[Panel]:
        message = Message.objects.filter(pk=obj.message_id).first() if obj.message_id else None
        text = {"text": message.text if message else obj.text}
        yield Panel(_("Text"), template="support/_text.html", context=text)
        if obj.refused:
            yield Panel(_("Refused by their server"), rows=list(obj.refused.items()))
        yield Panel(self.singular, rows=list(self._told(obj)), side=True)

    def _told(self, obj: OutgoingMail) -> Iterable[tuple[Any, Any]]:
        yield _("Ticket"), link_to(obj.ticket)
        yield _("Kind"), obj.get_kind_display()
        yield _("Recipients"), _listed(obj.to)
        if obj.cc:
            yield _("In copy"), _listed(obj.cc)
        if obj.delivered:
            yield _("Received by"), _listed(obj.delivered)
        yield (_("Left on"), show(obj.sent_at)) if obj.sent_at else (_("Leaves on"), show(obj.send_at))
        yield _("Tries"), obj.tries
        if obj.tried_at:
            yield _("Last tried"), show(obj.tried_at)


def _listed(values: list[str]) -> str:
    return format_html_join(SafeString("<br>"), "{}", ((one,) for one in values))


def stuck(mails: Any) -> Any:
    """The mails that could not leave lately, the latest first: put off several times, refused, returned."""
    now = timezone.now()
    off = Q(state=State.DEFERRED, tries__gt=2)
    over = Q(state__in=[State.FAILED, State.BOUNCED], send_at__gt=now - timedelta(days=14))
    return mails.filter(off | over, state__in=[State.DEFERRED, State.FAILED, State.BOUNCED]).order_by("-id")


def stuck_url() -> str:
    return f"{reverse('outgoingmail-list')}?is=stuck"
