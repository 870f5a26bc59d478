// SPDX-License-Identifier: Apache-2.0
/* Runs a load on one CPU for as long as the console wants it. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "loads.h"

static _Atomic bool stop;

static const struct option known[] = {
	{ "cpu", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 's' },
	{ "heartbeat-timeout", required_argument, NULL, 't' },
	{ "no-guard", no_argument, NULL, 'n' },
	{ "describe", no_argument, NULL, 'd' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static void *burn(void *unused)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		load_burn();
	return unused;
}

static void fail(int status, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", load_name, what, why);
	exit(status);
}

static double number(const char *text, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= high))
		fail(2, text, "no number that fits here");
	return value;
}

static void pin(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET((size_t)cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		fail(2, "cannot run on that CPU", strerror(errno));
}

int main(int count, char **words)
{
	double seconds = 3600, timeout = 10;
	enum verdict verdict;
	struct guard guard;
	bool guarded = true;
	pthread_t worker;
	uint64_t end;
	int word;

	while ((word = getopt_long(count, words, "", known, NULL)) != -1) {
		switch (word) {
		case 'c':
			pin((int)number(optarg, CPU_SETSIZE - 1));
			break;
		case 's':
			seconds = number(optarg, 86400);
			break;
		case 't':
			timeout = number(optarg, 86400);
			break;
		case 'n':
			guarded = false;
			timeout = 0;
			break;
		case 'd':
			printf("%s: %s\n", load_name, load_description);
			return 0;
		case 'v':
			printf("%s " HV_VERSION "\n", load_name);
			return 0;
		default:
			return 2;
		}
	}
	guard_init(&guard, timeout, guarded);
	if (pthread_create(&worker, NULL, burn, NULL))
		fail(1, "thread", strerror(errno));
	end = monotonic_ns() + (uint64_t)(seconds * 1e9);
	do
		verdict = guard_poll(&guard, 50, -1, NULL);
	while (verdict == GUARD_GO_ON && monotonic_ns() < end);
	atomic_store(&stop, true);
	pthread_join(worker, NULL);
	return verdict == GUARD_GO_ON || verdict == GUARD_STOP ? 0 : 4;
}
