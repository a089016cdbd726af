/* Text without the C library's printf, which would be a sixth of this program. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_SIZE = 24 };

/* Writes the strings up to NULL one after the other; false, and an empty string, where they do not
 * fit. */
bool join(char *out, size_t size, ...);
/* The same, behind what is in `out` already. */
bool append_text(char *out, size_t size, ...);
/* The strings up to NULL, on stderr, in one write. */
void write_stderr(const char *first, ...);
/* Decimal, with at least `width` digits (up to 20), into `digits`, which it gives back. */
char *number(uint64_t value, int width, char digits[NUMBER_SIZE]);

#endif
