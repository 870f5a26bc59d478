// SPDX-License-Identifier: Apache-2.0
/* What the stream has to say beside its figures. */
#define _GNU_SOURCE
#include "writer.h"

#include <fcntl.h>
#include <stdio.h>
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

/* Whether the kernel calls the CPU offline; where it does not say (CPU 0), it is online. */
static bool is_offline(int cpu)
{
	char path[64], state = '1';
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &state, 1) != 1)
		state = '1';
	close(fd);
	return state == '0';
}

/* As soon as the lane is away, and at the latest before the hole's end is told. */
static void tell_away(struct run *run, struct lane *lane)
{
	if (lane->told_away)
		return;
	write_note(run, (uint16_t)lane->cpu, MOVED, 2, lane->hole_start, lane->hole_start,
		   lane->found_on,
		   is_offline(lane->cpu) ?
			   "hotplug hole: the CPU went offline; it is not sampled until it is back" :
			   "hotplug hole: the lane was taken off its CPU; it is called back");
	lane->told_away = true;
}

bool lane_hole_note(struct run *run, struct lane *lane)
{
	uint64_t start = lane->hole_start, end = lane->hole_end;

	if (!output_has_room(&run->output, ROOM_FOR_NOTES))
		return false;
	tell_away(run, lane);
	write_note(run, (uint16_t)lane->cpu, BLIND, 1, start, end, (int64_t)(end - start),
		   "hotplug hole");
	write_note(run, (uint16_t)lane->cpu, MOVED, 0, start, end, lane->cpu,
		   "hotplug hole: the lane is back on its CPU, and the counter can be read there");
	lane->told_away = false;
	return true;
}

void lane_notes(struct run *run, struct lane *lane)
{
	uint64_t backward = atomic_load_explicit(&lane->backward, memory_order_relaxed);
	uint64_t blind_end = atomic_load_explicit(&lane->blind_end, memory_order_relaxed);

	if (!output_has_room(&run->output, ROOM_FOR_NOTES))
		return;
	/* A lane is asleep, or gone, when these are looked at; each pause is told once. */
	if (run->window_ms && blind_end != lane->told_blind_end) {
		write_note(run, (uint16_t)lane->cpu, BLIND, 0, lane->blind_start, blind_end,
			   (int64_t)(blind_end - lane->blind_start), "");
		lane->told_blind_end = blind_end;
	}
	if (backward != lane->told_backward) {
		uint64_t now = atomic_load(&lane->watched_until);

		write_note(run, (uint16_t)lane->cpu, BACKWARD, 1, now, now,
			   (int64_t)lane->step_back, "the counter stepped back");
		lane->told_backward = backward;
	}
	/* A hole that was told and not encoded yet is the writer's to tell, in its place. */
	if (atomic_load_explicit(&lane->away, memory_order_acquire) &&
	    !atomic_load_explicit(&lane->hole_busy, memory_order_acquire))
		tell_away(run, lane);
}
