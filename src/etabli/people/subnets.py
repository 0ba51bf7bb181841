"""The networks of each site: an address that a machine tells then says where it is, roughly."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import Noun

from .places import Site


class CidrField(models.CharField):
    """A network (RFC 4632) in PostgreSQL's own type ``cidr``, which refuses host bits; a text here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 43)  # of an IPv6 address and its prefix, in full
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def from_db_value(self, value: Any, *_context: Any) -> str | None:
        return None if value is None else str(value)

    def to_python(self, value: Any) -> Any:
        """The network written shortly. Raises ``ValidationError`` with a sentence."""
        text = super().to_python(value)
        return str(network_of(text)) if text else text


def network_of(text: str) -> IPv4Network | IPv6Network:
    """The network of a text such as 10.14.0.0/16; host bits are an error people make, so they are told."""
    try:
        return ip_network(text.strip(), strict=True)
    except ValueError:
        pass
    try:
        meant = ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValidationError(
            _("“%(text)s” is not a network: write it as 10.14.0.0/16 or 2001:db8::/48.") % {"text": text[:50]}
        ) from None
    raise ValidationError(
        _("“%(text)s” is an address inside the network %(network)s: write the network.")
        % {"text": text[:50], "network": meant}
    )


class Subnet(Noun):
    """A range of addresses used at a site. A smaller one inside it may belong to another site."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="subnets", verbose_name=gettext_lazy("site"))
    network = CidrField(gettext_lazy("network"), help_text=gettext_lazy("For example 10.14.0.0/16."))
    name = models.CharField(gettext_lazy("name"), max_length=80, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("subnet of a site"), gettext_lazy("subnets of sites")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "network"],
                name="subnet_once",
                violation_error_message=gettext_lazy("Another site already has exactly this network."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.network} · {self.name}" if self.name else str(self.network)


def site_of(addresses: Iterable[str], organisation_id: int) -> tuple[Subnet, str] | None:
    """The narrowest network of the organisation that holds one of the addresses, the first that has one.

    One query, whatever the number of addresses; texts that are no address are passed over.
    """
    rules = [
        (ip_network(rule.network), rule)
        for rule in Subnet.objects.filter(organisation=organisation_id).select_related("site")
    ]
    if not rules:
        return None
    for text in addresses:
        try:
            address = ip_address(text.split("/")[0].split("%")[0])
        except ValueError:
            continue
        holding = [
            (network.prefixlen, rule)
            for network, rule in rules
            if network.version == address.version and address in network
        ]
        if holding:
            return max(holding, key=lambda pair: pair[0])[1], str(address)
    return None
