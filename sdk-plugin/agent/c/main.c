#include <string.h>
#include <unistd.h>

#include "canary.h"
#include "fail.h"
#include "options.h"
#include "outer_box.h"
#include "relay.h"
#include "serve.h"

int main(int count, char **arguments) {
  struct options options;
  if (count == 3 && strcmp(arguments[1], "canary") == 0) canary(arguments[2]);
  if (count >= 5 && strcmp(arguments[1], "relay") == 0) relay(arguments + 2);
  bool for_box = count >= 2 && strcmp(arguments[1], "box") == 0;
  if (!for_box && (count < 2 || strcmp(arguments[1], "serve") != 0))
    fail_usage("the modes are box, serve, canary and relay");
  options_parse(&options, arguments, for_box);
  if (for_box) outer_box(&options);
  /* Programs would then be root of the host, if without power. */
  if (geteuid() == 0) fail_usage("serve is not for root");
  options_hide(&options);
  struct serve_options serving = {.fd = options.fd, .max_runs = options.max_runs};
  serve(&serving);
}
