// SPDX-License-Identifier: Apache-2.0
/*
 * The lane's CPU went offline. The kernel takes the thread to another CPU, where a switch would be
 * another CPU's: so the thread sleeps until its own is back, and what lies between is a hole.
 */
#define _GNU_SOURCE
#include "lane.h"

#include <sched.h>
#include <unistd.h>

#define TRY_AGAIN_US 20000u
#define COUNTER_TRIES 40	/* the counter may be opened a moment after the CPU came back */

static bool is_over(struct lane *lane)
{
	return atomic_load_explicit(&lane->control->stop, memory_order_relaxed);
}

/* Who is away cannot park: whoever wants all lanes asleep need not wait for it. */
static void count_away(struct control *control, int change)
{
	pthread_mutex_lock(&control->lock);
	control->away += (unsigned int)change;
	pthread_cond_broadcast(&control->changed);
	pthread_mutex_unlock(&control->lock);
}

/* The hole before this one, if it is still on its way: there is room for one. */
static void await_told(struct lane *lane)
{
	while (!is_over(lane) && atomic_load_explicit(&lane->hole_busy, memory_order_acquire))
		usleep(TRY_AGAIN_US);
}

/* The kernel refuses a CPU that is offline, and takes the thread there at once if it is not. */
static void await_cpu(struct lane *lane)
{
	while (!is_over(lane) && !(lane_bind(lane) && !lane_is_astray(lane)))
		usleep(TRY_AGAIN_US);
}

/* False: the CPU is back without its counter, and stays so. */
static bool await_counter(struct lane *lane)
{
	for (int try = 0; try < COUNTER_TRIES && !is_over(lane); try++) {
		if (counter_readable(lane->control->counter))
			return true;
		usleep(TRY_AGAIN_US);
	}
	return is_over(lane);
}

/*
 * The hole's place in the stream is its place in the ring, behind a histogram under way. The lane
 * records nothing meanwhile, so the writer makes room soon; if its reader takes nothing for long,
 * the hole is only longer.
 */
static void await_room(struct lane *lane)
{
	while (!is_over(lane) && !lane_can_tell_hole(lane))
		usleep(TRY_AGAIN_US);
}

uint64_t lane_away(struct lane *lane, uint64_t left)
{
	uint64_t back = left;
	int found_on = sched_getcpu();

	count_away(lane->control, 1);
	await_told(lane);
	if (!is_over(lane)) {
		lane->hole_start = left;
		lane->found_on = found_on;
		atomic_store_explicit(&lane->away, true, memory_order_release);
	}
	await_cpu(lane);
	if (!await_counter(lane))
		lane_fail(lane, COUNTER_NOT_BACK);
	await_room(lane);
	/* At the run's end the CPU may still be offline, and the counter closed where we are. */
	if (!lane->failed && counter_readable(lane->control->counter))
		back = counter_read(lane->control->counter);
	if (back < left)
		back = left;
	lane_tell_hole(lane, left, back);
	count_away(lane->control, -1);
	return back;
}
