"""A web server whose answers take long: started on a web host as long_server.py PORT, ends with its standard input.

GET /big sends 100 MB, POST /up counts what comes, an Upgrade becomes a tunnel that echoes."""

import asyncio
import sys

SIZE = 100 * 1024 * 1024
BLOCK = b"x" * 65536


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(
        line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
    )
    return head.split(" ")[0:2], fields


async def serve(reader, writer):
    try:
        while True:
            (method, path), fields = await read_head(reader)
            if "upgrade" in fields:
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
                while piece := await reader.read(4096):
                    writer.write(piece)
                    await writer.drain()
                return
            if method == "POST":
                left = int(fields["content-length"])
                while left > 0:
                    left -= len(await reader.readexactly(min(left, 65536)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                for _ in range(SIZE // len(BLOCK)):
                    writer.write(BLOCK)
                    await writer.drain()
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))
    done = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, lambda: done.set() if not sys.stdin.buffer.raw.read(4096) else None)
    print("ready", flush=True)
    await done.wait()
    server.close()


asyncio.run(main())
