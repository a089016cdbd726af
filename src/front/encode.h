/* The encoding of docs/protocol.md: words without spaces, hashes, decimal numbers. */
#ifndef ENCODE_H
#define ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const char *bytes, size_t length);
void hash_hex(uint64_t hash, char out[17]);
bool append_word(char *buffer, size_t size, size_t *length, const char *word);
/* In place; a decoded NUL is refused, since everything here ends up as a C string. */
bool decode_word(char *word);
bool hex_to_bytes(char *text);
bool parse_u64(const char *text, uint64_t *value);

#endif
