/*
 * Memory for the engine: blocks of a few sizes, cut from chunks and kept for the next one of the same size. It gives nothing
 * back before the process ends, but for large blocks, which are mappings of their own. The engine counts, and keeps the limit.
 */
#include "engine.h"

#include <string.h>
#include <sys/mman.h>

/* Before every block: how many bytes it has, itself left out. */
struct header {
	size_t size;
};

struct block {
	struct block *next;
};

enum { STEP = 16, SMALL = 1024, STEPS = SMALL / STEP, DOUBLINGS = 8, CHUNK = 256 * 1024 };
/* From here on a block is a mapping. */
#define LARGE ((size_t)SMALL << DOUBLINGS)
#define PAGE ((size_t)4096)

static struct block *kept[STEPS + DOUBLINGS + 1];
static char *chunk, *chunk_end;

/* The list of blocks of at least this size; `size` becomes what they have. */
static size_t class_of(size_t *size)
{
	size_t class, whole;

	whole = (*size + sizeof(struct header) + STEP - 1) / STEP * STEP;
	if (whole <= SMALL) {
		*size = whole - sizeof(struct header);
		return whole / STEP;
	}
	for (class = STEPS + 1, whole = 2 * SMALL; whole < *size + sizeof(struct header); class++)
		whole *= 2;
	*size = whole - sizeof(struct header);
	return class;
}

static void *map(size_t size)
{
	void *memory;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static size_t mapping_size(size_t size)
{
	return (size + sizeof(struct header) + PAGE - 1) / PAGE * PAGE;
}

static struct header *header_of(void *memory)
{
	return (struct header *)memory - 1;
}

static void *large(size_t size)
{
	struct header *header;

	header = map(mapping_size(size));
	if (header == NULL)
		return NULL;
	header->size = mapping_size(size) - sizeof(*header);
	return header + 1;
}

static void *small(size_t size)
{
	struct header *header;
	struct block *block;
	size_t class, whole;

	class = class_of(&size);
	block = kept[class];
	if (block != NULL) {
		kept[class] = block->next;
		return block;
	}
	whole = size + sizeof(*header);
	if ((size_t)(chunk_end - chunk) < whole) {
		size_t wanted = whole > CHUNK ? whole : CHUNK;

		chunk = map(wanted);
		if (chunk == NULL) {
			chunk_end = NULL;
			return NULL;
		}
		chunk_end = chunk + wanted;
	}
	header = (struct header *)chunk;
	chunk += whole;
	header->size = size;
	return header + 1;
}

static size_t heap_size(const void *memory)
{
	return memory == NULL ? 0 : ((const struct header *)memory - 1)->size;
}

static void *heap_malloc(JSMallocState *state, size_t size)
{
	void *memory;

	if (size == 0 || state->malloc_size + size > state->malloc_limit)
		return NULL;
	memory = size + sizeof(struct header) > LARGE ? large(size) : small(size);
	if (memory == NULL)
		return NULL;
	state->malloc_count++;
	state->malloc_size += heap_size(memory) + sizeof(struct header);
	return memory;
}

static void heap_free(JSMallocState *state, void *memory)
{
	struct header *header;
	struct block *block = memory;
	size_t size;

	if (memory == NULL)
		return;
	header = header_of(memory);
	size = header->size;
	state->malloc_count--;
	state->malloc_size -= size + sizeof(*header);
	if (size + sizeof(*header) > LARGE) {
		munmap(header, size + sizeof(*header));
		return;
	}
	block->next = kept[class_of(&size)];
	kept[class_of(&size)] = block;
}

static void *heap_realloc(JSMallocState *state, void *memory, size_t size)
{
	struct header *header;
	size_t old = heap_size(memory);
	void *moved;

	if (memory == NULL)
		return heap_malloc(state, size);
	if (size == 0) {
		heap_free(state, memory);
		return NULL;
	}
	if (size <= old && old < LARGE)
		return memory;
	header = header_of(memory);
	if (old + sizeof(*header) > LARGE && size + sizeof(*header) > LARGE) {
		if (state->malloc_size - old + size > state->malloc_limit)
			return NULL;
		header = mremap(header, old + sizeof(*header), mapping_size(size), MREMAP_MAYMOVE);
		if (header == MAP_FAILED)
			return NULL;
		header->size = mapping_size(size) - sizeof(*header);
		state->malloc_size += header->size - old;
		return header + 1;
	}
	moved = heap_malloc(state, size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, memory, old < size ? old : size);
	heap_free(state, memory);
	return moved;
}

const JSMallocFunctions engine_heap = { heap_malloc, heap_free, heap_realloc, heap_size };
