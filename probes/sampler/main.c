// SPDX-License-Identifier: Apache-2.0
/* hvsampler: sees on its own time line when the CPU was taken away. See probes/README.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"
#include "writer.h"

#define MEASURE_NS 100000000u	/* how long the frequency is compared with the clock, at least */
#define DEFAULT_WINDOW_MS 500
#define PAUSE_MS 5
#define FIFO_REFUSED                                                                     \
	"SCHED_FIFO %d is not permitted (%s); run as root, give CAP_SYS_NICE, "          \
	"raise 'ulimit -r', or leave out --fifo"

struct job {
	struct options options;
	struct run *run;
	int status;
};

static const char *module_hint(enum counter counter)
{
	return counter == COUNTER_CNTPCT ? ": load the counter module (kmod/hvcounter)" : "";
}

static void choose_counter(struct run *run, enum counter wanted)
{
	enum counter best = wanted == COUNTER_AUTO ? counter_best() : wanted;

	if (best == COUNTER_AUTO)
		die(EXIT_FAILED, "no counter can be read from user space on this machine");
	if (!counter_readable(best))
		die(EXIT_PERMISSION, "%s cannot be read from user space here%s", counter_names[best],
		    module_hint(best));
	run->control.counter = best;
}

static double hz_between(struct moment first, struct moment last)
{
	return (double)(last.tick - first.tick) * 1e9 / (double)(last.mono_ns - first.mono_ns);
}

/* A frequency that the hardware states is exact, unless it is wrong; then the measured one is. */
static bool choose_frequency(struct run *run, struct moment first)
{
	struct moment last = counter_moment(run->control.counter);
	double measured;

	while (last.mono_ns - first.mono_ns < MEASURE_NS) {
		usleep(20000);
		last = counter_moment(run->control.counter);
	}
	measured = hz_between(first, last);
	run->measured_hz = (uint64_t)(measured + 0.5);
	run->nominal_hz = counter_nominal_hz();
	run->control.frequency_hz = run->measured_hz;
	if (!run->nominal_hz)
		return true;
	if (measured / (double)run->nominal_hz > 1.01 || measured / (double)run->nominal_hz < 0.99)
		return false;
	run->control.frequency_hz = run->nominal_hz;
	return true;
}

static int place_writer(const struct options *options)
{
	cpu_set_t only;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		bool sampled = false;

		for (unsigned int i = 0; i < options->cpu_count; i++)
			sampled |= options->cpus[i] == cpu;
		if (sampled || !CPU_ISSET(cpu, &options->allowed))
			continue;
		CPU_ZERO(&only);
		CPU_SET(cpu, &only);
		if (!sched_setaffinity(0, sizeof(only), &only))
			return cpu;
	}
	return -1;
}

/*
 * A writer that shares a CPU with a lane under SCHED_FIFO would only run when the kernel throttles
 * the lane: it has to come before it.
 */
static void raise_writer(const struct run *run)
{
	struct sched_param priority = { .sched_priority = run->control.fifo + 1 };

	if (!run->control.fifo || run->writer_cpu >= 0)
		return;
	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		die(EXIT_PERMISSION, FIFO_REFUSED, priority.sched_priority, strerror(errno));
}

static void make_lanes(struct run *run, const struct options *options)
{
	size_t size = options->cpu_count * sizeof(struct lane);

	run->lane_count = options->cpu_count;
	run->lanes = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!run->lanes)
		die(EXIT_FAILED, "no memory");
	memset(run->lanes, 0, size);
	for (unsigned int i = 0; i < run->lane_count; i++) {
		struct lane *lane = &run->lanes[i];

		lane->control = &run->control;
		lane->cpu = options->cpus[i];
		ring_init(&lane->ring, malloc(options->ring * sizeof(struct record)), options->ring);
		lane->histograms = malloc(2 * sizeof(struct histogram));
		lane->pending = malloc(PENDING * sizeof(struct record));
		lane->ticks = malloc(CALIBRATION_READS * sizeof(*lane->ticks));
		if (!lane->ring.records || !lane->histograms || !lane->pending || !lane->ticks)
			die(EXIT_FAILED, "no memory for a ring of %u switches", options->ring);
		/* Touched now: a page fault while sampling would be a switch of our own. */
		memset(lane->ring.records, 0, options->ring * sizeof(struct record));
		memset(lane->histograms, 0, 2 * sizeof(struct histogram));
		memset(lane->pending, 0, PENDING * sizeof(struct record));
		memset(lane->ticks, 0, CALIBRATION_READS * sizeof(*lane->ticks));
	}
}

static void check_lanes(const struct run *run)
{
	for (unsigned int i = 0; i < run->lane_count; i++) {
		const struct lane *lane = &run->lanes[i];

		if (lane->failed == CANNOT_FIFO)
			die(EXIT_PERMISSION, FIFO_REFUSED, run->control.fifo, strerror(lane->error));
		if (lane->failed == COUNTER_CLOSED)
			die(EXIT_PERMISSION, "CPU %d: %s%s", lane->cpu, lane_failure(lane),
			    module_hint(run->control.counter));
		if (lane->failed)
			die(EXIT_FAILED, "CPU %d: %s%s%s", lane->cpu, lane_failure(lane),
			    lane->error ? ": " : "", lane->error ? strerror(lane->error) : "");
	}
}

static void start_lanes(struct run *run)
{
	struct control *control = &run->control;

	pthread_barrier_init(&control->calibrated, NULL, run->lane_count + 1);
	pthread_barrier_init(&control->begin, NULL, run->lane_count + 1);
	pthread_mutex_init(&control->lock, NULL);
	pthread_cond_init(&control->changed, NULL);
	for (unsigned int i = 0; i < run->lane_count; i++) {
		int error = lane_start(&run->lanes[i]);

		if (error)
			die(EXIT_FAILED, "a thread for CPU %d: %s", run->lanes[i].cpu, strerror(error));
	}
	pthread_barrier_wait(&control->calibrated);
	check_lanes(run);
	for (unsigned int i = 0; i < run->lane_count; i++)
		free(run->lanes[i].ticks);
	run->locked = !mlockall(MCL_CURRENT);
	run->start = counter_moment(control->counter);
	control->start_tick = counter_read(control->counter);
	/* The clocks were read a moment earlier: move them to the run's zero. */
	run->start.mono_ns += (control->start_tick - run->start.tick) * 1000000000u /
			      control->frequency_hz;
	run->start.tick = control->start_tick;
	for (unsigned int i = 0; i < run->lane_count; i++) {
		run->lanes[i].last_end = control->start_tick;
		run->lanes[i].watched_until = control->start_tick;
		run->lanes[i].told_until = control->start_tick;
	}
	write_hello(run);
	pthread_barrier_wait(&control->begin);
}

static void tell_oddities(struct run *run, bool frequency_agrees)
{
	uint64_t now = run->control.start_tick;

	if (!frequency_agrees)
		write_note(run, STREAM_LANE, MESSAGE, 1, now, now, (int64_t)run->nominal_hz,
			   "CNTFRQ disagrees with the clock by more than 1 %; the measured frequency is used");
	if (!run->locked)
		write_note(run, STREAM_LANE, MESSAGE, 1, now, now, 0,
			   "memory could not be locked: page faults may show as switches");
	if (run->writer_cpu < 0 && !run->window_ms)
		write_note(run, STREAM_LANE, MESSAGE, 1, now, now, 0,
			   "the writer shares a sampled CPU: its own work shows as switches");
	for (unsigned int i = 0; i < run->lane_count; i++)
		if (run->lanes[i].calibration.clipped)
			write_note(run, (uint16_t)run->lanes[i].cpu, MESSAGE, 1, now, now, 0,
				   "this CPU is too noisy to calibrate: the threshold is held at 100 us");
}

/* A lane failed on its way: the end frame says so; so do we, where nobody reads frames. */
static int tell_failure(const struct run *run)
{
	for (unsigned int i = 0; i < run->lane_count; i++)
		if (run->lanes[i].failed)
			fprintf(stderr, "hvsampler: CPU %d: %s any more\n", run->lanes[i].cpu,
				lane_failure(&run->lanes[i]));
	return EXIT_FAILED;
}

static int status_of(const struct run *run, enum verdict verdict)
{
	switch (verdict) {
	case GUARD_GO_ON:
	case GUARD_STOP:
		return EXIT_ENDED;
	case GUARD_SIGNAL:
		return EXIT_SIGNALLED;
	case GUARD_FAILED:
		return tell_failure(run);
	default:
		return EXIT_ALONE;
	}
}

static void setup(struct run *run, const struct options *options)
{
	run->control.fenced = options->fence;
	run->control.fifo = options->fifo;
	run->control.threshold_ns = options->threshold_ns;
	run->seconds = options->seconds;
	run->ring_size = options->ring;
	run->online_cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	run->writer_cpu = place_writer(options);
	run->window_ms = (unsigned int)(options->window_ms >= 0 ? options->window_ms :
					run->writer_cpu < 0	? DEFAULT_WINDOW_MS : 0);
	run->pause_ms = run->window_ms ? PAUSE_MS : 0;
	raise_writer(run);
	choose_counter(run, options->counter);
}

/* From here on the counter may trap at any time; see counter_guarded(). */
static void measure(void *argument)
{
	struct job *job = argument;
	struct moment first = counter_moment(job->run->control.counter);
	bool agrees = choose_frequency(job->run, first);

	guard_init(&job->run->guard, job->options.heartbeat_timeout, job->options.guarded);
	start_lanes(job->run);
	tell_oddities(job->run, agrees);
	job->status = status_of(job->run, write_run(job->run));
}

int main(int count, char **words)
{
	struct job job;

	options_parse(&job.options, count, words);
	if (job.options.probe) {
		probe(&job.options);
		return EXIT_ENDED;
	}
	job.run = aligned_alloc(64, (sizeof(*job.run) + 63) / 64 * 64);
	if (!job.run)
		die(EXIT_FAILED, "no memory");
	memset(job.run, 0, sizeof(*job.run));
	setup(job.run, &job.options);
	make_lanes(job.run, &job.options);
	if (output_init(&job.run->output, STDOUT_FILENO, job.options.text))
		die(EXIT_FAILED, "no memory");
	if (!counter_guarded(measure, &job))
		die(EXIT_FAILED, "%s can no longer be read on the writer's CPU",
		    counter_names[job.run->control.counter]);
	return job.status;
}
