/* Looks for names and for text. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live_work.h"

enum { EXPRESSION = 1, ANY_CASE = 2, MOST_LINE = 1000, LINE_ROOM = 64 << 10, LOOKED_AT = 8 << 10, MOST_TEXT = 4096 };

struct search {
  char name[MOST_PATH], text[MOST_TEXT];
  bool has_name, has_text;
  uint32_t flags, most, count;
  regex_t expression;
};

/* Where the line holds it, or -1. */
static long find_in(const struct search *search, const char *line) {
  if (search->flags & EXPRESSION) {
    regmatch_t match;
    return regexec(&search->expression, line, 1, &match, 0) == 0 ? (long)match.rm_so : -1;
  }
  const char *at = search->flags & ANY_CASE ? strcasestr(line, search->text) : strstr(line, search->text);
  return at ? at - line : -1;
}

/* Not within a character of UTF-8. */
static size_t shown_length(const char *line) {
  size_t length = strlen(line);
  if (length <= MOST_LINE) return length;
  for (length = MOST_LINE; length > MOST_LINE - 4 && ((uint8_t)line[length] & 0xc0) == 0x80;) length--;
  return length;
}

static void tell(struct search *search, const char *path, uint32_t number, long column, const char *line) {
  uint8_t bytes[MOST_PATH + MOST_LINE + 64];
  struct writer item = {bytes, 0, sizeof bytes};
  put_field_text(&item, 1, path);
  if (line) {
    put_field_u32(&item, 2, number);
    put_field_u32(&item, 3, (uint32_t)column + 1);
    put_field(&item, 4, line, shown_length(line));
  }
  work_item(&item);
  search->count++;
}

/* Whether there is a NUL near its beginning. */
static bool is_binary(int fd) {
  char bytes[LOOKED_AT];
  ssize_t got = pread(fd, bytes, sizeof bytes, 0);
  return got < 0 || memchr(bytes, 0, (size_t)got) != NULL;
}

static bool search_file(struct search *search, const struct found *found) {
  static char line[LINE_ROOM];
  struct stat status;
  int fd = open_regular(found->dir, found->name, O_RDONLY | O_NOFOLLOW, 0, &status);
  FILE *file = fd < 0 || is_binary(fd) ? NULL : fdopen(fd, "r");
  if (file == NULL) {
    if (fd >= 0) close(fd);
    return true;
  }
  uint32_t number = 1;
  bool room = true;
  while (room && fgets(line, sizeof line, file)) {
    size_t length = strlen(line);
    bool whole = length > 0 && line[length - 1] == '\n';
    if (whole) line[length - 1] = 0;
    long column = find_in(search, line);
    if (column >= 0) {
      room = search->count < search->most;
      if (room) tell(search, found->path, number, column, line);
    }
    number += whole;
  }
  fclose(file);
  return room;
}

static enum tree_next search_one(const struct found *found, void *context) {
  struct search *search = context;
  if (found->after) return TREE_ON;
  int flags = search->flags & ANY_CASE ? FNM_CASEFOLD : 0;
  if (search->has_name && fnmatch(search->name, found->name, flags) != 0) return TREE_ON;
  if (search->has_text) {
    if (S_ISREG(found->status->st_mode) && !search_file(search, found)) return TREE_STOP;
    return TREE_ON;
  }
  if (search->count == search->most) return TREE_STOP;
  tell(search, found->path, 0, 0, NULL);
  return TREE_ON;
}

void work_search(const struct frame *request) {
  static struct search search = {.most = UINT32_MAX};
  char path[MOST_PATH];
  work_path(request, 3, path);
  search.has_name = has_field(request, 4);
  search.has_text = has_field(request, 5);
  search.flags = work_flags(request, 6);
  get_u32(request, 7, &search.most);
  if (search.has_name && !get_text(request, 4, search.name, sizeof search.name)) work_fail("invalid", "name pattern");
  if (search.has_text && !get_text(request, 5, search.text, sizeof search.text)) work_fail("invalid", "text");
  if (search.has_text && (search.flags & EXPRESSION)) {
    char message[128];
    int wrong = regcomp(&search.expression, search.text, REG_EXTENDED | (search.flags & ANY_CASE ? REG_ICASE : 0));
    if (wrong) {
      regerror(wrong, &search.expression, message, sizeof message);
      work_fail("invalid", message);
    }
  }
  bool whole = tree_walk(path, false, search_one, &search);
  uint8_t end[FIELD_HEADER + 1];
  struct writer result = {end, 0, sizeof end};
  put_field_u8(&result, 1, !whole);
  work_end(&result);
}
