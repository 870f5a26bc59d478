// SPDX-License-Identifier: Apache-2.0
/*
 * Frames as lines, for a serial console that the kernel writes to as well: docs/wire-format.md,
 * "Over a serial line".
 *
 * At 115200 baud a line carries 11,520 characters a second. A full line of switches is 4 + 495 + 2
 * characters for 396 bytes of body, 8 of them head and check, about 12 the head of the switches:
 * 376 bytes, at 3 to 5 bytes a switch 75 to 125 switches; 11,520 / 501 lines a second make 1,700
 * to 2,900 switches a second. What is beyond arrives as histograms.
 */
#include "frame.h"

#include <string.h>

#define PART 0x80
#define PART_PAYLOAD (TEXT_PAYLOAD - 12)	/* head, mark (up to four bytes), check */

static const char alphabet[] =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/* RFC 1924's alphabet on big-endian words of four bytes; a short last word is cut accordingly. */
static size_t base85(uint8_t *to, const uint8_t *bytes, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < size; at += 4) {
		size_t here = size - at < 4 ? size - at : 4;
		uint32_t word = 0;
		uint8_t digits[5];

		for (size_t i = 0; i < 4; i++)
			word = word << 8 | (i < here ? bytes[at + i] : 0);
		for (int i = 4; i >= 0; i--, word /= 85)
			digits[i] = (uint8_t)alphabet[word % 85];
		memcpy(to + used, digits, here + 1);
		used += here + 1;
	}
	return used;
}

static size_t line(uint8_t *to, struct payload *body)
{
	size_t used = 0;

	put_u32(body, crc32(0, body->bytes, body->used));
	to[used++] = ':';
	used += base85(to + used, body->bytes, body->used);
	to[used++] = '.';
	to[used++] = '\n';
	return used;
}

static void head(struct payload *body, uint8_t kind, uint16_t lane, uint32_t sequence)
{
	body->used = 0;
	body->bytes[body->used++] = kind;
	body->bytes[body->used++] = lane == STREAM_LANE ? 0xff : (uint8_t)lane;
	put_u16(body, (uint16_t)sequence);
}

static void append(struct payload *body, const uint8_t *bytes, size_t size)
{
	memcpy(body->bytes + body->used, bytes, size);
	body->used += size;
}

size_t text_size(size_t payload)
{
	size_t parts = payload / PART_PAYLOAD + 1;

	return (payload + parts * 16) / 4 * 5 + parts * 9;
}

size_t text_frame(uint8_t *to, enum kind kind, uint16_t lane, uint32_t sequence,
		  const uint8_t *payload, size_t size)
{
	static struct payload body;
	size_t parts = (size + PART_PAYLOAD - 1) / PART_PAYLOAD;
	size_t used = 0;

	if (size <= TEXT_PAYLOAD - 8) {
		head(&body, (uint8_t)kind, lane, sequence);
		append(&body, payload, size);
		return line(to, &body);
	}
	for (size_t part = 0; part < parts; part++) {
		size_t at = part * PART_PAYLOAD;

		head(&body, (uint8_t)(kind | PART), lane, sequence);
		put_varint(&body, 2 * (parts - 1 - part) + (part == 0));
		append(&body, payload + at, size - at < PART_PAYLOAD ? size - at : PART_PAYLOAD);
		used += line(to + used, &body);
	}
	return used;
}
