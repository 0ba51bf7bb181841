"""Tokens of mailboxes that log in by OAuth 2 (RFC 6749 §6), asked again shortly before the former ends."""

import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .mailboxes import Mailbox

EARLY = timedelta(minutes=2)
TIMEOUT = 20
_MOST = 100_000  # bytes of an answer


class NoToken(Exception):
    """The provider gave no token; the message says why, and what to do."""


def access_token(mailbox: Mailbox, *, now: datetime | None = None) -> str:
    """A token that is still valid for some minutes. Raises NoToken."""
    now = now or timezone.now()
    if _valid(mailbox, now):
        return mailbox.access_token.unseal()
    with transaction.atomic():
        held = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
        if not _valid(held, now):  # another process may just have asked
            _refresh(held, now)
    return held.access_token.unseal()


def _valid(mailbox: Mailbox, now: datetime) -> bool:
    ends = mailbox.token_expires_at
    return bool(mailbox.access_token and ends and ends > now + EARLY)


def _refresh(mailbox: Mailbox, now: datetime) -> None:
    answer = _asked(mailbox)
    mailbox.access_token = str(answer["access_token"])
    mailbox.token_expires_at = now + timedelta(seconds=int(answer.get("expires_in", 3600)))
    values = {"access_token": mailbox.access_token, "token_expires_at": mailbox.token_expires_at}
    if answer.get("refresh_token"):  # a provider may give another one, and forget the former
        mailbox.refresh_token = str(answer["refresh_token"])
        values["refresh_token"] = mailbox.refresh_token
    Mailbox.objects.filter(pk=mailbox.pk).update(**values)


def _asked(mailbox: Mailbox) -> dict[str, Any]:
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": mailbox.refresh_token.unseal(),
        "client_id": mailbox.client_id,
        "client_secret": mailbox.client_secret.unseal(),
    }
    if not mailbox.token_url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise NoToken(_("The address that gives tokens must begin with https://."))
    body = urllib.parse.urlencode({name: value for name, value in fields.items() if value}).encode()
    try:
        with urllib.request.urlopen(mailbox.token_url, data=body, timeout=TIMEOUT) as answer:  # noqa: S310
            found = json.loads(answer.read(_MOST))
    except urllib.error.HTTPError as error:
        told = error.read(2_000).decode(errors="replace")
        raise NoToken(
            _("The provider refuses a new token: allow access again. It says: %(said)s") % {"said": told}
        )
    except (OSError, ValueError) as error:
        raise NoToken(
            _("No token could be asked of %(url)s: %(said)s") % {"url": mailbox.token_url, "said": error}
        )
    if not isinstance(found, dict) or not found.get("access_token"):
        raise NoToken(_("The answer of %(url)s holds no token.") % {"url": mailbox.token_url})
    return found
