"""A packet capture on the switch: every ARP and VRRP frame and every IPv6 neighbour advertisement that given
hosts sent, with kernel timestamps.

A packet socket per switch port sees what the host behind it sends, so one frame is recorded once and
its sender is known whatever it claims. A filter in the kernel keeps the HTTP traffic out.
"""

import ctypes
import os
import select
import socket
import struct
import threading
from dataclasses import dataclass

ETH_P_ALL, PACKET_OUTGOING = 0x0003, 4
SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 26, 33, 35
CLONE_NEWNET = 0x40000000
# ldh [12]; ARP -> keep; IPv6 -> next header 112, or 58 with type 136 -> keep; IPv4 -> protocol 112 -> keep
FILTER = [
    (0x28, 0, 0, 12), (0x15, 9, 0, 0x0806), (0x15, 3, 0, 0x86DD), (0x15, 0, 8, 0x0800),
    (0x30, 0, 0, 23), (0x05, 0, 0, 3), (0x30, 0, 0, 20), (0x15, 0, 1, 58), (0x30, 0, 0, 54),
    (0x15, 1, 0, 112), (0x15, 0, 1, 136), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0),
]  # fmt: skip


@dataclass
class Advert:
    time: float
    sender: str  # the host that really sent it
    source: str
    destination: str
    destination_mac: str
    tos: int
    ttl: int
    length: int  # of the whole IP packet
    version: int
    router_id: int
    priority: int
    auth_type: int
    interval: int
    addresses: list
    auth: bytes
    payload: bytes  # the IP packet's payload


@dataclass
class Arp:
    time: float
    sender: str
    operation: int
    destination_mac: str
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str

    @property
    def gratuitous(self):
        return self.sender_ip == self.target_ip


@dataclass
class NeighbourAdvert:
    time: float
    sender: str
    source: str
    destination: str
    destination_mac: str
    hop_limit: int
    override: bool
    solicited: bool
    target: str
    target_mac: str


def mac(data):
    return ":".join(f"{byte:02x}" for byte in data)


def parse_advert(time, sender, frame):
    packet = frame[14:]
    header = (packet[0] & 15) * 4
    length = struct.unpack("!H", packet[2:4])[0]
    payload = packet[header:length]
    kind, router_id, priority, count, auth_type, interval = payload[:6]
    addresses = [socket.inet_ntoa(payload[8 + 4 * i : 12 + 4 * i]) for i in range(count)]
    return Advert(
        time, sender, socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), mac(frame[0:6]),
        packet[1], packet[8], length, kind >> 4, router_id, priority, auth_type, interval,
        addresses, payload[8 + 4 * count :], payload,
    )  # fmt: skip


def text6(data):
    return socket.inet_ntop(socket.AF_INET6, data)


def parse_advert6(time, sender, frame):
    packet = frame[14:]
    payload = packet[40 : 40 + struct.unpack("!H", packet[4:6])[0]]
    kind, router_id, priority, count, interval = struct.unpack("!BBBBH", payload[:6])
    addresses = [text6(payload[8 + 16 * i : 24 + 16 * i]) for i in range(count)]
    traffic_class = struct.unpack("!H", packet[0:2])[0] >> 4 & 0xFF
    return Advert(
        time, sender, text6(packet[8:24]), text6(packet[24:40]), mac(frame[0:6]), traffic_class, packet[7],
        40 + len(payload), kind >> 4, router_id, priority, 0, interval, addresses,
        payload[8 + 16 * count :], payload,
    )  # fmt: skip


def parse_neighbour_advert(time, sender, frame):
    packet = frame[14:]
    message = packet[40:]
    option = mac(message[26:32]) if message[24:26] == b"\x02\x01" else ""
    return NeighbourAdvert(
        time, sender, text6(packet[8:24]), text6(packet[24:40]), mac(frame[0:6]), packet[7],
        bool(message[4] & 0x20), bool(message[4] & 0x40), text6(message[8:24]), option,
    )  # fmt: skip


def parse_arp(time, sender, frame):
    body = frame[14:42]
    operation = struct.unpack("!H", body[6:8])[0]
    return Arp(
        time, sender, operation, mac(frame[0:6]), mac(body[8:14]), socket.inet_ntoa(body[14:18]),
        mac(body[18:24]), socket.inet_ntoa(body[24:28]),
    )  # fmt: skip


class Capture:
    """Runs from its making until stop(). `adverts`, `arps` and `neighbours` grow meanwhile."""

    def __init__(self, switch, ports):
        self.adverts, self.arps, self.neighbours = [], [], []
        self._sockets = {}
        self._stopped, self._stop = os.pipe()
        ready = threading.Event()
        self._error = None
        self._thread = threading.Thread(
            target=self._run, args=(switch.pid, ports, ready), daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._error:
            raise self._error

    def stop(self):
        if self._thread.is_alive():
            os.write(self._stop, b"x")
            self._thread.join()
            os.close(self._stop)
            os.close(self._stopped)
        return self

    close = stop

    def _run(self, pid, ports, ready):
        try:
            self._open(pid, ports)
        except OSError as error:
            self._error = error
            return
        finally:
            ready.set()
        while True:
            readable, _, _ = select.select([self._stopped, *self._sockets], [], [])
            if self._stopped in readable:
                break
            for packet_socket in readable:
                self._receive(packet_socket)
        for packet_socket in self._sockets:
            packet_socket.close()

    def _open(self, pid, ports):
        """Moves this thread, and only it, into the switch's network; its sockets stay there."""
        with open(f"/proc/{pid}/ns/net") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in FILTER))
        program = struct.pack("HL", len(FILTER), ctypes.addressof(code))
        for port in ports:
            packet_socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            packet_socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
            packet_socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            packet_socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            packet_socket.bind((port, ETH_P_ALL))
            self._sockets[packet_socket] = port

    def _receive(self, packet_socket):
        try:
            frame, ancillary, _, origin = packet_socket.recvmsg(2048, 64)
        except OSError:
            return  # the port went down: told once, then the socket goes on
        if origin[2] == PACKET_OUTGOING:
            return
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        time, sender = seconds + nanoseconds / 1e9, self._sockets[packet_socket]
        if frame[12:14] == b"\x08\x06":
            self.arps.append(parse_arp(time, sender, frame))
        elif frame[12:14] == b"\x86\xdd" and frame[20] == 58:
            self.neighbours.append(parse_neighbour_advert(time, sender, frame))
        elif frame[12:14] == b"\x86\xdd":
            self.adverts.append(parse_advert6(time, sender, frame))
        else:
            self.adverts.append(parse_advert(time, sender, frame))

    # -- selections -------------------------------------------------------------------------------

    def adverts_of(self, sender, since=0.0):
        return [
            advert
            for advert in list(self.adverts)
            if advert.sender == sender and advert.time >= since
        ]

    def announcements6(self, sender, address, since=0.0):
        """Unsolicited neighbour advertisements for an address."""
        return [
            advert
            for advert in list(self.neighbours)
            if advert.sender == sender
            and not advert.solicited
            and advert.target == address
            and advert.time >= since
        ]

    def announcements(self, sender, address, since=0.0):
        """Gratuitous ARP frames for an address."""
        return [
            arp
            for arp in list(self.arps)
            if arp.sender == sender
            and arp.gratuitous
            and arp.sender_ip == address
            and arp.time >= since
        ]
