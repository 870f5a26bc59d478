/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters, read in as few instructions as the machine allows. CNTPCT needs the counter module
 * (CNTKCTL bit 0); CNTVCT is open on any Linux for ARM; the TSC makes any PC a board.
 */
#ifndef HV_COUNTER_H
#define HV_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

enum counter { COUNTER_AUTO, COUNTER_CNTPCT, COUNTER_CNTVCT, COUNTER_TSC, COUNTERS };

extern const char *const counter_names[COUNTERS];

#if defined(__arm__)

static inline uint64_t read_cntpct(void)
{
	uint32_t low, high;

	__asm__ volatile("mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t read_cntvct(void)
{
	uint32_t low, high;

	__asm__ volatile("mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t read_cntfrq(void)
{
	uint32_t hz;

	__asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(hz));
	return hz;
}

static inline void fence(void)
{
	__asm__ volatile("isb" ::: "memory");
}

#elif defined(__aarch64__)

static inline uint64_t read_cntpct(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(value));
	return value;
}

static inline uint64_t read_cntvct(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
}

static inline uint64_t read_cntfrq(void)
{
	uint64_t hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

static inline void fence(void)
{
	__asm__ volatile("isb" ::: "memory");
}

#elif defined(__x86_64__)

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void fence(void)
{
	__asm__ volatile("lfence" ::: "memory");
}

#else
#error "no counter is known for this machine: armv7, arm64 and x86-64 are"
#endif

/* Read any of them. Where `counter` is a constant no branch is left. */
static inline uint64_t counter_read(enum counter counter)
{
#ifdef __x86_64__
	(void)counter;
	return read_tsc();
#else
	return counter == COUNTER_CNTPCT ? read_cntpct() : read_cntvct();
#endif
}

/* Whether user space may read it on this CPU, now (an access that traps is caught). */
bool counter_readable(enum counter counter);

/*
 * Run work(argument) and return true; or false if a read of the counter trapped in it, even after
 * hours: the counter module may be unloaded. Each thread may guard work of its own, and within it a
 * part of that once more; it must not hold a lock where it reads.
 */
bool counter_guarded(void (*work)(void *), void *argument);

/* The best that can be read, or COUNTER_AUTO if none can. */
enum counter counter_best(void);

/* What the hardware says of its frequency, Hz; 0 if it says nothing. */
uint64_t counter_nominal_hz(void);

/* A moment on the counter and on the clocks, as tight as five tries get it. */
struct moment {
	uint64_t tick;
	uint64_t bracket;	/* ticks between the reads around the clocks */
	uint64_t mono_ns;	/* CLOCK_MONOTONIC_RAW */
	int64_t real_ns;	/* CLOCK_REALTIME */
};

struct moment counter_moment(enum counter counter);

#endif
