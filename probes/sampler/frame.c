// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"

#define HEADER 24u
#define WIRE_VERSION 1
/* A quick reader gets room for bursts; a serial line is kept fresh instead of deep. */
#define BINARY_BUFFER (1u << 20)
#define TEXT_BUFFER 16384u
#define TEXT_DEPTH 1024u

static const uint8_t magic[4] = { 0x9e, 'H', 'V', 'W' };

static void little(uint8_t *to, uint64_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static void put(struct payload *payload, uint64_t value, unsigned int size)
{
	little(payload->bytes + payload->used, value, size);
	payload->used += size;
}

void put_u16(struct payload *payload, uint16_t value)
{
	put(payload, value, 2);
}

void put_u32(struct payload *payload, uint32_t value)
{
	put(payload, value, 4);
}

void put_u64(struct payload *payload, uint64_t value)
{
	put(payload, value, 8);
}

void put_varint(struct payload *payload, uint64_t value)
{
	while (value >= 0x80) {
		payload->bytes[payload->used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	payload->bytes[payload->used++] = (uint8_t)value;
}

uint32_t crc32(uint32_t crc, const void *data, size_t size)
{
	static uint32_t table[256];
	const uint8_t *bytes = data;

	if (!table[1])
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
			table[i] = c;
		}
	crc = ~crc;
	while (size--)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return ~crc;
}

/*
 * Writing must never wait: the writer also listens. O_NONBLOCK belongs to an open file, which a
 * terminal's shell or our own standard error may share: so open a pipe or a terminal once more.
 */
static int open_without_waiting(int fd)
{
	struct stat status;
	char path[32];
	int own = -1;

	if (fstat(fd, &status))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (S_ISFIFO(status.st_mode) || isatty(fd))
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0)
		return own;
	if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

int output_init(struct output *output, int fd, bool text)
{
	*output = (struct output){ .fd = open_without_waiting(fd), .text = text };
	output->size = text ? TEXT_BUFFER : BINARY_BUFFER;
	output->bytes = malloc(output->size);
	output->progress_ns = monotonic_ns();
	if (output->bytes)
		memset(output->bytes, 0, output->size);
	return output->bytes ? 0 : -1;
}

bool output_fits(const struct output *output, size_t payload)
{
	size_t frame = output->text ? text_size(payload) : HEADER + payload;

	return output->used + frame <= output->size;
}

bool output_has_room(const struct output *output, size_t payload)
{
	return !(output->text && output->used > TEXT_DEPTH) && output_fits(output, payload);
}

void output_frame(struct output *output, enum kind kind, uint16_t lane,
		  const struct payload *payload)
{
	uint8_t *to = output->bytes + output->used;
	uint32_t sequence;

	if (output->broken)
		return;
	if (!output_fits(output, payload->used))
		abort();
	if (!output->used)
		output->progress_ns = monotonic_ns();	/* a stall begins no earlier */
	sequence = output->sequence++;
	if (output->text) {
		output->used += text_frame(to, kind, lane, sequence, payload->bytes, payload->used);
		return;
	}
	memcpy(to, magic, sizeof(magic));
	to[4] = WIRE_VERSION;
	to[5] = (uint8_t)kind;
	little(to + 6, lane, 2);
	little(to + 8, sequence, 4);
	little(to + 12, payload->used, 4);
	little(to + 16, crc32(0, to, 16), 4);
	little(to + 20, crc32(0, payload->bytes, payload->used), 4);
	memcpy(to + HEADER, payload->bytes, payload->used);
	output->used += HEADER + payload->used;
}

void output_flush(struct output *output)
{
	size_t done = 0;
	uint64_t now = monotonic_ns();

	while (done < output->used && !output->broken) {
		ssize_t wrote = write(output->fd, output->bytes + done, output->used - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote < 0 && errno == EINTR)
			continue;
		else if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		else
			output->broken = true;	/* the reader is gone */
	}
	memmove(output->bytes, output->bytes + done, output->used - done);
	output->used -= done;
	if (done || !output->used) {
		if (now - output->progress_ns > output->longest_stall_ns)
			output->longest_stall_ns = now - output->progress_ns;
		output->progress_ns = now;
	}
}
