"""All settings, from the environment. Nothing here starts anything or opens a connection.

A missing secret does not stop the import: `campaign_site.checks` says what is missing and how
to make it, and the web server and the worker refuse to start.
"""

from pathlib import Path

import environ

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Set by `manage.py demo` only: a demonstration on this machine, mail stays in a folder.
DEMO = env.bool("VIGIL_DEMO", False)
# Where a demonstration keeps everything it writes.
VAR = Path(env.str("VIGIL_VAR", str(BASE_DIR / "var"))).resolve()

DEBUG = False

# --- Secrets ---------------------------------------------------------------------------------
# Signs staff sessions. May be changed at any time: staff log in again.
SECRET_KEY = env.str("SECRET_KEY", "") or "missing"
# 32 bytes, base64url. Lasts as long as any signature: links in mails, digests of addresses and
# addresses that wait for their confirmation depend on it. Keep a copy away from the database.
SIGNER_KEY = env.str("SIGNER_KEY", "")

# --- Where we are ----------------------------------------------------------------------------
# The address that visitors type, without a slash at the end: it stands in mails.
SITE_URL = env.str("SITE_URL", "http://localhost:8000").rstrip("/")
# Host names that this server answers to, separated by commas.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
# How many proxies of ours stand before the web server. 0: the network address of a connection
# is taken as it is, and X-Forwarded-For is not believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
HTTPS = SITE_URL.startswith("https://")

# --- Applications ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "campaign_site.admin_site.VigilAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "campaign_site",
    "campaigns",
    "petitions",
]
AUTH_USER_MODEL = "campaign_site.Member"
LOGOUT_REDIRECT_URL = "admin:login"
AUTHENTICATION_BACKENDS = ["campaign_site.login.RoleBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "campaign_site.urls"
WSGI_APPLICATION = "campaign_site.wsgi.application"

MIDDLEWARE = [
    "campaign_site.page_cache.page_cache",
    "campaign_site.middleware.request_log",
    "campaign_site.middleware.security_headers",
    "campaign_site.middleware.only_utf8",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "campaign_site.middleware.ErrorPages",
    "campaign_site.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "campaign_site.middleware.staff",
]
# Django asks for its own middlewares; ours sends those headers, the proxy turns visitors to HTTPS,
# and `staff` runs sessions, login and messages.
SILENCED_SYSTEM_CHECKS = [
    *("security.W001", "security.W002"),
    *("admin.E408", "admin.E409", "admin.E410"),
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "campaign_site.context.site",
            ],
        },
    }
]

# --- Database --------------------------------------------------------------------------------
# PostgreSQL 15 or newer, as postgres://user:password@host/name
DATABASES = {}
if env.str("DATABASE_URL", ""):
    DATABASES["default"] = env.db_url("DATABASE_URL") | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"]["ENGINE"] = "campaign_site.postgresql"
    # Values travel apart from the statement, so that the server's log never holds an address.
    DATABASES["default"].setdefault("OPTIONS", {})["server_side_binding"] = True
    # A database that does not even refuse is away, too.
    DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
    # What is asked again and again is parsed and planned once for each connection.
    DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 5)

# --- Mail ------------------------------------------------------------------------------------
# Every mail goes through our own outbox; the worker hands it over to EMAIL_URL, as
# smtp+tls://user:password@host:587 (or filemail:///folder to try things out).
EMAIL_BACKEND = "campaign_site.outbox.EmailBackend"
MAIL_TRANSPORT = env.email_url("EMAIL_URL", default="consolemail://")
if DEMO:
    # Whatever the environment says: no mail leaves a demonstration.
    MAIL_TRANSPORT = {"EMAIL_BACKEND": "campaign_site.demo_mail.EmailBackend"}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "petitions@localhost")

# --- Files -----------------------------------------------------------------------------------
# Pictures that everybody may see.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR / "media")))
MEDIA_URL = "/media/"
# What only the server may read: uploads that are not public, temporary files of exports.
PRIVATE_ROOT = Path(env.str("PRIVATE_ROOT", str(VAR / "private")))
# Where the fonts lie that Debian's fonts-noto-core and fonts-noto-cjk bring, for lists on paper.
SYSTEM_FONTS = env.str("SYSTEM_FONTS", "/usr/share/fonts")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VAR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Nobody else's page has to read our files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Languages -------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# The languages of the interface: each has a catalogue of texts. Which of them visitors are offered,
# staff say as rows of `Language`.
LANGUAGES = [("en", "English"), ("fr", "Français"), ("zh-hans", "简体中文"), ("ug", "ئۇيغۇرچە")]
# Languages in which texts about people and petitions may stand; those above among them.
CONTENT_LANGUAGES = ("en", "fr", "zh-hans", "zh-hant", "ug", "ug-latn", "bo", "kk", "ru", "tr")
# Languages of the back office.
STAFF_LANGUAGES = [("en", "English")]
# Languages whose catalogue somebody who speaks them has read: letters to recipients may be in them.
READ_BY_A_SPEAKER = ("en", "fr")
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["campaign_site.formats"]
USE_I18N = True
USE_TZ = True
# The zone in which dates are shown and petitions open and close.
TIME_ZONE = env.str("TIME_ZONE", "UTC")

# --- Staff login -----------------------------------------------------------------------------
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Public pages set no cookie and read none.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 60 * 60 * 12
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "campaign_site.pages.csrf_failure"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Logging: routes, never paths, addresses or bodies -----------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "campaign_site.request_logging.Line"}},
    "filters": {"routes": {"()": "campaign_site.request_logging.RoutesNotPaths"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["routes"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # Programs that look for holes ask for any host and send any form: 400 is all there is to say.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.TooManyFieldsSent": {"level": "CRITICAL"},
    },
}
