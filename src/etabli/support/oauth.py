"""The tokens that stand for a password at Microsoft and Google (XOAUTH2), renewed before they expire."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext_noop

from etabli.kernel import pinnedhttp, preferences
from etabli.kernel.secrets import KeyMissing
from etabli.kernel.sentences import Sentence, sentence
from etabli.kernel.tenancy import scope

from .mailboxes import Mailbox

EARLY = timedelta(minutes=2)
_MOST = 64 * 1024  # answers with a token for each of several services are long
_USUAL = 3600

NOT_HTTPS = gettext_noop("The address that gives tokens must begin with https://.")
UNREACHABLE = gettext_noop("No token could be asked for: %(why)s")
REFUSED = gettext_noop(
    "The token is refused by %(url)s (%(said)s): the access was withdrawn or has expired. Authorise it again "
    "and enter the new refresh token."
)


class TokenTrouble(Exception):
    """No token could be had; ``reason`` says why, and what to do."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Token:
    """What a server gave: the token, until when, and the refresh token that replaces the former, if any."""

    access: str
    expires_at: datetime
    refresh: str = ""


def ask(
    url: str, *, client_id: str, client_secret: str, refresh_token: str, now: datetime | None = None
) -> Token:
    """Ask for a new token by the refresh token (RFC 6749 §6). Raises :class:`TokenTrouble`."""
    if not url.startswith("https://"):
        raise TokenTrouble(sentence(NOT_HTTPS))
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
    if client_secret:
        asked["client_secret"] = client_secret
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    private = bool(preferences.get("webhooks.allow_private"))
    try:
        answer = pinnedhttp.post(url, urlencode(asked).encode(), headers, allow_private=private, most=_MOST)
    except pinnedhttp.RequestFailed as error:
        raise TokenTrouble(sentence(UNREACHABLE, why=error))
    try:
        told = json.loads(answer.text)
        lasts = min(max(int(told.get("expires_in") or _USUAL), 0), 30 * 86_400)
        return Token(
            str(told["access_token"]),
            (now or timezone.now()) + timedelta(seconds=lasts),
            str(told.get("refresh_token") or ""),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise TokenTrouble(sentence(REFUSED, url=url, said=_said(answer)))


def _said(answer: pinnedhttp.Answer) -> str:
    """The error as RFC 6749 §5.2 words it, else the status."""
    try:
        told = json.loads(answer.text)
        return str(told.get("error_description") or told["error"])[:300]
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"HTTP {answer.status}"


def token_of(mailbox: Mailbox, *, afresh: bool = False, now: datetime | None = None) -> str:
    """The token of a mailbox, empty when it logs in by a password; renewed when it soon expires.

    Raises :class:`TokenTrouble`. What the server gave is kept at once: a refresh token may be good only once.
    """
    if mailbox.login != Mailbox.Login.XOAUTH2:
        return ""
    now = now or timezone.now()
    with scope(mailbox.organisation_id):
        kept = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
        good = kept.access_token and kept.token_expires_at and kept.token_expires_at > now + EARLY
        if not good or afresh:
            _renew(kept, now)
    mailbox.token_expires_at = kept.token_expires_at
    return kept.access_token.unseal()


def _renew(mailbox: Mailbox, now: datetime) -> None:
    try:
        secret, refresh = mailbox.client_secret.unseal(), mailbox.refresh_token.unseal()
    except KeyMissing as error:
        raise TokenTrouble(sentence(str(error)))
    token = ask(
        mailbox.token_url,
        client_id=mailbox.client_id,
        client_secret=secret,
        refresh_token=refresh,
        now=now,
    )
    mailbox.access_token, mailbox.token_expires_at = token.access, token.expires_at
    if token.refresh:
        mailbox.refresh_token = token.refresh
    mailbox.save(update_fields=["access_token", "token_expires_at", "refresh_token"])
