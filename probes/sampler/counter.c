// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "counter.h"

#include <setjmp.h>
#include <signal.h>
#include <time.h>

const char *const counter_names[COUNTERS] = { "auto", "cntpct", "cntvct", "tsc" };

static sigjmp_buf trapped;

static void on_trap(int number)
{
	siglongjmp(trapped, number);
}

uint64_t counter_read(enum counter counter)
{
#ifdef __x86_64__
	(void)counter;
	return read_tsc();
#else
	return counter == COUNTER_CNTPCT ? read_cntpct() : read_cntvct();
#endif
}

static bool exists(enum counter counter)
{
#ifdef __x86_64__
	return counter == COUNTER_TSC;
#else
	return counter == COUNTER_CNTPCT || counter == COUNTER_CNTVCT;
#endif
}

/* Run read() and tell whether it came back. One thread only, before sampling begins. */
static bool survives(uint64_t (*read)(enum counter), enum counter counter, uint64_t *value)
{
	struct sigaction action = { .sa_handler = on_trap }, ill, segv;
	volatile bool ok = false;

	sigaction(SIGILL, &action, &ill);
	sigaction(SIGSEGV, &action, &segv);
	if (!sigsetjmp(trapped, 1)) {
		*value = read(counter);
		ok = true;
	}
	sigaction(SIGILL, &ill, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return ok;
}

bool counter_readable(enum counter counter)
{
	uint64_t value;

	return exists(counter) && survives(counter_read, counter, &value);
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
static uint64_t frequency(enum counter counter)
{
	(void)counter;
	return read_cntfrq();
}
#endif

uint64_t counter_nominal_hz(void)
{
#ifdef __x86_64__
	return 0;
#else
	uint64_t hz = 0;

	return survives(frequency, COUNTER_AUTO, &hz) ? hz : 0;
#endif
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
