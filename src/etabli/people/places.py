"""Sites, and what is inside them down to the rack. Coordinates come from the offline table of communes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.files import File
from etabli.kernel.tenancy import Noun
from etabli.kernel.text import Plain


class Site(Noun):
    """An address where the organisation works."""

    name = models.CharField(_("name"), max_length=80)
    code = models.CharField(_("code"), max_length=20, blank=True)
    street = models.CharField(_("street"), max_length=160, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    insee = models.CharField(_("INSEE code"), max_length=5, blank=True)
    country = models.CharField(_("country"), max_length=2, default="FR")
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    access = models.TextField(_("access"), blank=True, help_text=_("Doors, hours, badge, whom to ask for."))

    class Meta:
        verbose_name, verbose_name_plural = _("site"), _("sites")
        constraints = [
            models.UniqueConstraint("organisation", Plain("name"), name="site_name_once"),
            models.CheckConstraint(condition=models.Q(latitude__range=(-90, 90)), name="site_latitude"),
            models.CheckConstraint(condition=models.Q(longitude__range=(-180, 180)), name="site_longitude"),
        ]

    def __str__(self) -> str:
        return self.name


class Building(Noun):
    """A building of a site."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="buildings", verbose_name=_("site"))
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name, verbose_name_plural = _("building"), _("buildings")
        constraints = [models.UniqueConstraint("site", Plain("name"), name="building_name_once")]

    def __str__(self) -> str:
        return self.name


class Floor(Noun):
    """A floor of a building, with its plan."""

    building = models.ForeignKey(Building, models.PROTECT, related_name="floors", verbose_name=_("building"))
    name = models.CharField(_("name"), max_length=80)
    level = models.SmallIntegerField(_("level"), default=0)
    plan = models.ForeignKey(
        File, models.PROTECT, null=True, blank=True, editable=False, verbose_name=_("plan")
    )
    plan_width = models.PositiveIntegerField(_("width of the plan (pixels)"), default=0, editable=False)
    plan_height = models.PositiveIntegerField(_("height of the plan (pixels)"), default=0, editable=False)
    width_m = models.DecimalField(
        _("width shown by the plan (m)"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("From the left edge of the image to the right one; gives the scale."),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("floor"), _("floors")
        constraints = [
            models.UniqueConstraint("building", Plain("name"), name="floor_name_once"),
            models.CheckConstraint(
                condition=models.Q(width_m__isnull=True) | models.Q(width_m__gt=0), name="floor_width"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.building} · {self.name}"


class Room(Noun):
    """A room; its floor may be unknown, its site never is."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="rooms", verbose_name=_("site"))
    floor = models.ForeignKey(
        Floor, models.PROTECT, null=True, blank=True, related_name="rooms", verbose_name=_("floor")
    )
    name = models.CharField(_("name"), max_length=80)
    technical = models.BooleanField(_("technical room"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("room"), _("rooms")
        constraints = [models.UniqueConstraint("site", Plain("name"), name="room_name_once")]

    def __str__(self) -> str:
        return self.name


class Rack(Noun):
    """A rack of a room, with its height in units (44.45 mm, EIA-310)."""

    room = models.ForeignKey(Room, models.PROTECT, related_name="racks", verbose_name=_("room"))
    name = models.CharField(_("name"), max_length=80)
    units = models.PositiveSmallIntegerField(_("units"), default=42)
    power_w = models.PositiveIntegerField(_("power available (W)"), null=True, blank=True)
    load_kg = models.PositiveIntegerField(_("largest load (kg)"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("rack"), _("racks")
        constraints = [
            models.UniqueConstraint("room", Plain("name"), name="rack_name_once"),
            models.CheckConstraint(condition=models.Q(units__range=(1, 60)), name="rack_units"),
        ]

    def __str__(self) -> str:
        return self.name
