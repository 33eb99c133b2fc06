"""Log lines that name routes, never paths, queries, addresses or what an exception said."""

import logging
import traceback


def route(request) -> str:
    match = getattr(request, "resolver_match", None)
    return match.view_name or "unnamed" if match else "no route"


class RoutesNotPaths(logging.Filter):
    """Django's warnings put the path into the message; a path can hold a token."""

    def filter(self, record):
        request = getattr(record, "request", None)
        if request is not None and hasattr(request, "method"):
            status = getattr(record, "status_code", "")
            record.msg, record.args = f"{request.method} {route(request)} {status}", ()
        return True


class Line(logging.Formatter):
    """Frames and names of exceptions, but not their messages: those quote names and addresses."""

    def __init__(self):
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def formatException(self, exc_info):
        lines = []
        error = exc_info[1]
        while error is not None:
            lines += traceback.format_tb(error.__traceback__)
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}\n")
            error = error.__cause__ or error.__context__
        return "".join(lines).rstrip()
