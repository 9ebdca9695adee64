#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "box_walls.h"

const char *build_network(void) {
  static const char name[] = "sandbox";
  if (sethostname(name, sizeof name - 1) < 0) return "hostname";
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "loopback";
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int failed = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return failed < 0 ? "loopback" : NULL;
}
