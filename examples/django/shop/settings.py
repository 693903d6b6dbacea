"""Settings for the example: a database in a file, and mail on the terminal."""

from pathlib import Path

BASE = Path(__file__).parents[1]

SECRET_KEY = "only-for-this-example"  # noqa: S105
INSTALLED_APPS = ["django.contrib.sessions", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "shop.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
USE_TZ = True
