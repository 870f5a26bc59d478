/* SPDX-License-Identifier: Apache-2.0 */
/* One sampled CPU: a pinned thread that does nothing but read the counter. */
#ifndef HV_LANE_H
#define HV_LANE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "counter.h"
#include "histogram.h"
#include "ring.h"

#define CALIBRATION_READS (1u << 17)

/* Reads between two looks at the control: 0.2 ms on a PC, a millisecond or two on a slow board. */
#define SAMPLE_CHUNK (1u << 14)

/* What a record of length 0 says: histogram 0 or 1 is complete, or the lane was away. */
#define HOLE_MARK 2u

struct calibration {
	uint32_t threshold;	/* one register on any machine; seconds, at least */
	uint64_t between;	/* the threshold for the distance between two chunks */
	uint64_t floor, p50, p9999;
	uint64_t backward;
	uint64_t reads;
	double read_ns;
	bool automatic, clipped;
};

/* Why a lane cannot sample, or cannot go on. */
enum failure {
	NO_FAILURE, CANNOT_PIN, CANNOT_FIFO, COUNTER_CLOSED, COUNTER_STANDS, COUNTER_NOT_BACK
};

/* What all lanes share: written by the writer, read by the lanes between two chunks of reads. */
struct control {
	enum counter counter;
	bool fenced;
	int fifo;
	uint64_t frequency_hz;		/* set before the lanes calibrate their thresholds */
	int64_t threshold_ns;		/* < 0: auto */
	uint64_t start_tick;		/* set between the two barriers */
	_Atomic bool stop;
	_Atomic bool pause;
	pthread_barrier_t calibrated, begin;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int parked;		/* lanes in a pause, under lock */
	unsigned int away;		/* lanes whose CPU is offline, under lock */
};

struct lane {
	struct control *control;
	int cpu;
	pthread_t thread;
	int tid;
	enum failure failed;
	int error;			/* errno of it, or 0 */
	struct calibration calibration;
	uint64_t *ticks;		/* CALIBRATION_READS of them, until calibrated */
	struct ring ring;

	/* Written by the sampling thread, read by the writer. */
	_Alignas(64) _Atomic uint64_t loops;
	_Atomic uint64_t watched_until;
	_Atomic uint64_t detected;
	_Atomic uint64_t lost;
	uint64_t fresh_lost, fresh_counted;	/* of what is recorded and not published */
	uint64_t newest;		/* the last read of a chunk */
	uint64_t shown_until;		/* what was shown in the middle of a chunk ends here */
	bool sampling;			/* and no longer calibrating */
	uint64_t between;		/* distance from the chunk before */
	_Atomic uint64_t backward;
	_Atomic uint64_t step_back;	/* size of the newest backward step */
	_Atomic uint64_t blind;
	_Atomic uint64_t blind_start, blind_end;	/* the newest pause */
	_Atomic bool away;		/* its CPU is offline; since hole_start */
	uint64_t hole_start, hole_end;
	int found_on;			/* the CPU that it was taken to */
	_Atomic bool hole_busy;		/* told, the writer has not encoded it yet */
	_Atomic bool full;
	_Atomic bool histogram_busy[2];	/* handed over, the writer has not encoded it yet */
	unsigned int filling;		/* the histogram that the sampling thread adds to */
	struct histogram *histograms;	/* two */

	/* The writer's own. */
	_Alignas(64) uint64_t recorded;
	uint64_t dropped;
	uint64_t told_backward, told_blind_end, told_until;
	bool told_away;
	bool hole_waits;		/* popped, but there was no room for its notes */
	struct record held;		/* popped, and there was no room to go on */
	bool holds;
	struct record *pending;		/* popped, not yet encoded */
	uint32_t pending_count;
	uint64_t pending_since_ns;
	uint64_t last_end;		/* end of the newest encoded switch, tick */
	struct histogram *waiting;	/* handed over, but there was no room for its frame */
};

/*
 * Start the thread; it calibrates, waits at both barriers, and samples until told to stop. If its
 * counter is closed meanwhile, it tells all others to stop.
 */
int lane_start(struct lane *lane);

/* Bind the calling thread to the lane's CPU. False: the kernel refuses, with errno. */
bool lane_bind(const struct lane *lane);

/* The lane cannot go on, and so the run is over: a stream without it would be a wrong one. */
void lane_fail(struct lane *lane, enum failure what);

/* What failed, in words. */
const char *lane_failure(const struct lane *lane);

/* calibrate.c: on the lane's own CPU. */
void calibrate(struct lane *lane);

/* sample.c: read the counter until the control says stop. */
void sample(struct lane *lane);

/* sample.c: SAMPLE_CHUNK reads, from a first one on; returns the last. */
uint64_t sample_chunk(struct lane *lane, uint64_t previous);

/* sample.c: whether there is room to say that there was a hole; and say it, if there is. */
bool lane_can_tell_hole(struct lane *lane);
void lane_tell_hole(struct lane *lane, uint64_t start, uint64_t end);

/* away.c: sleep until the lane's CPU and its counter are back; return the first tick after it. */
uint64_t lane_away(struct lane *lane, uint64_t left);

/*
 * Whether the calling thread runs on another CPU than the lane's. Where libc shares memory with the
 * kernel for it (rseq), that is a load; elsewhere a system call of up to a microsecond.
 */
bool lane_is_astray(const struct lane *lane);

#endif
