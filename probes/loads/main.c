// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a load on one CPU for as long as the console wants it. The whole program is pinned, its ear
 * too: if that woke up on the sampled CPU, it would be a switch of our own making.
 */
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
#include <unistd.h>

#include "guard.h"
#include "loads.h"

/* Exit statuses, those of the sampler. */
enum { EXIT_ENDED, EXIT_FAILED, EXIT_USAGE, EXIT_ALONE = 4, EXIT_SIGNALLED = 5 };

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
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		load_burn();
	return unused;
}

static __attribute__((noreturn)) void fail(int status, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", load_name, what, why);
	exit(status);
}

/* A load for another CPU: NEON is missing, say. */
static void on_ill(int number)
{
	static const char words[] = ": this CPU lacks the instructions\n";

	(void)number;
	if (write(STDERR_FILENO, load_name, strlen(load_name)) < 0 ||
	    write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		_exit(EXIT_FAILED);	/* nobody to tell */
	_exit(EXIT_FAILED);
}

static double number(const char *text, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= high))
		fail(EXIT_USAGE, text, "no number that fits here");
	return value;
}

static void pin(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET((size_t)cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		fail(EXIT_USAGE, "cannot run on that CPU", strerror(errno));
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

	opterr = 0;
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
			fail(EXIT_USAGE, words[optind - 1], "unknown, or it lacks its value");
		}
	}
	if (optind < count)
		fail(EXIT_USAGE, words[optind], "no such word");
	signal(SIGILL, on_ill);
	guard_init(&guard, timeout, guarded);
	if (pthread_create(&worker, NULL, burn, NULL))
		fail(EXIT_FAILED, "a thread", "cannot be started");
	end = monotonic_ns() + (uint64_t)(seconds * 1e9);
	do
		verdict = guard_poll(&guard, 50, -1, NULL);
	while (verdict == GUARD_GO_ON && monotonic_ns() < end);
	atomic_store(&stop, true);
	pthread_join(worker, NULL);
	if (verdict == GUARD_SIGNAL)
		return EXIT_SIGNALLED;
	return verdict == GUARD_GO_ON || verdict == GUARD_STOP ? EXIT_ENDED : EXIT_ALONE;
}
