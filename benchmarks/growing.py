"""What a page costs that is not kept, as the site grows: milliseconds of this process, statements
and size, with more and more signatures, petitions and profiles.

    make benchmark-growing [ARGS="--most 10000"]

Within one process, without a web server, the median of `--rounds` pages: the first time, with
nothing remembered, and again, as every few seconds, when the page is old and the rest is not.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import many
from stage import collect_static, fresh_site


def main(options):
    with fresh_site():
        collect_static()
        import logging

        logging.disable(logging.INFO)
        from tests import factories

        found = []
        petition = factories.make_petition(goal=1_000_000)
        path = petition.get_absolute_url()
        for number in numbers(1_000_000, options.most):
            if number:
                petition = factories.make_petition(goal=1_000_000)
                path = petition.get_absolute_url()
                many.sign(petition, number)
            found.append(("signatures", number, "petition", page(path, options.rounds)))
            found.append(
                ("signatures", number, "counter", page(f"{path}count.json", options.rounds))
            )
        campaign = petition.campaign
        made = 4
        for number in numbers(1_000, options.most)[1:]:
            for _ in range(number - made):
                factories.make_petition(
                    campaign=campaign, governments=[petition.targets.get().government]
                )
            made = max(made, number)
            for name, address in (("home", "/"), ("list", "/petitions/"), ("petition", path)):
                found.append(("petitions", number, name, page(address, options.rounds)))
        made = 0
        for number in numbers(1_000, options.most)[1:]:
            for _ in range(number - made):
                factories.make_profile()
            made = number
            for name, address in (("home", "/"), ("list", "/profiles/"), ("petition", path)):
                found.append(("profiles", number, name, page(address, options.rounds)))
    print("| of what | how many | page | ms first | ms again | statements | kB |")
    print("|---|--:|---|--:|--:|--:|--:|")
    for what, number, name, figures in found:
        print(
            f"| {what} | {number:,} | {name} | {figures['first']:.1f} | {figures['again']:.1f} "
            f"| {figures['statements']} "
            f"| {figures['bytes'] / 1000:.0f} |"
        )
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


def numbers(largest, most):
    return [
        0,
        *(n for n in (10, 100, 1_000, 10_000, 100_000, 1_000_000) if n <= min(largest, most)),
    ]


def page(path, rounds):
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from campaign_site import page_cache

    client = Client(headers={"Host": "localhost"})
    times = {"first": [], "again": []}
    client.get(path)
    for _ in range(rounds):
        for name, forget in (
            ("first", page_cache.cache.forget),
            ("again", lambda: page_cache.cache.pages.clear()),
        ):
            forget()
            begin = time.perf_counter()
            response = client.get(path)
            times[name].append(1000 * (time.perf_counter() - begin))
            assert response.status_code == 200, (path, response.status_code)
    page_cache.cache.forget()
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return {
        **{name: statistics.median(each) for name, each in times.items()},
        "statements": len(asked),
        "bytes": len(response.content),
    }


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--most", type=int, default=1_000_000)
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--json", help="a file for the figures")
    main(words.parse_args())
