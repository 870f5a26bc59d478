// SPDX-License-Identifier: Apache-2.0
/* What two reads of the counter cost here, before anything is called a switch. */
#include "lane.h"

#include <stdlib.h>

#define MAX_SECONDS 0.25	/* a trapped counter takes microseconds a read */
#define AUTO_LIMIT_NS 100000u	/* noise beyond this is what we are here to measure */
#define MIN_TICKS 3u

static uint32_t collect(const struct control *control, uint32_t *distances, uint64_t *backward)
{
	uint64_t limit = (uint64_t)(MAX_SECONDS * (double)control->frequency_hz);
	uint64_t first = counter_read(control->counter);
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

static uint64_t to_ticks(const struct control *control, double ns)
{
	return (uint64_t)(ns * (double)control->frequency_hz / 1e9 + 0.5);
}

static void choose_threshold(const struct control *control, struct calibration *found)
{
	uint64_t limit = to_ticks(control, AUTO_LIMIT_NS);

	found->automatic = control->threshold_ns < 0;
	if (!found->automatic) {
		found->threshold = to_ticks(control, (double)control->threshold_ns);
	} else {
		found->threshold = found->p9999 + (found->p9999 + 1) / 2;
		if (found->threshold < MIN_TICKS)
			found->threshold = MIN_TICKS;
		if (found->threshold > limit && limit >= MIN_TICKS) {
			found->threshold = limit;
			found->clipped = true;
		}
	}
}

void calibrate(struct lane *lane)
{
	struct calibration *found = &lane->calibration;
	uint32_t *distances = lane->distances;
	uint32_t count, usual;
	uint64_t sum = 0;

	count = collect(lane->control, distances, &found->backward);
	if (!count) {
		lane->failed = "the counter stands still or goes backwards";
		return;
	}
	qsort(distances, count, sizeof(*distances), ascending);
	found->reads = count;
	found->floor = distances[0];
	found->p50 = distances[count / 2];
	usual = (uint32_t)((uint64_t)count * 9999 / 10000);
	if (usual >= count)
		usual = count - 1;
	found->p9999 = distances[usual];
	for (uint32_t i = 0; i <= usual; i++)
		sum += distances[i];
	found->read_ns = (double)sum / (usual + 1) * 1e9 / (double)lane->control->frequency_hz;
	choose_threshold(lane->control, found);
}
