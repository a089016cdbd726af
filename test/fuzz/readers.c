/* Feeds bytes to the front's readers and checks what they promise. It repairs nothing: a broken
 * promise aborts. */
#include "readers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encode.h"
#include "mux.h"
#include "record.h"
#include "ticket.h"

static void demand(bool holds);
static void demand_inside(const struct ticket *ticket, const char *word, size_t length);

void
feed_ticket(const uint8_t *bytes, size_t length)
{
	/* On the heap and anew each time, so that a read past its end is seen. */
	struct ticket *ticket = malloc(sizeof(*ticket));

	demand(ticket != NULL);
	memset(ticket, 0xa5, sizeof(*ticket));
	memcpy(ticket->text, bytes, length < MAX_TICKET_BYTES ? length : MAX_TICKET_BYTES);
	if (length <= MAX_TICKET_BYTES + 1000 && ticket_parse(ticket, length)) {
		demand(length <= MAX_TICKET_BYTES);
		demand(ticket->dependency_count <= MAX_DEPENDENCIES &&
		    ticket->accept_count <= MAX_ACCEPTS);
		demand(ticket->sendenv_count <= MAX_VARIABLES &&
		    ticket->setenv_count <= MAX_VARIABLES);
		for (size_t i = 0; i < ticket->dependency_count; i++)
			demand_inside(ticket, ticket->dependencies[i].name, length);
		for (size_t i = 0; i < ticket->sendenv_count; i++)
			demand_inside(ticket, ticket->sendenv[i], length);
		for (size_t i = 0; i < ticket->setenv_count; i++)
			demand_inside(ticket, ticket->setenv[i], length);
		for (size_t i = 0; i < ticket->accept_count; i++)
			demand_inside(ticket, ticket->accept[i], length);
		demand_inside(ticket, ticket->call_id, length);
		demand_inside(ticket, ticket->reason, length);
		const char *words[] = { ticket->key, ticket->keydir, ticket->socket };
		for (size_t i = 0; i < 3; i++)
			if (ticket->lane != LANE_PASS)
				demand_inside(ticket, words[i], length);
		const char *optional[] = { ticket->journal_path, ticket->journal_fields,
			ticket->stdio_host, ticket->command, ticket->closing,
			ticket->socket_option };
		for (size_t i = 0; i < 6; i++)
			if (optional[i] != NULL)
				demand_inside(ticket, optional[i], length);
	}
	free(ticket);
}

void
feed_frames(const uint8_t *bytes, size_t length)
{
	struct mux_input *input = malloc(sizeof(*input));
	struct mux_reply reply;

	demand(input != NULL);
	memset(input, 0xa5, sizeof(*input));
	input->used = input->taken = 0;
	/* As from a socket: in pieces, as long as there is room; a decoder that takes nothing and
	 * needs nothing would loop for ever. */
	for (size_t fed = 0; fed < length;) {
		size_t room = sizeof(input->bytes) - input->used, piece = length - fed;
		piece = piece > 7 + fed % 97 ? 7 + fed % 97 : piece;
		demand(room > 0);
		piece = piece > room ? room : piece;
		memcpy(input->bytes + input->used, bytes + fed, piece);
		input->used += piece;
		fed += piece;
		enum mux_result next;
		while ((next = mux_decode(input, &reply)) == MUX_FRAME) {
			demand(input->taken >= 8 && input->taken <= input->used);
			if (reply.text != NULL)
				demand((const unsigned char *)reply.text >= input->bytes &&
				    (const unsigned char *)reply.text + reply.text_length <=
					input->bytes + input->taken);
		}
		if (next == MUX_NONSENSE)
			break;
	}
	free(input);
}

void
feed_record(const uint8_t *bytes, size_t length)
{
	static int file = -1;
	struct record record;

	if (file < 0)
		file = memfd_create("record", MFD_CLOEXEC);
	demand(file >= 0 && ftruncate(file, 0) == 0 &&
	    pwrite(file, bytes, length, 0) == (ssize_t)length);
	if (record_read(file, &record))
		demand(memchr(record.character, '\0', sizeof(record.character)) != NULL &&
		    (record.present || length == 0));
}

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
demand_inside(const struct ticket *ticket, const char *word, size_t length)
{
	demand(word >= ticket->text && word <= ticket->text + length &&
	    word + strlen(word) <= ticket->text + length);
}
