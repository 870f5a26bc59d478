// SPDX-License-Identifier: Apache-2.0
/* What there is to measure with, as one line of JSON: hvsampler --probe. */
#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void go_to(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		die(EXIT_FAILED, "CPU %d: %s", cpu, strerror(errno));
}

/* Access is a matter of each CPU: ask all those that were named. */
static bool readable_there(enum counter counter, const struct options *options)
{
	bool readable = true;

	for (unsigned int i = 0; i < options->cpu_count && readable; i++) {
		go_to(options->cpus[i]);
		readable = counter_readable(counter);
	}
	return readable;
}

/* The kernel's list of CPUs ("0-1,3"), as the inside of a JSON array. */
static void print_online(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/online", "r");
	const char *comma = "";
	int first, last;
	char sign = ',';

	while (file && sign == ',' && fscanf(file, "%d", &first) == 1) {
		last = first;
		if (fscanf(file, "%c", &sign) == 1 && sign == '-' &&
		    fscanf(file, "%d%c", &last, &sign) < 1)
			last = first;
		for (; first <= last; first++, comma = ",")
			printf("%s%d", comma, first);
	}
	if (file)
		fclose(file);
}

void probe(const struct options *options)
{
	struct utsname system;
	const char *comma = "";

	uname(&system);
	go_to(options->cpus[0]);
	printf("{\"machine\":\"%s\",\"nominal_hz\":%llu", system.machine,
	       (unsigned long long)counter_nominal_hz());
	for (int counter = COUNTER_CNTPCT; counter < COUNTERS; counter++)
		printf(",\"%s\":%s", counter_names[counter],
		       readable_there((enum counter)counter, options) ? "true" : "false");
	printf(",\"cpu\":%d,\"online\":[", options->cpus[0]);
	print_online();
	printf("],\"allowed\":[");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &options->allowed)) {
			printf("%s%d", comma, cpu);
			comma = ",";
		}
	puts("]}");
}
