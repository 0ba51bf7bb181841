"""The lines of the fleet's navigation that several screens share."""

from django.utils.translation import gettext_lazy

LOANS = gettext_lazy("Loans and hand-overs")
CATALOGUE = gettext_lazy("Catalogue")
AUTOMATIC = gettext_lazy("Automatic inventory")
