"""The act that makes a machine an asset of its own again: from its agent, or from an inventory."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm

from . import splitting
from .models import Agent, Document


class SeparateForm(ActForm):
    """How the asset that is made is called; as the machine calls itself when nothing is written."""

    name = forms.CharField(label=gettext_lazy("Name of the new asset"), max_length=120, required=False)


def _separate(source: Agent | Document, cleaned: dict[str, Any], actor: Actor) -> str:
    new = splitting.separate(source, actor=actor, now=timezone.now(), name=cleaned.get("name") or "")
    return reverse("asset-detail", args=[new.pk])


def _no_asset(agent: Agent) -> str:
    return "" if agent.asset_id else _("This agent reports for no asset.")


def not_alone(document: Document) -> str:
    """Why the machine of an inventory cannot be separated by it."""
    if document.agent_id:
        return _("This inventory came from an agent: separate the agent from its asset.")
    return "" if document.asset_id and document.state == "read" else _("This inventory made no asset.")


SEPARATE = Act(
    "separate",
    gettext_lazy("Separate from its asset"),
    "git-branch",
    "asset.change",
    _separate,
    SeparateForm,
    why_not=_no_asset,
    text=gettext_lazy(
        "The machine becomes an asset of its own, with what it sent. No inventory makes the two one again. "
        "It can be undone."
    ),
    many=False,
)
