"""A tiny name server on loopback, by UDP and TCP, that answers as a test says:

    names = NameServer({"web.test": ["127.0.0.1"], "no.test": NXDOMAIN})
    names.records["web.test"] = ["127.0.0.2"]          # from now on
    assert names.asked("web.test", "A") == 1

A record set is a list of addresses (A and AAAA by their form) and of Srv(...), an alias (a str), a
response code, SILENT, or a function of (name, type, by_tcp) that gives one of these or raw bytes
behind the id. TTL is `names.ttl`.
"""

import ipaddress
import socket
import struct
import threading
from collections import namedtuple

NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
SILENT = object()
TRUNCATED = object()  # by UDP: cut; by TCP the addresses of `whole`
Srv = namedtuple("Srv", "priority weight port target")
TYPES = {1: "A", 28: "AAAA", 33: "SRV"}


def _name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _record(owner, kind, ttl, content):
    return _name(owner) + struct.pack(">HHIH", kind, 1, ttl, len(content)) + content


class NameServer:
    def __init__(self, records=None, address="127.0.0.1"):
        self.records = dict(records or {})
        self.ttl = 60
        self.soa_minimum = None
        self.questions = []  # (name, type, by_tcp)
        self.wrong_ids = False  # answers with a wrong id first
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for _ in range(50):
            self.udp.bind((address, 0))
            self.port = self.udp.getsockname()[1]
            try:
                self.tcp.bind((address, self.port))
                break
            except OSError:
                self.udp.close()
                self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp.listen(8)
        self.address = f"{address}:{self.port}"
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def close(self):
        for one in (self.udp, self.tcp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def asked(self, name, kind=None):
        return sum(1 for n, k, _ in self.questions if n == name and kind in (None, k))

    def _serve_udp(self):
        while True:
            try:
                question, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            for answer in self._answers(question, False):
                self.udp.sendto(answer, sender)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                size = connection.recv(2, socket.MSG_WAITALL)
                question = connection.recv(struct.unpack(">H", size)[0], socket.MSG_WAITALL)
                for answer in self._answers(question, True):
                    # In two pieces: the length may arrive alone.
                    connection.sendall(struct.pack(">H", len(answer)))
                    connection.sendall(answer)
                connection.recv(1)

    def _answers(self, question, by_tcp):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("latin-1"))
            at += 1 + question[at]
        name = ".".join(labels).lower()
        kind = struct.unpack(">H", question[at + 1:at + 3])[0]
        asked = question[12:at + 5]
        self.questions.append((name, TYPES.get(kind, kind), by_tcp))
        found = self.records.get(name, NXDOMAIN)
        if callable(found):
            found = found(name, TYPES.get(kind, kind), by_tcp)
        if found is SILENT:
            return []
        if isinstance(found, bytes):
            return [question[:2] + found]
        made = self._message(name, kind, asked, found)
        if self.wrong_ids:
            bad = bytes([question[0] ^ 1, question[1]])
            wrong = self._message(name, kind, asked, ["127.6.6.6"])
            return [bad + wrong, question[:2] + made]
        return [question[:2] + made]

    def _message(self, name, kind, asked, found):
        flags, code, answers, authorities = 0x8180, 0, [], []
        if found is TRUNCATED:
            flags |= 0x0200
        elif isinstance(found, int):
            code = found
        elif isinstance(found, str):
            answers.append(_record(name, 5, self.ttl, _name(found)))
            target = self.records.get(found, [])
            answers += self._addresses(found, kind, target if isinstance(target, list) else [])
        else:
            answers += self._addresses(name, kind, found)
        if not answers and self.soa_minimum is not None:
            content = _name("ns") + _name("root") + struct.pack(">5I", 1, 1, 1, 1, self.soa_minimum)
            authorities.append(_record("test", 6, self.soa_minimum, content))
        head = struct.pack(">5H", flags | code, 1, len(answers), len(authorities), 0)
        return head + asked + b"".join(answers + authorities)

    def _addresses(self, owner, kind, found):
        records = []
        for one in found:
            if isinstance(one, Srv):
                if kind == 33:
                    content = struct.pack(">3H", one.priority, one.weight, one.port)
                    records.append(_record(owner, 33, self.ttl, content + _name(one.target)))
                continue
            address = ipaddress.ip_address(one)
            if kind == (1 if address.version == 4 else 28):
                records.append(_record(owner, kind, self.ttl, address.packed))
        return records
