/**
 * A Python program that prints, as JSON, what its interpreter is made of. It opens every extension module of the
 * standard library without running it, so that the shared libraries that any of them needs appear among the mapped files.
 */
export const whereabouts = `
import json, os, sys, sysconfig

named = sysconfig.get_paths()
library = {named["stdlib"], named["platstdlib"]}
library.update(path for path in sys.path if os.path.basename(path) == "lib-dynload")
packages = [path for path in sys.path if path not in library and os.path.exists(path)]

mapped = set()
try:
    import _ctypes
    for folder in library:
        for name in os.listdir(folder):
            if name.endswith(".so"):
                try:
                    _ctypes.dlopen(os.path.join(folder, name), os.RTLD_LAZY)
                except OSError:
                    pass
except ImportError:
    pass
try:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = line.rstrip("\\n").split(None, 5)[5:]
            if path and path[0].startswith("/") and ".so" in os.path.basename(path[0]):
                mapped.add(path[0])
    # Programs ask for a library by another name, which is a link beside it.
    for folder in {os.path.dirname(path) for path in mapped}:
        stems = tuple({os.path.basename(path).split(".so")[0] + ".so" for path in mapped if os.path.dirname(path) == folder})
        for entry in os.scandir(folder):
            if entry.is_symlink() and entry.name.startswith(stems) and os.path.realpath(entry.path) in mapped:
                mapped.add(entry.path)
except OSError:
    pass

# A wheel that makes virtual environments is pip, whole and in one file; else pip may be among the packages.
wheels = [os.path.join(named["stdlib"], "ensurepip", "_bundled"), sysconfig.get_config_var("WHEEL_PKG_DIR")]
wheels = [os.path.join(folder, name) for folder in wheels if folder and os.path.isdir(folder)
          for name in os.listdir(folder) if name.startswith("pip-") and name.endswith(".whl")]

virtual = os.path.join(sys.prefix, "pyvenv.cfg")
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "environment": virtual if sys.prefix != sys.base_prefix else None,
    "library": sorted(path for path in library if os.path.isdir(path)),
    "packages": sorted(packages),
    "sharedLibraries": sorted(mapped),
    "pip": max(wheels, default=None),
}))
`;
