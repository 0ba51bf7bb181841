"""What people see of the mailboxes of the desk: how well they do, what arrived, what became of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from etabli.kernel import files
from etabli.kernel.actors import Actor, can, require
from etabli.kernel.screens import Act, Column, Panel, Screen, register
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.pages import the_object
from etabli.web import markup
from etabli.web.markup import Tone

from . import health, reading, trying
from .intake import open_anyway, told_on, why_not_open
from .mailboxes import Mailbox, ReceivedMail
from .tickets import Ticket

GROUP = gettext_lazy("E-mail of the desk")
SHOWN = 15
TONES: dict[str, Tone] = {
    ReceivedMail.Fate.STORED: "warn",
    ReceivedMail.Fate.OPENED: "ok",
    ReceivedMail.Fate.ADDED: "ok",
    ReceivedMail.Fate.BOUNCE: "bad",
    ReceivedMail.Fate.IGNORED: "off",
}
KINDS = {
    "message": gettext_lazy("message"),
    "reply": gettext_lazy("reply"),
    "auto-reply": gettext_lazy("automatic reply"),
    "bounce": gettext_lazy("returned mail"),
    "loop": gettext_lazy("loop"),
    "unreadable": gettext_lazy("unreadable"),
}


class MailboxForm(NounForm):
    """What logging in needs depends on how it is done."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        asked: list[tuple[str, Any]] = [("password", _("Enter the password of this mailbox."))]
        if cleaned.get("login") == Mailbox.Login.XOAUTH2:
            needed = _("OAuth 2 needs it: it comes with the authorisation of the application.")
            asked = [(name, needed) for name in ("token_url", "client_id", "refresh_token")]
            if (cleaned.get("token_url") or "https://").partition(":")[0] != "https":
                self.add_error("token_url", _("The address that gives tokens must begin with https://."))
        for name, sentence in asked:
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, sentence)
        return cleaned


def state_of(mailbox: Mailbox) -> tuple[Any, Tone]:
    """How a mailbox does, in a word."""
    if not mailbox.enabled:
        return pgettext("mailbox", "not in use"), "off"
    if mailbox.in_trouble():
        return pgettext("mailbox", "no longer read"), "bad"
    if mailbox.failing_since:
        return pgettext("mailbox", "failing"), "warn"
    return (
        (pgettext("mailbox", "read"), "ok")
        if mailbox.read_at
        else (pgettext("mailbox", "not read yet"), "off")
    )


@require_POST
def test_page(request: Any, screen: Screen, pk: int) -> HttpResponse:
    """Try it both ways, and say what is wrong in plain words."""
    mailbox = the_object(request, screen, pk)
    require(request.actor, screen.verb("change"), mailbox)
    problems = trying.problems_of(mailbox)
    for problem in problems:
        messages.error(request, problem)
    if not problems:
        messages.success(request, _("It works: mail comes in and goes out by this mailbox."))
    return redirect(screen.url(mailbox))


@require_safe
def raw_page(request: Any, screen: Screen, pk: int) -> HttpResponseBase:
    """The mail as it came, to download: never shown, whatever it is."""
    received = the_object(request, screen, pk)
    name = files.clean_name(f"{received.subject or received.pk}.eml")
    try:
        response = files.serve(received.file)
    except files.ContentMissing as error:
        messages.error(request, str(error))
        return redirect(screen.url(received))
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _read_now(mailbox: Mailbox, _cleaned: dict[str, Any], _actor: Actor) -> None:
    if not mailbox.enabled:
        raise ValidationError(_("It is not in use."))
    reading.read_one.enqueue(once=f"mailbox:{mailbox.pk}", inside=mailbox.organisation_id, mailbox=mailbox.pk)


@register
class MailboxScreen(Screen):
    """The addresses of the desk."""

    about = gettext_lazy("The addresses people write to: read by IMAP, answered from by SMTP.")
    model = Mailbox
    slug = "mailboxes"
    icon, group = "mail", GROUP
    columns = [
        Column("name", gettext_lazy("Name"), lambda m: markup.titled(m.name, m.address), sort=("name",)),
        Column("state", gettext_lazy("State"), lambda m: markup.state(*state_of(m)),
               value=lambda m: str(state_of(m)[0])),
        Column("read_at", gettext_lazy("Last read"), lambda m: show(m.read_at), sort=("read_at",), css="m"),
        Column("team", gettext_lazy("Team in charge"), lambda m: show(str(m.team) if m.team else None),
               related=("team",), css="m"),
        "kind",
    ]  # fmt: skip
    filters = ["enabled", "team", "kind"]
    search = ["name", "address"]
    fields = [
        "name", "address", "enabled", "imap_host", "imap_port", "imap_security", "folder", "done_folder",
        "since", "login", "user", "password", "token_url", "client_id", "client_secret", "refresh_token",
        "smtp_host", "smtp_port", "smtp_security", "team", "kind", "acknowledges", "signature",
    ]  # fmt: skip
    sections = [
        (
            gettext_lazy("Incoming mail"),
            ["imap_host", "imap_port", "imap_security", "folder", "done_folder", "since"],
        ),
        (gettext_lazy("Logging in"), ["login", "user", "password"]),
        (gettext_lazy("OAuth 2"), ["token_url", "client_id", "client_secret", "refresh_token"]),
        (gettext_lazy("Outgoing mail"), ["smtp_host", "smtp_port", "smtp_security"]),
        (gettext_lazy("What arrives"), ["team", "kind", "acknowledges", "signature"]),
    ]  # fmt: skip
    identity = ("address",)
    form = MailboxForm
    importable = False
    acts = [
        Act("read", gettext_lazy("Read now"), "refresh", "mailbox.change", _read_now,
            why_not=lambda m: "" if m.enabled else _("It is not in use.")),
    ]  # fmt: skip

    def heading(self, obj: Mailbox) -> dict[str, Any]:
        label, tone = state_of(obj)
        problem = health.trouble_of(obj)
        return {
            "state": {"label": label, "tone": tone},
            "alerts": [{"tone": "bad" if obj.in_trouble() else "warn", "text": problem}] if problem else [],
        }

    def actions(self, obj: Mailbox, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "mailbox.change", obj):
            return []
        url = reverse("mailbox-test", args=[obj.pk])
        return [{"label": _("Test"), "icon": "plug-connected", "url": url, "method": "post", "primary": True}]

    def panels(self, obj: Mailbox, request: HttpRequest) -> list[Panel]:
        rows = obj.received.order_by("-id")[:SHOWN]
        return [
            Panel(_("Health"), rows=self._health(obj)),
            Panel(
                _("Last mails received"),
                template="support/_received.html",
                context={"received": [(one, TONES[one.fate]) for one in rows]},
                more_url=f"{reverse('receivedmail-list')}?mailbox={obj.pk}",
            ),
            Panel(self.singular, rows=self.facts(obj, self.fields), side=True),
        ]

    def _health(self, obj: Mailbox) -> list[tuple[str, Any]]:
        rows = [
            (_("Last read"), show(obj.read_at)),
            (_("Last attempt"), show(obj.tried_at)),
            (_("What is wrong"), health.trouble_of(obj) or _("nothing")),
            (_("Failing since"), show(obj.failing_since)),
            (_("Oldest mail that waits"), show(obj.oldest_unread_at)),
        ]
        if obj.login == Mailbox.Login.XOAUTH2:
            rows.append((_("Token valid until"), show(obj.token_expires_at)))
        return rows

    def more_urls(self) -> list[Any]:
        return [path("mailboxes/<int:pk>/test/", test_page, {"screen": self}, name="mailbox-test")]


@register
class ReceivedMailScreen(Screen):
    """Each mail that arrived, kept as it came."""

    about = gettext_lazy("Every mail that arrived, as it came, with what became of it and why.")
    model = ReceivedMail
    slug = "received-mails"
    icon, group = "inbox", GROUP
    columns = [
        Column("subject", gettext_lazy("Subject"),
               lambda m: markup.titled(m.subject or _("(no subject)"), m.sender), value=lambda m: m.subject),
        Column("fate", gettext_lazy("What became of it"),
               lambda m: markup.state(m.get_fate_display(), TONES[m.fate]),
               value=lambda m: str(m.get_fate_display())),
        Column("kind", gettext_lazy("Read as"), lambda m: show(KINDS.get(m.kind)), css="m",
               value=lambda m: m.kind),
        Column("mailbox", gettext_lazy("Mailbox"), lambda m: show(m.mailbox.address), related=("mailbox",),
               css="m p-hide", value=lambda m: m.mailbox.address),
        Column("received_at", gettext_lazy("Received on"), lambda m: show(m.received_at), css="m",
               value=lambda m: m.received_at),
    ]  # fmt: skip
    filters = ["fate", "mailbox"]
    fields = ["sender", "subject", "received_at", "fate"]
    order = ("-id",)
    identity = ("sha256",)
    related = ["mailbox", "file"]
    adds = changes = deletes = importable = searchable = annexed = False
    acts = [
        Act("open", gettext_lazy("Open a ticket from it"), "ticket", "ticket.add",
            lambda m, _cleaned, actor: _opened(m, actor), why_not=why_not_open, many=False, primary=True,
            text=gettext_lazy("It was set aside; a ticket will be opened as if somebody had written it.")),
    ]  # fmt: skip

    def heading(self, obj: ReceivedMail) -> dict[str, Any]:
        return {"state": {"label": obj.get_fate_display(), "tone": TONES[obj.fate]}}

    def subtitle(self, obj: ReceivedMail) -> str:
        return obj.sender

    def actions(self, obj: ReceivedMail, actor: Actor) -> list[dict[str, Any]]:
        url = reverse("receivedmail-raw", args=[obj.pk])
        return [{"label": _("Download the original"), "icon": "download", "url": url}]

    def panels(self, obj: ReceivedMail, request: HttpRequest) -> list[Panel]:
        ticket = Ticket.objects.filter(pk=obj.ticket_id or 0).first()
        actor: Actor = request.actor  # type: ignore[attr-defined]
        seen = ticket is not None and can(actor, "ticket.view", ticket)
        return [
            Panel(
                _("What became of it"),
                template="support/_fate.html",
                context={"fate": obj.get_fate_display(), "tone": TONES[obj.fate], "why": told_on(obj)},
            ),
            Panel(
                self.singular,
                side=True,
                rows=[
                    (_("Sender"), obj.sender),
                    (_("Mailbox"), link_to(obj.mailbox)),
                    (_("Ticket"), link_to(ticket) if seen else ""),
                    (_("Read as"), KINDS.get(obj.kind, "")),
                    (_("Received on"), show(obj.received_at)),
                    (_("Kept on"), show(obj.stored_at)),
                    (_("Size"), _size(obj.file.size)),
                    (_("Put away in its mailbox"), show(obj.moved)),
                ],
            ),
        ]

    def more_urls(self) -> list[Any]:
        return [path("received-mails/<int:pk>/raw/", raw_page, {"screen": self}, name="receivedmail-raw")]


def _size(octets: int) -> str:
    if octets >= 1024**2:
        return _("%(n)s MB") % {"n": f"{octets / 1024**2:.1f}"}
    kilo = max(octets // 1024, 1)
    return ngettext("%(n)s kB", "%(n)s kB", kilo) % {"n": kilo}


def _opened(received: ReceivedMail, actor: Actor) -> str:
    return reverse("ticket-detail", args=[open_anyway(received, actor=actor)])
