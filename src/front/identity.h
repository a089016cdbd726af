/* What the caller asks: the call id, by which tickets are found. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "front.h"

/* false: too long, or not UTF-8, which must not travel through the control plane. */
bool write_call_id(struct front *front);
/* ssh joins the words: with nothing in them they are no command. */
bool gives_command(const struct front *front);

#endif
