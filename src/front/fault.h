/* Where a call broke and how, for the control plane and the journal. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

#include "protocol.h"

struct fault {
	enum stage stage; /* NO_STAGE: it did not break */
	enum failure failure;
	char detail[160];
};

/* Always false, so that whoever sets one can return it. */
static inline bool
set_fault(struct fault *fault, enum stage stage, enum failure failure)
{
	*fault = (struct fault){ stage, failure, "" };
	return false;
}

static inline bool
fault_is(const struct fault *fault, enum stage stage, enum failure failure)
{
	return fault->stage == stage && fault->failure == failure;
}

#endif
