"""Limits per network, in the memory of one web process, under a key made at its start.

Nothing is stored about a network: a restart forgets all. Over the limit a mail waits in the slow
lane; only far beyond it the answer is 429.
"""

import hmac
import ipaddress
import itertools
import os
import threading
import time
from collections import deque
from enum import Enum

from django.conf import settings

_KEY = os.urandom(32)
_HOUR = 3600.0


class Verdict(Enum):
    FINE = "fine"
    SLOW = "slow"
    REFUSED = "refused"


def network(request) -> str:
    """The visitor's network: IPv4 address or IPv6 /64, as far as our own proxies are believed."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES]
    if address.count(":") == 1 or "]:" in address:  # some proxies add the port
        address = address.rpartition(":")[0]
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return ""
    # Where a server listens on IPv6, IPv4 comes within it, and all of it from one /64.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


class Limit:
    """So many an hour are fine, then slow, and from `refused_from` on refused."""

    def __init__(self, slow_from: int, refused_from: int, most_networks: int = 100_000):
        self.slow_from, self.refused_from, self.most = slow_from, refused_from, most_networks
        self._seen: dict[bytes, deque[float]] = {}
        self._lock = threading.Lock()

    def hit(self, request) -> Verdict:
        key = hmac.digest(_KEY, network(request).encode(), "sha256")
        moment = time.monotonic()
        with self._lock:
            times = self._seen.pop(key, None) or deque(maxlen=self.refused_from)
            while times and times[0] < moment - _HOUR:
                times.popleft()
            verdict = Verdict.FINE
            if len(times) >= self.refused_from:
                verdict = Verdict.REFUSED
            elif len(times) >= self.slow_from:
                verdict = Verdict.SLOW
            if verdict is not Verdict.REFUSED:
                times.append(moment)
            self._seen[key] = times  # last: the one longest unseen is dropped first
            self._drop_old(moment)
        return verdict

    def _drop_old(self, moment) -> None:
        """Networks that were quiet for an hour, and those longest unseen where there are many."""
        for key in list(itertools.islice(self._seen, 100)):
            if len(self._seen) <= self.most and self._seen[key][-1] >= moment - _HOUR:
                break
            del self._seen[key]

    def forget(self) -> None:
        with self._lock:
            self._seen.clear()


# A hundred people at one gathering share one address: they wait a little, they are not refused.
SIGNING = Limit(slow_from=60, refused_from=1_000)
FINDING = Limit(slow_from=10, refused_from=1_000)
# Fifty bits in a code, and at most this many guesses an hour from one network.
CODES = Limit(slow_from=1_000, refused_from=1_000)
