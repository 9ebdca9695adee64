/* The head of an entry of a tar, as POSIX has it. */
#ifndef SOULBOX_LIVE_TAR_H
#define SOULBOX_LIVE_TAR_H

#include <stdint.h>

enum { TAR_BLOCK = 512, TAR_CHECKSUM_AT = 148, TAR_CHECKSUM_BYTES = 8 };

struct tar_head {
  char name[100], mode[8], uid[8], gid[8], size[12], modified[12], checksum[TAR_CHECKSUM_BYTES], type, target[100],
      magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

/* Of all bytes, those of the checksum counted as spaces. */
static inline unsigned tar_checksum(const struct tar_head *head) {
  const uint8_t *bytes = (const uint8_t *)head;
  unsigned sum = 0;
  for (int i = 0; i < TAR_BLOCK; i++) {
    int own = i >= TAR_CHECKSUM_AT && i < TAR_CHECKSUM_AT + TAR_CHECKSUM_BYTES;
    sum += own ? ' ' : bytes[i];
  }
  return sum;
}

#endif
