"""The form of an asset: which values come from its inventory, which are kept by hand, and their unlocking."""

from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.events import Event

from . import locks
from .models import LOCKABLE, Asset

UNLOCK = "unlock"


def offer_unlock(form: Any) -> None:
    """A box for each locked field of the asset; a form of another asset, or of a new one, has none."""
    locked = [name for name in form.instance.locked if name in LOCKABLE] if form.instance.pk else []
    if locked:
        form.fields[UNLOCK] = forms.MultipleChoiceField(
            label=gettext_lazy("Unlock"),
            choices=[(name, capfirst(str(LOCKABLE[name]))) for name in locked],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=gettext_lazy(
                "What is ticked takes what the machine last told when you save, and follows its inventories "
                "again."
            ),
        )


def explain(form: Any) -> None:
    """Under each field that inventories fill, where its value comes from. Three queries at most."""
    asset: Asset = form.instance
    if not asset.pk or not (asset.seen_at or asset.locked):
        return
    said, since = locks.said(asset), dict(locks.locked_since(asset))
    for name in (n for n in LOCKABLE if n in form.fields):
        if name in since:
            form[name].help_text = by_hand(since[name], said.get(name, ""))
        elif said.get(name):
            form[name].help_text = _(
                "From its inventory. If you change it, your value is kept until it is unlocked."
            )


def by_hand(event: Event | None, said: str) -> SafeString:
    """Since when and by whom a value is kept, and what the machine says instead."""
    text = _("Kept by hand until it is unlocked.")
    if event is not None:
        day = formats.date_format(timezone.localtime(event.at), "j F Y")
        text = _("Kept by hand since %(day)s (%(name)s), until it is unlocked.") % {
            "day": day,
            "name": event.actor,
        }
    if not said:
        return format_html("{}", text)
    return format_html("{} {}", text, _("The machine says “%(value)s”.") % {"value": said})
