"""People, their teams and the org chart; places are in ``places.py``."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import Catalogue, Noun, OrganisationModel
from etabli.kernel.text import Plain

from .places import Building, Floor, Rack, Room, Site
from .subnets import Subnet


class OrgUnit(Noun):
    """A department or a service of the org chart."""

    name = models.CharField(_("name"), max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    manager = models.ForeignKey(
        "people.Person",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_units",
        verbose_name=_("manager"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("org unit"), _("org units")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="orgunit_name_once")]

    def __str__(self) -> str:
        return self.name


class Person(Noun):
    """Somebody of the organisation, with or without an account."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    mobile = models.CharField(_("mobile"), max_length=30, blank=True)
    title = models.CharField(_("position"), max_length=120, blank=True)
    unit = models.ForeignKey(
        OrgUnit, models.SET_NULL, null=True, blank=True, related_name="people", verbose_name=_("org unit")
    )
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("manager")
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("site")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("room")
    )
    employee_number = models.CharField(_("employee number"), max_length=40, blank=True)
    arrived_on = models.DateField(_("arrived on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    vip = models.BooleanField(_("priority person"), default=False)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="person",
    )

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")
        constraints = [
            models.UniqueConstraint(
                models.F("organisation"),
                models.functions.Lower("email"),
                condition=~models.Q(email=""),
                name="person_email_once",
            ),
            models.CheckConstraint(
                condition=models.Q(left_on__isnull=True)
                | models.Q(arrived_on__isnull=True)
                | models.Q(left_on__gte=models.F("arrived_on")),
                name="person_leaves_after_arriving",
            ),
            models.CheckConstraint(
                condition=models.Q(room__isnull=True) | models.Q(site__isnull=False),
                name="person_room_has_site",
            ),
        ]
        indexes = [models.Index(Plain("name"), "id", name="person_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()


class Team(Catalogue):
    """Technicians who share a queue of work."""

    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True)
    leader = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="led_teams", verbose_name=_("leader")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("team"), _("teams")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class TeamMember(OrganisationModel):
    """A person in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.CASCADE, related_name="teams")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "person"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.person} · {self.team}"


__all__ = [
    "Building",
    "Floor",
    "OrgUnit",
    "Person",
    "Rack",
    "Room",
    "Site",
    "Subnet",
    "Team",
    "TeamMember",
]
