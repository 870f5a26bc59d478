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

static uint64_t to_ticks(const struct control *control, double ns)
{
	return (uint64_t)(ns * (double)control->frequency_hz / 1e9 + 0.5);
}

static uint64_t time_limit(const struct control *control)
{
	return (uint64_t)(MAX_SECONDS * (double)control->frequency_hz);
}

/* Distances of successive reads; returns how many there are. */
static uint32_t collect(const struct control *control, uint32_t *distances, uint64_t *backward)
{
	uint64_t first = counter_read(control->counter), limit = time_limit(control);
	uint64_t previous = first;
	uint32_t count = 0;

	while (count < CALIBRATION_READS && previous - first < limit) {
		uint64_t now, distance;

		if (control->fenced)
			fence();
		now = counter_read(control->counter);
		distance = now - previous;
		previous = now;
		if ((int64_t)distance < 0) {
			++*backward;
			continue;
		}
		distances[count++] = distance > UINT32_MAX ? UINT32_MAX : (uint32_t)distance;
	}
	return count;
}

static int ascending(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static int longest_first(const void *left, const void *right)
{
	uint64_t a = ((const struct record *)left)->length;
	uint64_t b = ((const struct record *)right)->length;

	return (a < b) - (a > b);
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
	lane->loops = lane->detected = lane->lost = lane->fresh_lost = lane->backward = 0;
}

/*
 * Run the very loop that samples. Returns the shortest of the longest distances, one in 10,000
 * reads; or 0 if fewer than these exceed the threshold, and all is well.
 */
static uint64_t rehearse(struct lane *lane, struct record *space, uint32_t capacity)
{
	uint64_t first = counter_read(lane->control->counter), limit = time_limit(lane->control);
	uint64_t previous = first, unusual;

	forget(lane, space, capacity);
	while (lane->loops < CALIBRATION_READS && previous - first < limit)
		previous = sample_chunk(lane, previous, lane->calibration.threshold);
	unusual = lane->loops / USUAL;
	if (lane->detected <= unusual)
		return 0;
	qsort(space, ring_used(&lane->ring), sizeof(*space), longest_first);
	return space[unusual].length;
}

/*
 * What recording costs, and what is done between two chunks, comes on top of reading. If it were
 * longer than the threshold, each switch would breed another, a million a second.
 */
static void try_threshold(struct lane *lane)
{
	struct calibration *found = &lane->calibration;
	struct record *own = lane->ring.records, *space = (struct record *)(void *)lane->distances;
	uint32_t capacity = lane->ring.mask + 1;

	for (int i = 0; i < REHEARSALS && found->automatic && !found->clipped; i++) {
		uint64_t p9999 = rehearse(lane, space, CALIBRATION_READS / 4);

		if (!p9999)
			break;
		found->p9999 = p9999;
		choose_threshold(lane->control, found);
	}
	forget(lane, own, capacity);
}

void calibrate(struct lane *lane)
{
	struct calibration *found = &lane->calibration;
	uint32_t *distances = lane->distances;
	uint32_t count, usual;
	uint64_t sum = 0;

	count = collect(lane->control, distances, &found->backward);
	if (!count) {
		lane->failed = COUNTER_STANDS;
		return;
	}
	qsort(distances, count, sizeof(*distances), ascending);
	found->reads = count;
	found->floor = distances[0];
	found->p50 = distances[count / 2];
	usual = count - 1 - count / USUAL;
	found->p9999 = distances[usual];
	for (uint32_t i = 0; i <= usual; i++)
		sum += distances[i];
	found->read_ns = (double)sum / (usual + 1) * 1e9 / (double)lane->control->frequency_hz;
	choose_threshold(lane->control, found);
	try_threshold(lane);
}
