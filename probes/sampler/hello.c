// SPDX-License-Identifier: Apache-2.0
/* The first frame and the last: JSON, so that they can grow. */
#define _GNU_SOURCE
#include "writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/utsname.h>

static struct payload payload;

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

	print("{\"cpu\":%d,\"threshold_ticks\":%u,\"auto\":%s,\"floor_ticks\":%llu,",
	      lane->cpu, found->threshold, boolean(found->automatic),
	      (unsigned long long)found->floor);
	print("\"p50_ticks\":%llu,\"p9999_ticks\":%llu,\"read_ns\":%.3f,",
	      (unsigned long long)found->p50, (unsigned long long)found->p9999, found->read_ns);
	print("\"between_ticks\":%llu,\"calibration_reads\":%llu,\"backward\":%llu}%s",
	      (unsigned long long)found->between, (unsigned long long)found->reads,
	      (unsigned long long)found->backward, last ? "" : ",");
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

void write_end(struct run *run, enum verdict verdict)
{
	const char *reason = run->output.broken ? "stdin-closed" : guard_reason(verdict);

	payload.used = 0;
	print("{\"reason\":\"%s\",\"detail\":\"", reason);
	for (unsigned int i = 0; i < run->lane_count; i++)
		if (run->lanes[i].failed)
			print("CPU %d: %s. ", run->lanes[i].cpu, lane_failure(&run->lanes[i]));
	print("\",\"end_tick\":%llu}",
	      (unsigned long long)counter_read(run->control.counter));
	output_frame(&run->output, END, STREAM_LANE, &payload);
}
