import os

from hostile import attempt, done

os.mkdir("jail")
attempt("chroot", os.chroot, "jail")
for _ in range(64):
    os.chdir("..")
if os.path.exists("/etc/shadow") or sorted(os.listdir(".")) != sorted(os.listdir("/")):
    print("BREACH left the root")
done()
