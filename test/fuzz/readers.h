/* One input for each of the front's readers, as an attacker or a broken disk would write it: what
 * the fuzzers and the seeded test call. */
#ifndef READERS_H
#define READERS_H

#include <stddef.h>
#include <stdint.h>

/* Each checks, beyond what the sanitizers see, that what came out lies inside what went in; it
 * aborts where it does not. */
void feed_ticket(const uint8_t *bytes, size_t length);
void feed_frames(const uint8_t *bytes, size_t length);
void feed_record(const uint8_t *bytes, size_t length);

#endif
