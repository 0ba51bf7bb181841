"""Which organisations' rows this piece of work may see: decided here, enforced by PostgreSQL.

Every business table carries ``organisation_id`` under a forced row-level security policy. The policy reads
one
transaction-local setting, which only :func:`scope` writes. Without a scope nothing is visible (fail closed).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

_visible: ContextVar[tuple[int, ...]] = ContextVar("visible_organisations", default=())


class NoOrganisation(RuntimeError):
    """A row is being written while the scope holds no organisation, or several."""


def visible() -> tuple[int, ...]:
    """Ids of the organisations in scope, possibly none."""
    return _visible.get()


def the_organisation() -> int | None:
    """The organisation in scope when there is exactly one: the default of a new row."""
    ids = _visible.get()
    return ids[0] if len(ids) == 1 else None


class OwnerKey(models.ForeignKey):
    """The key to the owning organisation: a new row takes the one in scope when there is exactly one."""

    def get_default(self) -> int | None:
        return the_organisation()


class OrganisationModel(models.Model):
    """A row that belongs to one organisation and is invisible outside its scope.

    ``door``: the table is also read before a scope exists (keys, tokens, memberships), inside
    :func:`opening`.
    """

    door = False
    organisation = OwnerKey(
        "kernel.Organisation",
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("organisation"),
    )

    class Meta:
        abstract = True


class Noun(OrganisationModel):
    """A business object with a screen: adds dates, an edit counter and the organisation's own fields.

    ``version`` grows at each save: a form that was opened on an older one is refused, never overwritten.
    ``custom`` holds the values of the custom fields declared for this noun, by key.
    """

    created_at = models.DateTimeField(_("created on"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed on"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    custom = models.JSONField(_("custom fields"), default=dict, blank=True, editable=False)

    class Meta:
        abstract = True


class Catalogue(Noun):
    """What an organisation sets up once for itself and for those under it: teams, categories, promises.

    Organisations under it read these rows, through the :class:`UpwardKey` of their own; only the owner's
    people see them in lists, and only they change them.
    """

    class Meta:
        abstract = True


class UpwardKey(models.ForeignKey):
    """A key to a row of the same organisation or of one above it: a client's ticket in its provider's team.

    PostgreSQL checks it with a trigger, where keys between rows of one organisation are composite.
    """


class SharedModel(models.Model):
    """A catalogue row: shipped for everybody when ``organisation`` is empty, else one organisation's own."""

    organisation = models.ForeignKey(
        "kernel.Organisation",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("organisation"),
    )

    class Meta:
        abstract = True


@contextmanager
def scope(*organisations: int) -> Iterator[None]:
    """Open a transaction that sees just these organisations (ids). Scopes nest; the outer one comes back."""
    token = _visible.set(tuple(organisations))
    try:
        with _set_locally("app.organisations", ",".join(map(str, organisations))):
            yield
    finally:
        _visible.reset(token)


@contextmanager
def opening() -> Iterator[None]:
    """Read the door tables (memberships, tokens, keys) to find out which scope to open."""
    with _set_locally("app.opening", "on"):
        yield


@contextmanager
def everywhere(*, because: str) -> Iterator[None]:
    """Every organisation: for maintenance that concerns them all. ``because`` is for the reader of the
    code.
    """
    if not because:
        raise ValueError("Say why every organisation is concerned.")
    from .organisations import Organisation

    with opening():
        ids = list(Organisation.objects.values_list("pk", flat=True))
    with scope(*ids):
        yield


@contextmanager
def _set_locally(setting: str, value: str) -> Iterator[None]:
    """A setting for the length of a transaction; inside another one, the former value comes back at the
    end.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        before = _tell(setting, value)
        yield
        # The end of the outermost transaction forgets the setting by itself, and so does a rollback.
        if not outermost and not transaction.get_rollback():
            _tell(setting, before)


def _tell(setting: str, value: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(%s, true), ''), set_config(%s, %s, true)",
            [setting, setting, value],
        )
        row = cursor.fetchone()
    return str(row[0])
