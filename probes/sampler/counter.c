// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "counter.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <time.h>

const char *const counter_names[COUNTERS] = { "auto", "cntpct", "cntvct", "tsc" };

static _Thread_local sigjmp_buf trapped;
static _Thread_local volatile sig_atomic_t guarded;

static void on_trap(int number)
{
	if (guarded)
		siglongjmp(trapped, number);
	signal(number, SIG_DFL);	/* not the counter's doing: return to it, and die of it */
}

bool counter_guarded(void (*work)(void *), void *argument)
{
	/* volatile: their values count after a jump. */
	volatile bool survived = false;
	volatile sig_atomic_t was_guarded = guarded;
	struct sigaction action = { .sa_handler = on_trap };
	sigjmp_buf outer;

	memcpy(&outer, &trapped, sizeof(outer));
	sigaction(SIGILL, &action, NULL);
	if (!sigsetjmp(trapped, 1)) {
		guarded = 1;
		work(argument);
		survived = true;
	}
	memcpy(&trapped, &outer, sizeof(outer));
	guarded = was_guarded;
	return survived;
}

static bool exists(enum counter counter)
{
#ifdef __x86_64__
	return counter == COUNTER_TSC;
#else
	return counter == COUNTER_CNTPCT || counter == COUNTER_CNTVCT;
#endif
}

static void read_once(void *argument)
{
	const enum counter *counter = argument;
	volatile uint64_t value = counter_read(*counter);

	(void)value;
}

bool counter_readable(enum counter counter)
{
	/* A process without the TSC gets SIGSEGV; elsewhere that would be a fault of ours. */
	struct sigaction action = { .sa_handler = on_trap }, before;
	bool readable;

	sigaction(SIGSEGV, &action, &before);
	readable = exists(counter) && counter_guarded(read_once, &counter);
	sigaction(SIGSEGV, &before, NULL);
	return readable;
}

enum counter counter_best(void)
{
	static const enum counter order[] = { COUNTER_CNTPCT, COUNTER_CNTVCT, COUNTER_TSC };

	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (counter_readable(order[i]))
			return order[i];
	return COUNTER_AUTO;
}

#ifndef __x86_64__
static void read_frequency(void *hz)
{
	*(uint64_t *)hz = read_cntfrq();
}
#endif

uint64_t counter_nominal_hz(void)
{
	uint64_t hz = 0;

#ifndef __x86_64__
	counter_guarded(read_frequency, &hz);
#endif
	return hz;
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct moment counter_moment(enum counter counter)
{
	struct moment best = { .bracket = UINT64_MAX };

	for (int try = 0; try < 5; try++) {
		uint64_t before = counter_read(counter);
		uint64_t mono = nanoseconds(CLOCK_MONOTONIC_RAW);
		uint64_t after = counter_read(counter);
		uint64_t real = nanoseconds(CLOCK_REALTIME);

		if (after - before < best.bracket)
			best = (struct moment){ before + (after - before) / 2, after - before,
						mono, (int64_t)real };
	}
	return best;
}
