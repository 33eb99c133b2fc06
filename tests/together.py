"""Many at the same moment, each with a database connection of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def together(*calls):
    """Run all at once; their results, errors included."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
