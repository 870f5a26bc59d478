/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths in log-linear buckets, 32 a power of two: docs/wire-format.md, kind 3. */
#ifndef HV_HISTOGRAM_H
#define HV_HISTOGRAM_H

#include <stdint.h>

#define SUB_BUCKET_BITS 5
#define BUCKETS (60u << SUB_BUCKET_BITS)

struct histogram {
	uint64_t start, end;		/* of the first and the last, tick */
	uint64_t count, total;
	uint64_t shortest, longest;
	uint64_t buckets[BUCKETS];
};

static inline uint32_t bucket_of(uint64_t length)
{
	uint32_t power;

	if (length < 1u << SUB_BUCKET_BITS)
		return (uint32_t)length;
	power = 63u - (uint32_t)__builtin_clzll(length) - SUB_BUCKET_BITS;
	return (power << SUB_BUCKET_BITS) + (uint32_t)(length >> power);
}

/* The shortest length that falls into a bucket. */
static inline uint64_t bucket_start(uint32_t bucket)
{
	uint32_t power = bucket >> SUB_BUCKET_BITS;

	if (power < 2)
		return bucket;
	return (uint64_t)((1u << SUB_BUCKET_BITS) + (bucket & ((1u << SUB_BUCKET_BITS) - 1)))
	       << (power - 1);
}

static inline void histogram_add(struct histogram *histogram, uint64_t start, uint64_t length)
{
	if (!histogram->count) {
		histogram->start = start;
		histogram->shortest = length;
	}
	histogram->end = start + length;
	histogram->count++;
	histogram->total += length;
	if (length < histogram->shortest)
		histogram->shortest = length;
	if (length > histogram->longest)
		histogram->longest = length;
	histogram->buckets[bucket_of(length)]++;
}

#endif
