"""How fast the client itself is: against a server in another process that replies at once."""

from __future__ import annotations

import asyncio
import sys

REPLY = b'{"session": "s", "replies": [{"kind": "smalltalk"}]}'


async def _serve(port: int) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(REPLY)
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line.split(b":")[1]) for line in request.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(length)
                writer.write(head + REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
