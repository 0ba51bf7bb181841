"""A dry run of recognition rules over the past: what other rules would decide of the machines already
known.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import Any

import orjson
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor
from etabli.kernel.jobs import Job, Run, job
from etabli.kernel.tenancy import scope

from . import facts, matching, rules
from .matching import Match, Question
from .models import Section
from .reading import IDENTITY, content_of_section

# What tells a machine from another, in the last sections it sent.
NEEDED = (*IDENTITY, "operatingsystem", "networks", "network_ports")
MOST_ROWS = 500
CHUNK = 200
AT_ONCE = 150
"""Machines that are tried while a person waits; beyond, it is a followed job."""


def machines_of(organisation_id: int) -> int:
    """How many machines of an organisation have sent what a dry run reads."""
    return _inventoried(organisation_id).count()


def replay(
    organisation_id: int, proposed: Sequence[str], told: Callable[[int], None] = lambda _done: None
) -> dict[str, Any]:
    """Decide again of each known machine, as if its agent had just been installed again, by the rules in
    force and by the proposed ones. Writes nothing.

    Returns counts (``read``, ``different``, then of the different ones by what they would become: ``same``,
    ``other``, ``asked``, ``new``) and the first different ``rows``.
    """
    now = rules.order_of(organisation_id)
    found: dict[str, Any] = {
        "read": 0,
        "different": 0,
        "same": 0,
        "other": 0,
        "asked": 0,
        "new": 0,
        "rows": [],
    }
    for chunk in batched(_inventoried(organisation_id).order_by("pk"), CHUNK):
        for asset, identity in _identities(chunk):
            _compare(asset, identity, now, proposed, found)
        told(found["read"])
    return found


def _inventoried(organisation_id: int) -> Any:
    rows = Asset.objects.filter(organisation_id=organisation_id, seen_at__isnull=False)
    return rows.select_related("kind", "model__manufacturer")


def _identities(assets: Sequence[Asset]) -> Iterator[tuple[Asset, facts.Identity]]:
    contents: dict[int, dict[str, Any]] = {}
    for section in Section.objects.filter(asset__in=assets, name__in=NEEDED):
        contents.setdefault(section.asset_id, {})[section.name] = content_of_section(section)
    for asset in assets:
        if asset.pk in contents:
            yield asset, facts.computer_facts(contents[asset.pk]).identity


def _compare(
    asset: Asset,
    identity: facts.Identity,
    now: Sequence[str],
    proposed: Sequence[str],
    found: dict[str, Any],
) -> None:
    found["read"] += 1
    for agent_asset in _agents_to_try(asset, now, proposed):
        question = Question(
            identity, asset.organisation_id, agent_asset, identity, virtual=asset.kind.key == "vm"
        )
        before, after = matching.find(question, now), matching.find(question, proposed)
        if (before.asset, before.sure) != (after.asset, after.sure):
            found["different"] += 1
            found[_becomes(asset, after)] += 1
            if len(found["rows"]) < MOST_ROWS:
                found["rows"].append(
                    {
                        "id": asset.pk,
                        "name": asset.name,
                        "before": _told(asset, before),
                        "after": _told(asset, after),
                    }
                )
            return


def _agents_to_try(asset: Asset, now: Sequence[str], proposed: Sequence[str]) -> list[Asset | None]:
    """A new agent; the known one too, unless both orders ask it first, and so answer the same."""
    same = list(now[:1]) == list(proposed[:1]) == ["agent"]
    return [None] if same else [asset, None]


def _becomes(asset: Asset, match: Match) -> str:
    if match.asset is None:
        return "new"
    if not match.sure:
        return "asked"
    return "same" if match.asset == asset else "other"


def _told(asset: Asset, match: Match) -> dict[str, Any]:
    return {"what": _becomes(asset, match), "name": str(match.asset or ""), "rule": match.rule}


def follow(organisation_id: int, proposed: Sequence[str], *, actor: Actor) -> Job:
    """Ask for the dry run as a followed job, whose page leads to what it found."""
    made = try_rules.follow(
        title=_("Try recognition rules"),
        actor=actor,
        organisation_id=organisation_id,
        organisation=organisation_id,
        proposed=list(proposed),
    )
    Job.objects.filter(pk=made.pk).update(url=reverse("recognition-trial", args=[made.pk]))
    return made


@job(followed=True)
def try_rules(run: Run, organisation: int, proposed: list[str]) -> dict[str, Any]:
    """The dry run, followed on its page; its result stays with the job."""
    with scope(organisation):
        run.begin(_("Machines decided again"), total=machines_of(organisation))
        found = replay(organisation, proposed, run.progress)
    return dict(orjson.loads(orjson.dumps(found)))
