#include <sys/syscall.h>

#include "seccomp.h"

/* Numbers that older headers lack are the same on every architecture that is built for. */
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

enum { FUTEX_REQUEUE_NUMBER = 456 };

static const struct call_rule rules[] = {
    {SYS_clone, CALL_CLONE},
    /* The flags of clone3 lie in memory, where a filter cannot look; C libraries fall back to clone. */
    {SYS_clone3, CALL_ENOSYS},
    {SYS_socket, CALL_SOCKET},
    {SYS_socketpair, CALL_SOCKET},
    {SYS_personality, CALL_PERSONALITY},
    {SYS_ioctl, CALL_IOCTL},
    /* Where the init of the box has the program's own uid, the kernel would let the program slow it down or end it. */
    {SYS_prlimit64, CALL_PRLIMIT},
    {SYS_sched_setparam, CALL_SCHEDULE},
    {SYS_sched_setscheduler, CALL_SCHEDULE},
    {SYS_sched_setaffinity, CALL_SCHEDULE},
    {SYS_sched_setattr, CALL_SCHEDULE},
    {SYS_setpriority, CALL_PRIORITY},
    {SYS_ioprio_set, CALL_IO_PRIORITY},

    {SYS_io_uring_setup, CALL_ENOSYS},
    {SYS_io_uring_enter, CALL_ENOSYS},
    {SYS_io_uring_register, CALL_ENOSYS},
    /* Contexts of this kind count against one limit of the whole host. */
    {SYS_io_setup, CALL_ENOSYS},
    {SYS_io_submit, CALL_ENOSYS},
    {SYS_memfd_secret, CALL_ENOSYS},
    {SYS_nfsservctl, CALL_ENOSYS},

    {SYS_add_key, CALL_EPERM},
    {SYS_request_key, CALL_EPERM},
    {SYS_keyctl, CALL_EPERM},
    {SYS_userfaultfd, CALL_EPERM},
    {SYS_bpf, CALL_EPERM},
    {SYS_perf_event_open, CALL_EPERM},
    {SYS_fanotify_init, CALL_EPERM},
    {SYS_fanotify_mark, CALL_EPERM},
    {SYS_lookup_dcookie, CALL_EPERM},

    {SYS_ptrace, CALL_EPERM},
    {SYS_process_vm_readv, CALL_EPERM},
    {SYS_process_vm_writev, CALL_EPERM},
    {SYS_process_madvise, CALL_EPERM},
    {SYS_process_mrelease, CALL_EPERM},
    {SYS_pidfd_getfd, CALL_EPERM},
    {SYS_kcmp, CALL_EPERM},
    {SYS_move_pages, CALL_EPERM},
    {SYS_migrate_pages, CALL_EPERM},

    {SYS_mount, CALL_EPERM},
    {SYS_umount2, CALL_EPERM},
    {SYS_pivot_root, CALL_EPERM},
    {SYS_chroot, CALL_EPERM},
    {SYS_open_tree, CALL_EPERM},
    {SYS_move_mount, CALL_EPERM},
    {SYS_fsopen, CALL_EPERM},
    {SYS_fsconfig, CALL_EPERM},
    {SYS_fsmount, CALL_EPERM},
    {SYS_fspick, CALL_EPERM},
    {SYS_mount_setattr, CALL_EPERM},
    {SYS_unshare, CALL_EPERM},
    {SYS_setns, CALL_EPERM},
    {SYS_name_to_handle_at, CALL_EPERM},
    {SYS_open_by_handle_at, CALL_EPERM},
    {SYS_quotactl, CALL_EPERM},
    {SYS_quotactl_fd, CALL_EPERM},
    {SYS_acct, CALL_EPERM},

    {SYS_settimeofday, CALL_EPERM},
    {SYS_clock_settime, CALL_EPERM},
    {SYS_clock_adjtime, CALL_EPERM},
    {SYS_adjtimex, CALL_EPERM},
    {SYS_sethostname, CALL_EPERM},
    {SYS_setdomainname, CALL_EPERM},
    {SYS_syslog, CALL_EPERM},
    {SYS_vhangup, CALL_EPERM},

    {SYS_kexec_load, CALL_KILL},
    {SYS_kexec_file_load, CALL_KILL},
    {SYS_init_module, CALL_KILL},
    {SYS_finit_module, CALL_KILL},
    {SYS_delete_module, CALL_KILL},
    {SYS_reboot, CALL_KILL},
    {SYS_swapon, CALL_KILL},
    {SYS_swapoff, CALL_KILL},

#ifdef __x86_64__
    {SYS_iopl, CALL_KILL},
    {SYS_ioperm, CALL_KILL},
    {SYS_modify_ldt, CALL_EPERM},
    {SYS_sysfs, CALL_ENOSYS},
    {SYS__sysctl, CALL_ENOSYS},
    {SYS_uselib, CALL_ENOSYS},
    {SYS_ustat, CALL_ENOSYS},
    {SYS_create_module, CALL_ENOSYS},
    {SYS_get_kernel_syms, CALL_ENOSYS},
    {SYS_query_module, CALL_ENOSYS},
#endif
};

static const struct call_rule memory_rules[] = {
    {SYS_memfd_create, CALL_ENOSYS},
    {SYS_shmget, CALL_ENOSYS},
    {SYS_msgget, CALL_ENOSYS},
    {SYS_semget, CALL_ENOSYS},
};

const struct call_rule *call_rules(unsigned *count) {
  *count = sizeof rules / sizeof *rules;
  return rules;
}

const struct call_rule *unaccounted_memory_rules(unsigned *count) {
  *count = sizeof memory_rules / sizeof *memory_rules;
  return memory_rules;
}

uint32_t newest_reviewed_call(void) { return FUTEX_REQUEUE_NUMBER; }
