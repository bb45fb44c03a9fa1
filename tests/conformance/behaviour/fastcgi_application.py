"""A small FastCGI application for scenarios: it records what it was told and answers."""

import os
import socket
import struct
import threading


class Application:
    """Answers each request by `answer(params, stdin)`: bytes of STDOUT, or a list of (type, bytes)."""

    def __init__(self, answer, path=None):
        self.answer = answer
        self.requests = []
        self.flags = []
        self.connections = 0
        self.sources = []  # of the connections
        self.arrived = 0  # bytes of bodies
        self.answered = 0  # whole responses that were taken
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.listener.bind(path or ("127.0.0.1", 0))
        self.listener.listen(50)
        if path:
            os.chmod(path, 0o666)
        self.port = None if path else self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, source = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sources.append(source[0] if source else "")
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _exactly(connection, size):
        data = b""
        while len(data) < size:
            some = connection.recv(size - len(data))
            if not some:
                return None
            data += some
        return data

    def _request(self, connection):
        params, stdin, flags = b"", b"", 0
        while True:
            header = self._exactly(connection, 8)
            if header is None:
                return None
            _, kind, number, size, padding, _ = struct.unpack("!BBHHBB", header)
            assert number == 1
            content = self._exactly(connection, size) if size else b""
            if padding:
                self._exactly(connection, padding)
            if kind == 1:
                flags = content[2]
            elif kind == 4:
                params += content
            elif kind == 5:
                if not content:
                    return self._pairs(params), stdin, flags
                stdin += content
                self.arrived += len(content)

    @staticmethod
    def _pairs(data):
        found, at = {}, 0

        def length():
            nonlocal at
            if data[at] < 128:
                at += 1
                return data[at - 1]
            at += 4
            return struct.unpack("!I", data[at - 4:at])[0] & 0x7fffffff
        while at < len(data):
            name_size, value_size = length(), length()
            name = data[at:at + name_size].decode()
            at += name_size
            found[name] = data[at:at + value_size].decode("latin-1")
            at += value_size
        return found

    def _serve(self, connection):
        try:
            self._converse(connection)
        except OSError:
            pass  # the program under test hung up

    def _converse(self, connection):
        with connection:
            while (request := self._request(connection)) is not None:
                params, stdin, flags = request
                self.requests.append((params, stdin))
                self.flags.append(flags)
                answer = self.answer(params, stdin)
                if answer is None:
                    return
                records = answer if isinstance(answer, list) else [(6, answer)]
                for kind, content in records:
                    for part in [content[i:i + 65535] for i in range(0, len(content), 65535)]:
                        pad = -len(part) % 8
                        connection.sendall(struct.pack("!BBHHBB", 1, kind, 1, len(part), pad, 0)
                                           + part + bytes(pad))
                connection.sendall(struct.pack("!BBHHBB", 1, 3, 1, 8, 0, 0) + bytes(8))
                self.answered += 1
                if not flags & 1:
                    return
