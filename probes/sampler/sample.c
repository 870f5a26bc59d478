// SPDX-License-Identifier: Apache-2.0
/*
 * The sampling loop. Its fast path is: read, subtract, compare, count down. The read that found a
 * switch is the beginning of the next distance ("previous = now"), so that the time recording takes
 * is itself seen. Reading afresh would leave a hole in which other switches go unnoticed.
 *
 * What recording takes must stay below the threshold, or each switch would breed another: so it is
 * two stores into a stretch of the ring that is known to be free, or a bucket of a histogram. What
 * the writer is to see it sees at the end of the chunk, if the thread is still on its own CPU then.
 */
#define _GNU_SOURCE
#include "lane.h"

/* The only writer of these: a plain add, published. */
static void add(_Atomic uint64_t *sum, uint64_t more)
{
	atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/* Show the writer what was recorded; first its number, so that never less is detected than seen. */
static void publish(struct lane *lane)
{
	add(&lane->detected, ring_hidden(&lane->ring) + lane->fresh_counted);
	add(&lane->lost, lane->fresh_lost);
	lane->fresh_counted = lane->fresh_lost = 0;
	ring_renew(&lane->ring);
	if (atomic_load_explicit(&lane->full, memory_order_relaxed))
		lane->ring.end = lane->ring.next;	/* switches go to the histogram */
}

/* Hand the histogram over and record one by one again, once there is room to speak of. */
static void leave_histogram(struct lane *lane)
{
	unsigned int other = lane->filling ^ 1;

	if (ring_used(&lane->ring) > lane->ring.mask / 2 ||
	    atomic_load_explicit(&lane->histogram_busy[other], memory_order_acquire))
		return;		/* the writer still holds the other one: go on with this one */
	atomic_store_explicit(&lane->histogram_busy[lane->filling], true, memory_order_relaxed);
	*lane->ring.next++ = (struct record){ .start = lane->filling, .length = 0 };
	ring_renew(&lane->ring);
	lane->filling = other;
	atomic_store_explicit(&lane->full, false, memory_order_relaxed);
}

static void record(struct lane *lane, uint64_t start, uint64_t length)
{
	*lane->ring.next++ = (struct record){ start, length };
	lane->fresh_lost += length;
}

/* By length only, since the ring is full. */
static void count(struct lane *lane, uint64_t start, uint64_t length)
{
	histogram_add(&lane->histograms[lane->filling], start, length);
	lane->fresh_counted++;
	lane->fresh_lost += length;
}

/* The counter stepped back, or the stretch was used up. Nothing of this is another CPU's. */
static __attribute__((noinline, cold)) void rare(struct lane *lane, uint64_t previous, uint64_t now)
{
	if (lane_is_astray(lane))
		return;
	if (now < previous) {
		atomic_store_explicit(&lane->step_back, previous - now, memory_order_relaxed);
		add(&lane->backward, 1);
		return;
	}
	publish(lane);
	lane->shown_until = previous;
	if (lane->ring.next != lane->ring.end) {
		record(lane, previous, now - previous);
	} else {
		atomic_store_explicit(&lane->full, true, memory_order_relaxed);
		count(lane, previous, now - previous);
	}
}

/* Out of line, so that 32-bit ARM has registers enough to keep the loop free of memory. */
static __attribute__((noinline)) void found(struct lane *lane, uint64_t previous, uint64_t now)
{
	if (now < previous)
		rare(lane, previous, now);
	else if (lane->ring.next != lane->ring.end)
		record(lane, previous, now - previous);
	else if (atomic_load_explicit(&lane->full, memory_order_relaxed))
		count(lane, previous, now - previous);
	else
		rare(lane, previous, now);
}

/*
 * One chunk of reads, for each way of reading a function of its own: a call through a pointer would
 * cost more than all else. Calibration runs the same instructions at the same places.
 *
 * What lies between two chunks takes longer than a read, and would pass for a switch a thousand
 * times a second. So that one distance has a threshold of its own.
 */
#define DEFINE_CHUNK(name, read)                                                            \
	static __attribute__((noinline)) uint64_t name(struct lane *lane, uint64_t previous, \
						       uint32_t threshold)                  \
	{                                                                                   \
		uint64_t now = (read);                                                      \
                                                                                            \
		lane->between = now - previous;                                             \
		if (lane->between > lane->calibration.between)                              \
			found(lane, previous, now);                                         \
		for (uint32_t left = SAMPLE_CHUNK; left; left--) {                          \
			previous = now;                                                     \
			now = (read);                                                       \
			if (__builtin_expect(now - previous > threshold, 0))                \
				found(lane, previous, now);                                 \
		}                                                                           \
		return now;                                                                 \
	}

#ifdef __x86_64__
DEFINE_CHUNK(chunk_tsc, read_tsc())
DEFINE_CHUNK(chunk_tsc_fenced, (fence(), read_tsc()))
#else
DEFINE_CHUNK(chunk_cntpct, read_cntpct())
DEFINE_CHUNK(chunk_cntpct_fenced, (fence(), read_cntpct()))
DEFINE_CHUNK(chunk_cntvct, read_cntvct())
DEFINE_CHUNK(chunk_cntvct_fenced, (fence(), read_cntvct()))
#endif

static uint64_t read_chunk(struct lane *lane, uint64_t previous, uint32_t threshold)
{
	bool fenced = lane->control->fenced;

#ifdef __x86_64__
	return fenced ? chunk_tsc_fenced(lane, previous, threshold)
		      : chunk_tsc(lane, previous, threshold);
#else
	if (lane->control->counter == COUNTER_CNTPCT)
		return fenced ? chunk_cntpct_fenced(lane, previous, threshold)
			      : chunk_cntpct(lane, previous, threshold);
	return fenced ? chunk_cntvct_fenced(lane, previous, threshold)
		      : chunk_cntvct(lane, previous, threshold);
#endif
}

/*
 * Whether the chunk was another CPU's, in part at least: nothing of it is shown then. What is in a
 * histogram cannot be taken out again; where that is filled, no record is hidden.
 */
static bool went_astray(struct lane *lane)
{
	if (!lane_is_astray(lane) || !lane->sampling)
		return false;
	ring_retract(&lane->ring);
	if (!lane->fresh_counted)
		lane->fresh_lost = 0;
	publish(lane);
	return true;
}

bool lane_can_tell_hole(struct lane *lane)
{
	if (atomic_load_explicit(&lane->hole_busy, memory_order_acquire))
		return false;
	if (atomic_load_explicit(&lane->full, memory_order_relaxed))
		leave_histogram(lane);
	ring_renew(&lane->ring);
	return !atomic_load_explicit(&lane->full, memory_order_relaxed) &&
	       lane->ring.next != lane->ring.end;
}

void lane_tell_hole(struct lane *lane, uint64_t start, uint64_t end)
{
	add(&lane->blind, end - start);
	if (lane_can_tell_hole(lane)) {
		lane->hole_start = start;
		lane->hole_end = end;
		atomic_store_explicit(&lane->hole_busy, true, memory_order_relaxed);
		*lane->ring.next++ = (struct record){ .start = HOLE_MARK, .length = 0 };
		ring_renew(&lane->ring);
	}
	lane->newest = end;
	atomic_store_explicit(&lane->watched_until, end, memory_order_release);
	atomic_store_explicit(&lane->away, false, memory_order_release);
}

static void end_chunk(struct lane *lane, uint64_t previous)
{
	publish(lane);
	if (atomic_load_explicit(&lane->full, memory_order_relaxed))
		leave_histogram(lane);
	add(&lane->loops, SAMPLE_CHUNK);
	/*
	 * Release: who sees this tick also sees all that was recorded before it. A histogram that
	 * is not handed over cannot be seen, so the tick stands still meanwhile.
	 */
	if (!atomic_load_explicit(&lane->full, memory_order_relaxed))
		atomic_store_explicit(&lane->watched_until, previous, memory_order_release);
}

uint64_t sample_chunk(struct lane *lane, uint64_t previous)
{
	uint64_t last = read_chunk(lane, previous, lane->calibration.threshold);

	if (went_astray(lane)) {
		/* Part of the chunk was shown when the ring was used up: the hole begins behind. */
		if (lane->shown_until > previous)
			previous = lane->shown_until;
		return lane_away(lane, previous);
	}
	lane->newest = last;
	end_chunk(lane, last);
	return last;
}

/* Sleep until the writer has written; return the first tick after it. */
static uint64_t wait_out_pause(struct lane *lane, uint64_t previous)
{
	struct control *control = lane->control;
	uint64_t now;

	pthread_mutex_lock(&control->lock);
	control->parked++;
	pthread_cond_broadcast(&control->changed);
	while (control->pause && !control->stop)
		pthread_cond_wait(&control->changed, &control->lock);
	control->parked--;
	pthread_cond_broadcast(&control->changed);
	pthread_mutex_unlock(&control->lock);

	now = counter_read(control->counter);
	atomic_store_explicit(&lane->blind_start, previous, memory_order_relaxed);
	atomic_store_explicit(&lane->blind_end, now, memory_order_relaxed);
	add(&lane->blind, now - previous);
	return now;
}

void sample(struct lane *lane)
{
	struct control *control = lane->control;
	uint64_t previous = counter_read(control->counter);

	lane->sampling = true;
	/* From the run's zero to the first read nobody watched. */
	atomic_store_explicit(&lane->blind, previous - control->start_tick, memory_order_relaxed);
	while (!atomic_load_explicit(&control->stop, memory_order_relaxed)) {
		if (atomic_load_explicit(&control->pause, memory_order_relaxed))
			previous = wait_out_pause(lane, previous);
		previous = sample_chunk(lane, previous);
	}
}
