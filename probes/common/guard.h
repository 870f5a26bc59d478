/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing of ours may be left running on a board. A program listens on its standard input: it ends
 * when that ends (the console is gone, the link was cut) and when nothing came for a while (a link
 * that is half dead gives no end of file).
 */
#ifndef HV_GUARD_H
#define HV_GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum verdict { GUARD_GO_ON, GUARD_STOP, GUARD_CLOSED, GUARD_SILENT, GUARD_SIGNAL,
	       GUARD_FAILED };

struct guard {
	uint64_t timeout_ns;	/* 0: silence is no reason to end */
	uint64_t heard_ns;	/* CLOCK_MONOTONIC of the last byte */
	bool listening;		/* false: standard input says nothing (used by hand) */
	uint32_t asked;		/* how many 't' came: each wants the counter of the moment */
};

uint64_t monotonic_ns(void);
const char *guard_reason(enum verdict verdict);
void guard_init(struct guard *guard, double timeout_s, bool listening);

/*
 * Wait up to wait_ms for a byte, or for fd_out to take some (fd_out < 0: do not care). Sets
 * *writable. Call it often; it also notices signals.
 */
enum verdict guard_poll(struct guard *guard, int wait_ms, int fd_out, bool *writable);

#endif
