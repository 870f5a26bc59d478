// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "lane.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE (256u << 10)

static bool fail(struct lane *lane, enum failure what, int error)
{
	lane->failed = what;
	lane->error = error;
	return false;
}

const char *lane_failure(const struct lane *lane)
{
	static const char *const words[] = {
		[NO_FAILURE] = "nothing failed",
		[CANNOT_PIN] = "a thread cannot be pinned to it",
		[CANNOT_FIFO] = "SCHED_FIFO is not permitted",
		[COUNTER_CLOSED] = "the counter cannot be read from user space there",
		[COUNTER_STANDS] = "the counter stands still or goes backwards",
		[COUNTER_NOT_BACK] = "it was offline, and is back with its counter closed: "
				     "nothing opened it again",
	};

	return words[lane->failed];
}

bool lane_bind(const struct lane *lane)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(lane->cpu, &only);
	return !sched_setaffinity(0, sizeof(only), &only);
}

bool lane_is_astray(const struct lane *lane)
{
	return sched_getcpu() != lane->cpu;
}

static bool settle(struct lane *lane)
{
	struct sched_param priority = { .sched_priority = lane->control->fifo };

	if (!lane_bind(lane))
		return fail(lane, CANNOT_PIN, errno);
	if (lane->control->fifo && sched_setscheduler(0, SCHED_FIFO, &priority))
		return fail(lane, CANNOT_FIFO, errno);
	return true;
}

static void calibrate_lane(void *lane)
{
	calibrate(lane);
}

static void sample_lane(void *lane)
{
	sample(lane);
}

void lane_fail(struct lane *lane, enum failure what)
{
	struct control *control = lane->control;

	fail(lane, what, 0);
	pthread_mutex_lock(&control->lock);
	control->stop = true;
	pthread_cond_broadcast(&control->changed);
	pthread_mutex_unlock(&control->lock);
}

static void *run(void *argument)
{
	struct lane *lane = argument;
	sigset_t most;

	sigfillset(&most);	/* signals are the writer's: here they would be gaps of our own */
	sigdelset(&most, SIGILL);	/* but this one says that the counter is closed */
	pthread_sigmask(SIG_SETMASK, &most, NULL);
	lane->tid = (int)syscall(SYS_gettid);
	if (settle(lane) && !counter_guarded(calibrate_lane, lane))
		fail(lane, COUNTER_CLOSED, 0);
	pthread_barrier_wait(&lane->control->calibrated);
	pthread_barrier_wait(&lane->control->begin);
	if (!counter_guarded(sample_lane, lane))
		lane_fail(lane, COUNTER_CLOSED);
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
