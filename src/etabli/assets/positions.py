"""Where an asset is, as each source says, and its place in a rack.

What people declare is the asset's own site, room and rack. A :class:`Position` is what something else tells
of it (a scan, a switch port…), or the point where somebody put it on a floor plan. Personal devices have
none: the database refuses it (see the migration).
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from etabli.kernel.sentences import SentenceField
from etabli.kernel.tenancy import OrganisationModel
from etabli.people.models import Floor, Rack, Room, Site


class Position(OrganisationModel):
    """The last thing a source told of the place of an asset: one row a source.

    ``since`` is when it first told this place, ``at`` when it last confirmed it. ``x`` and ``y`` run from 0
    to 1 over the width and the height of the floor's plan, from its top left corner.
    """

    class Source(models.TextChoices):
        DECLARED = "declared", _("declared by hand")
        SCAN = "scan", _("scanned on the spot")
        PORT = "port", _("switch port")
        WIFI = "wifi", _("Wi-Fi access point")
        SUBNET = "subnet", _("address in a subnet")

    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="positions")
    source = models.CharField(_("source"), max_length=8, choices=Source)
    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    room = models.ForeignKey(
        Room, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("room")
    )
    floor = models.ForeignKey(
        Floor, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("floor")
    )
    x = models.FloatField(null=True, blank=True)
    y = models.FloatField(null=True, blank=True)
    detail = SentenceField(max_length=300, blank=True)
    since = models.DateTimeField(_("since"))
    at = models.DateTimeField(_("last confirmed"))

    class Meta:
        verbose_name, verbose_name_plural = _("position"), _("positions")
        constraints = [
            models.UniqueConstraint(fields=["asset", "source"], name="position_once"),
            models.CheckConstraint(
                condition=models.Q(x__isnull=True, y__isnull=True)
                | models.Q(x__range=(0, 1), y__range=(0, 1), floor__isnull=False),
                name="position_on_plan",
            ),
        ]
        indexes = [models.Index(fields=["floor"], condition=models.Q(x__isnull=False), name="position_plan")]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {self.room or self.site}"


class Span(models.Func):
    """The units that a placement takes, as a range of whole numbers: ``[position, position + height)``."""

    function = "int4range"
    output_field = IntegerRangeField()


class RackPlacement(OrganisationModel):
    """An asset in a rack: from unit ``position`` (1 is at the bottom, EIA-310) up, ``height`` units high."""

    class Face(models.TextChoices):
        BOTH = "both", _("whole depth")
        FRONT = "front", _("front only")
        REAR = "rear", _("rear only")

    asset = models.OneToOneField("assets.Asset", models.CASCADE, related_name="placement")
    rack = models.ForeignKey(Rack, models.CASCADE, related_name="placements", verbose_name=_("rack"))
    position = models.PositiveSmallIntegerField(_("lowest unit"))
    height = models.PositiveSmallIntegerField(_("height (U)"), default=1)
    face = models.CharField(_("face"), max_length=5, choices=Face, default=Face.BOTH)

    class Meta:
        verbose_name, verbose_name_plural = _("place in a rack"), _("places in racks")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(position__range=(1, 60), height__range=(1, 60)), name="placement_units"
            ),
            *(
                ExclusionConstraint(
                    name=f"placement_{face}_free",
                    expressions=[
                        ("rack", RangeOperators.EQUAL),
                        (
                            Span(
                                Cast("position", models.IntegerField()),
                                Cast(models.F("position") + models.F("height"), models.IntegerField()),
                            ),
                            RangeOperators.OVERLAPS,
                        ),
                    ],
                    condition=~models.Q(face=other),
                )
                for face, other in (("front", "rear"), ("rear", "front"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rack} · U{self.position}"

    @property
    def top(self) -> int:
        """Its highest unit."""
        return self.position + self.height - 1
