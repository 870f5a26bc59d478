// SPDX-License-Identifier: Apache-2.0
/* What the writer makes of one lane: switches frames, histograms, heartbeats. */
#include "writer.h"

#include <string.h>

#define FLUSH_NS 50000000u
#define TEXT_FLUSH_NS 250000000u

static struct payload payload;	/* the writer is one thread */

static uint32_t encode_switches(struct lane *lane, uint32_t count)
{
	uint64_t bias = lane->pending[0].length, end = lane->last_end;

	for (uint32_t i = 1; i < count; i++)
		if (lane->pending[i].length < bias)
			bias = lane->pending[i].length;
	payload.used = 0;
	put_varint(&payload, lane->recorded);
	put_varint(&payload, end);
	put_varint(&payload, bias);
	put_varint(&payload, count);
	for (uint32_t i = 0; i < count; i++) {
		put_varint(&payload, lane->pending[i].start - end);
		put_varint(&payload, lane->pending[i].length - bias);
		end = lane->pending[i].start + lane->pending[i].length;
	}
	return count;
}

/* Encode pending switches; on a line of text as many as fill it. False: no room, try again later. */
static bool flush_switches(struct run *run, struct lane *lane)
{
	while (lane->pending_count) {
		uint32_t count = encode_switches(lane, lane->pending_count);

		while (run->output.text && payload.used > TEXT_PAYLOAD - 8 && count > 1)
			count = encode_switches(
				lane, (uint32_t)(count * (TEXT_PAYLOAD - 8) / (payload.used + 2)));
		if (!output_has_room(&run->output, payload.used))
			return false;
		output_frame(&run->output, SWITCHES, (uint16_t)lane->cpu, &payload);
		lane->recorded += count;
		lane->last_end = lane->pending[count - 1].start + lane->pending[count - 1].length;
		lane->pending_count -= count;
		memmove(lane->pending, lane->pending + count,
			lane->pending_count * sizeof(*lane->pending));
	}
	return true;
}

static bool flush_histogram(struct run *run, struct lane *lane, struct histogram *histogram)
{
	uint32_t previous = 0;

	payload.used = 0;
	put_u64(&payload, histogram->start);
	put_u64(&payload, histogram->end);
	put_u64(&payload, histogram->count);
	put_u64(&payload, histogram->total);
	put_u64(&payload, histogram->shortest);
	put_u64(&payload, histogram->longest);
	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
		if (!histogram->buckets[bucket])
			continue;
		put_varint(&payload, bucket - previous);
		put_varint(&payload, histogram->buckets[bucket]);
		previous = bucket;
	}
	/* Room for the two notes that go with it. */
	if (!output_has_room(&run->output, payload.used + 512))
		return false;
	output_frame(&run->output, HISTOGRAM, (uint16_t)lane->cpu, &payload);
	lane->dropped += histogram->count;
	write_note(run, (uint16_t)lane->cpu, RING_FULL, 1, histogram->start, histogram->start, 0,
		   "the ring was full: switches by histogram from here");
	write_note(run, (uint16_t)lane->cpu, RING_FREE, 0, histogram->start, histogram->end,
		   (int64_t)histogram->count, "switches one by one again");
	memset(histogram, 0, sizeof(*histogram));
	return true;
}

static bool pending_is_due(const struct run *run, const struct lane *lane)
{
	uint64_t limit = run->output.text ? TEXT_FLUSH_NS : FLUSH_NS;

	return lane->pending_count == PENDING ||
	       (lane->pending_count && monotonic_ns() - lane->pending_since_ns > limit);
}

/* The histogram that was handed over follows what was pending when it was. */
static bool flush_waiting(struct run *run, struct lane *lane)
{
	unsigned int index;

	if (!lane->waiting)
		return true;
	if (!flush_switches(run, lane) || !flush_histogram(run, lane, lane->waiting))
		return false;
	index = (unsigned int)(lane->waiting - lane->histograms);
	lane->waiting = NULL;
	atomic_store_explicit(&lane->histogram_busy[index], false, memory_order_release);
	return true;
}

/* The same for the notes of a hole. */
static bool flush_hole(struct run *run, struct lane *lane)
{
	if (!lane->hole_waits)
		return true;
	if (!flush_switches(run, lane) || !lane_hole_note(run, lane))
		return false;
	lane->hole_waits = false;
	atomic_store_explicit(&lane->hole_busy, false, memory_order_release);
	return true;
}

static uint64_t end_of(const struct lane *lane)
{
	const struct record *last;

	if (!lane->pending_count)
		return lane->last_end;
	last = &lane->pending[lane->pending_count - 1];
	return last->start + last->length;
}

/* The record that was popped, into what is pending. False: no room, the lane keeps holding it. */
static bool take(struct run *run, struct lane *lane)
{
	if (!lane->held.length && lane->held.start == HOLE_MARK) {
		lane->hole_waits = true;
		lane->holds = false;
		return flush_hole(run, lane);
	}
	if (!lane->held.length) {
		lane->waiting = &lane->histograms[lane->held.start];
		lane->holds = false;
		return flush_waiting(run, lane);
	}
	if (lane->held.start < end_of(lane)) {
		/* The counter stepped back: distances cannot be negative, so a new frame begins. */
		if (!flush_switches(run, lane))
			return false;
		lane->last_end = lane->held.start;
	}
	if (!lane->pending_count)
		lane->pending_since_ns = monotonic_ns();
	lane->pending[lane->pending_count++] = lane->held;
	lane->holds = false;
	return true;
}

bool lane_drain(struct run *run, struct lane *lane, bool flush)
{
	uint32_t budget = lane->ring.mask + 1;	/* a busy lane must not keep the others waiting */

	if (!flush_waiting(run, lane) || !flush_hole(run, lane))
		return false;
	while (budget--) {
		if (lane->pending_count == PENDING && !flush_switches(run, lane))
			return false;
		if (!lane->holds && !(lane->holds = ring_pop(&lane->ring, &lane->held)))
			break;
		if (!take(run, lane))
			return false;
	}
	if (flush || pending_is_due(run, lane))
		return flush_switches(run, lane);
	return true;
}

/* How far a reader knows the lane once what is encoded now has arrived. */
static uint64_t told_until(const struct lane *lane, uint64_t watched, bool drained)
{
	uint64_t until = drained ? watched : lane->pending_count ? lane->pending[0].start : 0;

	return until > lane->told_until ? until : lane->told_until;
}

bool lane_heartbeat(struct run *run, struct lane *lane, uint32_t flags)
{
	/* First how far the lane has come, then what it recorded until there: never the other way. */
	uint64_t watched = atomic_load_explicit(&lane->watched_until, memory_order_acquire);
	bool drained = lane_drain(run, lane, true);
	struct moment now;

	if (!output_fits(&run->output, 96))
		return false;
	lane->told_until = told_until(lane, watched, drained);
	now = counter_moment(run->control.counter);
	if (atomic_load_explicit(&lane->full, memory_order_relaxed))
		flags |= FLAG_FULL;
	if (atomic_load_explicit(&lane->away, memory_order_relaxed))
		flags |= FLAG_AWAY;
	payload.used = 0;
	put_u64(&payload, now.tick);
	put_u64(&payload, now.mono_ns);
	put_u64(&payload, (uint64_t)now.real_ns);
	put_u32(&payload, now.bracket > UINT32_MAX ? UINT32_MAX : (uint32_t)now.bracket);
	put_u32(&payload, flags);
	put_u64(&payload, lane->loops);
	put_u64(&payload, lane->detected);
	put_u64(&payload, lane->recorded);
	put_u64(&payload, lane->dropped);
	put_u64(&payload, lane->lost);
	put_u64(&payload, lane->backward);
	put_u64(&payload, lane->blind);
	put_u64(&payload, lane->told_until);
	output_frame(&run->output, HEARTBEAT, (uint16_t)lane->cpu, &payload);
	return true;
}

bool lane_finish(struct run *run, struct lane *lane)
{
	struct histogram *rest = &lane->histograms[lane->filling];

	if (!lane_drain(run, lane, true) || ring_used(&lane->ring))
		return false;
	if (rest->count && !flush_histogram(run, lane, rest))
		return false;
	/* Nothing is left anywhere: now it is known to its last read. */
	if (lane->newest)
		lane->watched_until = lane->newest;
	lane->full = false;
	lane_notes(run, lane);
	return lane_heartbeat(run, lane, FLAG_LAST);
}
