// SPDX-License-Identifier: Apache-2.0
#include "writer.h"

#define STEP_MS 10
#define HEARTBEAT_NS 100000000u
#define TEXT_HEARTBEAT_NS 1000000000u	/* a line has better uses for its bytes */
#define STALL_TOLD_NS 500000000u
/* For what is left when the run is over; a line takes two seconds for a full ring. */
#define LAST_WORDS_NS 2000000000u
#define TEXT_LAST_WORDS_NS 4000000000u
#define NOBODY_LISTENS_NS 700000000u
#define ROOM_FOR_END 1024u

/* Stop the lanes between two chunks and wait until all of them sleep; or wake them again. */
static void set_pause(struct run *run, bool pause)
{
	struct control *control = &run->control;

	pthread_mutex_lock(&control->lock);
	control->pause = pause;
	pthread_cond_broadcast(&control->changed);
	while (control->parked != (pause ? run->lane_count - control->away : 0) && !control->stop)
		pthread_cond_wait(&control->changed, &control->lock);
	pthread_mutex_unlock(&control->lock);
}

static void stop_lanes(struct run *run)
{
	struct control *control = &run->control;

	pthread_mutex_lock(&control->lock);
	control->stop = true;
	pthread_cond_broadcast(&control->changed);
	pthread_mutex_unlock(&control->lock);
	for (unsigned int i = 0; i < run->lane_count; i++)
		pthread_join(run->lanes[i].thread, NULL);
}

/* Encode and write what there is room for. False: there is more. */
static bool drain(struct run *run, bool flush)
{
	bool all = true;

	for (unsigned int i = 0; i < run->lane_count; i++) {
		lane_notes(run, &run->lanes[i]);
		all &= lane_drain(run, &run->lanes[i], flush);
	}
	output_flush(&run->output);
	return all && !run->output.used;
}

static void beat(struct run *run, uint32_t flags)
{
	for (unsigned int i = 0; i < run->lane_count; i++)
		lane_heartbeat(run, &run->lanes[i], flags);
	output_flush(&run->output);
}

/* The end of the run in time: true once it has come. */
static bool is_over(const struct run *run)
{
	uint64_t ticks = counter_read(run->control.counter) - run->control.start_tick;

	return run->seconds > 0 &&
	       (double)ticks >= run->seconds * (double)run->control.frequency_hz;
}

/* A reader that takes nothing for as long as it may be silent is gone as well. */
static enum verdict judge(struct run *run, enum verdict verdict)
{
	if (run->control.stop)
		return GUARD_FAILED;	/* a lane could not go on */
	if (verdict != GUARD_GO_ON)
		return verdict;
	if (run->output.broken)
		return GUARD_CLOSED;
	if (run->guard.timeout_ns && run->output.used &&
	    monotonic_ns() - run->output.progress_ns > run->guard.timeout_ns)
		return GUARD_SILENT;
	return GUARD_GO_ON;
}

/*
 * Somebody wants to know what the counter says now, to bound how it stands to another one: it is
 * read after the question came, whenever the answer goes out.
 */
static void answer(struct run *run)
{
	uint64_t now = counter_read(run->control.counter);

	run->answered = run->guard.asked;
	write_note(run, STREAM_LANE, ANSWER, 0, now, now, run->answered, "");
}

/* Listen for up to wait_ms, and not for long once the reader takes what is still to be written. */
static enum verdict listen_for(struct run *run, int wait_ms)
{
	int fd = run->output.used ? run->output.fd : -1;
	enum verdict verdict = guard_poll(&run->guard, wait_ms, fd, NULL);

	if (run->guard.asked != run->answered)
		answer(run);
	return judge(run, verdict);
}

/*
 * Let the lanes sample for a window. The writer sleeps meanwhile, on a CPU that is sampled: only
 * the console's bytes, or the end of the run, wake it before its time.
 */
static enum verdict sleep_through_window(struct run *run)
{
	uint64_t now = monotonic_ns(), end = now + (uint64_t)run->window_ms * 1000000u;
	enum verdict verdict = GUARD_GO_ON;

	if (run->seconds > 0 && end > run->end_ns)
		end = run->end_ns;
	for (; now < end && verdict == GUARD_GO_ON; now = monotonic_ns())
		verdict = listen_for(run, (int)((end - now) / 1000000u) + 1);
	return verdict;
}

/* No CPU is left for the writer: sample for a while, then pause all lanes and write. */
static enum verdict write_in_windows(struct run *run)
{
	enum verdict verdict;

	for (;;) {
		bool all;

		verdict = sleep_through_window(run);
		set_pause(run, true);
		do {
			all = drain(run, true);
			if (verdict == GUARD_GO_ON)
				verdict = listen_for(run, (int)run->pause_ms);
		} while (verdict == GUARD_GO_ON && !all);
		beat(run, FLAG_PAUSED);
		if (verdict != GUARD_GO_ON || is_over(run))
			return verdict;
		set_pause(run, false);
	}
}

static enum verdict write_beside(struct run *run)
{
	uint64_t period = run->output.text ? TEXT_HEARTBEAT_NS : HEARTBEAT_NS;
	uint64_t next = monotonic_ns() + period;
	enum verdict verdict;

	do {
		verdict = listen_for(run, STEP_MS);
		drain(run, false);
		if (monotonic_ns() >= next) {
			next = monotonic_ns() + period;
			beat(run, 0);
		}
	} while (verdict == GUARD_GO_ON && !is_over(run));
	return verdict;
}

static uint64_t time_for_last_words(const struct run *run, enum verdict verdict)
{
	if (verdict == GUARD_CLOSED || verdict == GUARD_SILENT)
		return NOBODY_LISTENS_NS;
	return run->output.text ? TEXT_LAST_WORDS_NS : LAST_WORDS_NS;
}

/* Everything that is still in the rings, the last heartbeats and the end, while somebody reads. */
static void last_words(struct run *run, enum verdict verdict)
{
	uint64_t limit = monotonic_ns() + time_for_last_words(run, verdict);
	unsigned int lane = 0;
	bool said = false;

	run->guard.listening = false;
	while (monotonic_ns() < limit && !run->output.broken && !(said && !run->output.used)) {
		while (lane < run->lane_count && lane_finish(run, &run->lanes[lane]))
			lane++;
		if (lane == run->lane_count && !said &&
		    output_has_room(&run->output, ROOM_FOR_END)) {
			if (run->output.longest_stall_ns > STALL_TOLD_NS)
				write_note(run, STREAM_LANE, STALLED, 1, run->control.start_tick,
					   counter_read(run->control.counter),
					   (int64_t)run->output.longest_stall_ns,
					   "the reader took nothing");
			write_end(run, verdict);
			said = true;
		}
		output_flush(&run->output);
		if (run->output.used)
			guard_poll(&run->guard, STEP_MS, run->output.fd, NULL);
	}
}

enum verdict write_run(struct run *run)
{
	enum verdict verdict;

	run->end_ns = monotonic_ns() + (uint64_t)(run->seconds * 1e9);
	verdict = run->window_ms ? write_in_windows(run) : write_beside(run);
	stop_lanes(run);
	last_words(run, verdict);
	return run->output.broken && verdict != GUARD_FAILED ? GUARD_CLOSED : verdict;
}
