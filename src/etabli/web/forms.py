"""The shell's forms."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from etabli.kernel import notifications
from etabli.kernel.accounts import Account
from etabli.kernel.notifications import NotificationChoice


class NotificationChoices(forms.Form):
    """A choice for each kind of notification."""

    def __init__(self, data: Any, *, account: Account) -> None:
        super().__init__(data)
        self.account = account
        for key, kind in notifications.kinds.items():
            way = notifications.ways_of([account], key)[account.pk]
            self.fields[key] = forms.ChoiceField(
                label=kind.label, choices=NotificationChoice.Way.choices, initial=way
            )

    def save(self) -> None:
        for key in notifications.kinds:
            notifications.choose(self.account, key, self.cleaned_data[key])


class AccountForm(forms.ModelForm):
    """What a person sets for themselves."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    density = forms.ChoiceField(
        label=_("Density"), choices=[("normal", _("normal")), ("compact", _("compact"))]
    )

    class Meta:
        model = Account
        fields = ["name", "language", "theme", "density", "single_keys"]
