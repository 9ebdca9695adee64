import fcntl
import socket
import struct

from hostile import attempt, done

control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt("bring lo up", lambda: fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 1)))
attempt("give lo an address", lambda: fcntl.ioctl(control, 0x8916, struct.pack("16sHH4s8x", b"lo", 2, 0, bytes(4))))
done()
