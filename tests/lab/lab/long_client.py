"""Connections that live long, on the client: long_client.py ADDRESS IDLE [PATH [RATE]].

IDLE kept-alive connections that have asked once, one download of 100 MB at about RATE bytes a second
(10 MB), one upload and one tunnel that echoes, all until standard input closes (the download until its
end, at 10 MB/s then). Then every idle connection asks once more. Prints "ready", and at the end one JSON
object: what became of each, and when the others than idle ones broke.
"""

import asyncio
import json
import sys
import time

PATH = sys.argv[3] if len(sys.argv) > 3 else "/"
RATE = float(sys.argv[4]) if len(sys.argv) > 4 else 1e7
GET = b"GET %s HTTP/1.1\r\nHost: lab\r\n\r\n" % PATH.encode()
UPLOAD = 64 * 1024 * 1024
report = {"idle": {}, "upload": "not ended", "download": "not ended", "tunnel": "not ended", "echoes": 0}
report["breaks"] = []  # {"what", "at" (monotonic seconds), "why"}
stop = asyncio.Event()


def note(kind):
    report["idle"][kind] = report["idle"].get(kind, 0) + 1


def broke(what, why):
    report[what] = why
    report["breaks"].append({"what": what, "at": time.monotonic(), "why": why})


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"http/1.1 200"), b"connection: close" in head


async def idle(address, opened):
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        writer.write(GET)
        await answer(reader)
        opened.release()
        await stop.wait()
        if reader.at_eof():
            return note("closed")
        writer.write(GET)
        good, closes = await asyncio.wait_for(answer(reader), 5)
        note(("answered, closed" if closes else "answered") if good else "bad")
    except asyncio.IncompleteReadError:
        note("closed")
    except (ConnectionError, asyncio.TimeoutError) as error:
        note(type(error).__name__)
    finally:
        writer.close()


async def download(address):
    try:
        reader, writer = await asyncio.open_connection(address, 80, limit=65536)
        writer.write(b"GET /big HTTP/1.1\r\nHost: lab\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        left = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        due = asyncio.get_running_loop().time()
        while left > 0:
            piece = await reader.read(65536)
            if not piece:
                raise EOFError
            left -= len(piece)
            due += len(piece) / max(RATE, 1e7 if stop.is_set() else 0)
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
        report["download"] = "ok"
        writer.close()
    except Exception as error:  # noqa: BLE001
        broke("download", f"{type(error).__name__}, {left} bytes missing")


async def upload(address):
    try:
        reader, writer = await asyncio.open_connection(address, 80)
        writer.write(b"POST /up HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n" % UPLOAD)
        left = UPLOAD
        while left > 0:
            size = min(left, 32768 if not stop.is_set() else 1 << 20)
            writer.write(b"y" * size)
            await writer.drain()
            left -= size
            if not stop.is_set():
                await asyncio.sleep(0.02)
        good, _ = await asyncio.wait_for(answer(reader), 20)
        assert good
        report["upload"] = "ok"
        writer.close()
    except Exception as error:  # noqa: BLE001
        broke("upload", type(error).__name__)


async def tunnel(address):
    try:
        reader, writer = await asyncio.open_connection(address, 80)
        writer.write(b"GET /ws HTTP/1.1\r\nHost: lab\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        while not stop.is_set():
            writer.write(b"ping\n")
            assert await asyncio.wait_for(reader.readline(), 5) == b"ping\n"
            report["echoes"] += 1
            await asyncio.sleep(0.02)
        report["tunnel"] = "ok"
        writer.close()
    except Exception as error:  # noqa: BLE001
        broke("tunnel", type(error).__name__)


async def main():
    address, count = sys.argv[1], int(sys.argv[2])
    opened = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(idle(address, opened)) for _ in range(count)]
    for _ in range(count):
        await asyncio.wait_for(opened.acquire(), 60)
    tasks += [asyncio.create_task(work(address)) for work in (download, upload, tunnel)]
    await asyncio.sleep(0.5)
    asyncio.get_running_loop().add_reader(0, lambda: stop.set() if not sys.stdin.buffer.raw.read(4096) else None)
    print("ready", flush=True)
    await asyncio.gather(*tasks)
    print(json.dumps(report), flush=True)


asyncio.run(main())
