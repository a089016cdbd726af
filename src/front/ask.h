/* Asking the control plane. */
#ifndef ASK_H
#define ASK_H

#include "front.h"

enum reply_kind { REPLY_AGAIN, REPLY_PASS, REPLY_EXIT };
struct reply {
	enum reply_kind kind;
	int code;
};

struct reply ask(struct front *front, enum request request, int shard, const struct fault *fault);

#endif
