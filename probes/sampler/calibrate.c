// SPDX-License-Identifier: Apache-2.0
/* What two reads of the counter cost here, before anything is called a switch. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SECONDS 0.25	/* a trapped counter takes microseconds a read */
#define AUTO_LIMIT_NS 100000u	/* noise beyond this is what we are here to measure */
#define MIN_TICKS 3u
#define USUAL 10000u		/* all but one in so many reads are usual */
#define REHEARSALS 4
#define BLOCK 1024u
#define BETWEEN_MARGIN 3u

static uint64_t to_ticks(const struct control *control, double ns)
{
	return (uint64_t)(ns * (double)control->frequency_hz / 1e9 + 0.5);
}

static uint64_t time_limit(const struct control *control)
{
	return (uint64_t)(MAX_SECONDS * (double)control->frequency_hz);
}

/* Reads as dense as can be had; returns how many. */
static uint32_t collect(const struct control *control, uint64_t *ticks)
{
	uint64_t first = counter_read(control->counter), limit = time_limit(control);
	enum counter counter = control->counter;
	bool fenced = control->fenced;
	uint32_t count = 0;

	do {
		for (uint32_t i = 0; i < BLOCK; i++) {
			if (fenced)
				fence();
			ticks[count++] = counter_read(counter);
		}
	} while (count < CALIBRATION_READS && ticks[count - 1] - first < limit);
	return count;
}

static int ascending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static int longest_first(const void *left, const void *right)
{
	const struct record *a = left, *b = right;

	return ascending(&b->length, &a->length);
}

static void choose_threshold(const struct control *control, struct calibration *found)
{
	uint64_t ticks, limit = to_ticks(control, AUTO_LIMIT_NS);

	found->automatic = control->threshold_ns < 0;
	if (found->automatic) {
		ticks = found->p9999 + (found->p9999 + 1) / 2;
		if (ticks < MIN_TICKS)
			ticks = MIN_TICKS;
		found->clipped = ticks > limit && limit >= MIN_TICKS;
		if (found->clipped)
			ticks = limit;
	} else {
		ticks = to_ticks(control, (double)control->threshold_ns);
		if (!ticks)
			ticks = 1;
	}
	found->threshold = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

/* Nothing of what calibration recorded is part of the run. */
static void forget(struct lane *lane, struct record *records, uint32_t capacity)
{
	ring_init(&lane->ring, records, capacity);
	memset(&lane->histograms[lane->filling], 0, sizeof(struct histogram));
	lane->full = false;
	lane->loops = lane->detected = lane->lost = lane->backward = 0;
	lane->fresh_counted = lane->fresh_lost = 0;
}

/*
 * Run the very loop that samples. Returns the shortest of the longest distances, one in 10,000
 * reads; or 0 if fewer than these exceed the threshold, and all is well.
 */
static uint64_t rehearse(struct lane *lane, struct record *space, uint32_t capacity)
{
	struct calibration *found = &lane->calibration;
	uint64_t first = counter_read(lane->control->counter), limit = time_limit(lane->control);
	uint64_t previous = first, between[CALIBRATION_READS / SAMPLE_CHUNK], unusual;
	uint32_t chunks = 0;

	forget(lane, space, capacity);
	found->between = UINT64_MAX;
	do {
		previous = sample_chunk(lane, previous);
		between[chunks++] = lane->between;
	} while (lane->loops < CALIBRATION_READS && previous - first < limit);

	qsort(between, chunks, sizeof(*between), ascending);
	found->between = between[chunks / 2] * BETWEEN_MARGIN;
	if (found->between < found->threshold)
		found->between = found->threshold;
	found->read_ns = (double)(previous - first - lane->lost) / (double)lane->loops * 1e9 /
			 (double)lane->control->frequency_hz;
	unusual = lane->loops / USUAL;
	if (lane->detected <= unusual)
		return 0;
	qsort(space, ring_used(&lane->ring), sizeof(*space), longest_first);
	return space[unusual].length;
}

/*
 * What recording costs comes on top of reading. If it were longer than the threshold, each switch
 * would breed another, a million a second.
 */
static void try_threshold(struct lane *lane)
{
	struct calibration *found = &lane->calibration;
	struct record *own = lane->ring.records, *space = (struct record *)(void *)lane->ticks;
	uint32_t capacity = lane->ring.mask + 1;

	for (int i = 0; i < REHEARSALS; i++) {
		uint64_t p9999 = rehearse(lane, space, CALIBRATION_READS / 2);

		if (!p9999 || !found->automatic || found->clipped)
			break;
		found->p9999 = p9999;
		choose_threshold(lane->control, found);
	}
	forget(lane, own, capacity);
}

void calibrate(struct lane *lane)
{
	struct calibration *found = &lane->calibration;
	uint64_t *distances = lane->ticks;
	uint32_t reads = collect(lane->control, lane->ticks), count = 0;

	for (uint32_t i = 1; i < reads; i++) {
		if (lane->ticks[i] < lane->ticks[i - 1])
			found->backward++;
		else
			distances[count++] = lane->ticks[i] - lane->ticks[i - 1];
	}
	if (!count) {
		lane->failed = COUNTER_STANDS;
		return;
	}
	qsort(distances, count, sizeof(*distances), ascending);
	found->reads = count;
	found->floor = distances[0];
	found->p50 = distances[count / 2];
	found->p9999 = distances[count - 1 - count / USUAL];
	choose_threshold(lane->control, found);
	try_threshold(lane);
}
