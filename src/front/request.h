/* The request for a session or a forwarding. */
#ifndef REQUEST_H
#define REQUEST_H

#include "front.h"
#include "mux.h"
#include "relay.h"

/* MUX_C_NEW_SESSION or MUX_C_NEW_STDIO_FWD. false: longer than a master takes. */
bool build_request(const struct front *front, bool tty, struct mux_output *out);
/* With the descriptors that go with it. false: it did not go whole, so nothing can have started. */
bool send_request(int fd, const struct ticket *ticket, const struct mux_output *out,
    const struct relay *relay);

#endif
