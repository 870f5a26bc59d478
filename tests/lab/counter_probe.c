// SPDX-License-Identifier: Apache-2.0
// counter_probe CPU...: on each CPU in turn, does user space read CNTPCT and PMCCNTR?
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf refused;

static void on_sigill(int number)
{
	siglongjmp(refused, number);
}

static uint64_t cntpct(void)
{
#ifdef __aarch64__
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(value));
	return value;
#else
	uint32_t low, high;

	__asm__ volatile("isb; mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
	return (uint64_t)high << 32 | low;
#endif
}

static uint64_t pmccntr(void)
{
#ifdef __aarch64__
	uint64_t value;

	__asm__ volatile("isb; mrs %0, pmccntr_el0" : "=r"(value));
	return value;
#else
	uint32_t value;

	__asm__ volatile("isb; mrc p15, 0, %0, c9, c13, 0" : "=r"(value));
	return value;
#endif
}

static const char *state(uint64_t (*read_counter)(void))
{
	if (sigsetjmp(refused, 1))
		return "sigill";
	uint64_t first = read_counter();
	for (int i = 0; i < 100000; i++)
		if (read_counter() != first)
			return "reads";
	return "stands";
}

int main(int argc, char **argv)
{
	signal(SIGILL, on_sigill);
	for (int i = 1; i < argc; i++) {
		int cpu = atoi(argv[i]);
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set)) {
			perror("sched_setaffinity");
			return 1;
		}
		printf("cpu%d cntpct %s pmccntr %s\n", cpu, state(cntpct), state(pmccntr));
	}
	return 0;
}
