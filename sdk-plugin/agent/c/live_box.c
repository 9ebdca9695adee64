#include "live_box.h"

#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "box_stages.h"
#include "box_watch.h"
#include "live.h"

static bool enter(const void *plan) { return confine(plan); }

static void look(const void *plan) { watch_live(plan); }

static uint64_t memory_kills(const void *plan) {
  (void)plan;
  return watch_memory_kills();
}

void live_box(const struct box_plan *plan) {
  static struct live_setup setup;
  setup = (struct live_setup){.listener = plan->listener,
                              .link = plan->link,
                              .own_uid = plan->identity.own_uid,
                              .enter = enter,
                              .look = look,
                              .memory_kills = memory_kills,
                              .context = plan};
  if (getrandom(&setup.boot, sizeof setup.boot, 0) != sizeof setup.boot) _exit(EXIT_FAILURE);
  /* Numbers of more bits are not whole numbers to every client. */
  setup.boot &= (UINT64_C(1) << 53) - 1;
  live_serve(&setup);
}
