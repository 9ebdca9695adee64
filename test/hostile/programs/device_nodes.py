import os
import stat

from hostile import attempt, done, read

for path in ("/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vsock", "/dev/loop-control", "/dev/vda"):
    attempt(f"read {path}", read, path, 1)
for name, kind, major, minor in (("mem", stat.S_IFCHR, 1, 1), ("disk", stat.S_IFBLK, 254, 0)):
    attempt(f"mknod {name}", lambda: os.mknod(name, kind | 0o666, os.makedev(major, minor)))
done()
