"""A mail server for the lab: takes every letter and appends it to a file, a line of `----` between two.

    mail_server.py PORT FILE"""

import socketserver
import sys


class Conversation(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 lab")
        for line in iter(self.rfile.readline, b""):
            command = line.strip().upper()
            if command == b"DATA":
                self.say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                with open(sys.argv[2], "ab") as file:
                    file.write(letter.replace(b"\r\n", b"\n") + b"----\n")
            self.say("221 bye" if command == b"QUIT" else "250 fine")
            if command == b"QUIT":
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(sys.argv[1])), Conversation) as server:
    print("listening", flush=True)
    server.serve_forever()
