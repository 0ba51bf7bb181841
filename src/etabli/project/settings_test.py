"""Settings of the test run: the same product, with a fast password hasher and mail kept in memory."""

from .settings import *  # noqa: F403
from .settings import DATABASES

LANGUAGE_CODE = "en"
# One connection a test, kept: a pool would hold the test database open when it is dropped.
DATABASES["default"]["OPTIONS"] = {}
DATABASES["default"]["CONN_MAX_AGE"] = None

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
