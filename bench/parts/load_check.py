"""Whether wrk counts what breaks: it meets a server that breaks connections on purpose.

The server ends every 50th kept-alive connection under the client's next request, or resets it in
the middle of an answer, and counts. Only with this do zero errors of other parts mean anything.
"""

import socket
import struct
import threading

import servers
from load import result, start_wrk
from report import Goal, Report

EVERY = 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nweb01\n"
RESET = struct.pack("ii", 1, 0)


class BreakingServer:
    """`habit` is `close` (a whole answer, then the end) or `reset` (half an answer, then that)."""

    def __init__(self, habit):
        self.habit, self.served, self.broken = habit, 0, 0
        self._lock = threading.Lock()
        self.port = servers.free_port()
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while connection.recv(4096):
                    with self._lock:
                        self.served += 1
                        breaks = self.served % EVERY == 0
                        self.broken += breaks
                    if breaks and self.habit == "reset":
                        connection.sendall(ANSWER[:-3])
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        return
                    connection.sendall(ANSWER)
                    if breaks:
                        return
            except OSError:
                pass

    def close(self):
        self._listening.close()


def load(options):
    report = Report(
        "load: does wrk count what breaks?",
        ["server's habit", "broken on purpose", "counted by wrk"],
    )
    for habit in ("close", "reset"):
        server = BreakingServer(habit)
        round_ = result(start_wrk(f"http://127.0.0.1:{server.port}", 1, 8), 1)
        server.close()
        report.rows.append([habit, server.broken, round_.errors])
        # What breaks while wrk is ending is not counted any more: one per connection at most.
        report.goals.append(
            Goal(f"breaks that wrk missed ({habit})", max(0, server.broken - round_.errors - 8), 0)
        )
        report.goals.append(Goal(f"breaks that it saw ({habit})", round_.errors, 10, at_least=True))
    return [report]
