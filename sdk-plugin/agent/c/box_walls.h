/* The walls that the init of a box builds around itself. Each returns NULL or the name of the step that failed. */
#ifndef SOULBOX_BOX_WALLS_H
#define SOULBOX_BOX_WALLS_H

#include "box.h"

/* Becomes the supervisor of the box's user namespace. */
const char *take_identity(const struct box_identity *identity);

/* A read-only world but for one sized tmpfs, which the working directory, /tmp and /dev/shm share. `in_container` hides
   what a container engine adds to its image, but where names can be asked for, whom it asks. */
const char *build_filesystem(uint64_t disk_bytes, bool in_container, bool stays, bool asks_names);

/* Names the host and brings up the loopback interface, the only one there is. */
const char *build_network(void);

/* Nothing of its own user can look into this process, and nothing started here can gain powers. */
const char *close_to_others(void);

/* Gives up what is not needed to start, watch and end programs. */
const char *drop_supervisor_powers(bool watches_memory);

#endif
