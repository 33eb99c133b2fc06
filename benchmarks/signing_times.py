"""Can the time of an answer tell whether an address has signed? Promise 4: an AUC of at most 0.55.

    make benchmark-signing

Starts a PostgreSQL and gunicorn of its own in a temporary folder, makes signatures for half of
4,000 addresses, and then posts the form once for each address, known and unknown in turn, over
one connection, the order within each pair by chance. Printed is the area under the ROC curve of
a classifier that looks at the time alone: the chance that a known address took longer than an
unknown one (0.5: the times tell nothing). Ends with 1 when it is further than 0.05 from 0.5.
"""

import http.client
import random
import re
import statistics
import sys
import time
from urllib.parse import urlencode

from stage import collect_static, fresh_site, gunicorn

EACH = 2_000
WARM_UP = 200
LARGEST = 0.55


def main():
    with fresh_site():
        slug, known = make_signatures()
        collect_static()
        times = measure(slug, known)
    return report(*times)


def make_signatures():
    """A petition that half of the addresses have signed. Returns its slug and those addresses."""
    from django.db import connection

    from petitions import signing
    from petitions.models import PendingSignature
    from tests.factories import fresh, make_petition

    petition = make_petition()
    known = [f"known{number:05}@example.org" for number in range(EACH)]
    for address in known:
        signing.sign(
            petition, name="Amina", city="Lund", address=address, deliver=True, language="en"
        )
    seen = fresh(petition).frozen_digest()
    for pk in PendingSignature.objects.values_list("pk", flat=True):
        assert signing.confirm(pk, name="Amina", city="Lund", deliver=True, seen=seen)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()
    return petition.slug, known


def measure(slug, known):
    """Seconds for each known and each unknown address."""
    # Limits per network are not what is measured here: they never look at an address.
    with gunicorn("unlimited:application", "--workers", "1") as port:
        visitor = Visitor(int(port), slug)
        for number in range(WARM_UP):
            visitor.sign(f"warmup{number:04}@example.org")
        times = {True: [], False: []}
        for number, address in enumerate(random.sample(known, len(known))):
            pair = [(True, address), (False, f"fresh{number:05}@example.org")]
            random.shuffle(pair)
            for is_known, typed in pair:
                times[is_known].append(visitor.sign(typed))
    return times[True], times[False]


class Visitor:
    def __init__(self, port, slug):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.path = f"/petitions/{slug}/"
        self.connection.request("GET", self.path, headers={"Host": "localhost"})
        page = self.connection.getresponse().read().decode()
        self.token = re.search(r'name="form_token" value="([0-9a-f]+)"', page).group(1)

    def sign(self, address):
        form = {"name": "Amina", "city": "Lund", "email": address, "deliver": "yes"}
        body = urlencode(form | {"form_token": self.token})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
        start = time.perf_counter()
        self.connection.request("POST", f"{self.path}sign/", body, headers)
        response = self.connection.getresponse()
        response.read()
        taken = time.perf_counter() - start
        assert response.status == 303, response.status
        return taken


def auc(ones, others):
    """The chance that one of `ones` is larger than one of `others`: the rank-sum statistic."""
    ranked = sorted([(value, True) for value in ones] + [(value, False) for value in others])
    ranks = sum(rank for rank, (_value, is_one) in enumerate(ranked, 1) if is_one)
    return (ranks - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def report(known, unknown):
    found = auc(known, unknown)
    # Whoever may guess which way the difference goes gains what lies below 0.5, too.
    found = max(found, 1 - found)
    for name, times in (("known", known), ("unknown", unknown)):
        print(f"{len(times)} {name} addresses: median {statistics.median(times) * 1000:.2f} ms")
    print(f"AUC {found:.3f}, at most {LARGEST} is promised")
    return found > LARGEST


if __name__ == "__main__":
    sys.exit(main())
