"""Accounts: who may log in. An account belongs to the installation; its rights come from memberships."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Accounts(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        account = self.model(email=self.normalize_email(email), **fields)
        account.set_password(password)
        account.save()
        return account

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(email__iexact=username)


class Account(AbstractBaseUser):
    """A person's way in: e-mail, password or passkey, and how they like their pages."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")
        CONTRAST = "contrast", _("high contrast")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("may log in"), default=True)
    joined_at = models.DateTimeField(_("created on"), auto_now_add=True)
    language = models.CharField(_("language"), max_length=5, default="fr")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.AUTO)
    density = models.CharField(_("density"), max_length=8, default="normal")
    single_keys = models.BooleanField(_("single-letter shortcuts"), default=True)

    objects = Accounts()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name, verbose_name_plural = _("account"), _("accounts")
        constraints = [models.UniqueConstraint(Lower("email"), name="account_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    # Django's own views ask for these two; rights are decided by memberships only.
    is_staff = False
    is_superuser = False

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in (self.name or self.email).split()[:2]).upper()
