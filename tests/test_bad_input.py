"""Promise 13: whatever is typed, into every field of visitors and of staff: no crash, no markup,
no defaced list."""

import csv
import io
from html.parser import HTMLParser
from itertools import cycle, islice

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from campaign_site import page_cache, throttle
from petitions import deliveries, delivery_lists, signing
from petitions.forms import form_token
from petitions.models import PendingSignature, Signature
from tests import factories
from tests.factories import fresh, sign, sign_and_confirm
from tests.naughty import FORM, HIDDEN, MARKUP, SOME, STRINGS, body, in_bytes, in_path, typed_into
from tests.site_urls import addresses
from tests.staff.forms import fields
from tests.visitors import personal

pytestmark = pytest.mark.django_db


class _Shapes(HTMLParser):
    """The tags of a page with their attributes. What somebody typed must never add one."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, pairs):
        self.found.add(tag)
        self.found |= {(tag, name) for name, _value in pairs}
        for name, value in pairs:
            start = (value or "").strip().casefold()
            if name in ("href", "src", "action", "formaction") and start.startswith(
                ("javascript:", "data:", "//", "vbscript:")
            ):
                self.found.add((tag, name, start.partition(":")[0]))
        if tag == "script":
            self.found.add(("script", dict(pairs).get("src", "inline").partition("?")[0]))


def shapes(response):
    if not response.get("Content-Type", "").startswith("text/html"):
        return set()
    return shapes_of(response.getvalue().decode())


def shapes_of(text):
    parser = _Shapes()
    parser.feed(text)
    return parser.found


class Watch:
    """Sends requests and remembers the answers that must not be."""

    def __init__(self, client):
        self.client = client
        self.client.raise_request_exception = False
        self.expected, self.crashed, self.marked, self.sent = set(), [], [], 0

    def expect(self, *responses):
        """Pages of what is typed every day: their tags and attributes are ours."""
        for response in responses:
            assert response.status_code < 500, (response.request, response.exc_info)
            self.expected |= shapes(response)

    def look(self, response, where, typed):
        self.sent += 1
        if response.status_code >= 500:
            kind = response.exc_info[0].__name__ if getattr(response, "exc_info", None) else ""
            self.crashed.append((where, response.status_code, kind, ascii(typed)[:80]))
        # What has none of these characters cannot become markup.
        extra = shapes(response) - self.expected if set("<>\"'&") & set(str(typed)) else ()
        if extra:
            self.marked.append((where, extra, ascii(typed)[:80]))
        return response

    def look_only(self, response, where):
        """At its status; a page of ours comes with it."""
        assert (
            response.status_code >= 500
            or "script-src 'self'" in response["Content-Security-Policy"]
        )
        return self.look(response, where, "")

    def verdict(self):
        figures = (
            f"{self.sent} requests, {len(self.crashed)} crashed, {len(self.marked)} with markup"
        )
        print(figures, *self.crashed, *self.marked, sep="\n")  # noqa: T201
        assert self.crashed == []
        assert self.marked == []


@pytest.fixture
def watch():
    return Watch(Client())


def _no_limits():
    for limit in (throttle.SIGNING, throttle.FINDING, throttle.CODES):
        limit.forget()


ORDINARY = ("Amina Yusuf", "", "x" * 101, "12345", "amina@example.org", "=1", "Amina & Omar <3")


def test_everything_typed_into_the_form(watch, petition):
    """Promise 13: sign, with every string in every field at once and in the names alone. What was
    taken is kept as it was typed, and stands so on every list."""
    path = reverse("petitions:sign", args=[petition.slug])
    good = {
        "name": "Amina Yusuf",
        "city": "Lund",
        "email": "amina@example.org",
        "deliver": "yes",
        "form_token": form_token(petition),
    }
    names = (*good, "website", "kept_address", "event", "updates", "surprise")
    for text in ORDINARY:
        watch.expect(typed_into(watch.client, path, good | {"name": text, "city": text}))
        watch.expect(typed_into(watch.client, path, dict.fromkeys(names, text)))
    watch.expect(typed_into(watch.client, path, good | {"email": "amina@gmial.com"}))
    PendingSignature.objects.all().delete()
    taken = {}
    for number, text in enumerate(STRINGS):
        _no_limits()
        typed = good | {"name": text, "city": text, "email": f"s{number}@example.org"}
        answer = watch.look(typed_into(watch.client, path, typed), "name and city", text)
        if answer.status_code == 303:
            # Lone surrogates arrive as replacement characters.
            taken[number] = in_bytes(text).decode("utf-8", "replace").strip()
        if number % 4 == 1:
            everywhere = dict.fromkeys(names, text)
            watch.look(typed_into(watch.client, path, everywhere), "all fields", text)
        elif number % 4 == 3:
            typed = good | {"deliver": "no", "name": text, "city": text, "email": text}
            watch.look(typed_into(watch.client, path, typed), "count me", text)
    watch.verdict()
    named = PendingSignature.objects.filter(deliver=True)
    assert sorted(named.values_list("name", flat=True)) == sorted(taken.values())
    assert sorted(named.values_list("city", flat=True)) == sorted(taken.values())
    _list_is_whole(petition, named)


def _list_is_whole(petition, attempts):
    """Everybody who was taken confirms; every format holds them, and nothing that they typed acts."""
    seen = fresh(petition).frozen_digest()
    for row in list(attempts):
        assert signing.confirm(row.pk, name=row.name, city=row.city, deliver=True, seen=seen)
    plain = sign_and_confirm(petition, name="Amina Yusuf", city="Lund", email="plain@example.org")
    ready = sorted(Signature.objects.filter(deliver=True, held=False).values_list("name", "city"))
    assert len(ready) > 20
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    files = {name: b"".join(write(delivery)) for name, write in delivery_lists.WRITERS.items()}
    listed = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"), newline="")))
    assert sorted(map(tuple, listed[1:])) == ready
    assert not [cell for row in listed for cell in row if cell.startswith(("=", "+", "-", "@"))]
    with transaction.atomic():
        Signature.objects.exclude(pk=plain.pk).update(name="Omar", city="Lund")
        ordinary = shapes_of(b"".join(delivery_lists.as_html(delivery)).decode())
        transaction.set_rollback(True)
    assert shapes_of(files["html"].decode()) <= ordinary


def test_everything_typed_as_code_and_address(watch, petition):
    """Promise 13: the code, and the address to find one's pages."""
    forms = (("/code/", "code"), ("/signatures/find/", "email"))
    for path, field in forms:
        watch.expect(*(typed_into(watch.client, path, {field: text}) for text in ORDINARY))
    watch.expect(watch.client.post("/signatures/find/", {"email": "a@example.org"}))
    for text in STRINGS:
        for path, field in forms:
            _no_limits()
            watch.look(typed_into(watch.client, path, {field: text, text[:50]: text}), path, text)
    watch.verdict()


def _personal_posts(petition, text):
    """Every button of the personal page, with the text in every field that it reads."""
    seen = fresh(petition).frozen_digest()
    good = {"is_me": "yes", "seen": seen, "person": "2", "deliver": "yes"}
    named = {"name": text, "city": text, "other-name": text, "other-city": text}
    yield {"action": "correct"} | named
    yield {"action": "confirm"} | good | named | {"seen": text}
    yield {"action": "add_person"} | good | named | {"person": text}
    yield {"action": "add_person"} | good | named
    yield dict.fromkeys(("action", "is_me", "seen", "person", "deliver", *named), text)


def test_everything_typed_on_the_personal_page(watch, petition):
    """Promise 13: before and after confirming, in every field of every button."""
    waiting = sign(petition, email="waiting@example.org")
    counted = sign_and_confirm(petition, email="counted@example.org")
    paths = {"waiting": personal(waiting), "counted": personal(counted)}

    def look(text, take):
        for where, path in paths.items():
            for typed in _personal_posts(petition, text):
                with transaction.atomic():
                    answer = typed_into(watch.client, path, typed)
                    take(answer, where)
                    if answer.status_code == 303:
                        take(watch.client.get(path), where)
                    transaction.set_rollback(True)

    for text in ORDINARY:
        look(text, lambda response, where: watch.expect(response))
    for text in islice(STRINGS, 0, None, 15):
        look(text, lambda response, where, text=text: watch.look(response, where, text))
    for text in STRINGS:
        typed = {"action": "correct", "name": text, "city": text}
        watch.look(typed_into(watch.client, paths["counted"], typed), "correct", text)
    watch.verdict()


def test_everything_in_paths_and_queries(watch, petition):
    """Promise 13: one string of each kind in every part of every address that comes from outside,
    and in every query; the whole big list spread over all addresses."""
    public = [address for address in addresses() if not address.is_staff]
    for address in public:
        watch.expect(watch.client.get(address.path()))
        watch.expect(watch.client.get(address.path(slug=petition.slug)))
    watch.expect(*(watch.client.get("/search/", {"q": typed}) for typed in ("a", "zzz")))
    for number, text in enumerate(STRINGS):
        texts = in_path(text)
        page_cache.cache.forget()
        for address in public if text in SOME else public[number % 30 :: 30]:
            path = address.path(slug="qqqq", token="qqqq", name="0" * 40 + ".webp")
            watch.look(watch.client.get(path.replace("qqqq", texts)), address.name, text)
            path = address.path(slug=petition.slug)
            query = f"?q={texts}&page={texts}&{texts}={texts}&lang={texts}"
            watch.look(watch.client.get(path + query), address.name, text)
        watch.look(watch.client.get("/" + texts), "nowhere", text)
    watch.verdict()


# --- Staff -------------------------------------------------------------------------------------


@pytest.fixture
def everything(petition):
    """One of every row that has a page for staff, by the name of its model."""
    administrator = factories.make_member("administrator")
    person = factories.make_profile()
    petition.profiles.add(person)
    petition.campaign.profiles.add(person)
    sign_and_confirm(petition)
    sign_and_confirm(petition, name="=Held", city="Lund")
    government = petition.targets.get().government
    factories.make_office(government)
    return administrator, {
        "petition": petition,
        "campaign": petition.campaign,
        "profile": person,
        "government": government,
        "delivery": deliveries.prepare(petition, government, by=administrator),
        "member": factories.make_member("campaigner"),
        "target": petition.targets.get(),
    }


def _staff_paths(rows):
    """Every address of staff that there is, for rows that there are; those that add one last."""
    for address in sorted(addresses(), key=lambda address: address.name.endswith("_add")):
        if not address.is_staff or address.name == "admin:logout":
            continue
        model = address.name.partition("_")[2].rpartition("_")[0].removeprefix("site_")
        row = rows.get(model)
        values = {"object_id": row.pk, "pk": row.pk, "id": row.pk} if row else {"object_id": 1}
        values["target_id"] = rows["target"].pk
        yield address.name, address.path(**values)


@pytest.fixture
def staff(everything):
    """An administrator's browser, and every form behind an address of the URLconf: what a browser
    would send if nothing were typed, and where to type."""
    administrator, rows = everything
    client = Client()
    client.force_login(administrator)
    watch = Watch(client)
    forms, seen, known = {}, set(), set()
    for name, path in _staff_paths(rows):
        response = client.get(path, follow=True)
        watch.expect(response)
        path = response.request["PATH_INFO"]
        if response.status_code != 200 or response.streaming or path in seen:
            continue
        seen.add(path)
        if 'method="post"' in response.content.decode():
            found = fields(response)
            own, model = list(filter(_not_ours, found)), name.rpartition("_")[0]
            if name.endswith("_add"):
                # Most stand in the form that changes the row, too, which can be saved.
                own = [field for field in own if (model, field) not in known]
            known |= {(model, field) for field in own}
            if own:
                forms[name] = (path, found, own)
    assert len(forms) > 20, "the forms were found"
    public = [rows[name].get_absolute_url() for name in ("petition", "campaign", "profile")]
    for path in public:
        watch.expect(client.get(path))
    return watch, forms, public


def _not_ours(field):
    """Neither what the form itself needs to be read at all, nor the row that scripts copy: nobody
    reads it."""
    unread = "_FORMS" in field or "__prefix__" in field
    return not unread and not field.startswith("csrf")


def _sent(take, path, typed, public):
    """Send a form; where it was taken, look at what became of it. Nothing stays."""
    with transaction.atomic():
        saved = take(typed_into(take.watch.client, path, typed)).status_code == 302
        if saved and (take.text is None or "<" in take.text):
            take(take.watch.client.get(path, follow=True))
            page_cache.cache.forget()
            for page in public:
                take(take.watch.client.get(page))
        transaction.set_rollback(True)
    return saved


class _Take:
    """`text` None: ordinary, so that its tags are expected."""

    def __init__(self, watch, where, text=None):
        self.watch, self.where, self.text = watch, where, text

    def __call__(self, response):
        if self.text is None:
            self.watch.expect(response)
        else:
            self.watch.look(response, self.where, self.text)
        return response


def _all_fields(staff, texts, *, ordinary=False):
    watch, forms, public = staff
    for name, (path, found, own) in forms.items():
        typed = {field: next(texts) for field in own}
        kept = {field: values[0] for field, values in found.items() if field not in typed}
        take = _Take(watch, name, None if ordinary else "".join(typed.values())[:5000])
        _sent(take, path, kept | typed, public)


def test_everything_typed_into_every_field_of_staff(staff):
    """Promise 13: one string of each kind in all fields of every form, and the whole big list
    spread over all fields of all forms."""
    for text in ORDINARY[:5:2]:
        _all_fields(staff, cycle([text]), ordinary=True)
    for text in SOME:
        _all_fields(staff, cycle([text]))
    watch, forms, _public = staff
    texts, field_count = cycle(STRINGS), sum(len(own) for _path, _found, own in forms.values())
    for _ in range(-(-len(STRINGS) // field_count)):
        _all_fields(staff, texts)
    watch.verdict()


def test_each_field_of_staff_alone(staff):
    """Promise 13: the rest of the form is right, so that it is saved and shown where it may be."""
    watch, forms, public = staff
    watch.expected.add(("textarea", "aria-invalid"))  # HTML is refused in the long texts
    for name, (path, found, own) in forms.items():
        good = {field: values[0] for field, values in found.items()} | {"_save": "Save"}
        # A third of the fields with each text: alone, all of them take minutes.
        for text, some in ((HIDDEN[0], own[::3]), (MARKUP, own[1::3])):
            for field in some:
                take = _Take(watch, f"{name}: {field}", text)
                before = len(watch.marked)
                _sent(take, path, good | {field: text}, public)
                if len(watch.marked) > before:
                    # Tags of ours, perhaps, that stand around any text in this field.
                    del watch.marked[before:]
                    _sent(_Take(watch, name), path, good | {field: "Amina"}, public)
                    _sent(take, path, good | {field: text}, public)
    watch.verdict()


# --- Limits of a request -----------------------------------------------------------------------


def _requests(path):
    """Requests that nobody's browser sends."""
    boundary = "multipart/form-data; boundary=x"
    yield (
        "10,000 fields",
        {"data": "&".join(f"f{n}=1" for n in range(10_000)), "content_type": FORM},
    )
    yield "10 MB", {"data": body({"name": "x" * 10_000_000}), "content_type": FORM}
    yield "no boundary", {"data": b"--x\r\n", "content_type": "multipart/form-data"}
    yield "bad boundary", {"data": b"", "content_type": "multipart/form-data; boundary=\xff"}
    yield (
        "cut off",
        {"data": b'--x\r\nContent-Disposition: form-data; name="na', "content_type": boundary},
    )
    part = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
    yield "never ends", {"data": part + b"x" * 5_000_000, "content_type": boundary}
    coded = part.replace(
        b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--x--\r\n"
    )
    yield "bad base64", {"data": coded, "content_type": boundary}
    many = b"".join(part + b"1\r\n" for _ in range(2_000)) + b"--x--\r\n"
    yield "many parts", {"data": many, "content_type": boundary}
    upload = part.replace(b'name="name"', b'name="name"; filename="../../x"')
    yield "a file for a name", {"data": upload + b"x\r\n--x--\r\n", "content_type": boundary}
    for charset in (
        "utf-7",
        "utf-16",
        "rot13",
        "zlib",
        "idna",
        "punycode",
        "nonsense",
        "hex",
    ):
        for kind in (FORM, boundary):
            typed = body({"name": "é"}).encode() if kind == FORM else part + b"\xff\r\n--x--\r\n"
            yield (
                f"{kind} in {charset}",
                {"data": typed, "content_type": f"{kind}; charset={charset}"},
            )
    yield "json", {"data": b'{"name": 1}', "content_type": "application/json"}
    yield "no type", {"data": b"\xff\xfe", "content_type": ""}
    yield "not utf-8", {"data": b"name=%ff%fe&city=\xff&%ff=%00", "content_type": FORM}
    yield "long header", {"data": b"", "content_type": FORM, "headers": {"X-Long": "x" * 1_000_000}}
    for name in ("Host", "Origin", "Cookie", "If-None-Match", "X-Forwarded-For", "Sec-Fetch-Site"):
        for value in ("\xff", "http://[::1", "a" * 10_000, "//", ";;=,", "[", "a@b:c:d"):
            yield (
                f"{name}: {value[:20]!r}",
                {"data": b"", "content_type": FORM, "headers": {name: value}},
            )


def test_odd_requests_are_refused_not_crashed(watch, petition):
    """Promise 13: too many, too large, malformed, in another charset: an answer below 500."""
    paths = [
        reverse("petitions:sign", args=[petition.slug]),
        "/code/",
        "/signatures/find/",
        personal(sign(petition)),
        "/admin/login/",
    ]
    for path in paths:
        for name, request in _requests(path):
            _no_limits()
            watch.look_only(watch.client.generic("POST", path, **request), f"{path[:12]} {name}")
    for path in ("/", "/petitions/", petition.get_absolute_url(), "/code/", "/admin/login/"):
        for query in (
            "&".join(f"f{n}=1" for n in range(10_000)),
            "q=%ff%00",
            "=&=&&;",
            "q" * 100_000,
        ):
            page_cache.cache.forget()
            watch.look_only(watch.client.get(f"{path}?{query}"), f"{path} {query[:12]}")
        for name, request in _requests(path):
            page_cache.cache.forget()
            headers = request.get("headers", {}) | {"Content-Type": request["content_type"]}
            watch.look_only(watch.client.get(path, headers=headers), f"GET {path[:12]} {name}")
    watch.verdict()
