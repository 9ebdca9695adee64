import os
import subprocess

from hostile import attempt, done

attempt("setuid 0", os.setuid, 0)
attempt("setgid 0", os.setgid, 0)
attempt("setgroups", os.setgroups, [0])
attempt("seteuid of another", os.seteuid, 1001)
with open("/bin/sh", "rb") as source, open("sh", "wb") as copy:
    copy.write(source.read())
os.chmod("sh", 0o6755)
attempt("give a file to root", os.chown, "sh", 0, 0)
attempt("give a file to another", os.chown, "sh", 1001, 1001)
before = os.getuid()
after = subprocess.run(["./sh", "-p", "-c", "id -u"], capture_output=True, text=True).stdout.strip()
if after not in ("", str(before)) or before == 0:
    print("BREACH uid", before, after)
done()
