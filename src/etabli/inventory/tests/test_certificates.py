"""The certificate agents see: read from the file given or from the address itself, and told before its end."""

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from etabli.conftest import Firm
from etabli.inventory import certificates
from etabli.inventory.models import Enrolment
from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.notifications import Notification
from etabli.kernel.tenancy import scope

from .. import enrolments


def issue(where: Path, *, days: int, now: datetime | None = None) -> tuple[Path, bytes]:
    """A self-signed certificate and its key in one file; the file, and the DER form."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "etabli.example.com")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return where, made.public_bytes(serialization.Encoding.DER)


@contextlib.contextmanager
def serving(pem: Path) -> Iterator[int]:
    """A TLS server with this certificate; the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = listening.accept()[0]
                    with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True):
                        pass

        threading.Thread(target=answer, daemon=True).start()
        yield listening.getsockname()[1]


def test_the_file_given_is_read_with_its_fingerprint_and_end(firm: Firm, settings: Any) -> None:
    assert certificates.certificate() is None
    _file, der = issue(Path(settings.HOME) / "tls.pem", days=90)
    found = certificates.certificate()
    assert found is not None
    assert found.fingerprint == "sha256$" + hashlib.sha256(der).hexdigest()
    assert found.left(timezone.now()).days in {89, 90}
    assert found.given


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nzz\n-----END CERTIFICATE-----", "hello"])
def test_a_file_that_holds_none_is_as_no_file(firm: Firm, settings: Any, text: str) -> None:
    Path(settings.HOME).mkdir(parents=True, exist_ok=True)
    (Path(settings.HOME) / "tls.pem").write_text(text)
    assert certificates.certificate() is None


def test_the_public_address_is_looked_at_and_its_end_told_once_a_week(
    firm: Firm, settings: Any, tmp_path: Path, in_english: None
) -> None:
    Path(settings.HOME).mkdir(parents=True, exist_ok=True)
    pem, der = issue(tmp_path / "served.pem", days=20)
    now = timezone.now()
    with serving(pem) as port:
        preferences.set_value("pages.url", f"https://127.0.0.1:{port}", organisation=None, actor=SYSTEM)
        found = certificates.look(now=now)
        certificates.look(now=now + timedelta(days=1))
    assert found is not None
    assert not found.given
    assert found.fingerprint.endswith(hashlib.sha256(der).hexdigest())
    with scope(firm.provider.id):
        first = list(Notification.objects.filter(kind=certificates.KIND))
        assert [n.account_id for n in first] == [firm.provider.administrator.pk]
        assert first[0].title.startswith("The server's certificate expires on ")
    certificates.look(now=now + timedelta(days=8))  # nobody answers any more: what was seen stays
    with scope(firm.provider.id):
        assert Notification.objects.filter(kind=certificates.KIND).count() == 2


def test_a_certificate_with_time_left_is_told_to_nobody(firm: Firm, settings: Any) -> None:
    issue(Path(settings.HOME) / "tls.pem", days=90)
    certificates.look(now=timezone.now())
    with scope(firm.provider.id):
        assert not Notification.objects.filter(kind=certificates.KIND).exists()


def test_the_page_of_a_key_shows_the_certificate_and_who_is_late(
    firm: Firm, settings: Any, client_of: Any
) -> None:
    issue(Path(settings.HOME) / "tls.pem", days=10)
    with scope(firm.acme.id):
        one = enrolments.enrol(name="Site", organisation_id=firm.acme.id, actor=SYSTEM)
        mark = enrolments.mark_of(one.key_hash)
        from .test_watching import agent

        agent("late-one", enrolment=one, key_mark=mark)
    browser = client_of(firm.acme.administrator)
    page = browser.get(f"/enrolments/{one.pk}/").content.decode()
    assert "sha256$" in page
    assert "days left" in page
    assert "Machines still using it" not in page
    answer = browser.post(f"/enrolments/{one.pk}/act/rotate/", {"days": "5"})
    assert answer.status_code == 302
    page = browser.get(f"/enrolments/{one.pk}/").content.decode()
    assert "Machines still using it" in page
    assert "late-one" in page
    with scope(firm.acme.id):
        left = Enrolment.objects.get().previous_until
    assert left is not None
    assert timedelta(days=4) < left - timezone.now() < timedelta(days=5, minutes=1)
    assert browser.post(f"/enrolments/{one.pk}/act/rotate/", {"days": "5"}).status_code == 409
    assert browser.post(f"/enrolments/{one.pk}/act/end-old/").status_code == 302
    assert "Machines still using it" not in browser.get(f"/enrolments/{one.pk}/").content.decode()
