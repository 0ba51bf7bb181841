"""What people see of the desk: tickets, what sorts them, and every other noun of it."""

from django.utils.translation import gettext_lazy

from etabli.kernel.screens import Screen, register

from . import (  # noqa: F401 - their screens
    mail_screens,
    mailbox_screens,
    promise_screens,
    rule_screens,
    skill_screens,
    ticket_screen,
    work_screens,
)
from .tickets import Category, Service


@register
class CategoryScreen(Screen):
    about = gettext_lazy("What requests are about, on two levels; each has the team that receives them.")
    model = Category
    icon = "folders"
    columns = ["name", "parent", "team", "archived"]
    filters = ["parent", "team", "archived"]
    fields = ["name", "parent", "team", "archived"]


@register
class ServiceScreen(Screen):
    about = gettext_lazy("What people use: messaging, the network of a site, the payroll.")
    model = Service
    area, icon = "support", "apps"
    columns = ["name", "criticality", "team", "level"]
    filters = ["criticality", "team"]
    fields = ["name", "criticality", "team", "level", "description"]
