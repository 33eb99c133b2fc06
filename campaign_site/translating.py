"""The translators' screen: the original and its translation side by side, piece by piece."""

import re
import unicodedata
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from campaign_site import languages, rich_text, translations
from campaign_site.admin_base import LONGEST_TEXT
from campaign_site.models import Language, record
from campaign_site.page_cache import forget_pages
from campaign_site.publishing import NonEmptyStrings
from campaign_site.translations import State

MAY_TRANSLATE, MAY_PUBLISH = "campaign_site.translate", "campaign_site.publish_translation"
LONG = 80  # characters: from here on a text gets a box of several lines


@dataclass
class Piece:
    """One text, or one of a list of texts."""

    row: translations.Translatable
    field: str
    place: int | None  # in a list
    source: str
    text: str = ""
    of: str = ""  # digest of the original that was translated
    behind: bool = False
    error: str = ""
    theirs: str | None = None  # what somebody else saved meanwhile

    @property
    def name(self) -> str:
        name = f"{self.row._meta.model_name}-{self.row.pk}-{self.field}"
        return name if self.place is None else f"{name}-{self.place}"

    @property
    def label(self) -> str:
        label = capfirst(self.row._meta.get_field(self.field).verbose_name)
        return label if self.place is None else f"{label}, {self.place + 1}"

    @property
    def rows(self) -> int:
        return min(20, 2 + len(self.source) // 60 + self.source.count("\n"))

    @property
    def is_long(self) -> bool:
        return len(self.source) > LONG or "\n" in self.source

    def write(self, text: str, *, still_right: bool) -> None:
        if text != self.text or still_right or not self.behind:
            self.of = translations.digest(self.source)
        self.text = text

    def check(self) -> None:
        if not self.text:
            return
        column = self.row._meta.get_field(self.field)
        longest = _longest(column)
        if len(self.text) > longest:
            self.error = ngettext(
                "At most %(longest)s character fits here.",
                "At most %(longest)s characters fit here.",
                longest,
            ) % {"longest": longest}
        elif any(_turns_text_around(letter) or letter == "\0" for letter in self.text):
            self.error = _("There is an invisible character in it that turns text around.")
        elif self.field in rich_text.WRITTEN_IN_MARKDOWN:
            self._check_markdown()

    def _check_markdown(self) -> None:
        try:
            rich_text.check(self.text)
        except ValidationError as error:
            self.error = error.messages[0]
            return
        more = _markup(self.text) - _markup(self.source)
        if more:
            self.error = _("The original has no such markup: %(markup)s") % {
                "markup": ", ".join(sorted(more))
            }


def _longest(column) -> int:
    """How many characters fit, in a list in each of its texts: as many as in the original."""
    limits = [column.max_length]
    for validator in column.validators:
        if isinstance(validator, MaxLengthValidator):
            limits.append(validator.limit_value)
        elif isinstance(validator, NonEmptyStrings):
            limits.append(validator.length)
    return min(filter(None, limits), default=LONGEST_TEXT)


def _turns_text_around(letter) -> bool:
    return unicodedata.bidirectional(letter) in (
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    )


def _markup(markdown) -> set[str]:
    """The kinds of markup in it, and where its links lead."""
    html = str(rich_text.render(markdown))
    return set(re.findall(r"<(?!p|br|/)(\w+)", html)) | set(re.findall(r'href="([^"]*)"', html))


def pieces_of(rows, code) -> list[Piece]:
    found = []
    for row in rows:
        translation = row.translation(code)
        for field in row.to_translate():
            source = getattr(row, field)
            text, of = translation["texts"].get(field), translation["of"].get(field)
            if not isinstance(source, list):
                found.append(_piece(row, field, None, source, text or "", of or ""))
                continue
            # Where the original got longer, what is there stays in its place.
            texts, ofs = _as_long(text, source), _as_long(of, source)
            found += [
                _piece(row, field, place, *said)
                for place, said in enumerate(zip(source, texts, ofs, strict=True))
            ]
    return found


def _as_long(texts, source) -> list[str]:
    return [*(texts or []), *[""] * len(source)][: len(source)]


def _piece(row, field, place, source, text, of) -> Piece:
    behind = bool(text) and of != translations.digest(source)
    return Piece(row, field, place, source, text, of, behind)


def texts_of(row, pieces) -> dict:
    """What is stored: a list only where each of its texts is there."""
    texts = {}
    for field in row.to_translate():
        mine = [piece for piece in pieces if piece.row is row and piece.field == field]
        said = [piece.text for piece in mine]
        if mine[0].place is None:
            texts[field] = said[0]
        elif any(said):
            texts[field] = said
    return {field: text for field, text in texts.items() if text}


def of_texts(row, pieces, texts) -> dict:
    """The digests of the originals of these texts, stored as they are."""
    of = {}
    for piece in pieces:
        if piece.row is row and piece.field in texts:
            if piece.place is None:
                of[piece.field] = piece.of
            else:
                of.setdefault(piece.field, []).append(piece.of)
    return of


def standings(obj, rows, codes) -> list[dict]:
    """How far the translation of a page into each of these languages is."""
    found = []
    for code in codes:
        if code == obj.language:
            continue
        pieces = pieces_of(rows, code)
        done = sum(1 for piece in pieces if piece.text)
        behind = sum(1 for piece in pieces if piece.behind)
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_translate"
        found.append(
            {
                "language": languages.KNOWN[code],
                "state": State(obj.translation(code)["state"]),
                "done": done,
                "of": len(pieces),
                "percent": 100 * (done - behind) // max(1, len(pieces)),
                "behind": behind,
                "left_out": obj.is_published_in(code) and not obj.has_page_in(code),
                "url": reverse(name, args=[obj.pk, code]),
            }
        )
    return found


class Translated:
    """For admin classes of something Translatable."""

    # Before it is public in a language, these must be there; all that signers sign, for a petition.
    needed: tuple[str, ...] = ()
    left_empty = gettext_lazy("What you leave empty is shown in the original language.")
    already_signed = gettext_lazy(
        "People have signed this in that language: title, salutation, letter, demands and promise "
        "stay as they were published."
    )

    def rows_to_translate(self, obj) -> list:
        """The row, and rows that stand on its page."""
        return [obj]

    def suggestion(self, piece, code) -> str:
        """What stands there before anybody has translated it."""
        return ""

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_translate"
        view = self.admin_site.admin_view(self.translate_view)
        return [
            path("<int:object_id>/translate/<slug:code>/", view, name=name),
            *super().get_urls(),
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        obj = self.get_object(request, object_id) if object_id else None
        if obj and request.user.has_perm(MAY_TRANSLATE):
            extra_context = {"standings": self.standings(obj)} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, extra_context)

    def standings(self, obj) -> list[dict]:
        codes = Language.objects.values_list("code", flat=True)
        return standings(obj, self.rows_to_translate(obj), codes)

    def translate_view(self, request, object_id, code):
        if not request.user.has_perm(MAY_TRANSLATE):
            raise PermissionDenied
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        if code == obj.language or not Language.objects.filter(code=code).exists():
            raise Http404
        rows = self.rows_to_translate(obj)
        pieces = pieces_of(rows, code)
        if not obj.translation(code)["version"]:  # later, what is empty was emptied
            for piece in pieces:
                piece.text = piece.text or self.suggestion(piece, code)
        read_by = request.POST.get("read_by", obj.translation(code).get("read_by", "")).strip()
        unread = ""
        if request.POST.get("action") == "publish" and not read_by:
            unread = _("Please say who speaks this language and has read it.")
        problem, status = "", 200
        if request.method == "POST":
            problem = self._save(request, obj, rows, pieces, code, read_by, unread)
            if not problem:
                return HttpResponseRedirect(request.path)
            status = 409 if any(piece.theirs is not None for piece in pieces) else 422
        published = obj.is_published_in(code)
        left_out = published and not obj.has_page_in(code)
        return self.page(
            request,
            "admin/translate.html",
            obj,
            title=_("%(language)s: %(title)s")
            % {"language": languages.KNOWN[code].own_name, "title": obj},
            pieces=pieces,
            language=languages.KNOWN[code],
            original=languages.KNOWN.get(obj.language, languages.DEFAULT),
            versions=[(_version_name(row), row.translation(code)["version"]) for row in rows],
            state=State(obj.translation(code)["state"]).label,
            published=published,
            left_out=left_out,
            still_empty=[p for p in pieces if left_out and self._is_missing(obj, p)],
            may_publish=request.user.has_perm(MAY_PUBLISH),
            may_save=request.user.has_perm(MAY_PUBLISH) or not published,
            left_empty=self.left_empty,
            read_by=read_by,
            unread=unread,
            problem=problem,
            refused=unread or any(piece.error for piece in pieces),
            public_url=_public_url(obj, code),
            preview_url=self._preview_url(obj, code),
            status=status,
        )

    def _preview_url(self, obj, code) -> str:
        preview = getattr(self, "preview", "")
        return f"{reverse(preview, args=[obj.pk])}?language={code}" if preview else ""

    def _save(self, request, obj, rows, pieces, code, read_by, unread) -> str:
        """Saves all of it or nothing; says what is wrong, and beside which piece."""
        action = request.POST.get("action")
        may_publish = request.user.has_perm(MAY_PUBLISH)
        published = obj.is_published_in(code)
        if action in ("publish", "take_back") and not may_publish:
            raise PermissionDenied
        if published and not may_publish:
            return _("It is published. Ask somebody who publishes to take it back first.")
        for piece in pieces:
            typed = request.POST.get(piece.name, piece.text).replace("\r\n", "\n").strip()
            piece.write(typed, still_right=f"still-{piece.name}" in request.POST)
            piece.check()
            if action == "publish" and self._is_missing(obj, piece):
                piece.error = _("It is not translated yet.")
        if unread or any(piece.error for piece in pieces):
            return _("Nothing is saved yet. Please look at:")
        before = State(obj.translation(code)["state"])
        state = {
            "publish": State.PUBLISHED,
            "review": State.IN_REVIEW,
            "take_back": State.DRAFT,
        }.get(action, before)
        # A row that came while the page was open is nobody's translation yet.
        on_page = [row for row in rows if row is obj or _version_name(row) in request.POST]
        seen = {row: _seen(request, row) for row in on_page}
        try:
            with transaction.atomic():
                for row in on_page:
                    self._save_one(request, row, obj, pieces, code, state, read_by, seen[row])
                record(
                    "translated",
                    obj,
                    by=request.user,
                    kind=obj._meta.model_name,
                    number=obj.pk,
                    language=code,
                    state=state.value,
                )
        except translations.SavedMeanwhile:
            self._show_theirs(rows, pieces, code)
            return _(
                "Somebody else saved this translation while you were writing. Your text is still "
                "here, theirs stands beside it. Compare them, and save again."
            )
        except IntegrityError:
            return self.already_signed
        forget_pages()
        said = _("Saved.") if state == before else _("Saved: %(state)s.") % {"state": state.label}
        messages.success(request, said)
        return ""

    def _save_one(self, request, row, obj, pieces, code, state, read_by, seen):
        before = row.translation(code)
        texts = texts_of(row, pieces)
        after = {
            "state": state.value,
            "texts": texts,
            "of": of_texts(row, pieces, texts),
            "translated_by": request.user.get_username(),
            "read_by": read_by if row is obj else before.get("read_by", ""),
            # Of what people sign in that language, the database keeps every word from then on.
            "was_published": state == State.PUBLISHED
            or bool(getattr(row, "frozen", None) and before.get("was_published")),
        }
        translations.save(row, code, after, seen=seen)

    def _is_missing(self, obj, piece) -> bool:
        return piece.row is obj and piece.field in self.needed and not piece.text

    def _show_theirs(self, rows, pieces, code):
        for row in rows:
            row.refresh_from_db(fields=["translations"])
        theirs = {piece.name: piece.text for piece in pieces_of(rows, code)}
        for piece in pieces:
            if theirs[piece.name] != piece.text:
                piece.theirs = theirs[piece.name]


def _public_url(obj, code) -> str:
    """Of its page in that language, where visitors have one."""
    offered = {known.code for known in languages.offered()}
    if code not in offered or not obj.is_published_in(code):
        return ""
    if not getattr(obj, "is_published", False):
        return ""
    with override(code):
        return obj.get_absolute_url()


def _version_name(row):
    return f"seen-{row._meta.model_name}-{row.pk}"


def _seen(request, row) -> int:
    typed = request.POST.get(_version_name(row), "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else -1
