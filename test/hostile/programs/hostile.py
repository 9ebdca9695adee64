"""Shared by the hostile programs: each thing that must not work is an attempt; one that works prints BREACH."""
import ctypes
import os
import platform

NUMBERS = {
    "x86_64": dict(
        io_uring_setup=425, add_key=248, request_key=249, keyctl=250, ptrace=101, process_vm_readv=310,
        process_vm_writev=311, mount=165, umount2=166, pivot_root=155, fsopen=430, open_tree=428, move_mount=429,
        mount_setattr=442, unshare=272, setns=308, clone=56, clone3=435, bpf=321, perf_event_open=298,
        userfaultfd=323, kcmp=312, pidfd_open=434, pidfd_getfd=438, name_to_handle_at=303, open_by_handle_at=304,
        init_module=175, finit_module=313, delete_module=176, kexec_load=246, reboot=169, swapon=167,
        settimeofday=164, clock_settime=227, adjtimex=159, sethostname=170, syslog=103, quotactl=179, acct=163,
        fanotify_init=300, memfd_create=319, shmget=29, shmat=30, mq_open=240, vhangup=153, personality=135,
        setuid=105, chroot=161, mlockall=151, get_mempolicy=239, migrate_pages=256, move_pages=279,
    ),
    "aarch64": dict(
        io_uring_setup=425, add_key=217, request_key=218, keyctl=219, ptrace=117, process_vm_readv=270,
        process_vm_writev=271, mount=40, umount2=39, pivot_root=41, fsopen=430, open_tree=428, move_mount=429,
        mount_setattr=442, unshare=97, setns=268, clone=220, clone3=435, bpf=280, perf_event_open=241,
        userfaultfd=282, kcmp=272, pidfd_open=434, pidfd_getfd=438, name_to_handle_at=264, open_by_handle_at=265,
        init_module=105, finit_module=273, delete_module=106, kexec_load=104, reboot=142, swapon=224,
        settimeofday=170, clock_settime=112, adjtimex=171, sethostname=161, syslog=116, quotactl=60, acct=89,
        fanotify_init=262, memfd_create=279, shmget=194, shmat=196, mq_open=180, vhangup=58, personality=92,
        setuid=146, chroot=51, mlockall=230, get_mempolicy=236, migrate_pages=238, move_pages=239,
    ),
}[platform.machine()]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(name, *arguments):
    """Makes a system call past every library; raises OSError where the kernel refuses it."""
    number = NUMBERS[name] if isinstance(name, str) else name
    converted = [a if not isinstance(a, int) else ctypes.c_long(a) for a in arguments]
    result = _libc.syscall(ctypes.c_long(number), *converted)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(name))
    return result


def attempt(what, action, *arguments):
    """Tries what must fail. True where it was held."""
    try:
        result = action(*arguments)
    except (OSError, ValueError, AttributeError) as error:
        print("held", what, getattr(error, "errno", None) or type(error).__name__, flush=True)
        return True
    print("BREACH", what, repr(result)[:200], flush=True)
    return False


def read(path, size=4096):
    with open(path, "rb") as file:
        content = file.read(size)
    if not content:
        raise OSError(0, "empty")
    return content


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def done():
    print("done", flush=True)
