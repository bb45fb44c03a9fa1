"""A backend whose every connection is a function of the test's, for what an ordinary one never
does: half an answer, silence, another protocol."""

import socket
import threading
import time


class RawBackend:
    """`serve(connection, number)` gets each connection after its request's head was read; the head
    is in `heads`. The connection is closed when it returns."""

    def __init__(self, serve, read_head=True):
        self.serve = serve
        self.read_head = read_head
        self.heads = []
        self.closed = []  # when each connection's other end was seen to be gone
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        number = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()
            number += 1

    def _run(self, connection, number):
        connection.settimeout(10)
        try:
            if self.read_head:
                head = b""
                while b"\r\n\r\n" not in head:
                    some = connection.recv(65536)
                    if not some:
                        return
                    head += some
                self.heads.append(head)
            self.serve(connection, number)
        except OSError:
            pass
        finally:
            connection.close()

    def wait_closed(self, connection):
        """Until the other end is gone; notes when that was."""
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass
        self.closed.append(time.monotonic())

    def close(self):
        self.listener.close()
