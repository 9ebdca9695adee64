#!/usr/bin/env python3
"""Runs a Python program on a SoulBox host and shows its output while it runs. Needs only the standard library."""

import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # from RFC 6455

CODE = """
import time
for n in range(3):
    print("line", n, flush=True)
    time.sleep(0.1)
"""


class WebSocket:
    """The client's side of RFC 6455, for text messages."""

    def __init__(self, url, key):
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        address = (parts.hostname, parts.port or (443 if secure else 80))
        self.socket = socket.create_connection(address, timeout=60)
        if secure:
            context = ssl.create_default_context()
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.stream = self.socket.makefile("rb")
        nonce = base64.b64encode(os.urandom(16)).decode()
        request = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {nonce}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {key}",
        ]
        self.socket.sendall(("\r\n".join(request) + "\r\n\r\n").encode())
        status = self.stream.readline().decode().strip()
        headers = {}
        while line := self.stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if " 101 " not in status:
            length = int(headers.get("content-length", 0))
            raise ConnectionError(f"{status} {self.stream.read(length).decode()}")
        digest = hashlib.sha1((nonce + ACCEPT_SUFFIX).encode()).digest()
        if headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise ConnectionError("this is no WebSocket host")

    def send(self, payload, opcode=TEXT):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        repeated = mask * (size // 4 + 1)
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")
        self.socket.sendall(head + mask + masked.to_bytes(size, "big"))

    def messages(self):
        message = b""
        while True:
            first, size = self.read(2)
            if size == 126:
                (size,) = struct.unpack("!H", self.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.read(8))
            payload, opcode = self.read(size), first & 0x0F
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                raise ConnectionError(f"closed by the host: {payload[2:].decode()}")
            elif opcode != PONG:
                message += payload
                if first & 0x80:
                    yield message.decode()
                    message = b""

    def read(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise ConnectionError("the connection was lost")
        return data


def main():
    url = os.environ.get("SOULBOX_URL", "ws://127.0.0.1:7070/rpc")
    host = WebSocket(url, os.environ.get("SOULBOX_KEY", ""))
    params = {"language": "python", "code": CODE, "stream": True}
    request = {"jsonrpc": "2.0", "id": 1, "method": "executions.create", "params": params}
    host.send(json.dumps(request).encode())
    for text in host.messages():
        message = json.loads(text)
        if message.get("method") == "executions.event":
            show(message["params"])
        elif message.get("id") == 1:
            return report(message)


def show(event):
    if event["type"] in ("stdout", "stderr"):
        data = event["data"]
        raw = base64.b64decode(data) if event.get("encoding") == "base64" else data.encode()
        stream = getattr(sys, event["type"]).buffer
        stream.write(raw)
        stream.flush()


def report(answer):
    if "error" in answer:
        error = answer["error"]
        sys.exit(f"{error['message']} ({error['code']}). {error['data']['advice']}")
    result = answer["result"]
    print(f"verdict: {result['verdict']} after {round(result['usage']['wallMs'])} ms")
    return 0 if result["verdict"] == "ok" else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        sys.exit(f"cannot use the host: {error}")
