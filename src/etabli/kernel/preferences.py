"""Settings people edit in the pages: declared in code, stored in the database, overridden by organisation."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django import forms
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import secrets
from .actors import Actor, require
from .events import publish
from .installation import first_organisation, require_installation
from .organisations import Organisation
from .tenancy import SharedModel, opening, scope, visible


class Preference(SharedModel):
    """The value of a setting: the installation's when ``organisation`` is empty, else an override."""

    key = models.CharField(gettext_lazy("setting"), max_length=80)
    value = models.JSONField(gettext_lazy("value"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("setting"), gettext_lazy("settings")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "key"], nulls_distinct=False, name="preference_once"
            )
        ]

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Declaration:
    """A setting that exists: its type (str, int, bool), its value when nobody chose, and its form."""

    key: str
    kind: type
    default: Any
    label: Any
    help: Any
    section: Any
    per_organisation: bool
    secret: bool
    choices: Sequence[tuple[str, Any]]
    least: int | None
    most: int | None

    @property
    def group(self) -> str:
        """The part of the key before the dot: one page of settings."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The name of its form field: a dot cannot be said in a template."""
        return self.key.replace(".", "__")

    def form_field(self, *, override: bool = False) -> forms.Field:
        """The form field; in an organisation's own form an empty answer means "as the installation"."""
        common: dict[str, Any] = {"label": self.label, "help_text": self.help, "required": False}
        if self.kind is bool:
            return forms.NullBooleanField(**common) if override else forms.BooleanField(**common)
        if self.choices:
            choices = [("", _("as the installation")), *self.choices] if override else self.choices
            return forms.ChoiceField(**{**common, "required": not override}, choices=choices)
        if self.kind is int:
            return forms.IntegerField(
                **{**common, "required": not override}, min_value=self.least, max_value=self.most
            )
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"}) if self.secret else None
        return forms.CharField(**common, max_length=2000, widget=widget, strip=not self.secret)


declared: dict[str, Declaration] = {}


def declare(
    key: str,
    *,
    kind: type,
    default: Any,
    label: Any,
    section: Any,
    help: Any = "",
    per_organisation: bool = False,
    secret: bool = False,
    choices: Sequence[tuple[str, Any]] | None = None,
    least: int | None = None,
    most: int | None = None,
) -> Declaration:
    """Make a setting exist. The part of ``key`` before the dot is its page, titled ``section``."""
    declared[key] = Declaration(
        key, kind, default, label, help, section, per_organisation, secret, tuple(choices or ()), least, most
    )
    return declared[key]


def get(key: str, organisation: int | None = None) -> Any:
    """The value in force: the organisation's own, else the installation's, else the declared default.

    Secrets come decrypted (``KeyMissing`` when the key file is gone). Raises ``KeyError`` for an undeclared
    key.
    """
    one = declared[key]
    mine, shared = _stored(organisation if one.per_organisation else None)
    value = mine.get(key, shared.get(key))
    if value is None:
        return one.default
    return secrets.decrypt(value.encode()) if one.secret and value else value


@transaction.atomic
def set_value(key: str, value: Any, *, organisation: int | None, actor: Actor) -> None:
    """Set a value for the installation (``organisation=None``) or one organisation; ``None`` removes it.

    Raises ``ValidationError`` when the value does not fit the declaration.
    """
    one = declared[key]
    value = _checked(one, value, organisation)
    if organisation is None:
        require_installation(actor, "preference.change")
        told = first_organisation()
    else:
        require(actor, "preference.change", organisation)
        with opening():
            told = Organisation.objects.get(pk=organisation)
    with scope(*([told.pk] if told else [])), opening():
        changed = _write(one, value, organisation)
        _cache.pop(connections[DEFAULT_DB_ALIAS], None)
        if changed and told:
            extra = {"setting": key, "scope": "installation" if organisation is None else "organisation"}
            publish(told, "preference.changed", actor=actor, changes={key: changed}, extra=extra)


def sections() -> dict[str, Any]:
    """Page → title of the settings, in the order they were declared."""
    return {one.group: one.section for one in declared.values()}


class PreferenceForm(forms.Form):
    """A page of settings; made by :func:`form_for`. A secret left empty keeps its value."""

    declarations: Sequence[Declaration] = ()
    organisation: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine, shared = _stored(self.organisation)
        stored = shared if self.organisation is None else mine
        for one in self.declarations:
            present = stored.get(one.key, one.default if self.organisation is None else None)
            field = self.fields[one.name]
            if not one.secret:
                field.initial = present
            elif present:
                field.widget.attrs["placeholder"] = secrets.MASK

    @transaction.atomic
    def save(self, *, actor: Actor) -> None:
        """Write what differs, an event each."""
        for one in self.declarations:
            value = self.cleaned_data[one.name]
            if one.secret and not value:
                continue
            if self.organisation is not None and value == "":
                value = None
            if one.secret or value != self.fields[one.name].initial:
                set_value(one.key, value, organisation=self.organisation, actor=actor)


def form_for(section: str, *, organisation: int | None = None) -> type[PreferenceForm]:
    """The form class of a page (``mail``): the installation's, or what an organisation may override."""
    chosen = [
        d for d in declared.values() if d.group == section and (organisation is None or d.per_organisation)
    ]
    fields = {one.name: one.form_field(override=organisation is not None) for one in chosen}
    return type(
        "PreferencesForm", (PreferenceForm,), {**fields, "declarations": chosen, "organisation": organisation}
    )


def reencrypt() -> None:
    """Encrypt the secret settings again with the first key; called inside :func:`secrets.reencrypt`."""
    keys = [one.key for one in declared.values() if one.secret]
    for row in Preference.objects.select_for_update().filter(key__in=keys):
        if row.value:
            row.value = secrets.renew(row.value.encode()).decode()
            row.save(update_fields=["value"])


def _checked(one: Declaration, value: Any, organisation: int | None) -> Any:
    if organisation is not None and not one.per_organisation:
        raise ValidationError(_("“%(label)s” is set for the whole installation.") % {"label": one.label})
    if value is None:
        return None
    value = one.form_field().clean(value)
    return secrets.encrypt(value).decode() if one.secret and value else value


def _write(one: Declaration, value: Any, organisation: int | None) -> list[Any]:
    """Store or remove the row; ``[before, after]`` as an event may show them, or nothing if the same."""
    owner: dict[str, Any] = {"organisation_id": organisation, "key": one.key}
    rows = Preference.objects.select_for_update().filter(**owner)
    before = rows.values_list("value", flat=True).first()
    if value is None:
        rows.delete()
    elif before != value:
        Preference.objects.update_or_create(**owner, defaults={"value": value})
    if before == value:
        return []
    return [secrets.MASK if v else v for v in (before, value)] if one.secret else [before, value]


Stored = tuple[dict[str, Any], dict[str, Any]]
_cache: WeakKeyDictionary[Any, tuple[list[Any], dict[Any, Stored]]] = WeakKeyDictionary()


def _stored(organisation: int | None) -> Stored:
    """The organisation's and the installation's values: one query a transaction, nothing kept after it.

    Django gives each transaction, and each one after a savepoint is rolled back, a new ``run_on_commit``
    list: that list tells whether the values were read in this very transaction.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    if not wrapper.in_atomic_block:
        return _read(organisation)
    mark, known = _cache.get(wrapper, (None, {}))
    if mark is not wrapper.run_on_commit:
        known = {}
        _cache[wrapper] = (wrapper.run_on_commit, known)
    key = (organisation, visible())
    if key not in known:
        known[key] = _read(organisation)
    return known[key]


def _read(organisation: int | None) -> Stored:
    """Also before any scope is open: an agent's cadence is asked at the door."""
    rows = Preference.objects.filter(models.Q(organisation=None) | models.Q(organisation=organisation))
    mine: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    with nullcontext() if organisation is None or organisation in visible() else opening():
        found = list(rows.values_list("organisation", "key", "value"))
    for owner, key, value in found:
        (shared if owner is None else mine)[key] = value
    return mine, shared


SECURITY, INVENTORY, PAGES = gettext_lazy("Security"), gettext_lazy("Inventory"), gettext_lazy("Pages")
declare(
    "security.session_days",
    kind=int,
    default=14,
    least=1,
    most=90,
    section=SECURITY,
    label=gettext_lazy("Days before logging in again"),
)
declare(
    "inventory.expiration_hours",
    kind=int,
    default=24,
    least=1,
    most=720,
    per_organisation=True,
    section=INVENTORY,
    label=gettext_lazy("Hours between two inventories"),
    help=gettext_lazy("What agents are told to wait."),
)
declare(
    "inventory.retention_days",
    kind=int,
    default=30,
    least=0,
    most=3650,
    per_organisation=True,
    section=INVENTORY,
    label=gettext_lazy("Days raw inventories are kept"),
    help=gettext_lazy("0 keeps none."),
)
declare(
    "pages.url",
    kind=str,
    default="",
    section=PAGES,
    label=gettext_lazy("Public address"),
    help=gettext_lazy("Such as https://etabli.example.com; written in e-mails so that their links work."),
)
declare(
    "pages.tiles_url",
    kind=str,
    default="",
    section=PAGES,
    label=gettext_lazy("Map tiles address"),
    help=gettext_lazy("Such as https://tiles.example.com/{z}/{x}/{y}.png; empty: no map background."),
)
