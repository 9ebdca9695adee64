import os
import stat

from hostile import done

for descriptor in range(3, 1024):
    try:
        target = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
    if target not in (f"/proc/{os.getpid()}/fd", __file__, os.path.abspath(__file__)):
        print("BREACH descriptor", descriptor, target)
for descriptor in range(3):
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode) or os.isatty(descriptor):
        print("BREACH kind of", descriptor)
done()
