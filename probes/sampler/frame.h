/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of docs/wire-format.md into a buffer that is written out as far as the reader takes it. */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_LANE 0xffffu
#define MAX_PAYLOAD 65536u
#define TEXT_PAYLOAD 396u	/* what fits one line of text together with its head */

enum kind { HELLO = 1, SWITCHES, HISTOGRAM, HEARTBEAT, NOTE, END };

enum note_code { BLIND = 1, RING_FULL, RING_FREE, BACKWARD, MOVED, STALLED, MESSAGE, ANSWER };

enum heartbeat_flag { FLAG_FULL = 1, FLAG_PAUSED = 2, FLAG_LAST = 4, FLAG_AWAY = 8 };

struct output {
	int fd;
	bool text;
	uint32_t sequence;
	uint8_t *bytes;
	size_t size, used;
	uint64_t progress_ns;		/* CLOCK_MONOTONIC of the last byte taken */
	uint64_t longest_stall_ns;
	bool broken;
};

/* Payloads are put together here, field by field. */
struct payload {
	size_t used;
	uint8_t bytes[MAX_PAYLOAD];
};

void put_u16(struct payload *payload, uint16_t value);
void put_u32(struct payload *payload, uint32_t value);
void put_u64(struct payload *payload, uint64_t value);
void put_varint(struct payload *payload, uint64_t value);

int output_init(struct output *output, int fd, bool text);

/* Whether a frame of this payload would fit at all; one that does not is not made. */
bool output_fits(const struct output *output, size_t payload);

/* Whether it should be made now: a line is kept fresh instead of deep, so little may wait there. */
bool output_has_room(const struct output *output, size_t payload);

/* Append a frame. The caller made sure that it fits; one that does not is a fault of ours. */
void output_frame(struct output *output, enum kind kind, uint16_t lane,
		  const struct payload *payload);

/* Write what the reader takes now, without waiting. */
void output_flush(struct output *output);

uint32_t crc32(uint32_t crc, const void *data, size_t size);

/* text.c */
size_t text_size(size_t payload);
size_t text_frame(uint8_t *to, enum kind kind, uint16_t lane, uint32_t sequence,
		  const uint8_t *payload, size_t size);

#endif
