import resource

from hostile import attempt, done

for name in ("RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_CORE", "RLIMIT_RTPRIO", "RLIMIT_NICE"):
    number = getattr(resource, name, {"RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14}.get(name))
    hard = resource.getrlimit(number)[1]
    if hard == resource.RLIM_INFINITY:
        print("BREACH", name, "unlimited")
    else:
        attempt(name, resource.setrlimit, number, (hard, hard + 1))
done()
