"""The shell's forms."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from etabli.kernel.accounts import Account


class AccountForm(forms.ModelForm):
    """What a person sets for themselves."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    density = forms.ChoiceField(label=_("Density"), choices=[("normal", _("normal")), ("compact", _("compact"))])

    class Meta:
        model = Account
        fields = ["name", "language", "theme", "density", "single_keys"]
