"""How near to the database's own speed are lists of a million names? Promise 25.

Part of `make benchmark`; alone: .venv/bin/python benchmarks/delivering.py --names 100000

In every round, one after the other: a bare INSERT … SELECT into the table of lists in their order,
and `prepare`; then COPY of the same rows, and the CSV. Ratios of the same round are quoted, as
machines are noisy. CSV and XLSX are each made in a process of their own, which says how much
memory it took above what it had when idle. Ends with 1 when a figure is not as promised.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import many
from stage import BASE, fresh_site, peak_memory

CSV_OF_COPY = 0.4
PREPARE_OF_INSERT = 0.5
MOST_MEMORY = 50  # MB above idle

BARE = """
INSERT INTO petitions_delivered (signature_id, government_id, delivery_id, position)
SELECT id, %s, %s, row_number() OVER (ORDER BY city_key COLLATE "C", name_key COLLATE "C", random())
FROM petitions_signature WHERE petition_id = %s
"""
COPY = """
COPY (
    SELECT s.name, s.city FROM petitions_delivered d JOIN petitions_signature s
    ON s.id = d.signature_id WHERE d.delivery_id = {} ORDER BY d.position
) TO STDOUT WITH (FORMAT csv)
"""


def main(names, rounds):
    with fresh_site():
        return 1 if measure(names, rounds)["problems"] else 0


def measure(names, rounds):
    """In a site that is set up."""
    from django.db import connection

    from petitions import deliveries
    from petitions.models import Delivery
    from tests import factories

    petition = factories.make_petition()
    government = petition.targets.get().government

    def sql(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    many.sign(petition, names)
    empty = Delivery.objects.create(petition=petition, government=government, addressee="-")
    figures = {"insert": [], "prepare": [], "copy": [], "csv": []}

    for _round in range(rounds):
        sql("TRUNCATE petitions_delivered")
        bare = (government.pk, empty.pk, petition.pk)
        figures["insert"].append(seconds(lambda bare=bare: sql(BARE, *bare)))
        sql("TRUNCATE petitions_delivered")
        start = time.perf_counter()
        delivery = deliveries.prepare(petition, government)
        figures["prepare"].append(time.perf_counter() - start)
        assert delivery.names == names
        figures["copy"].append(seconds(lambda pk=delivery.pk: copy(connection, pk)))
        figures["csv"].append(export(delivery, "csv")["seconds"])
    memory = {kind: export(delivery, kind) for kind in ("csv", "xlsx")}
    return {
        "names": names,
        "seconds": figures,
        "memory": memory,
        "problems": report(names, figures, memory),
    }


def copy(connection, delivery):
    with connection.cursor() as cursor, cursor.copy(COPY.format(int(delivery))) as pieces:
        for _piece in pieces:
            pass


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def export(delivery, kind):
    """{"seconds", "idle", "most" in MB}, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--export", str(delivery.pk), kind],
        cwd=BASE,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)


def export_here(pk, kind):
    import django

    django.setup()
    from petitions import delivery_lists
    from petitions.models import Delivery

    delivery = Delivery.objects.select_related("petition", "government").get(pk=pk)
    idle = peak_memory()
    tally = delivery_lists.Tally()
    start = time.perf_counter()
    for _piece in delivery_lists.WRITERS[kind](delivery, None, tally=tally):
        pass
    took = time.perf_counter() - start
    assert tally.names == delivery.names
    print(json.dumps({"seconds": took, "idle": idle, "most": peak_memory()}))


def report(names, figures, memory):
    print(f"{names:,} names, {len(figures['csv'])} rounds, median (least to most) in seconds")
    for what, found in figures.items():
        print(f"  {what:8} {statistics.median(found):6.2f} ({min(found):.2f} to {max(found):.2f})")
    problems = []
    for what, ours, theirs, least in (
        ("CSV, rows a second, of COPY", "csv", "copy", CSV_OF_COPY),
        ("prepare, of bare INSERT … SELECT", "prepare", "insert", PREPARE_OF_INSERT),
    ):
        ratios = [b / a for a, b in zip(figures[ours], figures[theirs], strict=True)]
        ratio = statistics.median(ratios)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{what}: {ratio:.2f} ({spread}); promised: at least {least}")
        if ratio < least:
            problems.append(what)
    for kind, found in memory.items():
        above = found["most"] - found["idle"]
        print(
            f"{kind.upper()}: {above} MB above {found['idle']} MB when idle, "
            f"{found['seconds']:.1f} s; promised: at most {MOST_MEMORY} MB"
        )
        if above > MOST_MEMORY:
            problems.append(f"memory of {kind.upper()}")
    for problem in problems:
        print("NOT AS PROMISED:", problem)
    return problems


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--names", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--export", nargs=2)
    chosen = options.parse_args()
    if chosen.export:
        export_here(int(chosen.export[0]), chosen.export[1])
    else:
        sys.exit(main(chosen.names, chosen.rounds))
