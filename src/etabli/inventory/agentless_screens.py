"""What people see of the servers read by SSH, and of the logins that agents use for databases."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.assets import groups
from etabli.kernel.actors import Actor
from etabli.kernel.events import Event
from etabli.kernel.screens import Act, Column, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.history import name_act
from etabli.web import markup

from . import agentless, ssh
from .models import DatabaseCredential, SshTarget

TONES = {"done": "ok", "failed": "bad", "asked": "warn"}
NEVER = gettext_lazy("not read yet")
name_act("databasecredential.served", gettext_noop("Given to an agent"), "warn")
name_act("sshtarget.trusted", gettext_noop("Host key accepted"), "ok")
name_act("sshtarget.forgotten", gettext_noop("Host key forgotten"), "warn")
name_act("sshtarget.done", gettext_noop("Read by SSH"), "ok")
name_act("sshtarget.failed", gettext_noop("Could not be read"), "bad")
name_act("sshtarget.asked", gettext_noop("Host key to confirm"), "warn")


class TrustForm(ActForm):
    """The fingerprint a person compared: the key shown meanwhile could be another one."""

    fingerprint = forms.CharField(
        label=gettext_lazy("Fingerprint of the host key"),
        max_length=80,
        help_text=gettext_lazy(
            "On the server, “ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub” tells the same one."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target = self.rows.first()
        if target is not None and target.offered_key:
            self.fields["fingerprint"].initial = ssh.fingerprint(target.offered_key)


ACTS = [
    Act(
        "read",
        gettext_lazy("Read now"),
        "refresh",
        "sshtarget.change",
        lambda target, _cleaned, actor: reverse(
            "job-detail", args=[agentless.ask_reading(target, actor=actor).pk]
        ),
        primary=True,
    ),
    Act(
        "trust",
        gettext_lazy("Accept the host key"),
        "shield-check",
        "sshtarget.change",
        lambda target, cleaned, actor: (
            agentless.trust(target, fingerprint=cleaned["fingerprint"], actor=actor) and None
        ),
        form=TrustForm,
        text=gettext_lazy(
            "Compare it on the server itself: whoever holds this key will receive the login and its password."
        ),
        why_not=lambda target: "" if target.offered_key else _("No host key waits to be accepted."),
        many=False,
    ),
    Act(
        "forget-key",
        gettext_lazy("Forget the host key"),
        "ban",
        "sshtarget.change",
        lambda target, _cleaned, actor: agentless.forget_key(target, actor=actor) and None,
        text=gettext_lazy("After a reinstallation. The next attempt shows the new key and asks again."),
        why_not=lambda target: "" if target.host_key else _("No host key was accepted yet."),
        danger=True,
    ),
]


@register
class SshTargetScreen(Screen):
    """Linux servers inventoried by SSH, without an agent."""

    about = gettext_lazy(
        "Linux servers inventoried without an agent: Établi logs in by SSH, runs one file of Python there "
        "and leaves nothing behind."
    )
    model = SshTarget
    slug = "ssh-targets"
    area, icon = "fleet", "terminal-2"
    group = groups.AUTOMATIC
    columns = [
        Column(
            "name",
            gettext_lazy("Name"),
            lambda t: markup.titled(t.name, f"{t.login}@{t.host}"),
            sort=("name",),
        ),
        Column(
            "result",
            gettext_lazy("Last result"),
            lambda t: markup.state(t.get_result_display() if t.result else NEVER, TONES.get(t.result, "off")),
        ),
        Column("reason", gettext_lazy("In words"), lambda t: show(t.reason), css="long p-hide"),
        Column("read_at", gettext_lazy("Last inventory"), lambda t: show(t.read_at), sort=("read_at",)),
        "every",
        Column("next_at", gettext_lazy("Next attempt"), lambda t: show(t.next_at), css="m p-hide"),
    ]
    filters = ["result", "every", "enrolment"]
    search = ["name", "host", "login"]
    fields = [
        "name", "host", "port", "login", "password", "sudo", "private_key", "passphrase", "every", "enrolment"
    ]  # fmt: skip
    sections = [
        (gettext_lazy("Private key"), ["private_key", "passphrase"]),
        (gettext_lazy("Schedule and place"), ["every", "enrolment"]),
    ]
    identity = ("name", "host")
    acts = ACTS
    importable = False

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> SshTarget:
        """A key is only good for the address it was accepted for; a schedule starts at once."""
        target = form.instance
        if {"host", "port"} & set(form.changed_data):
            target.host_key = target.offered_key = ""
        if not target.every:
            target.next_at = None
        elif target.next_at is None or {"host", "port", "every", "password", "private_key"} & set(
            form.changed_data
        ):
            target.next_at = timezone.now()
        saved: SshTarget = super().save(form, actor, batch=batch)
        return saved

    def heading(self, obj: SshTarget) -> dict[str, Any]:
        label = obj.get_result_display() if obj.result else NEVER
        alerts = []
        if obj.result in {"failed", "asked"}:
            url = reverse("sshtarget-act", args=[obj.pk, "trust"]) if obj.offered_key else ""
            link = _("Compare and accept")
            alerts = [{"tone": TONES[obj.result], "text": obj.reason, "url": url, "link": link}]
        return {"state": {"label": label, "tone": TONES.get(obj.result, "off")}, "alerts": alerts}

    def panels(self, obj: SshTarget, request: HttpRequest) -> list[Panel]:
        rows = [
            (_("Last result"), obj.reason or NEVER),
            (_("Last attempt"), show(obj.tried_at)),
            (_("Last inventory"), show(obj.read_at)),
            (_("Next attempt"), show(obj.next_at)),
            (_("Asset"), link_to(obj.agent.asset) if obj.agent else ""),
            (_("Host key"), ssh.fingerprint(obj.host_key) if obj.host_key else _("none accepted yet")),
        ]
        return [
            Panel(_("Reading"), rows=rows),
            Panel(self.singular, rows=self.facts(obj, self.fields), side=True),
        ]


@register
class DatabaseCredentialScreen(Screen):
    """The logins agents may ask for, and to whom each was given."""

    about = gettext_lazy(
        "Logins that agents use to inventory the databases of their machine. They are given over TLS only, "
        "and each time is written down."
    )
    model = DatabaseCredential
    slug = "database-logins"
    area, icon = "fleet", "database"
    group = groups.AUTOMATIC
    columns = ["name", "engine", "login", "enrolment"]
    filters = ["engine", "enrolment"]
    fields = ["name", "engine", "enrolment", "login", "password", "host", "port", "socket"]
    sections = [(gettext_lazy("Where the database answers"), ["host", "port", "socket"])]
    importable = False

    def panels(self, obj: DatabaseCredential, request: HttpRequest) -> list[Panel]:
        given = Event.objects.filter(
            organisation=obj.organisation_id,
            noun=self.noun,
            object_id=obj.pk,
            verb="databasecredential.served",
        )
        rows = [(show(event.at), event.extra.get("text", "")) for event in given.order_by("-pk")[:20]]
        return [
            Panel(_("Given to"), rows=rows),
            Panel(self.singular, rows=self.facts(obj, self.fields), side=True),
        ]
