/* SPDX-License-Identifier: Apache-2.0 */
/* Empties the lanes' rings into frames, keeps the time of the run, and listens to the console. */
#ifndef HV_WRITER_H
#define HV_WRITER_H

#include "frame.h"
#include "guard.h"
#include "lane.h"

struct run {
	struct control control;
	struct lane *lanes;
	unsigned int lane_count;
	struct output output;
	struct guard guard;
	uint32_t answered;		/* of guard.asked */
	double seconds;			/* 0: until stopped */
	uint64_t end_ns;		/* CLOCK_MONOTONIC then, about */
	unsigned int window_ms;		/* 0: continuous */
	unsigned int pause_ms;
	uint32_t ring_size;
	int writer_cpu;
	bool locked;
	unsigned int online_cpus;
	uint64_t nominal_hz, measured_hz;
	struct moment start;
};

/* hello.c: the first frame and the last. The caller made sure of room for the last. */
void write_hello(struct run *run);
void write_end(struct run *run, enum verdict verdict);

/* notes.c: a note if there is room for it; and those that a lane gives reason for. */
void write_note(struct run *run, uint16_t lane, enum note_code code, uint16_t severity,
		uint64_t start, uint64_t end, int64_t value, const char *text);
void lane_notes(struct run *run, struct lane *lane);
bool lane_hole_note(struct run *run, struct lane *lane);	/* false: no room */

/* Write until the run is over; return why it is. The lanes have ended then. */
enum verdict write_run(struct run *run);

/*
 * encode.c: one lane's records into frames. Each returns false where there was no room for all of
 * it; call it again then.
 */
bool lane_drain(struct run *run, struct lane *lane, bool flush);
bool lane_heartbeat(struct run *run, struct lane *lane, uint32_t flags);
bool lane_finish(struct run *run, struct lane *lane);	/* to its last heartbeat */

#define PENDING 1024u

#endif
