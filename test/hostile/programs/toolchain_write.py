import os
import sys

from hostile import attempt, done, write

places = ["/", "/bin", "/usr/bin", "/usr/lib", "/etc", "/lib", "/dev", "/proc", os.path.dirname(sys.executable)]
for place in places + [os.path.dirname(os.__file__)]:
    attempt(f"write in {place}", write, f"{place}/soulbox-planted", "x")
for file in ("/bin/sh", sys.executable, os.__file__, "/etc/passwd", "/etc/ld.so.cache"):
    attempt(f"open {file}", os.open, file, os.O_WRONLY)
    attempt(f"chmod {file}", os.chmod, file, 0o777)
    attempt(f"remove {file}", os.unlink, file)
    attempt(f"touch {file}", os.utime, file, (0, 0))
done()
