/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer, one consumer, no locks. The sampling thread pushes, the writer pops; each keeps
 * its own index on a cache line of its own, so that they meet only when the ring runs low.
 */
#ifndef HV_RING_H
#define HV_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A switch; or, with length 0, the message that histogram number `start` is complete. */
struct record {
	uint64_t start;
	uint64_t length;
};

struct ring {
	struct record *records;
	uint32_t mask;			/* capacity - 1, a power of two less one */
	_Alignas(64) _Atomic uint32_t head;	/* next to be written, by the producer */
	uint32_t seen_tail;		/* the producer's last look at tail */
	_Alignas(64) _Atomic uint32_t tail;	/* next to be read, by the consumer */
};

static inline uint32_t ring_used(struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_acquire) -
	       atomic_load_explicit(&ring->tail, memory_order_acquire);
}

static inline bool ring_push(struct ring *ring, struct record record)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - ring->seen_tail > ring->mask) {
		ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
		if (head - ring->seen_tail > ring->mask)
			return false;
	}
	ring->records[head & ring->mask] = record;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

static inline bool ring_pop(struct ring *ring, struct record *record)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
		return false;
	*record = ring->records[tail & ring->mask];
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
	return true;
}

#endif
