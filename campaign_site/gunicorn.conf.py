"""How gunicorn serves the site: `gunicorn --config campaign_site/gunicorn.conf.py campaign_site.wsgi`.

What a host may want to change comes from the environment, or from gunicorn's own arguments.
"""

import gc
import logging
import os

# Where it listens: in public a proxy stands in front of it.
bind = os.environ.get("BIND", "127.0.0.1:8000").split()
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
# Longer than the proxy keeps its end open, which would else ask over a connection that just closed.
keepalive = 75
# A door for commands to a running server, which nobody here uses.
control_socket_disable = True
# Our own middleware writes one line for each request, which names no path and no address.
accesslog = None


def _says_nothing_of_visitors(record):
    """gunicorn names the network address or the path of a request that it could not handle."""
    if "request" in record.getMessage().casefold():
        error = record.exc_info and record.exc_info[0]
        record.msg, record.args = f"a request could not be handled {error or ''}".rstrip(), ()
        record.exc_info = record.exc_text = None
    return True


def on_starting(server):
    logging.getLogger("gunicorn.error").addFilter(_says_nothing_of_visitors)


def post_worker_init(worker):
    # What was loaded stays as long as the process: looking through it for what could go costs
    # many milliseconds, again and again.
    gc.collect()
    gc.freeze()
    # No line of a log names thread, process, task or the place in the code.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
