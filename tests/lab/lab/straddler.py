"""A request that straddles the move of an address, on the client: straddler.py ADDRESS OWNER MOVES
(OWNER: the link address of who has it).

Opens a connection, waits a moment and opens another one in its place, again and again. When somebody
announces the address from elsewhere than before, the connection that has just been made asks: its
handshake was with the old owner, its request goes to the new one's link. Prints "ready", then a line
for each move: "answered" or what went wrong, and the milliseconds between handshake and request.
"""

import socket
import sys
import time

ADDRESS, OWNER, MOVES = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), int(sys.argv[3])
ARP = 0x0806
PATIENCE = 0.002  # seconds that a connection waits
REQUEST = f"GET / HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n".encode()


def announcer(frame):
    """The link address that claims ADDRESS by this frame; None: it is about something else."""
    sender, target = frame[28:32], frame[38:42]
    return frame[22:28] if sender == target == socket.inet_aton(ADDRESS) else None


def ask(connection):
    try:
        connection.settimeout(5)
        connection.sendall(REQUEST)
        return "answered" if connection.recv(65536).startswith(b"HTTP/1.1 200") else "no answer"
    except OSError as error:
        return type(error).__name__


def main():
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP))
    wire.settimeout(PATIENCE)
    owner, moves = OWNER, 0
    print("ready", flush=True)
    while moves < MOVES:
        try:
            connection = socket.create_connection((ADDRESS, 80), timeout=5)
        except OSError:
            continue
        opened = time.monotonic()
        try:
            claims = announcer(wire.recv(2048))
        except TimeoutError:
            claims = None
        if claims and claims != owner:
            owner, moves = claims, moves + 1
            age = (time.monotonic() - opened) * 1000
            print(f"{ask(connection)} {age:.1f}", flush=True)
        connection.close()


main()
