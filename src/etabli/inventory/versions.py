"""Which versions of the agents are out of date: what is shipped here, and what an organisation asks for.

Shipped minimums are dated and say why; an organisation replaces or completes them with a setting written
"GLPI-Agent 1.11, OCS-NG_unified_unix_agent 2.10".
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel import preferences
from etabli.kernel.sentences import Sentence, joined, sentence

from .models import Agent

SETTING = "inventory.minimum_versions"
AS_OF = "2024-10"  # when the histories of the programs were read
ENTRY = re.compile(r"\s*(\S+)\s+([0-9][0-9.]*)\s*")
preferences.declare(
    SETTING,
    kind=str,
    default="",
    per_organisation=True,
    section=preferences.INVENTORY,
    label=gettext_lazy("Oldest versions of agents accepted"),
    help=gettext_lazy("Such as “GLPI-Agent 1.11, OCS-NG_unified_unix_agent 2.10”; older ones are listed."),
)


@dataclass(frozen=True)
class Minimum:
    """The oldest version wanted of a program, and why; without a version every one is too old."""

    version: str
    why: str


SHIPPED: dict[str, Minimum] = {
    "GLPI-Agent": Minimum(
        "1.8",
        gettext_noop("Before 1.8 (May 2024), a local user could gain rights on Windows: CVE-2024-28240."),
    ),
    "FusionInventory-Agent": Minimum(
        "", gettext_noop("Its last version, 2.6, is of November 2020; the GLPI Agent continues it.")
    ),
}
ASKED = gettext_noop("The setting of the organisation asks for it.")


def minimums(text: str) -> dict[str, Minimum]:
    """What is shipped, with what a setting says instead; what cannot be read in it counts for nothing."""
    found = (ENTRY.fullmatch(part) for part in re.split("[,;\n]", text))
    return SHIPPED | {match[1]: Minimum(match[2], ASKED) for match in found if match}


def outdated(name: str, version: str, wanted: Mapping[str, Minimum]) -> Sentence | None:
    """Why a version is out of date, or nothing."""
    minimum = wanted.get(name)
    if minimum is None or (minimum.version and numbers(version) >= numbers(minimum.version)):
        return None
    if not minimum.version:
        return joined(sentence("%(program)s is no longer maintained.", program=name), minimum.why)
    told = sentence(
        "%(program)s %(version)s is older than %(minimum)s.",
        program=name,
        version=version or "?",
        minimum=minimum.version,
    )
    return joined(told, minimum.why)


def numbers(version: str) -> tuple[int, ...]:
    """`1.12-dev` as (1, 12): final zeros count for nothing, and neither does what follows a hyphen."""
    found = [int(part) for part in re.findall(r"\d{1,9}", version.partition("-")[0])]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def settings_of(key: str, organisations: Iterable[int]) -> dict[int, object]:
    """A setting of many organisations in one query."""
    ids = list(organisations)
    rows = preferences.Preference.objects.filter(Q(organisation=None) | Q(organisation__in=ids), key=key)
    stored: dict[int | None, object] = dict(rows.values_list("organisation", "value"))
    usual = stored.get(None)
    usual = preferences.declared[key].default if usual is None else usual
    return {one: usual if stored.get(one) is None else stored[one] for one in ids}


def condition(organisations: Iterable[int]) -> Q:
    """The agents of these organisations that are out of date: two queries, whatever their number."""
    groups: dict[str, list[int]] = defaultdict(list)
    for one, text in settings_of(SETTING, organisations).items():
        groups[str(text)].append(one)
    ids = [one for group in groups.values() for one in group]
    programs = set(
        Agent.objects.filter(organisation__in=ids).order_by().values_list("name", "version").distinct()
    )
    found = Q(pk=None)
    for text, group in groups.items():
        wanted = minimums(text)
        for name in {name for name, _version in programs} & wanted.keys():
            old = [v for n, v in programs if n == name and outdated(n, v, wanted)]
            found |= Q(organisation__in=group, name=name, version__in=old)
    return found
