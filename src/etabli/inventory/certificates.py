"""The certificate agents see: its fingerprint, when it expires, and who is told before that.

It is the file ``tls.pem`` of the data directory when there is one; otherwise the one that the public address
shows, looked at each day and kept beside it.
"""

import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.installation import first_organisation
from etabli.kernel.notifications import Notification, declare_kind, notify
from etabli.kernel.tenancy import scope

GIVEN, SEEN = "tls.pem", "tls-seen.pem"
KIND = "certificate.expires"
WARNED, AGAIN = timedelta(days=30), timedelta(days=7)
declare_kind(KIND, gettext_lazy("The server's certificate expires soon"))


@dataclass(frozen=True)
class Certificate:
    """What agents may pin, `sha256$…` of the DER form, and until when it is valid."""

    fingerprint: str
    expires_at: datetime
    subject: str
    given: bool

    def left(self, now: datetime) -> timedelta:
        return self.expires_at - now


def certificate() -> Certificate | None:
    """The certificate agents see, as far as this server knows."""
    for name in (GIVEN, SEEN):
        file = Path(settings.HOME) / name
        if file.exists():
            return read(file.read_text(), given=name == GIVEN)
    return None


def read(pem: str, *, given: bool = True) -> Certificate | None:
    """The first certificate of a PEM file, which is the server's own (RFC 8446 §4.4.2); none without."""
    begin = pem.find("-----BEGIN CERTIFICATE-----")
    end = pem.find("-----END CERTIFICATE-----", begin)
    if begin < 0 or end < 0:
        return None
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[begin : end + 25])
        told = x509.load_der_x509_certificate(der)
    except ValueError:
        return None
    digest = hashlib.sha256(der).hexdigest()
    return Certificate(f"sha256${digest}", told.not_valid_after_utc, told.subject.rfc4514_string(), given)


def look(*, now: datetime) -> Certificate | None:
    """Look at the public address, then tell the administrators when little time is left, once a week."""
    address = urlsplit(str(preferences.get("pages.url")))
    if not (Path(settings.HOME) / GIVEN).exists() and address.scheme == "https" and address.hostname:
        keep_seen(address.hostname, address.port or 443)
    found = certificate()
    if found and found.left(now) < WARNED:
        tell(found, now)
    return found


def keep_seen(host: str, port: int) -> None:
    """Keep the certificate that an address shows; the former stays when nobody answers."""
    try:
        pem = ssl.get_server_certificate((host, port), timeout=10)
    except (OSError, ValueError):
        return
    (Path(settings.HOME) / SEEN).write_text(pem)


def tell(found: Certificate, now: datetime) -> None:
    """Tell the administrators of the installation, unless they were within a week."""
    from .watching import people_of

    first = first_organisation()
    if first is None:
        return
    with scope(first.pk):
        if Notification.objects.filter(kind=KIND, at__gt=now - AGAIN).exists():
            return
        for account in people_of("preference.change", first):
            with translation.override(account.language):
                title = _("The server's certificate expires on %(day)s") % {"day": day_of(found)}
                text = _("From then on, agents and browsers refuse it. Renew it; agents that pin its "
                         "fingerprint need the new one before.")  # fmt: skip
                notify([account], kind=KIND, title=title, text=text, url=reverse("enrolment-list"),
                       organisation=first.pk, at=now)  # fmt: skip


def day_of(found: Certificate) -> str:
    return formats.date_format(timezone.localtime(found.expires_at), "j F Y")
