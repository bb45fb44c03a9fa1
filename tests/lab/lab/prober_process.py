"""The prober's process, run on the client: ADDRESS INTERVAL_MS TIMEOUT_MS CONNECTIONS PATH (see prober.py).

Writes one line per request: start end outcome first-word-of-body. Ends when standard input closes,
after the requests that are under way.
"""

import asyncio
import socket
import sys
import time

READ_SIZE = 65536
BODY_LIMIT = 64 << 20
LINGER = (
    b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, 0 seconds: closing sends a reset and keeps no port
)


class Short(Exception):
    """The connection ended in the middle of an answer."""


async def read_answer(loop, connection):
    """Reads one answer; returns status, body, whether the connection may be used again."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = await loop.sock_recv(connection, READ_SIZE)
        if not piece:
            raise Short("eof before the head's end" if received else "eof")
        received += piece
        if len(received) > BODY_LIMIT:
            raise Short("endless head")
    head, body = received.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/1."):
        raise Short("no http")
    status = int(lines[0].split()[1])
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    length = fields.get("content-length")
    chunked = "chunked" in fields.get("transfer-encoding", "").lower()
    while (
        len(body) < int(length)
        if length is not None
        else not (chunked and body.endswith(b"0\r\n\r\n"))
    ):
        piece = await loop.sock_recv(connection, READ_SIZE)
        if not piece:
            if length is None and not chunked:
                break
            raise Short("eof in the body")
        body += piece
        if len(body) > BODY_LIMIT:
            raise Short("endless body")
    if chunked:
        body = body.split(b"\r\n", 1)[1]
    keep = fields.get("connection", "").lower() != "close" and (length is not None or chunked)
    return status, body, keep


def new_connection():
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    return connection


def outcome_of(error):
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    return "short" if isinstance(error, (Short, ValueError, IndexError)) else "unreachable"


def write_line(start, outcome, body=b""):
    words = body[:200].split()
    word = words[0].decode("latin-1") if words else ""
    sys.stdout.write(f"{start:.6f} {time.time():.6f} {outcome} {word}\n")
    sys.stdout.flush()


def result(start, status, body):
    write_line(start, "ok" if status == 200 else f"http-{status}", body)


class Asker:
    def __init__(self, address, timeout, path):
        self.loop = asyncio.get_running_loop()
        self.address, self.timeout = (address, 80), timeout
        self.head = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: prober\r\n"

    async def fresh(self):
        start, connection = time.time(), new_connection()
        try:
            status, body, _ = await asyncio.wait_for(self.ask_once(connection), self.timeout)
            result(start, status, body)
        except (
            Exception
        ) as error:  # noqa: BLE001 - every kind of failure is a finding, none ends the prober
            write_line(start, outcome_of(error))
        finally:
            connection.close()

    async def ask_once(self, connection):
        await self.loop.sock_connect(connection, self.address)
        await self.loop.sock_sendall(connection, (self.head + "Connection: close\r\n\r\n").encode())
        return await read_answer(self.loop, connection)

    async def kept(self, interval, stopped):
        """One kept-alive connection's life, opened anew when it ends."""
        connection = None
        while not stopped.is_set():
            start = time.time()
            try:
                if connection is not None and await self.ended(connection):
                    connection.close()
                    connection = None
                if connection is None:
                    connection = new_connection()
                    await asyncio.wait_for(
                        self.loop.sock_connect(connection, self.address), self.timeout
                    )
                await self.loop.sock_sendall(connection, (self.head + "\r\n").encode())
                status, body, keep = await asyncio.wait_for(
                    read_answer(self.loop, connection), self.timeout
                )
                result(start, status, body)
            except Exception as error:  # noqa: BLE001
                write_line(start, outcome_of(error))
                keep = False
            if not keep:
                connection.close()
                connection = None
            await asyncio.sleep(max(0, start + interval - time.time()))

    async def ended(self, connection):
        """Whether an idle connection was closed by the server since its last answer."""
        try:
            return connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


async def main():
    address, path = sys.argv[1], sys.argv[5]
    interval, timeout, connections = (
        int(sys.argv[2]) / 1000,
        int(sys.argv[3]) / 1000,
        int(sys.argv[4]),
    )
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(0, lambda: stopped.set() if not sys.stdin.buffer.raw.read(4096) else None)
    asker = Asker(address, timeout, path)
    if connections:
        await asyncio.gather(*(asker.kept(interval, stopped) for _ in range(connections)))
        return
    under_way, due = set(), time.monotonic()
    while not stopped.is_set():
        task = asyncio.create_task(asker.fresh())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        due = max(due + interval, time.monotonic() - interval)
        await asyncio.sleep(max(0, due - time.monotonic()))
    if under_way:
        await asyncio.wait(under_way)


asyncio.run(main())
