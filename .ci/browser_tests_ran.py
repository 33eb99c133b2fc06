"""A pytest plugin: a browser test that was skipped fails the run."""

skipped = []


def pytest_runtest_logreport(report):
    if report.skipped and "browser" in report.keywords and not hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


def pytest_sessionfinish(session):
    # Only the process that was started gets the reports of all the others.
    if skipped and not hasattr(session.config, "workerinput") and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    for test in skipped:
        terminalreporter.write_line(f"SKIPPED BROWSER TEST {test}", red=True)
