#ifndef SOULBOX_OUTER_PATHS_H
#define SOULBOX_OUTER_PATHS_H

#include <stdbool.h>

/* Where the host's root is while the new one is built. */
#define OLD_ROOT "/.host"

/* Makes `path` of the host appear at the same place, read-only, with the symbolic links on the way to it. Exits with
   an error that names the path when that is not possible, or would hide a part of the box. */
void bind_path(const char *path, bool as_root);

#endif
