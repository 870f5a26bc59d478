/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HV_OPTIONS_H
#define HV_OPTIONS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "counter.h"

#define MAX_LANES 64

/* Exit statuses. */
enum {
	EXIT_ENDED = 0,		/* after its time, or told to stop */
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PERMISSION = 3,
	EXIT_ALONE = 4,		/* nobody listened any more */
	EXIT_SIGNALLED = 5,
};

struct options {
	int cpus[MAX_LANES];
	unsigned int cpu_count;
	enum counter counter;
	int64_t threshold_ns;
	double seconds;
	int fifo;
	bool fence;
	int window_ms;		/* < 0: decide */
	uint32_t ring;
	bool text;
	double heartbeat_timeout;
	bool guarded;
	bool probe;
	cpu_set_t allowed;
};

/* Parse, check against this machine, fill in what was left open; ends the program on mistakes. */
void options_parse(struct options *options, int count, char **words);

/* probe.c */
void probe(const struct options *options);

/* One line on standard error, and out. */
void die(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

#endif
