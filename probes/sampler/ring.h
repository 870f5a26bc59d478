/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer, one consumer, no locks. The sampling thread writes into a free stretch of the ring
 * with plain stores and shows the writer what it has written now and then (ring_renew): recording
 * a switch is two stores then, and costs nothing that could pass for another switch.
 */
#ifndef HV_RING_H
#define HV_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A switch; or, with length 0, a message: see HOLE_MARK. */
struct record {
	uint64_t start;
	uint64_t length;
};

struct ring {
	struct record *records;
	uint32_t mask;			/* capacity - 1, a power of two less one */
	_Alignas(64) _Atomic uint32_t head;	/* behind the last record shown, by the producer */
	struct record *next, *end;	/* the producer's own: the stretch it may fill */
	_Alignas(64) _Atomic uint32_t tail;	/* next to be read, by the consumer */
};

static inline void ring_init(struct ring *ring, struct record *records, uint32_t capacity)
{
	ring->records = ring->next = ring->end = records;
	ring->mask = capacity - 1;
	ring->head = ring->tail = 0;
}

static inline uint32_t ring_used(struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_acquire) -
	       atomic_load_explicit(&ring->tail, memory_order_acquire);
}

/* Producer: how many records are written and not shown. */
static inline uint32_t ring_hidden(struct ring *ring)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	return (uint32_t)(ring->next - (ring->records + (head & ring->mask)));
}

/* Producer: take back what is written and not shown. */
static inline void ring_retract(struct ring *ring)
{
	ring->next -= ring_hidden(ring);
}

/* Producer: show what is written; the next stretch reaches to the ring's edge, or what is in use. */
static inline void ring_renew(struct ring *ring)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed) + ring_hidden(ring);
	uint32_t at = head & ring->mask, to_edge = ring->mask + 1 - at, room;

	atomic_store_explicit(&ring->head, head, memory_order_release);
	room = ring->mask + 1 - (head - atomic_load_explicit(&ring->tail, memory_order_acquire));
	ring->next = ring->records + at;
	ring->end = ring->next + (room < to_edge ? room : to_edge);
}

/* Consumer. */
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
