/* What the parts of the front share. The front walks argv, follows a ticket, attaches, and
 * otherwise asks or becomes the real ssh; it decides nothing. docs/protocol.md names every file and
 * line that is read here. */
#ifndef FRONT_H
#define FRONT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "argv.h"
#include "ticket.h"

enum { QUESTION_MAX = 16000, PATH_SIZE = 1024, HELD_MAX = 8, SHARDS_MAX = 64 };

/* Where it broke and how; the words are docs/protocol.md's. */
struct fault {
	const char *stage;
	const char *failure;
	char detail[160];
};

struct place { /* RUN, checked */
	char path[PATH_SIZE];
	int fd;       /* -1: none, so pass */
	int locks_fd; /* RUN/locks, -1 until it is needed */
	uint64_t held[HELD_MAX];
	int held_count;
};

struct front {
	int argc;
	char **argv;
	struct walk walk;
	char self[PATH_SIZE]; /* our own file */
	dev_t self_dev;
	ino_t self_ino;
	char real[PATH_SIZE]; /* the real ssh, once it was looked for */
	bool real_is_script;
	struct place place;
	char question[QUESTION_MAX + 1];
	size_t question_length;
	char hash[17];
	bool have_ticket;
	struct ticket ticket;
	int64_t started_ns;
	int attempts;
	int asked;         /* questions to the control plane; 0 is what the journal calls warm */
	int64_t opened_ns; /* when the session was opened, 0: it was not */
	int shard;
	bool sent; /* NEW_SESSION and its descriptors are with a master: never again */
	bool said_no_tty;
	struct fault fault; /* the last one, for the journal */
};

enum answer_kind { ANSWER_AGAIN, ANSWER_PASS, ANSWER_EXIT };
struct answer {
	enum answer_kind kind;
	int code;
};

/* pass.c: the real ssh. */
bool find_self(struct front *front);
bool find_real(struct front *front);
/* The path of another file in our own folder. */
bool beside_self(struct front *front, const char *name, char *path, size_t size);
_Noreturn void pass(struct front *front, const char *reason);
_Noreturn void become_copy(struct front *front, const char *name);
_Noreturn void become_control(struct front *front);

/* ask.c: the control plane. */
struct answer ask(struct front *front, const char *question, int shard, const struct fault *fault);

/* place.c: RUN and the question. */
bool open_place(struct front *front);
bool write_question(struct front *front);
bool gives_command(const struct front *front);

/* follow.c: one call from ticket to exit. */
_Noreturn void follow_ticket(struct front *front);

/* journal.c: one line an invocation. */
void journal(struct front *front, const char *outcome, const char *reason, int code);
int64_t now_ns(void);

/* modes.c: the front by other names (SSHIM_AS, scp, sftp). */
void run_as_other(struct front *front);

/* letters.c: which options take an argument, where versions differ. */
bool installed_letters(struct front *front, char *letters, size_t size);

/* word.c: the encoding of docs/protocol.md. */
uint64_t hash_bytes(const char *bytes, size_t length);
void hash_hex(uint64_t hash, char out[17]);
bool append_word(char *buffer, size_t size, size_t *length, const char *word);
bool decode_word(char *word);
bool parse_u64(const char *text, uint64_t *value);
bool hex_to_bytes(char *text);

#endif
