/* Joins strings and writes numbers. Refuses what does not fit instead of cutting it. */
#include "strbuf.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static bool
add_all(char *out, size_t size, size_t used, const char *first, va_list more)
{
	for (const char *text = first; text != NULL; text = va_arg(more, const char *)) {
		size_t length = strlen(text);

		if (length >= size - used) {
			out[0] = '\0';
			return false;
		}
		memcpy(out + used, text, length);
		used += length;
	}
	out[used] = '\0';
	return true;
}

bool
join(char *out, size_t size, ...)
{
	va_list more;

	va_start(more, size);
	bool fits = add_all(out, size, 0, va_arg(more, const char *), more);
	va_end(more);
	return fits;
}

bool
append_text(char *out, size_t size, ...)
{
	va_list more;

	va_start(more, size);
	bool fits = add_all(out, size, strlen(out), va_arg(more, const char *), more);
	va_end(more);
	return fits;
}

void
write_stderr(const char *first, ...)
{
	char line[2048];
	va_list more;

	va_start(more, first);
	if (add_all(line, sizeof(line), 0, first, more) && write(2, line, strlen(line)) < 0)
		line[0] = '\0'; /* nobody listens */
	va_end(more);
}

char *
number(uint64_t value, int width, char digits[NUMBER_SIZE])
{
	char reversed[NUMBER_SIZE];
	int count = 0;

	do
		reversed[count++] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	while (count < width && count < NUMBER_SIZE - 4)
		reversed[count++] = '0';
	for (int i = 0; i < count; i++)
		digits[i] = reversed[count - 1 - i];
	digits[count] = '\0';
	return digits;
}
