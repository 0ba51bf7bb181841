"""Telling people what concerns them, in the pages and, when they chose so, by e-mail."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from . import live, mail, preferences
from .accounts import Account
from .jobs import job
from .tenancy import NoOrganisation, OrganisationModel, the_organisation


class Notification(OrganisationModel):
    """One thing told to one account; ``noun`` and ``object_id`` name what it is about, if anything."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=60)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"), blank=True)
    url = models.CharField(max_length=300, blank=True)
    noun = models.CharField(max_length=60, blank=True)
    object_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("date"))
    read_at = models.DateTimeField(_("read on"), null=True)
    mailed_at = models.DateTimeField(_("sent by e-mail on"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("notification"), _("notifications")
        indexes = [
            models.Index(fields=["account", "-id"], name="notification_latest"),
            models.Index(fields=["account"], condition=models.Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationChoice(models.Model):
    """How an account wants to be told of a kind; it belongs to the person, whatever the organisation."""

    class Way(models.TextChoices):
        APP = "app", _("in the pages")
        MAIL = "mail", _("in the pages and by e-mail")
        NONE = "none", _("not at all")

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=60)
    way = models.CharField(_("how"), max_length=4, choices=Way)

    class Meta:
        verbose_name, verbose_name_plural = _("notification choice"), _("notification choices")
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="notification_choice_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.way}"


@dataclass(frozen=True)
class Envelope:
    """What the e-mail of a notification carries beside its text, so that it may be answered: headers
    (Message-ID, Reply-To) and a last line.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    footer: str = ""


@dataclass(frozen=True)
class Kind:
    """Something people may be told of, with how they are told until they choose."""

    key: str
    label: Any
    way: str
    envelope: Callable[[Notification], Envelope] = lambda _row: Envelope()


kinds: dict[str, Kind] = {}


def declare_kind(
    key: str,
    label: Any,
    *,
    way: str = NotificationChoice.Way.APP,
    envelope: Callable[[Notification], Envelope] | None = None,
) -> Kind:
    """Make a kind (``ticket.assigned``) appear on the page where people choose. ``envelope`` gives what its
    e-mails carry when an answer to them has somewhere to go.
    """
    kinds[key] = Kind(key, label, way, envelope) if envelope else Kind(key, label, way)
    return kinds[key]


@transaction.atomic
def notify(
    accounts: Iterable[Account],
    *,
    kind: str,
    title: str,
    text: str = "",
    url: str = "",
    obj: Any = None,
    organisation: int | None = None,
    at: datetime | None = None,
) -> list[Notification]:
    """Tell accounts, each as it chose; e-mails leave once the caller's transaction is committed.

    The organisation is that of ``obj``, else the one given, else the one in scope. The caller vouches that
    these accounts may know.
    """
    organisation = getattr(obj, "organisation_id", None) or organisation or the_organisation()
    if organisation is None:
        raise NoOrganisation("A notification belongs to one organisation: say which.")
    accounts = list({account.pk: account for account in accounts if account.is_active}.values())
    ways = ways_of(accounts, kind)
    about = {"noun": obj._meta.model_name, "object_id": obj.pk} if obj is not None else {}
    rows = Notification.objects.bulk_create(
        Notification(
            organisation_id=organisation,
            account=account,
            kind=kind,
            title=title[:200],
            text=text,
            url=url,
            at=at or timezone.now(),
            **about,
        )
        for account in accounts
        if ways[account.pk] != NotificationChoice.Way.NONE
    )
    for row in rows:
        live.tell(f"account:{row.account_id}")
        if ways[row.account_id] == NotificationChoice.Way.MAIL:
            mail_notification.enqueue(notification_id=row.pk)
    return rows


def ways_of(accounts: Iterable[Account], kind: str) -> dict[int, str]:
    """Account id → how it is told of this kind."""
    usual = kinds[kind].way if kind in kinds else NotificationChoice.Way.APP
    ids = [account.pk for account in accounts]
    chosen = NotificationChoice.objects.filter(account__in=ids, kind=kind).values_list("account", "way")
    return {**dict.fromkeys(ids, str(usual)), **dict(chosen)}


def choose(account: Account, kind: str, way: str) -> None:
    """Keep how the account wants to be told of a kind."""
    NotificationChoice.objects.update_or_create(
        account=account, kind=kind, defaults={"way": NotificationChoice.Way(way)}
    )


def unread(account: Account) -> models.QuerySet[Notification]:
    """What the account has not read, in the organisations in scope, latest first."""
    return Notification.objects.filter(account=account, read_at=None).order_by("-id")


def mark_read(account: Account, ids: Iterable[int] | None = None, *, at: datetime | None = None) -> int:
    """Mark these notifications of the account as read, or all of them; returns how many were not."""
    rows = unread(account) if ids is None else unread(account).filter(pk__in=list(ids))
    changed = rows.order_by().update(read_at=at or timezone.now())
    live.tell(f"account:{account.pk}")
    return changed


@job()
def mail_notification(notification_id: int) -> None:
    """Send a notification by e-mail, in the language of its account, unless that was done."""
    row = Notification.objects.select_related("account").filter(pk=notification_id, mailed_at=None).first()
    if row is None or not row.account.is_active:
        return
    base = preferences.get("pages.url").rstrip("/")
    link = f"{base}{row.url}" if base and row.url.startswith("/") else ""
    with translation.override(row.account.language):
        envelope = kinds[row.kind].envelope(row) if row.kind in kinds else Envelope()
        parts = [row.title, row.text, link, envelope.footer]
        mail.send_now(
            [row.account.email],
            row.title,
            "\n\n".join(p for p in parts if p),
            organisation=row.organisation_id,
            headers=envelope.headers,
        )
    Notification.objects.filter(pk=row.pk).update(mailed_at=timezone.now())
