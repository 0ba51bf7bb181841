"""A real identity provider (django-allauth's, with its pages) in a process and a database of its own, on loopback.

Run as a program: ``identity_provider.py ADDRESS…`` where each address is one that may receive a login; prints its own
address once it listens. Each client of its table lies in the way its name tells; ``honest`` does not.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECRET, PASSWORD = "a-secret-of-the-client", "password-at-the-provider"
LIES = {
    "wrong-issuer": lambda token: token.update(iss="https://elsewhere.example"),
    "wrong-audience": lambda token: token.update(aud="another-program"),
    "wrong-nonce": lambda token: token.update(nonce="of-another-login"),
    "no-nonce": lambda token: token.pop("nonce"),
    "expired": lambda token: token.update(exp=int(time.time()) - 60),
    "two-people": lambda token: token.update(sub="somebody-else"),
}


@contextmanager
def serving(folder: Path, *addresses: str) -> Iterator[str]:
    """Its address, while it runs."""
    words = [sys.executable, "-W", "ignore", __file__, *addresses]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=(folder / "log").open("wb"), text=True
    ) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            assert address, (folder / "log").read_text()
            yield address
        finally:
            process.terminate()


def configure() -> None:
    """Django with the least that the provider needs."""
    import django
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    backend = "django.template.backends.django.DjangoTemplates"
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]  # fmt: skip
    settings.configure(
        SECRET_KEY="thrown away",
        ALLOWED_HOSTS=["*"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "account", "allauth_idp_oidc")),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "allauth", "allauth.account", "allauth.idp.oidc"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        TEMPLATES=[{"BACKEND": backend, "APP_DIRS": True, "OPTIONS": {"context_processors": processors}}],
        ROOT_URLCONF=__name__,
        LOGIN_URL="account_login",
        SESSION_COOKIE_NAME="provider",
        CSRF_COOKIE_NAME="provider-csrf",
        ACCOUNT_LOGIN_METHODS={"username"},
        ACCOUNT_EMAIL_VERIFICATION="none",
        IDP_OIDC_ADAPTER=f"{__name__}.Adapter",
        IDP_OIDC_PRIVATE_KEY=key.private_bytes(*plain).decode(),
    )  # fmt: skip
    django.setup()


def fill(addresses: list[str]) -> None:
    """The people it knows, and the programs that may ask for them."""
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    known = {
        "technician@acme.example": True,
        "auditor@acme.example": False,
        "stranger@elsewhere.example": True,
    }
    known["claire@societe.example"] = True
    for email, verified in known.items():
        user = User.objects.create_user(email.partition("@")[0], email, PASSWORD)
        EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    for name in ("honest", "asks", *LIES):
        client = Client(id=name, name="Établi", scopes="openid\nprofile\nemail", skip_consent=name != "asks")
        client.redirect_uris = "\n".join(addresses)
        client.set_secret(SECRET)
        client.save()


def serve() -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_words: Any) -> None:
            """Requests are not written."""

    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.modules["identity_provider"] = sys.modules[__name__]
    __name__ = "identity_provider"
    configure()

    from allauth.idp.oidc.adapter import DefaultOIDCAdapter
    from django.urls import include, path

    class Adapter(DefaultOIDCAdapter):
        def populate_id_token(self, id_token: Any, client: Any, scopes: Any, **_more: Any) -> None:
            LIES.get(client.id, lambda _token: None)(id_token)

    urlpatterns = [path("", include("allauth.idp.urls")), path("accounts/", include("allauth.account.urls"))]
    fill(sys.argv[1:])
    serve()
