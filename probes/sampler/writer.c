// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 10
#define HEARTBEAT_NS 100000000u
#define TEXT_HEARTBEAT_NS 1000000000u
#define LAST_WORDS_NS 2000000000u
#define STALL_TOLD_NS 500000000u

static struct payload payload;

void write_note(struct run *run, uint16_t lane, enum note_code code, uint16_t severity,
		uint64_t start, uint64_t end, int64_t value, const char *text)
{
	size_t length = strnlen(text, 512);

	payload.used = 0;
	put_u16(&payload, (uint16_t)code);
	put_u16(&payload, severity);
	put_u32(&payload, 0);
	put_u64(&payload, start);
	put_u64(&payload, end);
	put_u64(&payload, (uint64_t)value);
	memcpy(payload.bytes + payload.used, text, length);
	payload.used += length;
	if (output_has_room(&run->output, payload.used))
		output_frame(&run->output, NOTE, lane, &payload);
}

static __attribute__((format(printf, 1, 2))) void print(const char *format, ...)
{
	size_t room = MAX_PAYLOAD - payload.used;
	va_list arguments;
	int wrote;

	va_start(arguments, format);
	wrote = vsnprintf((char *)payload.bytes + payload.used, room, format, arguments);
	va_end(arguments);
	if (wrote > 0)
		payload.used += (size_t)wrote < room ? (size_t)wrote : room - 1;
}

/* A JSON string of what the kernel says of itself; what would need escaping is left out. */
static void print_text(const char *name, const char *text)
{
	print("\"%s\":\"", name);
	for (; *text; text++)
		if (*text >= ' ' && *text < 127 && *text != '"' && *text != '\\')
			print("%c", *text);
	print("\",");
}

static const char *boolean(bool value)
{
	return value ? "true" : "false";
}

static void print_lane(const struct lane *lane, bool last)
{
	const struct calibration *found = &lane->calibration;

	print("{\"cpu\":%d,\"threshold_ticks\":%llu,\"auto\":%s,\"floor_ticks\":%llu,",
	      lane->cpu, (unsigned long long)found->threshold, boolean(found->automatic),
	      (unsigned long long)found->floor);
	print("\"p50_ticks\":%llu,\"p9999_ticks\":%llu,\"read_ns\":%.3f,",
	      (unsigned long long)found->p50, (unsigned long long)found->p9999, found->read_ns);
	print("\"calibration_reads\":%llu,\"backward\":%llu}%s",
	      (unsigned long long)found->reads, (unsigned long long)found->backward,
	      last ? "" : ",");
}

void write_hello(struct run *run)
{
	const struct control *control = &run->control;
	struct utsname system;

	uname(&system);
	payload.used = 0;
	print("{\"wire\":1,\"sampler\":\"hvsampler " HV_VERSION "\",");
	print_text("machine", system.machine);
	print_text("kernel", system.release);
	print("\"counter\":\"%s\",\"fenced\":%s,", counter_names[control->counter],
	      boolean(control->fenced));
	print("\"frequency_hz\":%llu,\"nominal_hz\":%llu,\"measured_hz\":%llu,",
	      (unsigned long long)control->frequency_hz, (unsigned long long)run->nominal_hz,
	      (unsigned long long)run->measured_hz);
	print("\"start_tick\":%llu,\"mono_ns\":%llu,\"real_ns\":%lld,",
	      (unsigned long long)run->start.tick, (unsigned long long)run->start.mono_ns,
	      (long long)run->start.real_ns);
	print("\"fifo\":%d,\"locked\":%s,\"writer_cpu\":%d,", control->fifo,
	      boolean(run->locked), run->writer_cpu);
	print("\"window_ms\":%u,\"pause_ms\":%u,\"ring\":%u,\"online_cpus\":%u,\"lanes\":[",
	      run->window_ms, run->pause_ms, run->ring_size, run->online_cpus);
	for (unsigned int i = 0; i < run->lane_count; i++)
		print_lane(&run->lanes[i], i + 1 == run->lane_count);
	print("]}");
	output_frame(&run->output, HELLO, STREAM_LANE, &payload);
	output_flush(&run->output);
}

static void write_end(struct run *run, enum verdict verdict)
{
	const char *reason = run->output.broken ? "stdin-closed" : guard_reason(verdict);

	payload.used = 0;
	print("{\"reason\":\"%s\",\"detail\":\"\",\"end_tick\":%llu}", reason,
	      (unsigned long long)counter_read(run->control.counter));
	output_frame(&run->output, END, STREAM_LANE, &payload);
}

/* Stop the lanes between two chunks and wait until all of them sleep; or wake them again. */
static void set_pause(struct run *run, bool pause)
{
	struct control *control = &run->control;

	pthread_mutex_lock(&control->lock);
	control->pause = pause;
	pthread_cond_broadcast(&control->changed);
	while (control->parked != (pause ? run->lane_count : 0) && !control->stop)
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

static void drain(struct run *run)
{
	for (unsigned int i = 0; i < run->lane_count; i++) {
		lane_notes(run, &run->lanes[i]);
		lane_drain(run, &run->lanes[i], false);
	}
	output_flush(&run->output);
}

static void beat(struct run *run, uint32_t flags)
{
	for (unsigned int i = 0; i < run->lane_count; i++)
		lane_heartbeat(run, &run->lanes[i], flags);
	output_flush(&run->output);
}

/* A reader that takes nothing for as long as it may be silent is gone as well. */
static enum verdict judge(const struct run *run, enum verdict verdict, uint64_t now)
{
	if (verdict != GUARD_GO_ON)
		return verdict;
	if (run->output.broken)
		return GUARD_CLOSED;
	if (run->guard.timeout_ns && run->output.used &&
	    now - run->output.progress_ns > run->guard.timeout_ns)
		return GUARD_SILENT;
	return GUARD_GO_ON;
}

/* The end of the run in time: true once it has come. */
static bool is_over(const struct run *run)
{
	uint64_t ticks = counter_read(run->control.counter) - run->control.start_tick;

	return run->seconds > 0 &&
	       (double)ticks >= run->seconds * (double)run->control.frequency_hz;
}

/* Wait, listening, up to wait_ms, but no longer than the run lasts. */
static enum verdict listen_for(struct run *run, int wait_ms, bool *over)
{
	enum verdict verdict = guard_poll(&run->guard, wait_ms,
					  run->output.used ? run->output.fd : -1, NULL);

	*over = is_over(run);
	return judge(run, verdict, monotonic_ns());
}

/* No CPU is left for the writer: sample for a while, then pause all lanes and write. */
static enum verdict write_in_windows(struct run *run)
{
	enum verdict verdict = GUARD_GO_ON;
	bool over = false;

	while (verdict == GUARD_GO_ON && !over) {
		uint64_t end = monotonic_ns() + (uint64_t)run->window_ms * 1000000u;

		/* Asleep, so that the writer is no gap of its own; stop is heard at the window's end. */
		do {
			uint64_t now = monotonic_ns();

			if (now >= end || is_over(run))
				break;
			usleep((useconds_t)((end - now > 20000000u ? 20000000u : end - now) / 1000 + 1));
		} while (!over);
		set_pause(run, true);
		do {
			drain(run);
			beat(run, FLAG_PAUSED);
			verdict = listen_for(run, (int)run->pause_ms, &over);
			output_flush(&run->output);
		} while (verdict == GUARD_GO_ON && run->output.used);
		if (verdict == GUARD_GO_ON && !over)
			set_pause(run, false);
	}
	return verdict;
}

static enum verdict write_beside(struct run *run)
{
	uint64_t period = run->output.text ? TEXT_HEARTBEAT_NS : HEARTBEAT_NS;
	uint64_t next = monotonic_ns() + period;
	enum verdict verdict;
	bool over;

	do {
		verdict = listen_for(run, STEP_MS, &over);
		drain(run);
		if (monotonic_ns() >= next) {
			next = monotonic_ns() + period;
			beat(run, 0);
		}
	} while (verdict == GUARD_GO_ON && !over);
	return verdict;
}

/* Everything that is still in the rings, the last heartbeats and the end, while somebody reads. */
static void last_words(struct run *run, enum verdict verdict)
{
	uint64_t limit = monotonic_ns() + LAST_WORDS_NS;
	unsigned int lane = 0;

	while (monotonic_ns() < limit && !run->output.broken) {
		while (lane < run->lane_count && lane_finish(run, &run->lanes[lane]) &&
		       lane_heartbeat(run, &run->lanes[lane], FLAG_LAST))
			lane++;
		if (lane == run->lane_count && output_has_room(&run->output, 128))
			break;
		guard_poll(&run->guard, STEP_MS, run->output.fd, NULL);
		output_flush(&run->output);
	}
	if (lane < run->lane_count)
		return;
	if (run->output.longest_stall_ns > STALL_TOLD_NS)
		write_note(run, STREAM_LANE, STALLED, 1, run->control.start_tick,
			   counter_read(run->control.counter),
			   (int64_t)run->output.longest_stall_ns, "the reader took nothing");
	write_end(run, verdict);
	while (run->output.used && monotonic_ns() < limit && !run->output.broken) {
		guard_poll(&run->guard, STEP_MS, run->output.fd, NULL);
		output_flush(&run->output);
	}
}

enum verdict write_run(struct run *run)
{
	enum verdict verdict = run->window_ms ? write_in_windows(run) : write_beside(run);

	stop_lanes(run);
	last_words(run, verdict);
	return run->output.broken ? GUARD_CLOSED : verdict;
}
