/* Texts, bytes and digests for the control plane. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* The length of the UTF-8 sequence at `at`; 0 where there is none, and then *skip is how many bytes belong to the broken one. */
static size_t sequence(const uint8_t *at, const uint8_t *end, size_t *skip)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t length;

	*skip = 1;
	if (*at < 0x80)
		return 1;
	if (*at < 0xc2 || *at > 0xf4)
		return 0;
	length = *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	/* No long form, no surrogate, nothing above U+10FFFF. */
	if (*at == 0xe0)
		low = 0xa0;
	else if (*at == 0xed)
		high = 0x9f;
	else if (*at == 0xf0)
		low = 0x90;
	else if (*at == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++) {
		if (at + i >= end || at[i] < low || at[i] > high) {
			*skip = i;
			return 0;
		}
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static size_t valid_length(const uint8_t *bytes, size_t length)
{
	const uint8_t *at = bytes, *end = bytes + length;
	size_t skip, step;

	while (at < end && (step = sequence(at, end, &skip)) > 0)
		at += step;
	return at - bytes;
}

/* Puts in the place of each broken byte (keep) or sequence what three bytes say: the byte itself, or U+FFFD. */
static JSValue mended(JSContext *ctx, const uint8_t *bytes, size_t length, int keep)
{
	const uint8_t *at = bytes, *end = bytes + length;
	uint8_t *text = js_malloc(ctx, 3 * length + 1), *to = text;
	JSValue value;

	if (text == NULL)
		return JS_EXCEPTION;
	while (at < end) {
		size_t skip, step = sequence(at, end, &skip);

		if (step > 0) {
			memcpy(to, at, step);
			to += step;
			at += step;
		} else if (keep) {
			*to++ = 0xed;
			*to++ = 0xb2 | (*at >> 6 & 1);
			*to++ = 0x80 | (*at & 0x3f);
			at++;
		} else {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			at += skip;
		}
	}
	value = JS_NewStringLen(ctx, (char *)text, to - text);
	js_free(ctx, text);
	return value;
}

JSValue engine_string(JSContext *ctx, const char *bytes, size_t length)
{
	if (valid_length((const uint8_t *)bytes, length) == length)
		return JS_NewStringLen(ctx, bytes, length);
	return mended(ctx, (const uint8_t *)bytes, length, 1);
}

char *engine_bytes(JSContext *ctx, JSValueConst value, size_t *length)
{
	size_t said, kept = 0;
	const char *text = JS_ToCStringLen(ctx, &said, value);
	char *bytes;

	if (text == NULL)
		return NULL;
	bytes = js_malloc(ctx, said + 1);
	for (size_t i = 0; bytes != NULL && i < said;) {
		const uint8_t *at = (const uint8_t *)text + i;

		if (at[0] == 0xed && i + 2 < said && (at[1] == 0xb2 || at[1] == 0xb3)) {
			bytes[kept++] = (char)(0x80 | (at[1] & 1) << 6 | (at[2] & 0x3f));
			i += 3;
		} else if (at[0] == 0xed && i + 2 < said && at[1] >= 0xa0) {
			/* A half of a pair, alone: no text has it. */
			memcpy(bytes + kept, "\xef\xbf\xbd", 3);
			kept += 3;
			i += 3;
		} else {
			bytes[kept++] = text[i++];
		}
	}
	JS_FreeCString(ctx, text);
	if (bytes == NULL)
		return NULL;
	bytes[kept] = '\0';
	*length = kept;
	return bytes;
}

int engine_view(JSContext *ctx, JSValueConst value, uint8_t **bytes, size_t *length)
{
	size_t offset, size, whole;
	JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, length, &size);
	uint8_t *memory;

	if (JS_IsException(buffer))
		return 0;
	memory = JS_GetArrayBuffer(ctx, &whole, buffer);
	JS_FreeValue(ctx, buffer);
	if (memory == NULL || size != 1 || offset + *length > whole)
		return 0;
	*bytes = memory + offset;
	return 1;
}

JSValue engine_array(JSContext *ctx, const uint8_t *bytes, size_t length)
{
	JSValue global = JS_GetGlobalObject(ctx);
	JSValue make = JS_GetPropertyStr(ctx, global, "Uint8Array");
	JSValue buffer = JS_NewArrayBufferCopy(ctx, bytes, length);
	JSValue array = JS_IsException(buffer) ? JS_EXCEPTION : JS_CallConstructor(ctx, make, 1, &buffer);

	JS_FreeValue(ctx, buffer);
	JS_FreeValue(ctx, make);
	JS_FreeValue(ctx, global);
	return array;
}

static JSValue encode_utf8(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	size_t length;
	char *bytes = engine_bytes(ctx, argv[0], &length);
	JSValue array;

	(void)this;
	(void)argc;
	if (bytes == NULL)
		return JS_EXCEPTION;
	array = engine_array(ctx, (uint8_t *)bytes, length);
	js_free(ctx, bytes);
	return array;
}

/* decodeUtf8(bytes, strict): with strict undefined for what is not UTF-8. */
static JSValue decode_utf8(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	uint8_t *bytes;
	size_t length;

	(void)this;
	(void)argc;
	if (!engine_view(ctx, argv[0], &bytes, &length))
		return JS_EXCEPTION;
	if (valid_length(bytes, length) == length)
		return JS_NewStringLen(ctx, (char *)bytes, length);
	return JS_ToBool(ctx, argv[1]) ? JS_UNDEFINED : mended(ctx, bytes, length, 0);
}

static JSValue decode_latin1(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	uint8_t *bytes, *text, *to;
	size_t length;
	JSValue value;

	(void)this;
	(void)argc;
	if (!engine_view(ctx, argv[0], &bytes, &length))
		return JS_EXCEPTION;
	text = to = js_malloc(ctx, 2 * length + 1);
	if (text == NULL)
		return JS_EXCEPTION;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] < 0x80) {
			*to++ = bytes[i];
		} else {
			*to++ = 0xc0 | bytes[i] >> 6;
			*to++ = 0x80 | (bytes[i] & 0x3f);
		}
	}
	value = JS_NewStringLen(ctx, (char *)text, to - text);
	js_free(ctx, text);
	return value;
}

static JSValue encode_latin1(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	size_t said, kept = 0;
	const uint8_t *text = (const uint8_t *)JS_ToCStringLen(ctx, &said, argv[0]);
	uint8_t *bytes;
	JSValue array = JS_EXCEPTION;

	(void)this;
	(void)argc;
	if (text == NULL)
		return JS_EXCEPTION;
	bytes = js_malloc(ctx, said + 1);
	if (bytes != NULL) {
		for (size_t i = 0; i < said; i++) {
			if (text[i] < 0x80)
				bytes[kept++] = text[i];
			else if (text[i] >= 0xc0 && i + 1 < said)
				bytes[kept++] = (uint8_t)(text[i] << 6 | (text[i + 1] & 0x3f));
		}
		array = engine_array(ctx, bytes, kept);
		js_free(ctx, bytes);
	}
	JS_FreeCString(ctx, (const char *)text);
	return array;
}

/* SHA-256 (FIPS 180-4). */
static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
	0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
	0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, int by)
{
	return word >> by | word << (32 - by);
}

static void digest_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		    (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t one = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + w[i];
		uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

static JSValue sha256(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	uint8_t last[128] = { 0 }, digest[32];
	uint8_t *bytes;
	size_t length, left, padded;

	(void)this;
	(void)argc;
	if (!engine_view(ctx, argv[0], &bytes, &length))
		return JS_EXCEPTION;
	for (left = length; left >= 64; left -= 64, bytes += 64)
		digest_block(state, bytes);
	memcpy(last, bytes, left);
	last[left] = 0x80;
	padded = left < 56 ? 64 : 128;
	for (int i = 0; i < 8; i++)
		last[padded - 1 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
	for (size_t i = 0; i < padded; i += 64)
		digest_block(state, last + i);
	for (int i = 0; i < 32; i++)
		digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
	return engine_array(ctx, digest, sizeof(digest));
}

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_DEF("encodeUtf8", 1, encode_utf8),
	JS_CFUNC_DEF("decodeUtf8", 2, decode_utf8),
	JS_CFUNC_DEF("encodeLatin1", 1, encode_latin1),
	JS_CFUNC_DEF("decodeLatin1", 1, decode_latin1),
	JS_CFUNC_DEF("sha256", 1, sha256),
};

void engine_add_text(JSContext *ctx, JSValueConst system)
{
	JS_SetPropertyFunctionList(ctx, system, functions, ENGINE_COUNT(functions));
}
