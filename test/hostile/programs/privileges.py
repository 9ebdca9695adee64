from hostile import done

status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16) != 0:
        print("BREACH", name, status[name])
if status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
    print("BREACH no_new_privs or seccomp", status["NoNewPrivs"], status["Seccomp"])
if "0" in status["Uid"].split() or "0" in status["Gid"].split():
    print("BREACH root")
done()
