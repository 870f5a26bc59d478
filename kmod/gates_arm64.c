// SPDX-License-Identifier: GPL-2.0-only
/* The gates of ARMv8-A in AArch64: ARM DDI 0487, D24. */

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <asm/arch_timer.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "hvcounter.h"

#define PMCR_E		BIT(0)	/* all counters run */
#define PMCR_D		BIT(3)	/* the cycle counter counts each 64th cycle */
#define PMCNTEN_C	BIT(31)	/* the cycle counter runs */
#define PMUSERENR_CR	BIT(2)	/* user space may read the cycle counter */

#define DFR0_PMUVER	GENMASK(11, 8)

/*
 * With the kernel at EL2 (VHE) CNTKCTL_EL1 is an alias of CNTHCTL_EL2, whose
 * bits for user space lie at the same places.
 */
static void cntkctl_change(u32 set, u32 clear)
{
	arch_timer_set_cntkctl((arch_timer_get_cntkctl() & ~clear) | set);
}

static u32 pmcr_read(void)
{
	return read_sysreg(pmcr_el0);
}

static void pmcr_change(u32 set, u32 clear)
{
	write_sysreg((pmcr_read() & ~clear) | set, pmcr_el0);
	isb();
}

static u32 pmcnten_read(void)
{
	return read_sysreg(pmcntenset_el0);
}

/* A pair of registers: ones written to the first set bits, to the second clear them. */
static void pmcnten_change(u32 set, u32 clear)
{
	write_sysreg(clear, pmcntenclr_el0);
	write_sysreg(set, pmcntenset_el0);
	isb();
}

static u32 pmuserenr_read(void)
{
	return read_sysreg(pmuserenr_el0);
}

static void pmuserenr_change(u32 set, u32 clear)
{
	write_sysreg((pmuserenr_read() & ~clear) | set, pmuserenr_el0);
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
		.set = PMUSERENR_CR,
		.read = pmuserenr_read,
		.change = pmuserenr_change,
	},
};

/* The architecture has no AArch64 without a generic timer. */
bool hvcounter_has_timer(void)
{
	return true;
}

/* 0: none, 15: one of the maker's own kind. */
bool hvcounter_has_pmu(void)
{
	unsigned int version = FIELD_GET(DFR0_PMUVER, read_sysreg(id_aa64dfr0_el1));

	return version && version != 0xf;
}
