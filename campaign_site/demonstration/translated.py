"""What stands on the demonstration's pages in other languages, from `data/translations.json`.

A row that the file names and the demonstration has not is an error, so the file keeps up with it.
"""

from django.utils import translation

from campaign_site import translations
from campaign_site.demonstration import making
from campaign_site.models import Language, SiteSettings
from campaigns.models import (
    Action,
    Addressee,
    Campaign,
    Demand,
    Document,
    EarlierPlace,
    Enclosure,
    Event,
    FollowUp,
    GalleryPhoto,
    Government,
    HealthNote,
    LegalStatus,
    Office,
    Organisation,
    Penalty,
    Profile,
    TimelineEntry,
    Update,
    Violation,
)
from petitions.models import OpenLetter, Petition, SigningOrganisation, SigningPerson

LANGUAGES = ("fr", "zh-hans", "ug")
INVENTED_READER = "demonstration"
# How the file names rows: by these fields, with a colon between them. Names of governments come
# first, because promises contain them.
ROWS = {
    "government": (Government, ("slug",)),
    "office": (Office, ("government__slug", "name")),
    "addressee": (Addressee, ("government__slug", "name", "office")),
    "sitesettings": (SiteSettings, ("name",)),
    "organisation": (Organisation, ("slug",)),
    "profile": (Profile, ("slug",)),
    "timelineentry": (TimelineEntry, ("profile__slug", "what")),
    "legalstatus": (LegalStatus, ("profile__slug", "what")),
    "earlierplace": (EarlierPlace, ("profile__slug", "name")),
    "penalty": (Penalty, ("profile__slug", "court")),
    "violation": (Violation, ("profile__slug", "kind")),
    "healthnote": (HealthNote, ("profile__slug", "text")),
    "galleryphoto": (GalleryPhoto, ("profile__slug", "caption")),
    "campaign": (Campaign, ("slug",)),
    "demand": (Demand, ("campaign__slug", "text")),
    "action": (Action, ("campaign__slug", "title")),
    "petition": (Petition, ("slug",)),
    "update": (Update, ("slug",)),
    "followup": (FollowUp, ("update__slug", "body")),
    "document": (Document, ("slug",)),
    "enclosure": (Enclosure, ("document__slug", "title")),
    "openletter": (OpenLetter, ("slug",)),
    "signingperson": (SigningPerson, ("letter__slug", "name")),
    "signingorganisation": (SigningOrganisation, ("letter__slug", "speaker")),
    "event": (Event, ("slug",)),
}


def load() -> None:
    # No speaker has read them: the demonstration offers them and says so.
    Language.objects.bulk_create(Language(code=code) for code in LANGUAGES)
    data = making.read("data/translations.json")
    for kind in ROWS:
        for key, entries in data[kind].items():
            row = row_of(kind, key)
            for code, texts in entries.items():
                _say(row, code, dict(texts))


def row_of(kind, key):
    model, fields = ROWS[kind]
    values = key.split(": ", len(fields) - 1)
    return model.objects.get(**dict(zip(fields, values, strict=True)))


def _say(row, code, texts):
    # Originals that have changed since they were translated.
    earlier = texts.pop("of", {})
    if isinstance(row, Petition):
        with translation.override(code):
            texts["promise"] = row.default_promise
    translations.save(
        row,
        code,
        {
            "state": translations.State.PUBLISHED.value,
            "texts": texts,
            "of": {field: row.digest(field) for field in texts}
            | {field: type(row)(**{field: text}).digest(field) for field, text in earlier.items()},
            "translated_by": "translator",
            "read_by": INVENTED_READER,
            "was_published": True,
        },
        seen=row.translation(code)["version"],
    )
