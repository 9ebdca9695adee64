import socket
import sys

from hostile import attempt, done

port = int(sys.argv[2])
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
    def connect(family=family, address=address):
        with socket.socket(family) as client:
            client.settimeout(1)
            client.connect((address, port))
    attempt(f"connect {address}", connect)
try:
    # Whether it can be sent says nothing; the host looks whether it came.
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))
except OSError:
    pass
attempt("abstract socket of the host", lambda: socket.socket(socket.AF_UNIX).connect("\0" + sys.argv[3]))
attempt("unix socket of the host", lambda: socket.socket(socket.AF_UNIX).connect(sys.argv[4]))
done()
