"""Logging in through the company's identity provider: what it says is checked, then joins an account."""

import logging
import secrets
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from requests import RequestException

from etabli.kernel.accounts import Account

log = logging.getLogger(__name__)


class Provider(OpenIDConnectProvider):
    """Sends a nonce along, kept with the state of this login (OpenID Connect Core 1.0 §3.1.2.1)."""

    def redirect(self, request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
        """To the provider's page; back to ours, with a sentence, when it does not answer."""
        nonce = secrets.token_urlsafe(24)
        words["auth_params"] = {**(words.get("auth_params") or self.get_auth_params()), "nonce": nonce}
        try:
            answer: HttpResponse = super().redirect(request, *args, nonce=nonce, **words)
        except (RequestException, KeyError) as error:
            answer = render_authentication_error(request, self, exception=error)
        return answer


class SocialAdapter(DefaultSocialAccountAdapter):
    """A person is recognised by a verified address the first time, then by the provider's number for them; a
    stranger is refused.
    """

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        found = super().get_provider(request, provider, client_id=client_id)
        return Provider(request, app=found.app) if type(found) is OpenIDConnectProvider else found

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        told = sociallogin.account.extra_data
        if reason := doubt(told, sociallogin.state.get("nonce", "")):
            log.warning("Login by identity provider refused: %s", reason)
            refuse(request, _("What the identity provider said could not be trusted: log in another way."))
        if sociallogin.is_existing:
            return
        verified = [a.email for a in sociallogin.email_addresses if a.verified]
        account = Account.objects.filter(email__in=[e.lower() for e in verified], is_active=True).first()
        if account is None:
            text = _("No account here has this verified address. Ask an administrator to invite you.")
            refuse(request, text)
        sociallogin.connect(request, account)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **_more: Any
    ) -> None:
        if error == AuthError.CANCELLED:
            refuse(request, _("The login was cancelled at %(name)s.") % {"name": provider.name})
        log.warning("Login by identity provider failed: %s", exception or error)
        text = _("%(name)s did not confirm who you are. Try again, or log in another way.")
        refuse(request, text % {"name": provider.name})


def doubt(told: dict[str, Any], nonce: str) -> str:
    """Why what a provider said is not believed, or nothing. The library checked issuer, audience and date."""
    token = told.get("id_token")
    if not token:
        return "no ID token"
    if not nonce or not secrets.compare_digest(str(token.get("nonce", "")).encode(), nonce.encode()):
        return "the ID token answers another request"  # Core §3.1.3.7, 11
    if told.get("userinfo", token).get("sub") != token.get("sub"):
        return "the ID token and the user information are of two people"  # Core §5.3.2
    return ""


def refuse(request: HttpRequest, text: str) -> None:
    """Back to the login page, with a sentence. Raises ImmediateHttpResponse."""
    messages.error(request, text)
    raise ImmediateHttpResponse(redirect("account_login"))
