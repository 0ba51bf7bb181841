"""Who has an asset: the history of its assignments, and its loans."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.people.models import Person, Room, Site


class Assignment(OrganisationModel):
    """A stretch of time during which an asset had this person, place and parent; open while it lasts.

    Rows are written by the trigger ``assets_custody`` (``custody_trigger.py``), whoever changes the asset.
    ``since`` is empty when it began before anybody kept count.
    """

    asset = models.ForeignKey(
        "assets.Asset", models.CASCADE, related_name="assignments", verbose_name=_("asset")
    )
    person = models.ForeignKey(
        Person, models.SET_NULL, null=True, related_name="assignments", verbose_name=_("person")
    )
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+", verbose_name=_("site"))
    room = models.ForeignKey(Room, models.SET_NULL, null=True, related_name="+", verbose_name=_("room"))
    parent = models.ForeignKey(
        "assets.Asset", models.SET_NULL, null=True, related_name="+", verbose_name=_("connected to")
    )
    since = models.DateField(_("start"), null=True)
    until = models.DateField(_("end"), null=True)
    by = models.CharField(_("by"), max_length=120, blank=True, db_default="")
    reason = models.CharField(_("reason"), max_length=200, blank=True, db_default="")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name, verbose_name_plural = _("assignment"), _("assignments")
        constraints = [
            models.UniqueConstraint(fields=["asset"], condition=Q(until=None), name="assignment_one_current"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=models.F("since")),
                name="assignment_ends_after_it_begins",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "asset", "-id"], name="assignment_of_asset")]

    def __str__(self) -> str:
        return f"{self.asset} · {self.person or self.room or self.site or self.parent or '—'}"


class Loan(Noun):
    """An asset lent to somebody until a day; over once ``returned_on`` is set.

    ``state_before`` and ``holder_before`` are what the asset goes back to. ``reminded`` is the last reminder
    sent, so that the daily job may run twice.
    """

    class Outcome(models.TextChoices):
        RETURNED = "returned", _("returned")
        LOST = "lost", _("lost")
        STOLEN = "stolen", _("stolen")

    asset = models.ForeignKey("assets.Asset", models.PROTECT, related_name="loans", verbose_name=_("asset"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="loans", verbose_name=_("borrower"))
    kit = models.ForeignKey(
        "assets.Kit", models.SET_NULL, null=True, related_name="loans", verbose_name=_("kit")
    )
    lent_on = models.DateField(_("lent on"))
    due_on = models.DateField(_("due on"))
    returned_on = models.DateField(_("returned on"), null=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, blank=True, default="")
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    accessories = models.CharField(_("accessories"), max_length=300, blank=True)
    condition_out = models.CharField(_("condition when lent"), max_length=200, blank=True)
    condition_back = models.CharField(_("condition when returned"), max_length=200, blank=True)
    state_before = models.CharField(max_length=12, default="in_stock")
    holder_before = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    lender = models.CharField(_("lent by"), max_length=120, blank=True)
    lender_account_id = models.BigIntegerField(null=True)
    reminded = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        verbose_name, verbose_name_plural = _("loan"), _("loans")
        constraints = [
            models.UniqueConstraint(fields=["asset"], condition=Q(returned_on=None), name="loan_one_open"),
            models.CheckConstraint(condition=Q(due_on__gte=models.F("lent_on")), name="loan_due_after_lent"),
            models.CheckConstraint(
                condition=Q(returned_on=None) | Q(returned_on__gte=models.F("lent_on")),
                name="loan_returned_after_lent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                condition=Q(returned_on=None),
                name="loan_due",
                include=["organisation"],
            ),
            models.Index(fields=["organisation", "person", "-id"], name="loan_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.asset} · {self.person}"

    @property
    def late(self) -> bool:
        return self.returned_on is None and self.due_on < timezone.localdate()
