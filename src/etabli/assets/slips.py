"""Slips of hand-over and return: drafts that grow as things change hands, fixed for ever once signed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from etabli.kernel.files import File
from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.people.models import Person


class Slip(Noun):
    """What somebody received or gave back, acknowledged by their signature.

    ``lines``: dicts of ``asset`` (id), ``name``, ``tag``, ``serial``, ``model``, ``condition``,
    ``accessories``, as they were that day. A number is given at the signature: there are no holes.
    """

    class Kind(models.TextChoices):
        HANDOVER = "handover", _("hand-over")
        RETURN = "return", _("return")

    class Method(models.TextChoices):
        DRAWN = "drawn", _("drawn on screen")
        TYPED = "typed", _("name typed and box ticked")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    number = models.PositiveIntegerField(_("slip number"), null=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="slips", verbose_name=_("person"))
    day = models.DateField(_("date"))
    due_on = models.DateField(_("to be returned on"), null=True)
    lines = models.JSONField(_("items"), default=list)
    rules = models.TextField(_("rules acknowledged"), blank=True)
    issued_by = models.CharField(_("issued by"), max_length=120, blank=True)
    signed_at = models.DateTimeField(_("signed on"), null=True)
    signed_name = models.CharField(_("signed by"), max_length=120, blank=True)
    method = models.CharField(_("signature"), max_length=5, choices=Method, blank=True, default="")
    signature = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", verbose_name=_("drawing of the signature")
    )
    document = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", verbose_name=_("signed document")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("slip"), _("slips")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="slip_number_once"),
            models.CheckConstraint(
                condition=Q(number=None, signed_at=None) | Q(number__isnull=False, signed_at__isnull=False),
                name="slip_numbered_when_signed",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "person", "-id"], name="slip_of_person")]

    def __str__(self) -> str:
        words = _("hand-over slip") if self.kind == self.Kind.HANDOVER else _("return slip")
        return f"{str(words).capitalize()} {self.reference} · {self.person}".replace("  ", " ")

    @property
    def reference(self) -> str:
        """The number as it is printed; empty before the signature."""
        return f"nᵒ {self.number:06d}" if self.number else ""


class SlipCounter(OrganisationModel):
    """The last number given in an organisation; its row is locked until the slip is written."""

    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("counter of slips"), _("counters of slips")
        constraints = [models.UniqueConstraint(fields=["organisation"], name="slip_counter_once")]

    def __str__(self) -> str:
        return str(self.last)
