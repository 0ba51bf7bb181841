"""Secrets at rest: encrypted with keys that live in a file beside the database and never in it.

``<home>/secret.keys`` (mode 0600) holds one Fernet key a line: the first encrypts, all decrypt. A database
copied without that file tells nothing; a database restored without it has lost its secrets, hence it is part
of backups. Several servers on one database share the same file.
"""

import hashlib
import os
import tempfile
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models.query_utils import DeferredAttribute
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .actors import Actor, require
from .events import publish
from .installation import first_organisation, require_installation
from .jobs import job
from .tenancy import Noun, everywhere, opening, scope

MASK = "••••••"


class KeyMissing(RuntimeError):
    """The key that encrypted a value is not in the key file; the message says what to do."""


class Sealed(str):
    """An encrypted text as objects hold it: shown as ``••••••`` everywhere, read by :meth:`unseal` alone.

    So neither an event's snapshot, nor a page, an export or a log can hold the plain text. Two are equal when
    they are the same ciphertext, hence a new value counts as a change even though both show the same.
    """

    token: bytes

    def __new__(cls, token: bytes) -> "Sealed":
        made = super().__new__(cls, MASK if token else "")
        made.token = token
        return made

    def __getnewargs__(self) -> tuple[bytes]:  # type: ignore[override]
        return (self.token,)

    def __eq__(self, other: object) -> bool:
        return self.token == other.token if isinstance(other, Sealed) else str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.token)

    def unseal(self) -> str:
        """The plain text; raises :class:`KeyMissing`."""
        return decrypt(self.token) if self.token else ""

    def holds(self, text: str) -> bool:
        """Whether this is the plain text; never, when its key is missing."""
        try:
            return self.unseal() == text
        except KeyMissing:
            return False


def seal(text: str) -> Sealed:
    """Encrypt a text; an empty one stays empty."""
    if isinstance(text, Sealed):
        return text
    return Sealed(encrypt(text) if text else b"")


class SealedAttribute(DeferredAttribute):
    """Seals what is assigned, so that no plain text stays on the object after it was set."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = seal(value) if isinstance(value, str) else value


class SealedInput(forms.PasswordInput):
    """A password input that is only required while there is no value yet."""

    def use_required_attribute(self, initial: Any) -> bool:
        return super().use_required_attribute(initial) and not initial


class SealedFormField(forms.CharField):
    """Left empty, it answers the value there was, which it never shows."""

    widget = SealedInput(attrs={"autocomplete": "new-password"})

    def _clean_bound_field(self, bound: Any) -> Any:
        return bound.initial if bound.initial and bound.data in ("", None, MASK) else self.clean(bound.data)


if TYPE_CHECKING:
    _TextField = models.Field[str, Sealed]
else:
    _TextField = models.Field


class EncryptedTextField(_TextField):
    """A text encrypted in the database; its attribute is a :class:`Sealed`. A form left empty keeps it."""

    descriptor_class = SealedAttribute

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return seal(value).token if isinstance(value, str) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not isinstance(value, Sealed) and value == MASK:
            raise ValidationError(
                _("The history does not keep secret values: enter “%(name)s” again.")
                % {"name": self.verbose_name}
            )
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """An API that sends back what it read changes nothing, nor does a file that says the same again."""
        now = self.value_from_object(instance)
        if data != MASK and not (isinstance(now, Sealed) and now.holds(data)):
            setattr(instance, str(self.attname), data)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": SealedFormField, "strip": False, **kwargs})


class Secret(Noun):
    """A password or a key somebody needs now and then; each reading is an event with its reason."""

    name = models.CharField(gettext_lazy("name"), max_length=120)
    ciphertext = EncryptedTextField(gettext_lazy("value"))
    key_id = models.CharField(max_length=8, editable=False)
    last_read_at = models.DateTimeField(gettext_lazy("last read on"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("secret"), gettext_lazy("secrets")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="secret_name_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Remember which key encrypts the value."""
        self.key_id = key_ids()[0]
        super().save(*args, **kwargs)


@transaction.atomic
def keep(name: str, value: str, *, organisation: int, actor: Actor) -> Secret:
    """Store a secret of an organisation (id) under its name, in the place of the former one."""
    secret = Secret.objects.select_for_update().filter(organisation=organisation, name=name).first()
    act = "change" if secret else "add"
    require(actor, f"secret.{act}", organisation)
    secret = secret or Secret(organisation_id=organisation, name=name)
    secret.ciphertext = value
    secret.full_clean()
    secret.save()
    publish(secret, "secret.changed" if act == "change" else "secret.created", actor=actor)
    return secret


@transaction.atomic
def reveal(secret: Secret, *, actor: Actor, reason: str, now: datetime | None = None) -> str:
    """The plain text of a secret; an event tells who read it and why. Raises :class:`KeyMissing`."""
    require(actor, "secret.read", secret)
    if not reason.strip():
        raise ValidationError(_("Say why you need this secret: the reason is kept with the reading."))
    text = secret.ciphertext.unseal()
    secret.last_read_at = now or timezone.now()
    Secret.objects.filter(pk=secret.pk).update(last_read_at=secret.last_read_at)
    publish(secret, "secret.read", actor=actor, extra={"reason": reason.strip()})
    return text


@transaction.atomic
def rotate(*, actor: Actor) -> None:
    """Put a new key first in the file and queue the re-encryption of everything.

    Former keys stay in the file, because backups made before need them.
    """
    require_installation(actor, "secret.rotate")
    with connection.cursor() as cursor:  # One rotation at a time, whatever the process.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('secret.keys'))")
    _write_keys([Fernet.generate_key().decode(), *_read_keys()])
    if first := first_organisation():
        with scope(first.pk):
            publish(first, "secret.rotated", actor=actor, extra={"key": key_ids()[0]})
    reencrypt.enqueue()


@job()
def reencrypt() -> None:
    """Encrypt everything again with the first key; what was written in between is left as it is."""
    from . import preferences

    with everywhere(because="the keys belong to the installation"), opening():
        for model in apps.get_models():
            for field in model._meta.local_fields:
                if isinstance(field, EncryptedTextField):
                    _reencrypt_field(model, field.name)
        preferences.reencrypt()
        Secret.objects.exclude(key_id=key_ids()[0]).update(key_id=key_ids()[0])


def _reencrypt_field(model: type[models.Model], name: str) -> None:
    for pk, old in model._default_manager.values_list("pk", name).iterator(chunk_size=500):
        if old and old.token:
            model._default_manager.filter(pk=pk, **{name: old}).update(**{name: Sealed(renew(old.token))})


def encrypt(text: str) -> bytes:
    """Encrypt with the first key, making the key file at first need."""
    return _fernet(create=True).encrypt(text.encode())


def decrypt(token: bytes) -> str:
    """Raises :class:`KeyMissing`."""
    try:
        return _fernet().decrypt(token).decode()
    except InvalidToken:
        raise KeyMissing(_missing())


def renew(token: bytes) -> bytes:
    """The same text encrypted with the first key; raises :class:`KeyMissing`."""
    try:
        return _fernet().rotate(token)
    except InvalidToken:
        raise KeyMissing(_missing())


def key_ids() -> list[str]:
    """Short names of the keys in the file, the encrypting one first: digests, not parts of the keys."""
    _fernet(create=True)
    return [hashlib.sha256(key.encode()).hexdigest()[:8] for key in _read_keys()]


def derived_keys(purpose: str) -> tuple[bytes, ...]:
    """Keys to sign with, one from each key of the file (RFC 5869), that of the present one first.

    They are stored nowhere, differ by purpose, and follow a rotation: what former keys signed still verifies.
    """
    _fernet(create=True)
    found = _path().stat()
    return _derived(purpose, str(_path()), found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=32)
def _derived(purpose: str, _file: str, _changed: int, _inode: int) -> tuple[bytes, ...]:
    info = f"etabli:{purpose}".encode()
    return tuple(
        HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.encode()) for key in _read_keys()
    )


def _path() -> Path:
    return Path(settings.HOME) / "secret.keys"


def _missing() -> str:
    return _(
        "No key of %(path)s opens this value. Put back the secret.keys file that was saved with the "
        "database, or enter the value again."
    ) % {"path": _path()}


def _fernet(*, create: bool = False) -> MultiFernet:
    try:
        found = _path().stat()
    except FileNotFoundError:
        if not create:
            raise KeyMissing(_missing())
        _write_keys([Fernet.generate_key().decode()], first=True)
        found = _path().stat()
    return _load(str(_path()), found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=4)
def _load(_file: str, _changed: int, _inode: int) -> MultiFernet:
    """Read again only when the file was replaced, which another process may do at any time."""
    return MultiFernet([Fernet(key) for key in _read_keys()])


def _read_keys() -> list[str]:
    return _path().read_text().split()


def _write_keys(keys: list[str], *, first: bool = False) -> None:
    """Replace the file at once, or make it unless another process just did (``first``)."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".secret.keys")  # mkstemp makes it 0600
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if not first:
        os.replace(name, path)
        return
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
