"""What is given or lent as a whole, and what is booked beforehand."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.kernel.text import Plain
from etabli.people.models import Person, Site


class Pool(Noun):
    """A set of assets and kits that people book and borrow (laptops on loan, projectors)."""

    name = models.CharField(_("name"), max_length=80)
    site = models.ForeignKey(
        Site, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    remarks = models.TextField(_("remarks"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("loan pool"), _("loan pools")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="pool_name_once")]

    def __str__(self) -> str:
        return self.name


class Kit(Noun):
    """Assets that go together: a laptop, its dock and its screen."""

    name = models.CharField(_("name"), max_length=80)
    pool = models.ForeignKey(
        Pool, models.SET_NULL, null=True, blank=True, related_name="kits", verbose_name=_("pool")
    )
    remarks = models.TextField(_("remarks"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("kit"), _("kits")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="kit_name_once")]

    def __str__(self) -> str:
        return self.name


class KitItem(Noun):
    """One thing of a kit: a given asset, or any one of a model that is in stock when the kit is given."""

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="items", verbose_name=_("kit"))
    asset = models.ForeignKey(
        "assets.Asset",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kit_items",
        verbose_name=_("asset"),
    )
    model = models.ForeignKey(
        "assets.AssetModel",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("or any asset of the model"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("item of a kit"), _("items of kits")
        constraints = [
            models.UniqueConstraint(
                fields=["asset"],
                name="kit_item_in_one_kit",
                violation_error_message=_("This asset is already in a kit: take it out of that one first."),
            ),
            models.CheckConstraint(
                condition=Q(asset=None, model__isnull=False) | Q(asset__isnull=False, model=None),
                name="kit_item_is_one_thing",
                violation_error_message=_("Choose either an asset or a model."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.asset or self.model)

    def clean(self) -> None:
        """The form does not ask the constraint when both are empty."""
        if self.asset_id is None and self.model_id is None:
            raise ValidationError(gettext("Choose either an asset or a model."))


class Booking(Noun):
    """An asset or a kit of a pool kept for somebody during a while."""

    asset = models.ForeignKey(
        "assets.Asset",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name=_("asset"),
    )
    kit = models.ForeignKey(
        Kit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name=_("kit"),
    )
    person = models.ForeignKey(Person, models.PROTECT, related_name="bookings", verbose_name=_("for"))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("booking"), _("bookings")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")),
                name="booking_ends_after_it_begins",
                violation_error_message=_("A booking ends after it begins: change one of the two dates."),
            ),
            models.CheckConstraint(
                condition=Q(asset=None, kit__isnull=False) | Q(asset__isnull=False, kit=None),
                name="booking_is_of_one_thing",
                violation_error_message=_("Choose either an asset or a kit."),
            ),
        ]
        indexes = [models.Index(fields=["starts_at", "id"], name="booking_start", include=["organisation"])]

    def __str__(self) -> str:
        return f"{self.asset or self.kit} · {self.person}"

    def clean(self) -> None:
        """The sentence for what the exclusion constraint of :class:`Hold` would refuse."""
        if not (self.starts_at and self.ends_at and self.starts_at < self.ends_at):
            return
        if self.asset_id is None and self.kit_id is None:
            raise ValidationError(gettext("Choose either an asset or a kit."))
        if self.asset_id is not None and self.kit_id is not None:
            return  # the constraint tells it
        thing: Any = self.asset or self.kit
        if self.pk is None and thing.pool_id is None:
            raise ValidationError(
                gettext("“%(name)s” is in no loan pool: put it in one first, in its form.") % {"name": thing}
            )
        if not self.things():
            raise ValidationError({"kit": gettext("This kit holds no asset: put some in it first.")})
        other = self.in_the_way()
        if other is not None:
            raise ValidationError(
                gettext("“%(asset)s” is already booked for %(person)s from %(start)s to %(end)s.")
                % {
                    "asset": other.asset,
                    "person": other.booking.person,
                    "start": _moment(other.booking.starts_at),
                    "end": _moment(other.booking.ends_at),
                }
            )
        self._refuse_lent()

    def things(self) -> list[int]:
        """The assets kept by this booking."""
        if self.kit_id is None:
            return [self.asset_id] if self.asset_id else []
        items = KitItem.objects.filter(kit=self.kit_id).exclude(asset=None)
        return [key for key in items.values_list("asset", flat=True) if key]

    def in_the_way(self) -> "Hold | None":
        """What another booking holds of it at the same time."""
        taken = Hold.objects.filter(asset__in=self.things(), period__overlap=self.period)
        return taken.exclude(booking=self.pk).select_related("asset", "booking__person").first()

    def _refuse_lent(self) -> None:
        from .custody import Loan

        day = timezone.localtime(self.starts_at).date()
        lent = Loan.objects.filter(asset__in=self.things(), returned_on=None, due_on__gte=day)
        loan = lent.exclude(person=self.person_id).select_related("asset", "person").first()
        if loan is not None:
            raise ValidationError(
                gettext("“%(asset)s” is on loan to %(person)s until %(day)s: choose a later date.")
                % {"asset": loan.asset, "person": loan.person, "day": formats.date_format(loan.due_on)}
            )

    @property
    def period(self) -> DateTimeTZRange:
        return DateTimeTZRange(self.starts_at, self.ends_at)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """With what it holds: nobody can book it and leave the asset free."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            Hold.objects.filter(booking=self).delete()
            Hold.objects.bulk_create(
                Hold(organisation_id=self.organisation_id, booking=self, asset_id=key, period=self.period)
                for key in self.things()
            )


class Hold(OrganisationModel):
    """An asset kept by a booking: two never overlap, a kit counting for each of its assets."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="holds")
    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="holds")
    period = DateTimeRangeField()

    class Meta:
        verbose_name, verbose_name_plural = _("asset held"), _("assets held")
        constraints = [
            ExclusionConstraint(
                name="hold_no_overlap",
                expressions=[("asset", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset} {self.period}"


def _moment(at: Any) -> str:
    return formats.date_format(timezone.localtime(at), "j N Y H:i")
