import os

from hostile import attempt, done, read

for path in ("/proc/kcore", "/proc/kmsg", "/proc/timer_list", "/proc/keys", "/proc/sched_debug", "/proc/sysrq-trigger",
             "/proc/scsi/scsi", "/proc/acpi/event", "/proc/slabinfo", "/proc/vmallocinfo"):
    attempt(f"read {path}", read, path, 64)
try:
    addresses = {line.split()[0] for line in read("/proc/kallsyms").splitlines()[:-1]}
    if addresses - {b"0000000000000000"}:
        print("BREACH kernel addresses")
except OSError:
    pass
pids = [name for name in os.listdir("/proc") if name.isdigit()]
if len(pids) > 2:
    print("BREACH other processes", pids)
done()
