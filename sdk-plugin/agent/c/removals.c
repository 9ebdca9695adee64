#include "removals.h"

#include <string.h>
#include <time.h>

#include "system.h"

enum { MOST_TRIES = 60 };

static const uint64_t first_pause_ns = UINT64_C(2) * 1000 * 1000;
static const uint64_t longest_pause_ns = UINT64_C(500) * 1000 * 1000;

void removals_add(struct removals *removals, const struct cgroups *groups, struct leaf *leaf) {
  leaf_close(leaf);
  if (groups->count == 0 || leaf->name[0] == 0 || removals->count == MOST_REMOVALS) return;
  struct removal *removal = &removals->list[removals->count++];
  *removal = (struct removal){.due = now_ns()};
  memcpy(removal->name, leaf->name, sizeof removal->name);
  leaf->name[0] = 0;
}

static uint64_t pause_after(unsigned tries) {
  uint64_t pause = first_pause_ns << (tries < 16 ? tries : 16);
  return pause < longest_pause_ns ? pause : longest_pause_ns;
}

void removals_try(struct removals *removals, const struct cgroups *groups, uint64_t now) {
  for (unsigned i = 0; i < removals->count;) {
    struct removal *removal = &removals->list[i];
    if (removal->due > now) {
      i++;
    } else if (leaf_remove(groups, removal->name) || removal->tries == MOST_TRIES) {
      *removal = removals->list[--removals->count];
    } else {
      removal->due = now + pause_after(removal->tries++);
      i++;
    }
  }
}

uint64_t removals_due(const struct removals *removals) {
  uint64_t first = UINT64_MAX;
  for (unsigned i = 0; i < removals->count; i++)
    if (removals->list[i].due < first) first = removals->list[i].due;
  return first;
}

void removals_finish(struct removals *removals, const struct cgroups *groups) {
  const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
  for (unsigned tries = 0; tries < MOST_TRIES && removals->count > 0; tries++) {
    for (unsigned i = 0; i < removals->count; i++) removals->list[i].due = 0;
    removals_try(removals, groups, 0);
    if (removals->count > 0) nanosleep(&pause, NULL);
  }
}
