"""Organisations form a tree (provider → client → sub-entity); memberships say who works where, with which
role.
"""

from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from .tenancy import OrganisationModel, SharedModel, opening, visible


class Organisation(models.Model):
    """A company or a part of one: the wall that nothing crosses. ``path`` lists its ancestors' ids, then its
    own.
    """

    class Kind(models.TextChoices):
        PROVIDER = "provider", _("provider")
        CLIENT = "client", _("client")
        ENTITY = "entity", _("sub-entity")

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=60, unique=True, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CLIENT)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    path = ArrayField(models.BigIntegerField(), default=list, editable=False)
    siret = models.CharField(_("SIRET number"), max_length=14, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40, default="Europe/Paris")
    holiday_zone = models.CharField(_("public holidays"), max_length=12, default="metropole")
    colour = models.PositiveSmallIntegerField(_("colour"), default=1)
    demo = models.BooleanField(_("sample data"), default=False, editable=False)
    archived_at = models.DateTimeField(_("archived on"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("organisation"), _("organisations")
        indexes = [GinIndex(fields=["path"], name="organisation_path")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the short name and the path right; moving an organisation is an action that also moves its
        subtree.
        """
        self.slug = self.slug or self._free_slug()
        super().save(*args, **kwargs)
        path = [*self._path_above(), self.pk]
        if path != self.path:
            self.path = path
            Organisation.objects.filter(pk=self.pk).update(path=path)

    def _path_above(self) -> list[int]:
        """A client that saves itself does not see its provider, whose place above it must not be lost."""
        if self.parent_id is None:
            return []
        with opening():
            return list(Organisation.objects.values_list("path", flat=True).get(pk=self.parent_id))

    def _free_slug(self) -> str:
        base = slugify(self.name)[:50] or "organisation"
        taken = set(Organisation.objects.filter(slug__startswith=base).values_list("slug", flat=True))
        return next(s for s in [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))] if s not in taken)

    @property
    def initials(self) -> str:
        words = (
            [w for w in self.name.replace("-", " ").split() if w[:1].isupper()] or self.name.split() or ["?"]
        )
        return "".join(w[0] for w in words[:2]).upper()


def lineage(organisation_id: int) -> list[int]:
    """The organisations above one, then itself (ids): where what it may use is set up."""
    # One that is in scope says it by itself: three statements less for each ticket, twice.
    with nullcontext() if organisation_id in visible() else opening():
        return list(Organisation.objects.values_list("path", flat=True).get(pk=organisation_id))


class Role(SharedModel):
    """A named set of verbs such as ``asset.change``; ``*`` stands for any noun or any act (``*.view``)."""

    name = models.CharField(_("name"), max_length=60)
    key = models.SlugField(_("key"), max_length=40, blank=True)
    verbs = ArrayField(models.CharField(max_length=60), verbose_name=_("verbs"), default=list)
    # What the product shipped with a role of its own, at its last version; empty for those of organisations.
    shipped = ArrayField(models.CharField(max_length=60), null=True, editable=False)
    totp_required = models.BooleanField(_("second factor required"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("role"), _("roles")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "key"], nulls_distinct=False, name="role_key_once"
            )
        ]

    def __str__(self) -> str:
        from .shipped import role_label

        return role_label(self) if self.organisation_id is None else self.name


class Membership(OrganisationModel):
    """An account's role in an organisation and, when ``descends``, in all those under it, future ones
    included.

    ``denied`` takes the organisation (and those under it) away again: a denial wins over any role.
    """

    door = True
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("account")
    )
    role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, verbose_name=_("role"))
    descends = models.BooleanField(_("also in the organisations under it"), default=True)
    denied = models.BooleanField(_("access denied"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("membership"), _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "account", "role"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(denied=True) | models.Q(role__isnull=False), name="role_or_denied"
            ),
        ]

    def __str__(self) -> str:
        what = _("denied") if self.denied else self.role
        return f"{self.account} · {what}"
