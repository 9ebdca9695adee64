import socket

from hostile import attempt, done

RAW, DATAGRAM, STREAM = socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM
for name, family, kind, protocol in (
    ("raw IPv4", socket.AF_INET, RAW, socket.IPPROTO_ICMP),
    ("raw IPv6", socket.AF_INET6, RAW, 58),
    ("packet", 17, RAW, 0),
    ("vsock", 40, STREAM, 0),
    ("alg", 38, 5, 0),
    ("key", 15, RAW, 2),
    ("bluetooth", 31, RAW, 1),
    ("can", 29, RAW, 1),
    ("tipc", 30, STREAM, 0),
    ("rds", 21, 5, 0),
    ("xdp", 44, RAW, 0),
    ("netlink netfilter", 16, RAW, 12),
    ("netlink audit", 16, RAW, 9),
    ("netlink uevent", 16, RAW, 15),
):
    attempt(name, lambda: socket.socket(family, kind, protocol))
done()
