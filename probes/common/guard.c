// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	signalled = number;
}

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *guard_reason(enum verdict verdict)
{
	static const char *const words[] = {
		[GUARD_GO_ON] = "time",
		[GUARD_STOP] = "stop",
		[GUARD_CLOSED] = "stdin-closed",
		[GUARD_SILENT] = "no-heartbeat",
		[GUARD_SIGNAL] = "signal",
		[GUARD_FAILED] = "error",
	};

	return words[verdict];
}

void guard_init(struct guard *guard, double timeout_s, bool listening)
{
	struct sigaction action = { .sa_handler = on_signal };
	const int ends[] = { SIGTERM, SIGINT, SIGHUP };

	guard->timeout_ns = (uint64_t)(timeout_s * 1e9);
	guard->heard_ns = monotonic_ns();
	guard->listening = listening;
	for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);	/* a closed pipe is noticed by write() */
}

static enum verdict listen(struct guard *guard)
{
	char bytes[256];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		return GUARD_CLOSED;
	if (got < 0)
		return GUARD_GO_ON;
	guard->heard_ns = monotonic_ns();
	for (ssize_t i = 0; i < got; i++)
		guard->asked += bytes[i] == 't';
	return memchr(bytes, 'q', (size_t)got) ? GUARD_STOP : GUARD_GO_ON;
}

enum verdict guard_poll(struct guard *guard, int wait_ms, int fd_out, bool *writable)
{
	struct pollfd fds[2] = {
		{ .fd = guard->listening ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = fd_out, .events = POLLOUT },
	};
	int ready = poll(fds, 2, wait_ms);

	if (writable)
		*writable = ready > 0 && fds[1].revents;
	if (signalled)
		return GUARD_SIGNAL;
	if (ready > 0 && fds[0].revents) {
		enum verdict verdict = listen(guard);

		if (verdict != GUARD_GO_ON)
			return verdict;
	}
	if (guard->timeout_ns && monotonic_ns() - guard->heard_ns > guard->timeout_ns)
		return GUARD_SILENT;
	return GUARD_GO_ON;
}
