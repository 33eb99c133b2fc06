"""The benchmarks run, from beginning to end. Their figures are no matter of tests: nothing here
has a threshold."""

import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from django.conf import settings

pytestmark = pytest.mark.embedded
# What a run of tests sets for itself is not the benchmark's.
OURS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")


def benchmark(name, *arguments):
    environment = {key: value for key, value in os.environ.items() if key not in OURS}
    done = subprocess.run(
        [sys.executable, f"benchmarks/{name}.py", *arguments, "--no-thresholds"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_benchmark_prints_ratios_and_writes_them_down(tmp_path):
    """Promises 23 to 25: it starts everything itself, and asks ours and the bare view alike."""
    file = tmp_path / "figures.json"
    short = ("--signatures", "30", "--rounds", "1", "--seconds", "0.3", "--lists", "100")
    said = benchmark("ratios", *short, "--json", str(file))
    figures = json.loads(file.read_text())
    (reading,) = figures["reading"]["30"]
    (writing,) = figures["writing"]["30"]
    for name in ("bare", "page", "compressed", "counter"):
        assert reading[name]["a_second"] > 0
        assert 0 < reading[name]["p50"] <= reading[name]["p99"]
        assert 0 <= reading[name]["generator"] < 2
    assert writing["bare"]["a_second"] > 0
    assert writing["sign"]["a_second"] > 0
    assert reading["memory"] > 10
    assert figures["lists"]["names"] == 100
    for word in ("bare view", "bare insert", "sign", "of COPY"):
        assert word in said


def test_record_day_counts_everybody_who_confirmed(tmp_path):
    """Promises 9, 15 and 24: through the proxy as it is shipped, the worker and a mail server;
    the log of the proxy names no address and no path."""
    if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("needs nginx: apt-get install nginx")
    short = ("--seconds", "3", "--signers", "5", "--readers", "20", "--signatures", "30")
    benchmark("record_day", *short, "--keep", str(tmp_path))
    figures = json.loads((tmp_path / "record-day.json").read_text())
    signed = figures["sign"]["statuses"]["303"]
    assert signed > 5
    assert figures["confirm"] | {"p50": 0, "p99": 0} == {
        "confirmed": signed, "failed": 0, "p50": 0, "p99": 0
    }  # fmt: skip
    assert figures["counted"] == figures["rows"] == figures["mails"]["sent"] == signed
    assert not figures["drift"]
    assert figures["read"]["errors"] == figures["sign"]["errors"] == 0
    assert figures["proxy_log"]["lines"] > 4 * signed
    assert figures["proxy_log"]["others"] == 0
    assert figures["proxy_log"]["from_cache"] > 0
    assert ElementTree.parse(tmp_path / "record-day.svg").getroot().tag.endswith("svg")  # noqa: S314 ours
    assert "| sign |" in (tmp_path / "record-day.md").read_text()
