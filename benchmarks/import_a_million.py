"""Do a million names from one file come in as a whole, in flat memory? Promise 18.

    make benchmark-import [ARGS=100000]

Starts a PostgreSQL of its own in a temporary folder. A file whose last row is wrong must count
nothing; the file put right is checked, counted and undone again. Printed are seconds and the
memory above what an idle process has. Ends with 1 when a figure is not as promised.
"""

import random
import shutil
import sys
import time
from pathlib import Path

from stage import fresh_site, peak_memory

MOST_MEMORY = 50  # MB above idle


def main(rows):
    with fresh_site() as folder:
        return measure(folder, rows)


def measure(folder: Path, rows):
    from petitions import batches, counting, imports
    from petitions.models import PaperBatch, Signature
    from tests import factories

    petition, by = factories.make_petition(), factories.make_member("campaigner")
    good = folder / "names.csv"
    write(good, rows)
    wrong = folder / "wrong.csv"
    shutil.copy(good, wrong)
    with wrong.open("ab") as file:
        file.write(b",Lund\n")

    def keep(path):
        return imports.keep(
            File(path), petition=petition, source="Benchmark", date="2026", evidence="-", by=by
        )

    def numbers():
        return factories.fresh(petition).numbers.confirmed, Signature.objects.count()

    problems = []

    def expect(true, sentence):
        if not true:
            problems.append(sentence)

    idle = peak_memory()
    upload = keep(wrong)
    timed("a file with one mistake in its last row", imports.work)
    upload = imports.load(upload.id, by=by)
    expect(upload.found.problem_count == 1, "the mistake was not found")
    expect(not upload.is_ready and numbers() == (0, 0), "a broken file could be counted")

    upload = keep(good)
    timed("checked", imports.work)
    imports.ask_to_count(imports.load(upload.id, by=by))
    timed("counted", imports.work)
    expect(numbers() == (rows, rows), f"counted {numbers()} instead of {rows}")
    expect(not counting.recount(petition), "the counter drifted")
    timed("undone", lambda: batches.undo(PaperBatch.objects.get()))
    expect(numbers() == (0, 0), "something was left after undoing")
    above = peak_memory() - idle
    print(f"memory above idle at its most: {above} MB (at most {MOST_MEMORY})")
    expect(above <= MOST_MEMORY, "memory grows with the file")
    for problem in problems:
        print("NOT AS PROMISED:", problem)
    return 1 if problems else 0


class File:
    def __init__(self, path):
        self.path, self.name = path, path.name

    def chunks(self):
        with self.path.open("rb") as file:
            while chunk := file.read(65_536):
                yield chunk


def write(path, rows):
    by_chance = random.Random(1)
    first = ["Amina", "Ұлан", "ئايگۈل", "小明", "Zoë", "Björn", "Fatima", "Ivan", "Noor", "Maria"]
    cities = ["Lund", "Алматы", "台北", "Paris", "Ürümchi", "Лхаса"]
    with path.open("w", encoding="utf-8") as file:
        file.write("name,city\n")
        for _row in range(rows):
            second = "".join(by_chance.choices("abcdefghiklmnoprstuvy", k=8)).title()
            file.write(f"{by_chance.choice(first)} {second},{by_chance.choice(cities)}\n")


def timed(what, work):
    start = time.perf_counter()
    work()
    print(f"{what}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
