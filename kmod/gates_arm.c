// SPDX-License-Identifier: GPL-2.0-only
/* The gates of ARMv7-A and of ARMv8-A in AArch32: ARM DDI 0406C, B6.1 and B8.1. */

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <asm/arch_timer.h>
#include <asm/barrier.h>
#include <asm/cputype.h>

#include "hvcounter.h"

#define PMCR_E		BIT(0)	/* all counters run */
#define PMCR_D		BIT(3)	/* the cycle counter counts each 64th cycle */
#define PMCNTEN_C	BIT(31)	/* the cycle counter runs */
#define PMUSERENR_EN	BIT(0)	/* user space may use the monitor */

#define PFR1_TIMER	GENMASK(19, 16)
#define DFR0_PERFMON	GENMASK(27, 24)

static void cntkctl_change(u32 set, u32 clear)
{
	arch_timer_set_cntkctl((arch_timer_get_cntkctl() & ~clear) | set);
}

static u32 pmcr_read(void)
{
	u32 value;

	asm volatile("mrc p15, 0, %0, c9, c12, 0" : "=r" (value));
	return value;
}

static void pmcr_change(u32 set, u32 clear)
{
	u32 value = (pmcr_read() & ~clear) | set;

	asm volatile("mcr p15, 0, %0, c9, c12, 0" : : "r" (value));
	isb();
}

static u32 pmcnten_read(void)
{
	u32 value;

	asm volatile("mrc p15, 0, %0, c9, c12, 1" : "=r" (value));
	return value;
}

/* A pair of registers: ones written to the first set bits, to the second clear them. */
static void pmcnten_change(u32 set, u32 clear)
{
	asm volatile("mcr p15, 0, %0, c9, c12, 2" : : "r" (clear));
	asm volatile("mcr p15, 0, %0, c9, c12, 1" : : "r" (set));
	isb();
}

static u32 pmuserenr_read(void)
{
	u32 value;

	asm volatile("mrc p15, 0, %0, c9, c14, 0" : "=r" (value));
	return value;
}

static void pmuserenr_change(u32 set, u32 clear)
{
	u32 value = (pmuserenr_read() & ~clear) | set;

	asm volatile("mcr p15, 0, %0, c9, c14, 0" : : "r" (value));
	isb();
}

const struct hvcounter_gate hvcounter_gates[HVCOUNTER_GATES] = {
	[HVCOUNTER_CNTKCTL] = {
		.name = "CNTKCTL",
		.set = ARCH_TIMER_USR_PCT_ACCESS_EN,
		.read = arch_timer_get_cntkctl,
		.change = cntkctl_change,
	},
	[HVCOUNTER_PMCR] = {
		.name = "PMCR",
		.set = PMCR_E,
		.clear = PMCR_D,
		.read = pmcr_read,
		.change = pmcr_change,
	},
	[HVCOUNTER_PMCNTEN] = {
		.name = "PMCNTENSET",
		.set = PMCNTEN_C,
		.read = pmcnten_read,
		.change = pmcnten_change,
	},
	[HVCOUNTER_PMUSERENR] = {
		.name = "PMUSERENR",
		.set = PMUSERENR_EN,
		.read = pmuserenr_read,
		.change = pmuserenr_change,
	},
};

bool hvcounter_has_timer(void)
{
	return FIELD_GET(PFR1_TIMER, read_cpuid_ext(CPUID_EXT_PFR1));
}

/* 0: none that we know how to use, 15: one of the maker's own kind. */
bool hvcounter_has_pmu(void)
{
	unsigned int version = FIELD_GET(DFR0_PERFMON, read_cpuid_ext(CPUID_EXT_DFR0));

	return version && version != 0xf;
}
