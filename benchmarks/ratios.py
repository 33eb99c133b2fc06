"""How near do we come to Django's and PostgreSQL's own speed? Promises 23, 24 and 25, by figures.

    make benchmark [ARGS="--signatures 0,100000 --rounds 3 --seconds 2"]

Starts everything itself in a temporary folder: PostgreSQL, the site under gunicorn with the
configuration that we ship, a bare Django site under the same gunicorn, and a load generator. In
every round, one after the other:

  page     `benchmarks/bare.py`'s view, which answers the same bytes, and the petition page; then
           the page as browsers ask for it (compressed), and the counter
  sign     a bare view that inserts one row and commits, and the form of the petition
  lists    see `benchmarks/delivering.py` (once, with the most signatures)

Only ratios of one round are compared, because machines are noisy; they are quoted as the median of
the rounds, with the least and the most. Ends with 1 when a figure is not as promised.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path

import delivering
import load
import many
from stage import collect_static, cpu_of_family, fresh_site, gunicorn, memory_of_family

PAGE_OF_BARE = 0.8
SIGN_OF_BARE = 0.5
CONNECTIONS = 16
FORM = f"name=Amina+Yusuf&city=Lund&email=signer{load.NUMBER}%40example.org&deliver=yes&form_token="


def main(options):
    with fresh_site() as folder:
        from django.db import connection

        from tests import factories

        collect_static()
        found = {"machine": machine(), "reading": {}, "writing": {}}
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                " name text, city text, email text)"
            )
        for signatures in options.signatures:
            petition = factories.make_petition(goal=1_000_000)
            many.sign(petition, signatures)
            connection.close()
            reading, writing = read_and_write(folder, petition, options)
            found["reading"][signatures] = reading
            found["writing"][signatures] = writing
            print_part(signatures, reading, writing)
        if options.lists:
            found["lists"] = delivering.measure(options.lists, options.rounds)
    return report(found, options)


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu.group(1) if cpu else "unknown",
        "python": sys.version.split()[0],
    }


def read_and_write(folder, petition, options):
    path = petition.get_absolute_url()
    with gunicorn("unlimited:application") as ours:
        page = ask(ours, path)
        (folder / "page").write_bytes(page)
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.decode()).group(1)
        with gunicorn("bare:application", BARE_PAGE=str(folder / "page")) as bare:
            reading, writing = [], []
            reads = {
                "bare": (bare, load.get("/page")),
                "page": (ours, load.get(path)),
                "compressed": (ours, load.get(path, Accept_Encoding="gzip, br")),
                "counter": (ours, load.get(f"{path}count.json")),
            }
            writes = {
                "bare": (bare, load.post("/insert", FORM + token)),
                "sign": (ours, load.post(f"{path}sign/", FORM + token)),
            }
            for number in range(options.rounds):
                reading.append(one_round(reads, options, number))
                writing.append(one_round(writes, options, number))
            memory = memory_of_family(ours.pid)
    for rounds in (reading, writing):
        for figures in rounds:
            figures["memory"] = memory
    return reading, writing


_number = 0


def one_round(asked, options, number):
    """What each is answered, in turns: the one that is asked first is another one each time."""
    global _number
    figures = {}
    names = list(asked)
    turn = number % len(names)
    for name in names[turn:] + names[:turn]:
        port, request = asked[name]
        # Connections are made, and everything is asked once, before it counts.
        load.run(load.Load(int(port), [request], 0.3, CONNECTIONS, first_number=_number))
        _number += 10_000
        before = [cpu_of_family(pid) for pid in (port.pid, fresh_site.database)]
        result = load.run(
            load.Load(int(port), [request], options.seconds, CONNECTIONS, first_number=_number)
        )
        after = [cpu_of_family(pid) for pid in (port.pid, fresh_site.database)]
        _number += sum(result.statuses.values()) + CONNECTIONS
        if result.failed or any(status >= "400" for status in result.statuses):
            raise SystemExit(f"{name}: {result.statuses}, {result.failed} failed")
        figures[name] = {
            "a_second": result.a_second(),
            "p50": load.percentile(result.times, 0.5),
            "p99": load.percentile(result.times, 0.99),
            "generator": result.cpu,
            "cpu": [
                1000 * (end - begin) / len(result.times)
                for begin, end in zip(before, after, strict=True)
            ],
        }
    return figures


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    connection.request("GET", path, headers={"Host": "localhost"})
    return connection.getresponse().read()


def ratios(rounds, name):
    return [figures[name]["a_second"] / figures["bare"]["a_second"] for figures in rounds]


def spread(values, digits=2):
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def print_part(signatures, reading, writing):
    print(f"\n{signatures:,} signatures, {len(reading)} rounds, median (least to most)")
    print(
        f"{'':12}{'a second':>26}{'of bare':>24}{'p50 ms':>9}{'p99 ms':>9}{'generator':>11}"
        f"{'cpu ms: web + database':>26}"
    )
    for rounds in (reading, writing):
        for name in rounds[0]:
            if name == "memory":
                continue
            each = [figures[name] for figures in rounds]
            label = {"bare": "bare view" if rounds is reading else "bare insert"}.get(name, name)
            print(
                f"{label:12}{spread([one['a_second'] for one in each], 0):>26}"
                f"{'' if name == 'bare' else spread(ratios(rounds, name)):>24}"
                f"{statistics.median(one['p50'] for one in each):>9.1f}"
                f"{statistics.median(one['p99'] for one in each):>9.1f}"
                f"{statistics.median(one['generator'] for one in each):>11.0%}"
                f"{statistics.median(one['cpu'][0] for one in each):>16.2f} +"
                f"{statistics.median(one['cpu'][1] for one in each):5.2f}"
            )
    print(f"memory of the web server: {reading[-1]['memory']} MB", flush=True)


def report(found, options):
    problems = list(found.get("lists", {}).get("problems", []))
    for signatures in options.signatures:
        of_page = statistics.median(ratios(found["reading"][signatures], "page"))
        of_sign = statistics.median(ratios(found["writing"][signatures], "sign"))
        if of_page < PAGE_OF_BARE:
            problems.append(f"page at {signatures:,}: {of_page:.2f}, not {PAGE_OF_BARE}")
        if of_sign < SIGN_OF_BARE:
            problems.append(f"sign at {signatures:,}: {of_sign:.2f}, not {SIGN_OF_BARE}")
    if options.json:
        found["problems"] = problems
        Path(options.json).write_text(json.dumps(found, indent=1))
    for problem in problems[len(found.get("lists", {}).get("problems", [])) :]:
        print("NOT AS PROMISED:", problem)
    return 1 if problems and not options.no_thresholds else 0


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument(
        "--signatures", default="0,1000000", type=lambda text: [int(n) for n in text.split(",")]
    )
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--seconds", type=float, default=3)
    words.add_argument("--lists", type=int, default=1_000_000, help="names; 0: no lists")
    words.add_argument("--json", help="a file for the figures")
    words.add_argument("--no-thresholds", action="store_true", help="end with 0 whatever they are")
    begin = time.monotonic()
    ended = main(words.parse_args())
    print(f"took {time.monotonic() - begin:.0f} s")
    sys.exit(ended)
