// SPDX-License-Identifier: Apache-2.0
/*
 * A load for machines without one of their own: multiplications in floating point and integers
 * side by side, over a buffer larger than a first-level cache. It keeps a CPU busy; it claims
 * nothing about heat.
 */
#include "loads.h"

#include <stdint.h>

const char load_name[] = "burn";
const char load_description[] =
	"generic load in C (floating point, integers, memory); not cpuburn-a8";

#define WORDS (1u << 14)

void load_burn(void)
{
	static uint64_t words[WORDS];
	static double a = 1.000000001, b = 0.999999999, c = 1.000000003, d = 0.999999997;
	uint64_t x = words[0] | 1;

	for (unsigned int round = 0; round < 16; round++)
		for (unsigned int i = 0; i < WORDS; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			words[i] ^= x >> 13;
			a = a * 1.0000001 + 1e-9;
			b = b * 0.9999999 + 1e-9;
			c = c * 1.0000002 - 1e-9;
			d = d * 0.9999998 - 1e-9;
		}
	if (a > 1e6 || c > 1e6) {
		a = 1.000000001;
		c = 1.000000003;
	}
	words[1] ^= (uint64_t)(a + b + c + d);
}
