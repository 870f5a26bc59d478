// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "lane.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE (256u << 10)

static bool fail(struct lane *lane, const char *what, int error)
{
	lane->failed = what;
	lane->error = error;
	return false;
}

static bool settle(struct lane *lane)
{
	struct sched_param priority = { .sched_priority = lane->control->fifo };
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(lane->cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		return fail(lane, "pin", errno);
	if (lane->control->fifo && sched_setscheduler(0, SCHED_FIFO, &priority))
		return fail(lane, "fifo", errno);
	return true;
}

static void *run(void *argument)
{
	struct lane *lane = argument;
	sigset_t all;

	sigfillset(&all);	/* signals are the writer's: here they would be gaps of our own */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	lane->tid = (int)syscall(SYS_gettid);
	if (settle(lane))
		calibrate(lane);
	pthread_barrier_wait(&lane->control->calibrated);
	pthread_barrier_wait(&lane->control->begin);
	if (!lane->failed)
		sample(lane);
	return NULL;
}

int lane_start(struct lane *lane)
{
	pthread_attr_t attributes;
	int error;

	/* A default stack of 8 MiB would count against the limit on locked memory. */
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	error = pthread_create(&lane->thread, &attributes, run, lane);
	pthread_attr_destroy(&attributes);
	return error;
}
