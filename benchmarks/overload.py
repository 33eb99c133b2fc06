"""What happens when five times as many want to sign as can? And when some send slowly, or much?

    make benchmark-overload [ARGS="--seconds 10"]

Measures how many signatures a second the site takes behind nginx with `deploy/nginx.conf` (16
connections, each asks again when it is answered), then offers five times as many, whether or not
they are answered: at least 80 % of what it could take is to succeed, and the rest to be told 503
with Retry-After quickly. Then people who send a byte a second, bodies of 10 MB and forms of ten
thousand fields: none of them may get in the way, or cost memory.
"""

import argparse
import json
import re
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlencode

import load
from record_day import NAME, ask
from stage import behind_nginx, collect_static, cpu_of_family, fresh_site, memory_of_family

TIMES = 5
STILL = 0.8
QUICKLY = 250  # ms, p99 of those who are told to come back
SLOW = 200


def main(options):
    with fresh_site() as folder:
        from django.db import connection

        from tests import factories

        collect_static()
        petition = factories.make_petition()
        connection.close()
        with behind_nginx(folder, EMAIL_URL="dummymail://") as site:
            path = petition.get_absolute_url()
            token = re.search(r'name="form_token" value="([0-9a-f]+)"', ask(site.port, path))
            form = urlencode(NAME | {"deliver": "yes", "form_token": token.group(1)})
            form += f"&email=signer{load.NUMBER}%40example.org"
            request = load.post(f"{path}sign/", form, X_Forwarded_For=load.ADDRESS)
            found = overload(site, request, options) | troublemakers(site, path, request, options)
    return report(found, options)


def overload(site, request, options):
    load.run(load.Load(site.port, [request], 2, 16, first_number=0))
    can = load.run(load.Load(site.port, [request], options.seconds, 16, first_number=1_000_000))
    rate = TIMES * can.a_second()
    before = {name: cpu_of_family(pid) for name, pid in site.processes.items()}
    # Not politely: a generator that waits for a processor takes quick answers for slow ones.
    much = load.run(
        load.Load(
            site.port, [request], options.seconds, 1000, rate=rate, first_number=2_000_000, nice=0
        )
    )  # fmt: skip
    cpu = {
        name: (cpu_of_family(pid) - before[name]) / options.seconds
        for name, pid in site.processes.items()
    }
    after = load.run(load.Load(site.port, [request], 3, 16, first_number=8_000_000))
    return {
        "capacity": can.a_second(),
        "offered": rate,
        "generator": much.cpu,
        "cpu": cpu,
        "succeeded": much.a_second(),
        "statuses": much.statuses,
        "failed": much.failed,
        "unasked": much.unasked,
        "p50": load.percentile(much.times_of("303"), 0.5),
        "p99": load.percentile(much.times_of("303"), 0.99),
        "refused_p99": load.percentile(much.times_of("503"), 0.99),
        "retry_after": much.retry_after,
        "after": after.a_second(),
        "after_statuses": after.statuses,
    }


def troublemakers(site, path, request, options):
    """Each kind beside people who sign as always: what those are answered, and the memory."""
    before = memory(site)
    found = {}
    stop = threading.Event()
    slow = [threading.Thread(target=send_slowly, args=(site.port, path, stop)) for _ in range(SLOW)]
    for one in slow:
        one.start()
    beside = load.run(load.Load(site.port, [request], 5, 8, rate=20, first_number=9_000_000))
    stop.set()
    for one in slow:
        one.join()
    found["beside_slow"] = {
        "statuses": beside.statuses, "failed": beside.failed,
        "p99": load.percentile(beside.times, 0.99),
    }  # fmt: skip
    found["large_body"] = send_large(site.port, path)
    fields = "&".join(f"field{number}=1" for number in range(10_000))
    many_fields = load.post(f"{path}sign/", fields[:60_000], X_Forwarded_For=load.ADDRESS)
    found["many_fields"] = load.run(
        load.Load(site.port, [many_fields], 2, 4, rate=20, first_number=9_500_000)
    ).statuses
    found["memory"] = {name: (before[name], now) for name, now in memory(site).items()}
    return found


def memory(site):
    return {name: memory_of_family(site.processes[name]) for name in ("web", "proxy")}


def send_slowly(port, path, stop):
    """A byte a second, until somebody hangs up."""
    text = load.post(f"{path}sign/", "x" * 1000, X_Forwarded_For="10.99.0.1").encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for byte in text:
            try:
                connection.send(bytes([byte]))
            except OSError:
                return
            if stop.wait(1):
                return


def send_large(port, path):
    """What somebody is told who announces 10 MB and begins to send them."""
    head = load.post(f"{path}sign/", "", X_Forwarded_For="10.98.0.1").replace(
        "Content-Length: 0", f"Content-Length: {10_000_000}"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode())
        return connection.recv(100).decode().split()[1]


def report(found, options):
    share = found["succeeded"] / found["capacity"]
    print(
        f"capacity: {found['capacity']:.0f} signatures a second; offered: {found['offered']:.0f}\n"
        f"succeeded: {found['succeeded']:.0f} a second, {share:.0%} of capacity "
        f"(p50 {found['p50']:.0f} ms, p99 {found['p99']:.0f} ms)\n"
        f"answers: {found['statuses']}, cut off or stuck: {found['failed']}, "
        f"not asked for want of a connection: {found['unasked']}; "
        f"told to come back: p99 {found['refused_p99']:.0f} ms, "
        f"with Retry-After: {found['retry_after']}\n"
        f"CPU, of one core: generator {found['generator']:.0%}, "
        + ", ".join(f"{name} {part:.0%}" for name, part in found["cpu"].items())
        + f"\nafterwards: {found['after']:.0f} a second, {found['after_statuses']}\n"
        f"beside {SLOW} who send a byte a second: {found['beside_slow']}\n"
        f"10 MB: {found['large_body']}; ten thousand fields: {found['many_fields']}\n"
        f"memory before and after, MB: {found['memory']}"
    )
    problems = []
    if share < STILL:
        problems.append(f"{share:.0%} of capacity, not {STILL:.0%}")
    if found["refused_p99"] > QUICKLY:
        problems.append("refused too slowly")
    if found["statuses"].get("503", 0) != found["retry_after"]:
        problems.append("503 without Retry-After")
    if set(found["statuses"]) - {"303", "503"}:
        problems.append("other answers than 303 and 503")
    if found["failed"]:
        problems.append("cut off or stuck")
    if found["large_body"] != "413" or set(found["many_fields"]) != {"400"}:
        problems.append("large forms")
    for problem in problems:
        print("NOT AS PROMISED:", problem)
    if options.json:
        Path(options.json).write_text(json.dumps(found | {"problems": problems}, indent=1))
    return 1 if problems and not options.no_thresholds else 0


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--seconds", type=float, default=10)
    words.add_argument("--json", help="a file for the figures")
    words.add_argument("--no-thresholds", action="store_true", help="end with 0 whatever they are")
    sys.exit(main(words.parse_args()))
