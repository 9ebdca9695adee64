import os
import sys

from hostile import attempt, done

for target in ("/bin/sh", sys.executable, "/etc/passwd", "/proc/1/environ"):
    attempt(f"link to {target}", os.link, target, "linked")
done()
