"""Where a column can go: a field of the noun, a field of an object it names, its identifier in the other
tool.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from ...actors import Actor
from ...tenancy import OrganisationModel
from ...text import plain
from ..columns import capitalised
from ..forms import CUSTOM, NounForm, RelatedChoiceField, form_class
from .relating import sub_fields

if TYPE_CHECKING:
    from ..screen import Screen

IGNORED = ""
EXTERNAL = "external_id"
INSIDE = "__"


def screen_of(slug: str) -> "Screen":
    """The screen of a part of an import."""
    from .. import by_slug

    found = by_slug(slug)
    if found is None:
        raise LookupError(slug)
    return found


def blank_form(screen: "Screen", actor: Actor, organisation_id: int) -> NounForm:
    """The form of a new object, to know its fields."""
    return form_class(screen)(None, actor=actor, organisation_id=organisation_id)


def targets(screen: "Screen", blank: NounForm) -> list[tuple[str, str]]:
    """Every place a column can go to, with its label: ``model__manufacturer`` is “Model › Manufacturer”."""
    from .. import registry

    own = [(n, str(f.label)) for n, f in blank.fields.items() if n not in {"organisation", "version"}]
    found = list(own)
    for name, label in own:
        field = blank.fields[name]
        related: Any = registry.get(field.offers) if isinstance(field, RelatedChoiceField) else None
        if related is None or related is screen or not issubclass(related.model, OrganisationModel):
            continue
        inner = form_class(related)(None, actor=blank.actor, organisation_id=blank.organisation_id)
        found += [
            (f"{name}{INSIDE}{inside}", f"{label} › {told}")
            for inside, told in sub_fields(related.model, inner)
        ]
    return [*found, (EXTERNAL, _("Identifier in the other tool"))]


def guess(screen: "Screen", header: Sequence[str], blank: NounForm) -> list[str]:
    """The target of each column, by the name or the label in French or English; the rest is left out."""
    known = _titles(screen, blank)
    guessed: list[str] = []
    for title in header:
        name = known.get(letters(title), IGNORED)
        guessed.append(name if name not in guessed else IGNORED)
    return guessed


def _titles(screen: "Screen", blank: NounForm) -> dict[str, str]:
    known: dict[str, str] = {}
    for language in ("fr", "en"):
        with override(language):
            for name, field in blank.fields.items():
                if name not in {"organisation", "version"}:
                    known.setdefault(letters(name.removeprefix(CUSTOM)), name)
                    known.setdefault(letters(str(field.label)), name)
            for name in screen.form_fields:
                label = capitalised(screen.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
                known.setdefault(letters(label), name)
    with override("fr"):
        inside = targets(screen, blank)
    for name, label in [*inside, *targets(screen, blank)]:
        known.setdefault(letters(label), name)
    return known


def letters(text: str) -> str:
    """A title without case, accents, spaces nor signs."""
    return "".join(c for c in plain(text) if c.isalnum())


def signature(header: Sequence[str]) -> str:
    """The same for two files with the same columns in the same order."""
    return hashlib.sha256("\n".join(letters(title) for title in header).encode()).hexdigest()
