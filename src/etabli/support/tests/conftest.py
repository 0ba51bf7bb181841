"""What several tests of the desk ask for."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.mailboxes import Mailbox

from .dovecot import PASSWORD, Dovecot
from .gateway import Gateway
from .sink import Sink, listening


@pytest.fixture
def provider(firm: Any, actor_of: Any) -> Iterator[Any]:
    """The firm and an agent of the provider, in the scope of everything they serve."""
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        yield firm, actor


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with listening(tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: Any) -> str:
    """A certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = Path(tmp_path_factory.mktemp("tls") / "localhost.pem")
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path.write_bytes(key.private_bytes(pem, *private) + made.public_bytes(pem))
    return str(path)


@pytest.fixture
def provider_desk(firm: Any, actor_of: Any) -> Iterator[Any]:
    """The provider's administrator, in the scope of everything they serve."""
    actor = actor_of(firm.provider.administrator)
    with scope(*actor.places):
        yield firm, actor


@pytest.fixture(scope="session")
def mailserver() -> Iterator[Dovecot]:
    made = Dovecot().start()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def mailbox_at(mailserver: Dovecot) -> Callable[..., Mailbox]:
    """A mailbox of an organisation on the mail server, empty."""
    number = 0

    def make(organisation: int, address: str = "", **more: Any) -> Mailbox:
        nonlocal number
        number += 1
        address = address or f"support{number}@etabli.example"
        mailserver.add(address)
        values = {
            "name": "Support",
            "imap_host": "localhost",
            "imap_port": mailserver.imap,
            "imap_security": "none",
            "user": address,
            "password": PASSWORD,
            "done_folder": "Done",
            "since": "2020-01-01",
        }
        with scope(organisation):
            made = Mailbox.objects.create(organisation_id=organisation, address=address, **(values | more))
            return Mailbox.objects.select_related("team").get(pk=made.pk)

    return make


@pytest.fixture
def gateway(firm: Any) -> Iterator[Gateway]:
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        made = Gateway(firm)
        for name, email in (("Claire Moreau", "Claire@acme.example"), ("Paul Roy", "paul@acme.example")):
            Person.objects.create(organisation=firm.acme.organisation, name=name, email=email)
        yield made
