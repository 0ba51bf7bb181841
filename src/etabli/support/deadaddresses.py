"""Addresses that do not receive: a mail server said so, of one of our mails."""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import OrganisationModel


class DeadAddress(OrganisationModel):
    """An address whose mail came back; forgotten once somebody writes from it. Kept in lower case."""

    address = models.CharField(gettext_lazy("e-mail address"), max_length=254)
    why = models.CharField(gettext_lazy("what the server said"), max_length=500, blank=True)
    at = models.DateTimeField(gettext_lazy("on"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("address that does not receive"),
            gettext_lazy("addresses that do not receive"),
        )
        constraints = [
            models.UniqueConstraint(fields=["organisation", "address"], name="dead_address_once"),
            models.CheckConstraint(
                condition=models.Q(address=models.functions.Lower("address")), name="dead_address_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.address


def dead(organisation: int, addresses: Iterable[str]) -> dict[str, str]:
    """Those of these addresses that do not receive, with why."""
    wanted = {address.lower() for address in addresses if address}
    if not wanted:
        return {}
    rows = DeadAddress.objects.filter(organisation=organisation, address__in=wanted)
    return dict(rows.values_list("address", "why"))


def mark(organisation: int, address: str, why: str) -> None:
    """Remember that an address did not receive a mail for good."""
    DeadAddress.objects.update_or_create(
        organisation_id=organisation,
        address=address.lower()[:254],
        defaults={"why": why[:500], "at": timezone.now()},
    )


def forget(organisations: Iterable[int], address: str) -> None:
    """Somebody wrote from this address: it lives."""
    DeadAddress.objects.filter(organisation__in=organisations, address=address.lower()).delete()
