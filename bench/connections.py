"""Client connections held in this process, for what wrk cannot do: many that stay idle, or an
exact number of requests in lockstep. Blocking sockets; every read is bounded in time."""

import resource
import socket

READ_SIZE = 65536


def allow_descriptors(count):
    """Raises this process's limit, which servers started afterwards inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        # Raising the hard limit needs a capability that root in a container may lack.
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


class Clients:
    """`count` kept-alive connections to a server on this machine."""

    def __init__(self, port, count, timeout=10):
        self.request = b"GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\n\r\n"
        self.sockets = []
        try:
            for _ in range(count):
                self.sockets.append(socket.create_connection(("127.0.0.1", port), timeout))
        except OSError:
            self.close()
            raise

    def ask_each(self):
        """One request on each connection, one after the other; returns how many failed."""
        failed = 0
        for connection in self.sockets:
            try:
                connection.sendall(self.request)
                failed += not read_answer(connection)
            except OSError:
                failed += 1
        return failed

    def ask_all_at_once(self):
        """A request on every connection before the first answer is read; how many failed."""
        for connection in self.sockets:
            connection.sendall(self.request)
        return sum(not read_answer(connection) for connection in self.sockets)

    def close(self):
        for connection in self.sockets:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_answer(connection):
    """Reads one answer with a Content-Length; true if it is whole and has status 200."""
    received = connection.recv(READ_SIZE)
    while b"\r\n\r\n" not in received:
        piece = connection.recv(READ_SIZE)
        if not piece:
            return False
        received += piece
    head, body = received.split(b"\r\n\r\n", 1)
    lines = head.lower().split(b"\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None
    )
    while length is not None and len(body) < length:
        piece = connection.recv(READ_SIZE)
        if not piece:
            return False
        body += piece
    return lines[0].startswith(b"http/1.1 200") and length is not None
