"""A mail server that takes every mail, and keeps none: it hands each to whoever listens."""

import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes

_CODE = re.compile(r"/code/#([0-9A-Z]+)")


@contextmanager
def smtp_sink(taken: Callable[[str, str, float], None]) -> Iterator[int]:
    """`taken` is told the code in the mail, its address, and when it came. Gives the port."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 sink")
            to = ""
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    self.read_mail(to)
                elif word == b"QUIT":
                    self.say("221 bye")
                    return
                elif word == b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                    self.say("250 fine")
                else:
                    self.say("250 fine")

        def read_mail(self, to):
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            came = time.monotonic()
            self.say("250 taken")
            text = message_from_bytes(b"".join(lines)).get_payload(decode=True).decode()
            if found := _CODE.search(text):
                taken(found.group(1), to, came)

        def say(self, words):
            self.wfile.write(f"{words}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
