/* The record of a master: the part that the front reads. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

struct record {
	bool present; /* false: the file is empty, so no master of ours is known */
	char character[33];
	uint32_t pid;
	uint64_t created; /* epoch seconds */
	uint64_t limit;   /* sessions; 0: not known */
};

/* false: something is there, but not what we write. */
bool record_read(int fd, struct record *record);

#endif
