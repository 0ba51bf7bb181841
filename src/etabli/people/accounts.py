"""How people log in: nobody signs up alone, keys have names, a second factor may be required."""

from collections.abc import Callable
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel import preferences
from etabli.kernel.mail import MailNotConfigured

ALWAYS_OPEN = ("/compte/", "/static/", "/reglages/langue")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator's invitation or by the first-run page, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A code or a link that cannot leave is told in a sentence, not by an error page."""
        try:
            super().send_mail(template_prefix, email, context)
        except (MailNotConfigured, OSError, SMTPException) as error:
            text = (
                str(error)
                if isinstance(error, MailNotConfigured)
                else _("The e-mail could not be sent: ask an administrator.")
            )
            messages.error(self.request, text)
            raise ImmediateHttpResponse(redirect("account_login"))

    def login(self, request: Any, user: Any) -> None:
        """A session lasts as long as the installation's settings say."""
        super().login(request, user)
        request.session.set_expiry(int(preferences.get("security.session_days")) * 24 * 3600)


class AddKey(AddWebAuthnForm):
    """A passkey, unless its owner wants a second factor only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the device")
        alone = self.fields["passwordless"]
        alone.label, alone.initial = _("Log in with it alone, without the password"), True
        alone.help_text = _("Otherwise it is a second factor, asked after the password.")


class RenameKey(EditWebAuthnForm):
    """Another name for a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the device")


def second_factor(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an account whose role requires a second factor goes nowhere before it has one."""

    def middleware(request: Any) -> HttpResponse:
        actor = getattr(request, "actor", None)
        wanted = actor is not None and actor.source == "screen" and actor.totp_required
        if wanted and not request.path.startswith(ALWAYS_OPEN) and not is_mfa_enabled(request.user):
            messages.warning(request, _("Your role requires a second factor: set it up to go on."))
            return redirect(reverse("mfa_activate_totp"))
        return get_response(request)

    return middleware
