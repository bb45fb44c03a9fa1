"""A web server with a bad habit, run in place of a real one: impostor.py garbage|dies-mid-body|bad-header.

garbage        answers with bytes that are no HTTP
bad-header     a right status line, then a header line that is none
dies-mid-body  promises 100,000 bytes, sends a tenth and resets the connection
Ends when its standard input closes.
"""

import socket
import sys
import threading

GARBAGE = b"\x00\xff\x7fGARBAGE\x01\x02 this is no answer\r\n\r\nGARBAGE GARBAGE\r\n"
BAD_HEADER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nGARBAGE\x00 in a header\r\n\r\nhello"
HALF = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n" + b"x" * 10000
)
LINGER = b"\x01\x00\x00\x00\x00\x00\x00\x00"


def serve(connection, behaviour):
    with connection:
        connection.settimeout(5)
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(4096)
            if not piece:
                return
            received += piece
        if behaviour == "dies-mid-body":
            connection.sendall(HALF)
            threading.Event().wait(
                0.05
            )  # the bytes are on their way before the reset throws away the rest
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        else:
            connection.sendall(GARBAGE if behaviour == "garbage" else BAD_HEADER)


def serve_quietly(connection, behaviour):
    try:
        serve(connection, behaviour)
    except OSError:
        pass  # the proxy gave up first


def accept_for_ever(listener, behaviour):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_quietly, args=(connection, behaviour), daemon=True).start()


listening = socket.create_server(("", 80), backlog=512)
threading.Thread(target=accept_for_ever, args=(listening, sys.argv[1]), daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
