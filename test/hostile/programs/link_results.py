import os

from hostile import attempt, done, read

for number, target in enumerate(("/etc/shadow", "/proc/1/environ", "/root", "/proc/1/root/etc/shadow", "/dev/mem")):
    os.symlink(target, f"result{number}")
    attempt(f"read through a link to {target}", read, f"result{number}")
    attempt(f"write through a link to {target}", lambda number=number: os.open(f"result{number}", os.O_WRONLY))
os.mkfifo("result.fifo")
done()
