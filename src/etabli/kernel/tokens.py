"""API tokens: a program acting for an account, in one organisation and those under it, within some verbs.

A token reads ``etb_<prefix>_<secret>`` and comes as ``Authorization: Bearer …``; it is shown once, at its
creation.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .accounts import Account
from .actors import Actor, actor_of, require
from .events import publish
from .tenancy import OrganisationModel, opening

SCOPE = RegexValidator(
    r"\A(\*|[a-z_]+\.(\*|[a-z_]+)|\*\.[a-z_]+)\Z", gettext_lazy("Write asset.view, asset.*, *.view or *.")
)
SEEN_EVERY = timedelta(minutes=1)


class ApiToken(OrganisationModel):
    """A token, of which only the SHA-256 is kept: 256 random bits need no slow hash."""

    door = True
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=gettext_lazy("account")
    )
    name = models.CharField(gettext_lazy("name"), max_length=80)
    prefix = models.CharField(gettext_lazy("begins with"), max_length=12, db_index=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=60, validators=[SCOPE]),
        verbose_name=gettext_lazy("allowed acts"),
        default=list,
    )
    created_at = models.DateTimeField(gettext_lazy("created on"), auto_now_add=True)
    expires_at = models.DateTimeField(gettext_lazy("expires on"), null=True, blank=True)
    last_used_at = models.DateTimeField(gettext_lazy("last used on"), null=True, editable=False)
    last_ip = models.GenericIPAddressField(gettext_lazy("last address"), null=True, editable=False)
    revoked_at = models.DateTimeField(gettext_lazy("revoked on"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("API token"), gettext_lazy("API tokens")

    def __str__(self) -> str:
        return f"{self.name} (etb_{self.prefix}…)"


@transaction.atomic
def create(
    account: Account,
    *,
    name: str,
    scopes: Iterable[str],
    organisation: int,
    actor: Actor,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token of the account in an organisation (id); returns it and its text, shown only now.

    Nobody makes a token for somebody else: it would act under that person's name.
    """
    require(actor, "apitoken.add", organisation)
    if actor.source != "system" and actor.account_id != account.pk:
        raise PermissionDenied(_("A token acts under its owner's name: only the owner may create it."))
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    token = ApiToken(
        organisation_id=organisation,
        account=account,
        name=name,
        prefix=prefix,
        hash=_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    token.full_clean()
    if not token.scopes:
        raise ValidationError(_("Say what the token may do."))
    token.save()
    publish(token, "apitoken.created", actor=actor, extra={"scopes": token.scopes})
    return token, f"etb_{prefix}_{secret}"


@transaction.atomic
def revoke(token: ApiToken, *, actor: Actor, now: datetime | None = None) -> None:
    """End a token at once; its owner may, and whoever has the verb."""
    if actor.account_id is None or actor.account_id != token.account_id:
        require(actor, "apitoken.change", token)
    token.revoked_at = token.revoked_at or now or timezone.now()
    token.save(update_fields=["revoked_at"])
    publish(token, "apitoken.revoked", actor=actor)


def actor_for(header: str, *, ip: str | None = None, now: datetime | None = None) -> Actor | None:
    """Who a ``Bearer`` header speaks for; ``None`` if wrong, expired, revoked or of a closed account.

    The actor's rights are the account's, within the token's scopes, in its organisation and those under it.
    """
    now = now or timezone.now()
    with opening():
        token = _find(header)
        if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now):
            return None
        if not token.account.is_active:
            return None
        _see(token, ip, now)
        actor = actor_of(token.account, source="api", limit=token.scopes)
    inside = {o for o, place in actor.places.items() if token.organisation_id in place.path}
    return replace(
        actor,
        label=f"{token.account} · {token.name}",
        grants={o: verbs for o, verbs in actor.grants.items() if o in inside},
        places={o: place for o, place in actor.places.items() if o in inside},
    )


def _find(header: str) -> ApiToken | None:
    scheme, _space, text = header.partition(" ")
    parts = text.strip().split("_", 2)
    if scheme.lower() != "bearer" or len(parts) != 3 or parts[0] != "etb" or "\0" in text:
        return None
    digest = _digest(parts[2])
    rows = ApiToken.objects.filter(prefix=parts[1]).select_related("account")
    return next((t for t in rows if hmac.compare_digest(t.hash, digest)), None)


def _see(token: ApiToken, ip: str | None, now: datetime) -> None:
    """Remember the use, at most once a minute: a busy program must not write a row for each call."""
    if token.last_used_at is None or now - token.last_used_at >= SEEN_EVERY:
        stale = models.Q(last_used_at=None) | models.Q(last_used_at__lte=now - SEEN_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now, last_ip=ip)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
