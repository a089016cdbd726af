/* The engine that runs the control plane's bytecode in this process, and what it is given of the operating system. */
#ifndef SSHIM_ENGINE_H
#define SSHIM_ENGINE_H

#include <quickjs.h>
#include <stddef.h>
#include <stdint.h>

/* What the program was started with. */
struct engine_start {
	int argc;
	char **argv;
	char **envp;
	size_t heap_limit;
};

/* A module of the control plane as bytecode, by its name; the table ends with a name of NULL. */
struct engine_module {
	const char *name;
	const uint8_t *start;
	const uint8_t *end;
};
extern const struct engine_module engine_modules[];

/* Runs the first module of the table to its end. Returns the exit code; the program may end the process before. */
int engine_run(const struct engine_start *start);

/* heap.c: an allocator for a process that is soon over, bounded by JS_SetMemoryLimit. */
extern const JSMallocFunctions engine_heap;

/* Each adds its functions to the object that the program sees as `system`. */
void engine_add_files(JSContext *ctx, JSValueConst system);
void engine_add_processes(JSContext *ctx, JSValueConst system);
void engine_add_text(JSContext *ctx, JSValueConst system);

/* text.c: texts of the system are bytes; those that are not UTF-8 are U+DC80 ... U+DCFF in a string, and come back as they were. */
JSValue engine_string(JSContext *ctx, const char *bytes, size_t length);
/* The bytes of a string, ended by a zero; NULL with an exception pending. To be freed by js_free. */
char *engine_bytes(JSContext *ctx, JSValueConst value, size_t *length);
/* The memory of a Uint8Array; false with an exception pending. */
int engine_view(JSContext *ctx, JSValueConst value, uint8_t **bytes, size_t *length);
JSValue engine_array(JSContext *ctx, const uint8_t *bytes, size_t length);

/* Throws an Error whose `code` is the name of an errno. */
JSValue engine_throw(JSContext *ctx, int error);
/* A function's number; false with an exception pending. */
int engine_number(JSContext *ctx, JSValueConst value, int *number);

#define ENGINE_COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

#endif
