"""The recognition rules of an organisation: their words, their order, and changing it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.sentences import Sentence, sentence

from . import matching
from .models import RuleOrder


@dataclass(frozen=True)
class Rule:
    """A rule in words: what it is called, what it does, whether it only suggests."""

    key: str
    label: str
    text: str


WORDS = [
    Rule(
        "agent",
        gettext_noop("The same agent"),
        gettext_noop(
            "The asset this agent reported for last time, unless its numbers say that its files were "
            "copied to another machine."
        ),
    ),
    Rule(
        "serial_uuid",
        gettext_noop("Serial number and UUID"),
        gettext_noop("Both are the same. A virtual machine with another name and other addresses is a copy."),
    ),
    Rule(
        "serial",
        gettext_noop("Serial number"),
        gettext_noop(
            "The same serial number from the same maker. If the UUID differs, the name or a network "
            "address must agree: the motherboard was replaced."
        ),
    ),
    Rule(
        "uuid",
        gettext_noop("UUID"),
        gettext_noop(
            "The same hardware UUID, unless the serial number, or the name and every address, differ."
        ),
    ),
    Rule(
        "macs",
        gettext_noop("Network addresses"),
        gettext_noop(
            "The same network cards. Docking stations, USB adapters and virtual adapters do not count, nor "
            "does an address that several assets have."
        ),
    ),
    Rule(
        "name",
        gettext_noop("Name"),
        gettext_noop("Only suggests: an asset of this name without any number. A person answers."),
    ),
]
_KNOWN = {rule.key: rule for rule in WORDS}


def order_of(organisation_id: int) -> tuple[str, ...]:
    """The rules in force in an organisation, first to last."""
    own = RuleOrder.objects.filter(organisation_id=organisation_id).values_list("rules", flat=True).first()
    return matching.SHIPPED if own is None else tuple(key for key in own if key in _KNOWN)


def checked(rules: Sequence[str]) -> list[str]:
    """The rules as they can be applied; raises ValidationError with a sentence when they cannot."""
    unknown = [key for key in rules if key not in _KNOWN]
    if unknown:
        raise ValidationError(_("There is no rule “%(rule)s”.") % {"rule": unknown[0]})
    if len(set(rules)) != len(rules):
        raise ValidationError(_("A rule stands twice in this order: keep one."))
    if not set(rules) & {"serial_uuid", "serial", "uuid", "macs"}:
        raise ValidationError(
            _(
                "Keep at least one rule by serial number, UUID or network address: without any, each agent "
                "that is installed again makes a duplicate."
            )
        )
    return list(rules)


@transaction.atomic
def reorder(rules: Sequence[str], *, organisation_id: int, actor: Actor) -> RuleOrder:
    """Choose which rules recognise the machines of an organisation, first to last; the others are not
    used.
    """
    require(actor, "ruleorder.change", organisation_id)
    order = RuleOrder.objects.select_for_update().filter(organisation_id=organisation_id).first()
    order = order or RuleOrder(organisation_id=organisation_id, rules=list(matching.SHIPPED))
    before = snapshot(order)
    order.rules = checked(rules)
    order.version += 1 if order.pk else 0
    order.save()
    if changes := difference(before, snapshot(order)):
        publish(order, "ruleorder.changed", actor=actor, changes=changes)
    return order


def label_of(key: str) -> Sentence:
    """The name of a rule, for people; of none, when no rule answered."""
    return sentence(_KNOWN[key].label if key in _KNOWN else gettext_noop("no rule"))
