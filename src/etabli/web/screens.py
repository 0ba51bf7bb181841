"""Screens of the kernel's own nouns: organisations, roles, memberships, jobs, and everything a person can
set.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, can
from etabli.kernel.attachments import Note, Tag
from etabli.kernel.calendars import Calendar, Holiday
from etabli.kernel.customfields import CustomField
from etabli.kernel.events import Event
from etabli.kernel.externalids import ExternalId
from etabli.kernel.jobs import Job
from etabli.kernel.organisations import Membership, Role
from etabli.kernel.savedviews import SavedView
from etabli.kernel.screens import Column, Panel, Screen, by_noun, register
from etabli.kernel.screens.history import describe_act
from etabli.kernel.screens.importing.models import Import
from etabli.kernel.tokens import ApiToken
from etabli.kernel.webhooks import Webhook, WebhookDelivery
from etabli.kernel.weekfield import day_name, typed

from . import markup

JOB_TONES = {"queued": "off", "running": "info", "done": "ok", "failed": "bad", "cancelled": "warn"}


@register
class RoleScreen(Screen):
    about = gettext_lazy("What people may do; the roles shipped can be completed by your own.")
    model = Role
    icon = "shield-check"
    columns = ["name", "verbs", "totp_required", "organisation"]
    fields = ["name", "key", "verbs", "totp_required"]
    importable = False


@register
class MembershipScreen(Screen):
    about = gettext_lazy("Who works in which organisation, with which role.")
    model = Membership
    icon = "users"
    columns = ["account", "role", "organisation", "descends", "denied"]
    filters = ["role", "denied"]
    fields = ["account", "role", "descends", "denied"]
    search = ["account__name", "account__email"]
    order = ["account__name"]
    importable = False


@register
class TagScreen(Screen):
    about = gettext_lazy("Words to sort objects with.")
    model = Tag
    icon = "tag"
    columns = ["name", "colour"]


@register
class CustomFieldScreen(Screen):
    about = gettext_lazy("Fields you add to the objects of an organisation.")
    model = CustomField
    slug = "custom-fields"
    icon = "forms"
    columns = ["label", "noun", "key", "kind", "required"]
    filters = ["noun", "kind"]
    identity = ["key"]


@register
class SavedViewScreen(Screen):
    about = gettext_lazy("Filters, order and columns of a list kept under a name.")
    model = SavedView
    annexed = False
    slug = "saved-views"
    icon = "bookmark"
    columns = ["name", "screen", "account", "position"]
    filters = ["screen"]
    importable = searchable = False


@register
class CalendarScreen(Screen):
    about = gettext_lazy("Working hours, with the public holidays they exclude.")
    model = Calendar
    icon = "calendar"
    columns = ["name", "timezone", "is_default"]
    fields = ["name", "timezone", "week"]
    importable = False

    def panels(self, obj: Calendar, request: HttpRequest) -> list[Panel]:
        days = [(day_name(number), typed(day) or _("closed")) for number, day in enumerate(obj.week)]
        facts = self.facts(obj, ["name", "timezone", "is_default"])
        return [Panel(self.singular, rows=facts), Panel(_("Opening hours"), rows=days)]


@register
class HolidayScreen(Screen):
    about = gettext_lazy("Days, or hours of a day, when a calendar is closed.")
    model = Holiday
    icon = "calendar-off"
    columns = ["name", "day", "closed_from", "closed_until", "calendar"]
    filters = ["calendar", "day"]
    fields = ["calendar", "day", "name", "closed_from", "closed_until"]
    order = ["-day"]
    searchable = False


@register
class WebhookScreen(Screen):
    about = gettext_lazy("Addresses told of what happens, signed and retried.")
    model = Webhook
    icon = "webhook"
    columns = ["url", "verbs", "active", "paused_until"]
    fields = ["url", "verbs", "secret", "active"]
    identity = ["url"]
    importable = False


@register
class WebhookDeliveryScreen(Screen):
    about = gettext_lazy("What was sent to each webhook, and what it answered.")
    model = WebhookDelivery
    annexed = False
    slug = "webhook-deliveries"
    icon = "send"
    columns = ["webhook", "state", "status", "attempt", "sent_at"]
    related = ["event"]
    filters = ["webhook", "state"]
    order = ["-id"]
    adds = changes = deletes = importable = searchable = False

    def actions(self, obj: WebhookDelivery, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "webhook.change", obj):
            return []
        return [
            {
                "label": _("Send again"),
                "url": reverse("delivery-replay", args=[obj.pk]),
                "method": "post",
                "icon": "refresh",
            }
        ]

    def more_urls(self) -> list[Any]:
        from . import program_pages

        return program_pages.delivery_urls


@register
class ApiTokenScreen(Screen):
    about = gettext_lazy("Keys by which programs use the API.")
    model = ApiToken
    annexed = False
    slug = "api-tokens"
    icon = "key"
    columns = ["name", "prefix", "account", "scopes", "expires_at", "last_used_at", "revoked_at"]
    fields = ["name", "scopes", "expires_at"]
    adds = changes = importable = searchable = False

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("New token"), "url": reverse("token-new"), "icon": "plus", "primary": True}]

    def actions(self, obj: ApiToken, actor: Actor) -> list[dict[str, Any]]:
        if obj.revoked_at:
            return []
        return [
            {
                "label": _("Revoke"),
                "url": reverse("token-revoke", args=[obj.pk]),
                "method": "post",
                "danger": True,
            }
        ]

    def more_urls(self) -> list[Any]:
        from . import program_pages

        return program_pages.token_urls


@register
class JobScreen(Screen):
    about = gettext_lazy("Long works: where they are, what they did.")
    model = Job
    annexed = False
    area, icon = "day", "progress"
    columns = [
        Column("title", gettext_lazy("Title"), lambda j: format_html("<b>{}</b>", j.title)),
        Column(
            "state", gettext_lazy("State"), lambda j: markup.state(j.get_state_display(), JOB_TONES[j.state])
        ),
        "actor",
        "asked_at",
        "ended_at",
    ]
    filters = ["state"]
    order = ["-id"]
    fields = ["title"]
    template = "screens/job.html"
    adds = changes = deletes = importable = searchable = False

    def heading(self, obj: Job) -> dict[str, Any]:
        return job_context(obj)

    def actions(self, obj: Job, actor: Actor) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        if obj.url:
            made.append({"label": _("Open"), "url": obj.url, "primary": obj.over})
        if not obj.over and can(actor, "job.change", obj):
            made.append(
                {
                    "label": _("Cancel"),
                    "url": reverse("job-cancel", args=[obj.pk]),
                    "method": "post",
                    "icon": "x",
                }
            )
        if batch := obj.state == "done" and obj.result.get("batch"):
            back = reverse("batch-undo", args=[batch])
            made.append({"label": _("Undo"), "url": back, "method": "post", "icon": "arrow-back-up"})
        if obj.state in {"failed", "cancelled"} and can(actor, "job.change", obj):
            made.append(
                {
                    "label": _("Run again"),
                    "url": reverse("job-retry", args=[obj.pk]),
                    "method": "post",
                    "icon": "refresh",
                }
            )
        return made

    def more_urls(self) -> list[Any]:
        from . import job_pages

        return job_pages.urls


def job_context(job: Job) -> dict[str, Any]:
    """What the job's page, and its live region, show."""
    now = timezone.now()
    begun = job.started_at or job.asked_at
    spent = (now - begun).total_seconds()
    left = spent * (job.total - job.done) / job.done if job.done and job.total and not job.over else 0
    steps = [{"label": s, "state": "done"} for s in job.steps]
    if steps and not job.over:
        steps[-1]["state"] = "running"
    elif steps and job.state == Job.State.FAILED:
        steps[-1]["state"] = "failed"
    return {
        "title": job.title,
        "state": job.get_state_display(),
        "tone": JOB_TONES[job.state],
        "steps": steps,
        "done": job.done,
        "total": job.total,
        "elapsed": timesince(begun, now) if not job.over else "",
        "log": job.log[-200:],
        "remaining": _("about %(n)s s") % {"n": round(left)} if left else "",
        "subtitle": job.actor,
        "live_url": "" if job.over else reverse("job-live", args=[job.pk]),
    }


@register
class ImportScreen(Screen):
    about = gettext_lazy("Files brought into a list, with what each of them did.")
    model = Import
    annexed = False
    icon = "upload"
    columns = [
        Column(
            "file",
            gettext_lazy("File"),
            lambda i: format_html(
                '<a class="t" href="{}"><b>{}</b></a>', reverse("import-page", args=[i.pk]), i.file.name
            ),
            related=("file",),
        ),
        Column("slug", gettext_lazy("List"), lambda i: i.slug),
        "state",
        "actor",
        "at",
    ]
    filters = ["state"]
    order = ["-id"]
    fields = ["state"]
    adds = changes = deletes = importable = searchable = False


@register
class ExternalIdScreen(Screen):
    about = gettext_lazy("What other tools call our objects: imports find them again by it.")
    model = ExternalId
    slug = "external-ids"
    annexed = False
    icon = "tag"
    columns = [
        "external",
        "source",
        Column("noun", gettext_lazy("Object"), lambda e: _named(e.noun, e.object_id)),
        "at",
    ]
    filters = ["source", "noun"]
    search = ["external"]
    order = ["-id"]
    fields = ["external", "source", "noun"]
    adds = changes = deletes = importable = searchable = False


def _named(noun: str, key: int) -> str:
    """An object by its noun and number, with its page; the list asks nothing more of the database."""
    screen = by_noun(noun)
    label = f"{screen.singular if screen else noun} {key}"
    url = reverse(f"{noun}-detail", args=[key]) if screen else ""
    return format_html('<a class="lnk" href="{}">{}</a>', url, label) if url else label


@register
class NoteScreen(Screen):
    about = gettext_lazy("Remarks written on objects.")
    model = Note
    annexed = False
    area, icon, listed = "settings", "note", False
    columns = ["text", "author", "created_at"]
    fields = ["text", "pinned"]
    order = ["-id"]
    adds = importable = searchable = False


@register
class EventScreen(Screen):
    about = gettext_lazy("Everything that was done, by whom and when.")
    model = Event
    annexed = False
    icon = "history"
    columns = [
        Column(
            "at",
            gettext_lazy("On"),
            lambda e: format_html("<b>{}</b>", timezone.localtime(e.at).strftime("%d/%m/%Y %H:%M:%S")),
        ),
        "label",
        Column("verb", gettext_lazy("Act"), lambda e: f"{e.noun} · {describe_act(e.verb)[0]}"),
        "actor",
        "source",
    ]
    filters = ["noun", "verb", "actor", "source"]
    order = ["-id"]
    fields = ["verb", "label", "actor", "source"]
    adds = changes = deletes = importable = searchable = False

    def panels(self, obj: Event, request: Any) -> list[Panel]:
        from etabli.kernel.screens.history import described_events

        return [
            Panel(_("Event"), template="screens/_history.html", context={"events": described_events([obj])})
        ]
