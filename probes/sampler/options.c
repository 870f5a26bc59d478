// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: hvsampler [options]\n"
	"  --cpu N[,N...]            CPUs to sample (default: the last one allowed)\n"
	"  --counter NAME            auto, cntpct, cntvct or tsc\n"
	"  --threshold-ns auto|N     a switch is longer than this\n"
	"  --seconds S               length of the run (default: until stopped)\n"
	"  --fifo PRIO               sample under SCHED_FIFO, 1 to 98\n"
	"  --fence                   order the reads by a barrier\n"
	"  --window-ms N             sample in windows and write in between; 0 never\n"
	"  --ring N                  switches a lane can hold back (a power of two; default\n"
	"                            65536, and 4096 for text: two seconds of the line)\n"
	"  --format binary|text      text for a serial line\n"
	"  --heartbeat-timeout S     end after silence on standard input (default 10; 0 never)\n"
	"  --no-guard                do not listen to standard input at all (by hand)\n"
	"  --probe                   say which counters can be read on all CPUs named, as JSON,\n"
	"                            and end\n"
	"  --version\n"
	"On standard input: q stops, every other byte is a heartbeat, its end ends the run.\n";

#define BINARY_RING (1u << 16)
#define TEXT_RING (1u << 12)
#define LAST_TEXT_LANE 254

enum { CPU = 256, COUNTER, THRESHOLD, SECONDS, FIFO, FENCE, WINDOW, RING, FORMAT, TIMEOUT, NO_GUARD,
       PROBE, VERSION, HELP };

static const struct option words_known[] = {
	{ "cpu", required_argument, NULL, CPU },
	{ "counter", required_argument, NULL, COUNTER },
	{ "threshold-ns", required_argument, NULL, THRESHOLD },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "fifo", required_argument, NULL, FIFO },
	{ "fence", no_argument, NULL, FENCE },
	{ "window-ms", required_argument, NULL, WINDOW },
	{ "ring", required_argument, NULL, RING },
	{ "format", required_argument, NULL, FORMAT },
	{ "heartbeat-timeout", required_argument, NULL, TIMEOUT },
	{ "no-guard", no_argument, NULL, NO_GUARD },
	{ "probe", no_argument, NULL, PROBE },
	{ "version", no_argument, NULL, VERSION },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

void die(int status, const char *format, ...)
{
	va_list arguments;

	fputs("hvsampler: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(status);
}

static long number(const char *name, const char *text, long low, long high)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < low || value > high)
		die(EXIT_USAGE, "--%s %s: a whole number from %ld to %ld is wanted", name, text,
		    low, high);
	return value;
}

static double seconds(const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= 30.0 * 86400))
		die(EXIT_USAGE, "--%s %s: seconds are wanted", name, text);
	return value;
}

static enum counter counter_named(const char *text)
{
	for (int counter = 0; counter < COUNTERS; counter++)
		if (!strcmp(text, counter_names[counter]))
			return (enum counter)counter;
	die(EXIT_USAGE, "--counter %s: auto, cntpct, cntvct and tsc are known", text);
}

/* The allowed CPUs as text, for messages. */
static const char *allowed_text(const cpu_set_t *allowed)
{
	static char text[256];
	size_t used = 0;

	text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < sizeof(text) - 8; cpu++)
		if (CPU_ISSET(cpu, allowed))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d",
						 used ? "," : "", cpu);
	return text;
}

static void add_cpu(struct options *options, long cpu)
{
	if (options->cpu_count == MAX_LANES)
		die(EXIT_USAGE, "at most %d CPUs can be sampled at once", MAX_LANES);
	if (cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, &options->allowed))
		die(EXIT_USAGE, "CPU %ld cannot be used here; allowed: %s", cpu,
		    allowed_text(&options->allowed));
	for (unsigned int i = 0; i < options->cpu_count; i++)
		if (options->cpus[i] == cpu)
			die(EXIT_USAGE, "CPU %ld is named twice", cpu);
	options->cpus[options->cpu_count++] = (int)cpu;
}

static void parse_cpus(struct options *options, char *text)
{
	for (char *word; (word = strsep(&text, ","));)
		add_cpu(options, number("cpu", word, 0, CPU_SETSIZE - 1));
}

static void take(struct options *options, int word, char *value)
{
	switch (word) {
	case CPU:
		parse_cpus(options, value);
		break;
	case COUNTER:
		options->counter = counter_named(value);
		break;
	case THRESHOLD:
		if (strcmp(value, "auto"))
			options->threshold_ns = number("threshold-ns", value, 1, 1000000000);
		break;
	case SECONDS:
		options->seconds = seconds("seconds", value);
		break;
	case FIFO:
		options->fifo = (int)number("fifo", value, 0, 98);
		break;
	case FENCE:
		options->fence = true;
		break;
	case WINDOW:
		options->window_ms = (int)number("window-ms", value, 0, 60000);
		break;
	case RING:
		options->ring = (uint32_t)number("ring", value, 16, 1 << 24);
		if (options->ring & (options->ring - 1))
			die(EXIT_USAGE, "--ring %s: a power of two is wanted", value);
		break;
	case FORMAT:
		options->text = !strcmp(value, "text");
		if (!options->text && strcmp(value, "binary"))
			die(EXIT_USAGE, "--format %s: binary and text are known", value);
		break;
	case TIMEOUT:
		options->heartbeat_timeout = seconds("heartbeat-timeout", value);
		break;
	case NO_GUARD:
		options->guarded = false;
		options->heartbeat_timeout = 0;
		break;
	case PROBE:
		options->probe = true;
		break;
	case VERSION:
		puts("hvsampler " HV_VERSION);
		exit(EXIT_ENDED);
	case HELP:
		fputs(usage, stdout);
		exit(EXIT_ENDED);
	default:
		die(EXIT_USAGE, "see hvsampler --help");
	}
}

void options_parse(struct options *options, int count, char **words)
{
	int word;

	*options = (struct options){
		.threshold_ns = -1,
		.window_ms = -1,
		.heartbeat_timeout = 10,
		.guarded = true,
	};
	if (sched_getaffinity(0, sizeof(options->allowed), &options->allowed))
		die(EXIT_FAILED, "sched_getaffinity: %s", strerror(errno));
	opterr = 0;
	while ((word = getopt_long(count, words, "", words_known, NULL)) != -1) {
		if (word == '?')
			die(EXIT_USAGE, "%s: unknown, or it lacks its value; see --help",
			    words[optind - 1]);
		take(options, word, optarg);
	}
	if (optind < count)
		die(EXIT_USAGE, "%s: no such word; see --help", words[optind]);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && !options->cpu_count; cpu--)
		if (CPU_ISSET(cpu, &options->allowed))
			add_cpu(options, cpu);
	for (unsigned int i = 0; i < options->cpu_count && options->text; i++)
		if (options->cpus[i] > LAST_TEXT_LANE)
			die(EXIT_USAGE, "CPU %d: lines of text can name the CPUs up to %d only",
			    options->cpus[i], LAST_TEXT_LANE);
	if (!options->ring)
		options->ring = options->text ? TEXT_RING : BINARY_RING;
}
