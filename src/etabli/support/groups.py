"""The lines of the desk's navigation that several screens share; tickets and services stand alone, first."""

from django.utils.translation import gettext_lazy

WORK = gettext_lazy("Work done")
READY = gettext_lazy("Ready-made tickets")
MAIL = gettext_lazy("E-mail")
