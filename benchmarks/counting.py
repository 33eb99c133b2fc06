"""How is a number best kept that everybody wants to change? One row, 16 rows, or a periodic sum.

    make benchmark-counting [ARGS="--seconds 3"]

Every transaction inserts a signature and counts it. `one row` adds to one row as its last
statement, as `petitions/counting.py` does; `16 rows` adds to one of 16, by chance; with `sum` a
job counts the rows anew every five seconds, so the number is late by so much. Each at 1, 4 and 16
connections, and once more with a commit that takes 5 ms (the transaction sleeps before it, with
its locks held), as on a disk or a replica far away. Connections are processes of their own.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
import uuid
from pathlib import Path

import psycopg
from stage import fresh_site

LAYOUTS = {
    "one row": "UPDATE counted SET number = number + 1 WHERE petition = 1 AND part = 0",
    "16 rows": "UPDATE counted SET number = number + 1 WHERE petition = 1 AND part = %s::integer",
    "sum": None,
}
ROWS_BEFORE = 100_000


def main(options):
    with fresh_site():
        where = settings()
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE counted (petition bigint, part integer, number bigint, "
                "PRIMARY KEY (petition, part))"
            )
            connection.execute("INSERT INTO counted SELECT 1, n, 0 FROM generate_series(0, 15) n")
            connection.execute(
                "CREATE TABLE signed (id uuid PRIMARY KEY, petition bigint, name text)"
            )
            connection.execute(
                "INSERT INTO signed SELECT gen_random_uuid(), 1, 'Amina Yusuf' "
                "FROM generate_series(1, %s::bigint)",
                [ROWS_BEFORE],
            )
            connection.execute("CREATE INDEX ON signed (petition)")
        found = {}
        for _round in range(options.rounds):
            for delay in (0, 5):
                for connections in (1, 4, 16):
                    for layout in LAYOUTS:
                        done = measure(where, layout, connections, delay, options.seconds)
                        found.setdefault((delay, connections, layout), []).append(done)
    report(found, options)


def settings():
    from django.conf import settings

    database = settings.DATABASES["default"]
    return f"host={database['HOST']} dbname={database['NAME']} user={database['USER']}"


def measure(where, layout, connections, delay, seconds):
    """Signatures a second."""
    start = multiprocessing.Event()
    results = multiprocessing.Queue()
    people = [
        multiprocessing.Process(target=sign, args=(where, layout, delay, seconds, start, results))
        for _ in range(connections)
    ]
    if layout == "sum":
        people.append(multiprocessing.Process(target=add_up, args=(where, seconds, start)))
    for person in people:
        person.start()
    for _ in range(connections):
        results.get()  # each is connected
    start.set()
    done = sum(results.get() for _ in range(connections))
    for person in people:
        person.join()
    return done / seconds


def sign(where, layout, delay, seconds, start, results):
    part = os.getpid() % 16
    with psycopg.connect(where) as connection:
        results.put("ready")
        start.wait()
        until = time.monotonic() + seconds
        done = 0
        while time.monotonic() < until:
            connection.execute(
                "INSERT INTO signed VALUES (%s::uuid, 1, 'Amina Yusuf')", [uuid.uuid4()]
            )
            if LAYOUTS[layout]:
                part = (part * 5 + 3) % 16  # each part in turn, in an order of its own
                connection.execute(
                    LAYOUTS[layout], [part] if "part = %s" in LAYOUTS[layout] else []
                )
            if delay:
                connection.execute("SELECT pg_sleep(%s::float8)", [delay / 1000])
            connection.commit()
            done += 1
    results.put(done)


def add_up(where, seconds, start):
    with psycopg.connect(where, autocommit=True) as connection:
        start.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.execute(
                "UPDATE counted SET number = (SELECT count(*) FROM signed WHERE petition = 1) "
                "WHERE petition = 1 AND part = 0"
            )
            time.sleep(min(5, max(0, until - time.monotonic())))


def report(found, options):
    print(f"signatures a second, median of {options.rounds} (least to most)\n")
    print("| commit | connections | " + " | ".join(LAYOUTS) + " |")
    print("|---|--:|" + "--:|" * len(LAYOUTS))
    for delay in (0, 5):
        for connections in (1, 4, 16):
            cells = []
            for layout in LAYOUTS:
                each = found[delay, connections, layout]
                cells.append(f"{statistics.median(each):.0f} ({min(each):.0f} to {max(each):.0f})")
            commit = f"{delay} ms more" if delay else "as it is"
            print(f"| {commit} | {connections} | " + " | ".join(cells) + " |")
    if options.json:
        figures = {f"{d} ms, {c} connections, {layout}": e for (d, c, layout), e in found.items()}
        Path(options.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--seconds", type=float, default=3)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--json", help="a file for the figures")
    sys.exit(main(words.parse_args()))
