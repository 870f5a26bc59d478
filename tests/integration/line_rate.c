// SPDX-License-Identifier: Apache-2.0
/*
 * line_rate RATE COUNT: what COUNT switches, RATE a second, look like on a serial line. The sampler's
 * own encoder, fed with what a timer tick leaves on a 24 MHz counter: a period that is exact to a
 * microsecond, and 8 to 12 us taken by each.
 */
#include "writer.h"

#include <stdlib.h>
#include <unistd.h>

#define HZ 24000000u
#define RING 4096u

static uint32_t noise(uint32_t below)
{
	static uint32_t state = 1;

	state = state * 1664525u + 1013904223u;
	return (state >> 16) % below;
}

int main(int count, char **words)
{
	uint32_t period = HZ / (uint32_t)atoi(words[count - 2]);
	uint32_t left = (uint32_t)atoi(words[count - 1]), batch = HZ / period / 4;
	struct run *run = calloc(1, sizeof(*run));
	struct lane *lane = calloc(1, sizeof(*lane));
	uint64_t due = 1000ull * HZ;

	ring_init(&lane->ring, calloc(RING, sizeof(struct record)), RING);
	ring_renew(&lane->ring);
	lane->histograms = calloc(2, sizeof(struct histogram));
	lane->pending = calloc(PENDING, sizeof(struct record));
	lane->last_end = due;
	run->lanes = lane;
	if (output_init(&run->output, STDOUT_FILENO, true))
		return 1;
	/* Four times a second, as a lane's records are written when there are few of them. */
	for (uint32_t now = batch; left; left -= now) {
		now = left < batch ? left : batch;
		for (uint32_t i = 0; i < now; i++, due += period) {
			*lane->ring.next++ = (struct record){ due + noise(24), 192 + noise(96) };
			ring_renew(&lane->ring);
		}
		do {
			output_flush(&run->output);
			usleep(1000);
		} while (!lane_drain(run, lane, true));
	}
	while (run->output.used)
		output_flush(&run->output);
	return 0;
}
