import ctypes

from hostile import attempt, call, done

text = ctypes.c_char_p
attempt("mount tmpfs", lambda: call("mount", text(b"none"), text(b"/tmp"), text(b"tmpfs"), 0, None))
attempt("bind /proc", lambda: call("mount", text(b"/proc"), text(b"/tmp"), None, 4096, None))
attempt("make the root writable", lambda: call("mount", None, text(b"/"), None, 32 | 4096, None))
attempt("mount proc", lambda: call("mount", text(b"proc"), text(b"/tmp"), text(b"proc"), 0, None))
attempt("unmount a mask", lambda: call("umount2", text(b"/proc/kcore"), 2))
attempt("unmount /proc", lambda: call("umount2", text(b"/proc"), 2))
attempt("pivot_root", lambda: call("pivot_root", text(b"."), text(b".")))
attempt("fsopen", lambda: call("fsopen", text(b"tmpfs"), 0))
attempt("open_tree", lambda: call("open_tree", -100, text(b"/"), 1))
attempt("move_mount", lambda: call("move_mount", -100, text(b"/proc"), -100, text(b"/tmp"), 0))
attempt("mount_setattr", lambda: call("mount_setattr", -100, text(b"/"), 0, text(b"\0" * 32), 32))
done()
