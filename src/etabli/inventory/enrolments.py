"""Who may send inventories into an organisation: keys in the address, OAuth2 clients, HTTP basic; rotation
and revocation.

The tag an agent sends is a hint shown to people; it never chooses the organisation.
"""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.tenancy import opening

from .models import AccessToken, Agent, Enrolment

GRACE = timedelta(days=14)
TOKEN_LIFE = timedelta(hours=1)


def digest_of(secret: str) -> str:
    """SHA-256 in hexadecimal: keys are 192 random bits, a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def mark_of(digest: str) -> str:
    """The beginning of a key's digest: enough to tell which key an agent used, useless to anybody else."""
    return digest[:12]


@transaction.atomic
def enrol(
    *,
    name: str,
    organisation_id: int,
    actor: Actor,
    site: Any = None,
    expires_at: datetime | None = None,
    cadence_hours: int | None = None,
) -> Enrolment:
    """Make a key for an organisation, or one of its sites."""
    require(actor, "enrolment.add", organisation_id)
    key = secrets.token_urlsafe(24)
    made = Enrolment.objects.create(
        organisation_id=organisation_id,
        name=name,
        site=site,
        expires_at=expires_at,
        cadence_hours=cadence_hours,
        key=key,
        key_hash=digest_of(key),
        client_id=secrets.token_hex(12),
    )
    publish(made, "enrolment.created", actor=actor)
    return made


@transaction.atomic
def rotate(
    enrolment: Enrolment, *, actor: Actor, now: datetime | None = None, grace: timedelta = GRACE
) -> Enrolment:
    """Replace the key, which is also the OAuth2 secret; the old one works for `grace`, the time to change the
    machines.

    Raises ``ValidationError`` while machines still use the key before this one: they would be lost.
    """
    require(actor, "enrolment.change", enrolment)
    now = now or timezone.now()
    if left := late(enrolment, now).count():
        raise ValidationError(
            ngettext(
                "%(n)s machine still uses the key before this one: give it the present key first, or end "
                "the old key now.",
                "%(n)s machines still use the key before this one: give them the present key first, or end "
                "the old key now.",
                left,
            )
            % {"n": left}
        )
    key = secrets.token_urlsafe(24)
    enrolment.previous_hash, enrolment.previous_until = enrolment.key_hash, now + grace
    enrolment.key, enrolment.key_hash = key, digest_of(key)
    enrolment.save()
    publish(enrolment, "enrolment.rotated", actor=actor, extra={"until": enrolment.previous_until})
    return enrolment


def late(enrolment: Enrolment, now: datetime) -> QuerySet[Agent]:
    """The agents that last came with the replaced key, while it is still accepted."""
    if not enrolment.previous_hash or not enrolment.previous_until or enrolment.previous_until <= now:
        return Agent.objects.none()
    return Agent.objects.filter(enrolment=enrolment, key_mark=mark_of(enrolment.previous_hash))


@transaction.atomic
def end_previous(enrolment: Enrolment, *, actor: Actor) -> Enrolment:
    """Refuse the replaced key, and the tokens given for it, from now on."""
    require(actor, "enrolment.change", enrolment)
    if not enrolment.previous_hash:
        raise ValidationError(_("No replaced key is accepted any more."))
    AccessToken.objects.filter(enrolment_id=enrolment.pk, key_mark=mark_of(enrolment.previous_hash)).delete()
    enrolment.previous_hash, enrolment.previous_until = "", None
    enrolment.save(update_fields=["previous_hash", "previous_until"])
    publish(enrolment, "enrolment.ended", actor=actor)
    return enrolment


@transaction.atomic
def revoke(enrolment: Enrolment, *, actor: Actor, now: datetime | None = None) -> Enrolment:
    """Refuse this key, its predecessor and its tokens from now on."""
    require(actor, "enrolment.change", enrolment)
    enrolment.revoked_at = now or timezone.now()
    enrolment.save(update_fields=["revoked_at"])
    AccessToken.objects.filter(enrolment_id=enrolment.pk).delete()
    publish(enrolment, "enrolment.revoked", actor=actor)
    return enrolment


def by_key(key: str, now: datetime) -> Enrolment | None:
    """The live enrolment of a key (the present one, or the previous one during its grace)."""
    if not key or len(key) > 200:
        return None
    digest = digest_of(key)
    with opening():
        found = next(iter(Enrolment.objects.raw(BY_KEY, [digest, digest, now])), None)
    if found:
        found.mark = mark_of(digest)
    return found if found and _live(found, now) else None


# In SQL, as each machine that reports asks it.
BY_KEY = """
SELECT * FROM inventory_enrolment WHERE key_hash = %s OR (previous_hash = %s AND previous_until > %s) LIMIT 1
"""


def by_client(client_id: str, client_secret: str, now: datetime) -> Enrolment | None:
    """The live enrolment of OAuth2 or basic credentials: the secret is the key itself."""
    found = by_key(client_secret, now)
    return found if found and secrets.compare_digest(found.client_id, client_id) else None


def issue_token(enrolment: Enrolment, now: datetime) -> str:
    """An access token good for an hour (RFC 6749 §5.1)."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        AccessToken.objects.filter(expires_at__lt=now).delete()
        AccessToken.objects.create(
            enrolment_id=enrolment.pk,
            key_mark=enrolment.mark,
            hash=digest_of(token),
            expires_at=now + TOKEN_LIFE,
        )
    return token


def by_token(token: str, now: datetime) -> Enrolment | None:
    """The live enrolment of an access token."""
    found = AccessToken.objects.filter(hash=digest_of(token[:200]), expires_at__gt=now).first()
    if found is None:
        return None
    with opening():
        enrolment = Enrolment.objects.filter(pk=found.enrolment_id).first()
    if enrolment:
        enrolment.mark = found.key_mark
    return enrolment if enrolment and _live(enrolment, now) else None


def by_header(header: str, now: datetime) -> Enrolment | None:
    """The enrolment of an ``Authorization`` header, ``Bearer`` or ``Basic`` (RFC 7617)."""
    scheme, _space, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return by_token(value.strip(), now)
    if scheme.lower() != "basic":
        return None
    try:
        user, _colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return by_client(user, password, now)


def _live(enrolment: Enrolment, now: datetime) -> bool:
    return enrolment.revoked_at is None and (enrolment.expires_at is None or enrolment.expires_at > now)
