// SPDX-License-Identifier: Apache-2.0
/*
 * The sampling loop. Its fast path is: read, subtract, compare, count down. What is found is dealt
 * with in note(), out of line; and the read that found it is the beginning of the next distance
 * ("previous = now"), so that the time note() takes is itself seen. Reading afresh after a switch
 * would leave a hole in which others go unnoticed.
 */
#include "lane.h"

/* Reads between two looks at the control: about a millisecond, at most a few on a slow board. */
#define CHUNK 16384u

static void hand_over(struct lane *lane)
{
	unsigned int other = lane->filling ^ 1;

	if (atomic_load_explicit(&lane->histogram_busy[other], memory_order_acquire))
		return;		/* the writer still holds the other one: go on with this one */
	atomic_store_explicit(&lane->histogram_busy[lane->filling], true, memory_order_relaxed);
	if (!ring_push(&lane->ring, (struct record){ .start = lane->filling, .length = 0 })) {
		atomic_store_explicit(&lane->histogram_busy[lane->filling], false,
				      memory_order_relaxed);
		return;
	}
	lane->filling = other;
	atomic_store_explicit(&lane->full, false, memory_order_relaxed);
}

static void keep(struct lane *lane, uint64_t start, uint64_t length)
{
	bool full = atomic_load_explicit(&lane->full, memory_order_relaxed);

	/* Back to single records only once there is room to speak of. */
	if (full && ring_used(&lane->ring) <= lane->ring.mask / 2)
		hand_over(lane);
	full = atomic_load_explicit(&lane->full, memory_order_relaxed);
	if (!full && ring_push(&lane->ring, (struct record){ start, length }))
		return;
	atomic_store_explicit(&lane->full, true, memory_order_relaxed);
	histogram_add(&lane->histograms[lane->filling], start, length);
}

/* The only writer of these: a plain add, published. */
static void add(_Atomic uint64_t *sum, uint64_t more)
{
	atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

static __attribute__((noinline, cold)) void note(struct lane *lane, uint64_t previous, uint64_t now)
{
	uint64_t length = now - previous;

	if ((int64_t)length < 0) {
		atomic_store_explicit(&lane->step_back, previous - now, memory_order_relaxed);
		add(&lane->backward, 1);
		return;
	}
	add(&lane->detected, 1);
	add(&lane->lost, length);
	keep(lane, previous, length);
}

/* One chunk of reads, for each way of reading: a call through a pointer would cost more than all else. */
#define DEFINE_CHUNK(name, read)                                                          \
	static uint64_t name(struct lane *lane, uint64_t previous, uint64_t threshold)    \
	{                                                                                 \
		for (uint32_t left = CHUNK; left; left--) {                               \
			uint64_t now = (read);                                            \
                                                                                          \
			if (__builtin_expect(now - previous > threshold, 0))              \
				note(lane, previous, now);                                \
			previous = now;                                                   \
		}                                                                         \
		return previous;                                                          \
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

static uint64_t chunk(struct lane *lane, uint64_t previous, uint64_t threshold)
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
	atomic_store_explicit(&lane->blind,
			      atomic_load_explicit(&lane->blind, memory_order_relaxed) +
				      (now - previous), memory_order_release);
	return now;
}

void sample(struct lane *lane)
{
	struct control *control = lane->control;
	uint64_t threshold = lane->calibration.threshold;
	uint64_t previous = counter_read(control->counter);

	/* From the run's zero to the first read nobody watched. */
	atomic_store_explicit(&lane->blind, previous - control->start_tick, memory_order_relaxed);
	while (!atomic_load_explicit(&control->stop, memory_order_relaxed)) {
		if (atomic_load_explicit(&control->pause, memory_order_relaxed))
			previous = wait_out_pause(lane, previous);
		previous = chunk(lane, previous, threshold);
		add(&lane->loops, CHUNK);
		/* Release: who sees this tick also sees all that was pushed before it. */
		atomic_store_explicit(&lane->watched_until, previous, memory_order_release);
	}
}
