/* The request for a session or a forwarding. */
#ifndef REQUEST_H
#define REQUEST_H

#include "attach.h"
#include "relay.h"
#include "tty.h"

/* MUX_C_NEW_SESSION or MUX_C_NEW_STDIO_FWD; false: longer than a master takes. */
bool build_request(struct front *front, const struct tty *tty, struct mux_output *out);
/* false: it did not go whole, so nothing can have started; true: front->sent is set. */
bool send_request(struct front *front, struct connection *connection, const struct mux_output *out,
    const struct relay *relay);

#endif
