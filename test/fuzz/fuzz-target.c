/* The libFuzzer target: READER (a macro of the build) says which of the front's readers gets the
 * bytes. */
#include "readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	READER(bytes, length);
	return 0;
}
