import socket

from hostile import attempt, done


def connect(address, port, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(0.5)
        client.connect((address, port))


attempt("test network", connect, "192.0.2.1", 80)
attempt("link-local", connect, "169.254.0.1", 80)
attempt("datagram", connect, "192.0.2.1", 53, socket.SOCK_DGRAM)
attempt("name service", socket.getaddrinfo, "soulbox.invalid", 80)
interfaces = [name for _, name in socket.if_nameindex()]
if interfaces not in ([], ["lo"]):
    print("BREACH interfaces", interfaces)
done()
