"""Who acts, and what they may do: one ``can(actor, verb, obj)``, fed by memberships and roles.

Verbs are strings written beside what they guard: ``asset.view``, ``asset.change``, ``organisation.switch``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils.translation import gettext as _

from .accounts import Account
from .tenancy import opening


@dataclass(frozen=True)
class Place:
    """An organisation as an actor sees it."""

    id: int
    name: str
    kind: str
    parent_id: int | None
    path: tuple[int, ...]
    colour: int = 1
    demo: bool = False


@dataclass(frozen=True)
class Actor:
    """Somebody, or some program, that acts: with its rights by organisation and the way it came in.

    ``grants`` maps organisation id to the patterns of verbs allowed there; ``limit`` (of an API token)
    narrows them.
    """

    account_id: int | None
    label: str
    source: str = "screen"
    grants: Mapping[int, frozenset[str]] = field(default_factory=dict)
    places: Mapping[int, Place] = field(default_factory=dict)
    limit: frozenset[str] | None = None
    totp_required: bool = False

    def may(self, verb: str, organisation: int | None = None) -> bool:
        """Whether the verb is allowed in this organisation, or in any when none is given."""
        if self.limit is not None and not allowed(verb, self.limit):
            return False
        if organisation is not None:
            return allowed(verb, self.grants.get(organisation, frozenset()))
        return any(allowed(verb, patterns) for patterns in set(self.grants.values()))

    def organisations(self, verb: str) -> list[int]:
        """Where the verb is allowed, among the organisations of this actor."""
        return [o for o in self.grants if self.may(verb, o)]


SYSTEM = Actor(account_id=None, label="Établi", source="system", grants={})


@lru_cache(maxsize=4096)
def allowed(verb: str, patterns: frozenset[str]) -> bool:
    """Whether one of the patterns (``*``, ``asset.*``, ``*.view``, ``asset.view``) covers the verb."""
    if verb in patterns or "*" in patterns:
        return True
    noun, _dot, act = verb.partition(".")
    return f"{noun}.*" in patterns or f"*.{act}" in patterns


def can(actor: Actor, verb: str, obj: Any = None) -> bool:
    """The single question about rights. ``obj`` may be an object, an organisation id or nothing
    (somewhere).
    """
    if actor.source == "system":
        return True
    return actor.may(verb, obj if isinstance(obj, int) or obj is None else _organisation_of(obj))


def _organisation_of(obj: Any) -> int | None:
    """Where an object is; an organisation is in itself. ``None`` for what all of them share."""
    return obj.pk if obj._meta.label_lower == "kernel.organisation" else getattr(obj, "organisation_id", None)


def require(actor: Actor, verb: str, obj: Any = None) -> None:
    """Raise ``PermissionDenied`` with a sentence unless :func:`can`."""
    if not can(actor, verb, obj):
        raise PermissionDenied(
            _("Your role does not allow this (%(verb)s). Ask an administrator.") % {"verb": verb}
        )


RIGHTS = """
SELECT o.id, o.name, o.kind, o.parent_id, o.path, o.colour, o.demo, bool_or(r.totp_required),
       array_agg(DISTINCT v.verb) FILTER (WHERE v.verb IS NOT NULL)
  FROM kernel_organisation o
  JOIN kernel_membership m ON m.account_id = %s
       AND (m.organisation_id = o.id OR (m.descends AND m.organisation_id = ANY (o.path)))
  LEFT JOIN kernel_role r ON r.id = m.role_id
  LEFT JOIN LATERAL unnest(r.verbs) AS v(verb) ON true
 WHERE o.archived_at IS NULL
 GROUP BY o.id HAVING NOT bool_or(m.denied) ORDER BY o.path
"""


def actor_of(account: Account, *, source: str = "screen", limit: Iterable[str] | None = None) -> Actor:
    """Read an account's rights: one query, whatever the number of organisations."""
    with opening(), connection.cursor() as cursor:
        cursor.execute(RIGHTS, [account.pk])
        rows = cursor.fetchall()
    return Actor(
        account_id=account.pk,
        label=str(account),
        source=source,
        grants={row[0]: frozenset(row[8] or ()) for row in rows},
        places={row[0]: Place(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) for row in rows},
        limit=None if limit is None else frozenset(limit),
        totp_required=any(row[7] for row in rows),
    )
