"""Agents, enrolment keys, and the inventories received with the reason of each decision."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from etabli.assets import groups
from etabli.assets.locks import give_told
from etabli.assets.pages import give_recognition, give_sections
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Act, Column, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.history import name_act
from etabli.web import markup

from . import agent_screen, agentless_screens, certificates, enrolments, held, identity_pages, pages, uploads  # noqa: F401
from .models import Document, Enrolment
from .separating import SEPARATE, not_alone

DECISION_TONES = {
    "created": "ok",
    "updated": "info",
    "unchanged": "off",
    "suggested": "warn",
    "refused": "bad",
}

give_sections(pages.section_list, pages.section_content)
give_recognition(identity_pages.panels)
give_told(held.told, held.said)


class RotateForm(ActForm):
    """How long the machines that have the old key are still accepted."""

    days = forms.IntegerField(
        label=gettext_lazy("Days the old key still works"), min_value=1, max_value=90, initial=14
    )


ACTS = [
    Act(
        "rotate",
        gettext_lazy("Replace the key"),
        "refresh",
        "enrolment.change",
        lambda enrolment, cleaned, actor: (
            enrolments.rotate(enrolment, grace=timedelta(days=cleaned["days"]), actor=actor) and None
        ),
        form=RotateForm,
        text=gettext_lazy(
            "The key in the address and the OAuth2 secret are replaced; the old ones work until that day, "
            "the time to change the machines."
        ),
        why_not=lambda enrolment: _("This key is revoked.") if enrolment.revoked_at else "",
        many=False,
    ),
    Act(
        "end-old",
        gettext_lazy("End the old key now"),
        "lock",
        "enrolment.change",
        lambda enrolment, _cleaned, actor: enrolments.end_previous(enrolment, actor=actor) and None,
        text=gettext_lazy("Machines that still use the old key are refused from now on."),
        why_not=lambda enrolment: "" if _old_until(enrolment) else _("No replaced key is accepted any more."),
        danger=True,
        many=False,
    ),
    Act(
        "revoke",
        gettext_lazy("Revoke"),
        "ban",
        "enrolment.change",
        lambda enrolment, _cleaned, actor: enrolments.revoke(enrolment, actor=actor) and None,
        text=gettext_lazy("Every machine that uses this key is refused from now on."),
        why_not=lambda enrolment: _("This key is revoked.") if enrolment.revoked_at else "",
        danger=True,
        many=False,
    ),
]
name_act("enrolment.rotated", gettext_noop("Key replaced"), "warn")
name_act("enrolment.ended", gettext_noop("Old key ended"), "warn")


def _old_until(enrolment: Enrolment) -> datetime | None:
    """Until when the replaced key is accepted, while it is."""
    until = enrolment.previous_until if enrolment.previous_hash else None
    return until if until and until > timezone.now() and not enrolment.revoked_at else None


def _replaced(enrolment: Enrolment, now: datetime) -> list[Panel]:
    until = _old_until(enrolment)
    if until is None:
        return []
    late = enrolments.late(enrolment, now)
    names = ", ".join(str(agent.asset or agent.deviceid) for agent in late.select_related("asset")[:10])
    rows = [
        (_("Accepted until"), show(until)),
        (_("Machines still using it"), show(late.count())),
        (_("Which"), names),
    ]
    return [Panel(_("Replaced key"), rows=rows, side=True)]


def _certificate(now: datetime) -> list[Panel]:
    found = certificates.certificate()
    if found is None:
        return []
    days = found.left(now).days
    tone = "bad" if days < 0 else "warn" if days < certificates.WARNED.days else "ok"
    left = _("expired") if days < 0 else ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}
    rows = [
        (_("Expires on"), markup.joined([show(found.expires_at), markup.state(left, tone)])),
        (_("Fingerprint"), format_html("<code>{}</code>", found.fingerprint)),
        (_("Name"), found.subject),
        (_("Known from"), "tls.pem" if found.given else _("the public address")),
    ]
    return [Panel(_("Certificate"), rows=rows, side=True)]


@register
class EnrolmentScreen(Screen):
    about = gettext_lazy(
        "Keys that let machines report into an organisation, with the line to paste on them."
    )
    model = Enrolment
    area, icon = "fleet", "key"
    group = groups.AUTOMATIC
    columns = ["name", "site", "expires_at", "revoked_at"]
    fields = ["name", "site", "expires_at", "cadence_hours"]
    template = "inventory/enrolment.html"
    acts = ACTS
    importable = deletes = False

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        if form.instance.pk:
            return super().save(form, actor, batch=batch)
        values = form.cleaned_data
        return enrolments.enrol(
            name=values["name"],
            organisation_id=form.organisation_id,
            site=values.get("site"),
            expires_at=values.get("expires_at"),
            cadence_hours=values.get("cadence_hours"),
            actor=actor,
        )

    def heading(self, obj: Enrolment) -> dict[str, Any]:
        live = obj.revoked_at is None and (obj.expires_at is None or obj.expires_at > timezone.now())
        return {
            "state": {
                "label": _("live") if live else _("revoked or expired"),
                "tone": "ok" if live else "bad",
            },
            "live": live,
        }

    def panels(self, obj: Enrolment, request: HttpRequest) -> list[Panel]:
        count, now = obj.agents.count(), timezone.now()
        facts = [
            *self.facts(obj, self.fields),
            (_("OAuth2 client"), obj.client_id),
            (_("Machines"), show(count)),
        ]
        sides = [*_replaced(obj, now), *_certificate(now), Panel(self.singular, rows=facts, side=True)]
        lines = pages.lines_to_paste(obj, request) if can(request.actor, "enrolment.change", obj) else []  # type: ignore[attr-defined]
        return [
            Panel(
                _("On a machine"),
                template="inventory/_lines.html",
                context={
                    "lines": lines,
                    "enrolment": obj,
                    "live_url": reverse("enrolment-live", args=[obj.pk]),
                    "count": count,
                },
            ),
            *sides,
        ]

    def more_urls(self) -> list[Any]:
        return pages.enrolment_urls


@register
class DocumentScreen(Screen):
    about = gettext_lazy("What machines sent, and what was understood of it.")
    model = Document
    annexed = False
    area, icon = "fleet", "file-description"
    group = groups.AUTOMATIC
    columns = [
        Column(
            "received_at",
            gettext_lazy("Received on"),
            lambda d: format_html(
                "<b>{}</b>", timezone.localtime(d.received_at).strftime("%d/%m/%Y %H:%M:%S")
            ),
            sort=("received_at",),
        ),
        Column("source", gettext_lazy("From"), lambda d: show(d.source)),
        Column("asset", gettext_lazy("Asset"), lambda d: link_to(d.asset), related=("asset",)),
        Column(
            "decision",
            gettext_lazy("Decision"),
            lambda d: markup.state(
                d.get_decision_display() or d.get_state_display(), DECISION_TONES.get(d.decision, "off")
            ),
        ),
        Column("reason", gettext_lazy("Reason"), lambda d: show(d.reason), css="long p-hide"),
        Column(
            "warnings", gettext_lazy("Warnings"), lambda d: show(len(d.warnings) or None), css="num p-hide"
        ),
        Column("size", gettext_lazy("Size"), lambda d: show(d.size), css="num p-hide", shown=False),
    ]
    filters = ["state", "decision"]
    order = ["-id"]
    fields = ["source", "state", "decision", "reason", "size", "sha256", "partial", "attempts", "took_ms"]
    adds = changes = deletes = importable = searchable = False
    acts = [replace(SEPARATE, why_not=not_alone)]
    template = "inventory/document.html"
    slug = "inventories"

    def heading(self, obj: Document) -> dict[str, Any]:
        return {
            "state": {
                "label": obj.get_decision_display() or obj.get_state_display(),
                "tone": DECISION_TONES.get(obj.decision, "off"),
            },
            "document": obj,
        }

    def panels(self, obj: Document, request: HttpRequest) -> list[Panel]:
        rows = [[show(w["path"]), show(w["value"]), show(_(w["reason"]))] for w in obj.warnings]
        header = [_("Where"), _("Value"), _("What was done")]
        return [
            Panel(
                _("Decision"),
                rows=[
                    (_("Asset"), link_to(obj.asset)),
                    (_("Why"), obj.reason),
                    (_("Agent"), link_to(obj.agent)),
                ],
            ),
            Panel(
                _("Warnings (%(n)s)") % {"n": len(rows)},
                template="assets/_table.html",
                context={"header": header, "rows": rows},
            ),
            Panel(self.singular, rows=self.facts(obj, self.fields), side=True),
        ]

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "document.add"):
            return []
        return [{"label": _("Bring documents"), "url": reverse("document-upload"), "icon": "upload"}]

    def more_urls(self) -> list[Any]:
        return [*pages.document_urls, *uploads.urls, *identity_pages.urls]
