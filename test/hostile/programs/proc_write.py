from hostile import attempt, done, write

for path, text in (
    ("/proc/sys/kernel/core_pattern", "|/tmp/x"),
    ("/proc/sys/kernel/hostname", "owned"),
    ("/proc/sys/kernel/panic", "1"),
    ("/proc/sys/vm/drop_caches", "3"),
    ("/proc/sys/net/ipv4/ip_forward", "1"),
    ("/proc/sys/user/max_user_namespaces", "1"),
    ("/proc/sysrq-trigger", "h"),
    ("/proc/self/oom_score_adj", "-1000"),
    ("/proc/1/oom_score_adj", "1000"),
    ("/proc/1/comm", "owned"),
    ("/proc/self/uid_map", "0 0 1"),
    ("/proc/self/setgroups", "allow"),
    ("/proc/irq/0/smp_affinity", "1"),
):
    attempt(f"write {path}", write, path, text)
done()
