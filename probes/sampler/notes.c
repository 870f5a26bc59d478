// SPDX-License-Identifier: Apache-2.0
/* What the stream has to say beside its figures. */
#define _GNU_SOURCE
#include "writer.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_TEXT 512u
#define ROOM_FOR_NOTES 1024u

static struct payload payload;

void write_note(struct run *run, uint16_t lane, enum note_code code, uint16_t severity,
		uint64_t start, uint64_t end, int64_t value, const char *text)
{
	size_t length = strnlen(text, LONGEST_TEXT);

	payload.used = 0;
	put_u16(&payload, (uint16_t)code);
	put_u16(&payload, severity);
	put_u32(&payload, 0);
	put_u64(&payload, start);
	put_u64(&payload, end);
	put_u64(&payload, (uint64_t)value);
	memcpy(payload.bytes + payload.used, text, length);
	payload.used += length;
	if (output_fits(&run->output, payload.used))
		output_frame(&run->output, NOTE, lane, &payload);
}

/* The CPU a thread ran on last: the 39th field of its stat, or -1. */
static int cpu_of(int tid)
{
	char path[64], text[1024], *at;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	at = strrchr(text, ')');	/* the name before it may hold anything */
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

/*
 * A CPU that goes offline loses its threads to the others, and the kernel widens their mask: say
 * so, and call the lane back until its CPU is there again.
 */
static void follow(struct run *run, struct lane *lane)
{
	uint64_t now = atomic_load(&lane->watched_until);
	cpu_set_t allowed, own;
	bool moved;

	CPU_ZERO(&own);
	CPU_SET(lane->cpu, &own);
	moved = !sched_getaffinity(lane->tid, sizeof(allowed), &allowed) &&
		!CPU_EQUAL(&allowed, &own);
	if (moved && !lane->moved)
		write_note(run, (uint16_t)lane->cpu, MOVED, 2, now, now, cpu_of(lane->tid),
			   "the CPU went offline; the lane runs elsewhere");
	if (moved && !sched_setaffinity(lane->tid, sizeof(own), &own)) {
		write_note(run, (uint16_t)lane->cpu, MOVED, 0, now, now, lane->cpu,
			   "the lane is back on its CPU");
		moved = false;
	}
	lane->moved = moved;
}

void lane_notes(struct run *run, struct lane *lane)
{
	uint64_t backward = atomic_load_explicit(&lane->backward, memory_order_relaxed);
	uint64_t blind = atomic_load_explicit(&lane->blind, memory_order_relaxed);

	if (!output_has_room(&run->output, ROOM_FOR_NOTES))
		return;
	/* A lane is asleep, or gone, when these are looked at; each pause is told once. */
	if (run->window_ms && lane->blind_end && blind != lane->told_blind) {
		write_note(run, (uint16_t)lane->cpu, BLIND, 0, lane->blind_start, lane->blind_end,
			   (int64_t)(lane->blind_end - lane->blind_start), "");
		lane->told_blind = blind;
	}
	if (backward != lane->told_backward) {
		uint64_t now = atomic_load(&lane->watched_until);

		write_note(run, (uint16_t)lane->cpu, BACKWARD, 1, now, now,
			   (int64_t)lane->step_back, "the counter stepped back");
		lane->told_backward = backward;
	}
	if (!run->control.stop)
		follow(run, lane);
}
