// SPDX-License-Identifier: GPL-2.0-only
/* Opening and closing the gates of the CPU that runs this. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "hvcounter.h"

DEFINE_PER_CPU(struct hvcounter_cpu, hvcounter_cpus);

bool hvcounter_wants(unsigned int gate)
{
	return gate == HVCOUNTER_CNTKCTL ? hvcounter_cntpct : hvcounter_pmccntr;
}

static bool gate_is_open(const struct hvcounter_gate *gate)
{
	u32 now = gate->read();

	return (now & gate->set) == gate->set && !(now & gate->clear);
}

/* Interrupts are off: perf changes PMCR from its interrupt handler. */
static void apply(struct hvcounter_cpu *cpu)
{
	u32 missing = 0;
	unsigned int i;

	for (i = 0; i < HVCOUNTER_GATES; i++) {
		const struct hvcounter_gate *gate = &hvcounter_gates[i];

		if (!hvcounter_wants(i))
			continue;
		gate->change(gate->set, gate->clear);
		if (!gate_is_open(gate))
			missing |= BIT(i);
	}
	WRITE_ONCE(cpu->missing, missing);
	WRITE_ONCE(cpu->applied, cpu->applied + 1);
}

/* Remember what is found, then open. Runs on its CPU, which is coming online. */
void hvcounter_open(void)
{
	struct hvcounter_cpu *cpu = this_cpu_ptr(&hvcounter_cpus);
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < HVCOUNTER_GATES; i++)
		if (hvcounter_wants(i))
			cpu->found[i] = hvcounter_gates[i].read();
	apply(cpu);
	cpu->open = true;
	local_irq_restore(flags);

	cpu->last_online_ns = ktime_get_ns();
	if (hvcounter_cntpct)
		pr_info("cpu%u: CNTKCTL %08x -> %08x\n", smp_processor_id(),
			cpu->found[HVCOUNTER_CNTKCTL],
			hvcounter_gates[HVCOUNTER_CNTKCTL].read());
}

/* Open again what a power-down lost; what was found first still counts. */
void hvcounter_reopen(void)
{
	struct hvcounter_cpu *cpu = this_cpu_ptr(&hvcounter_cpus);
	unsigned long flags;

	local_irq_save(flags);
	if (cpu->open)
		apply(cpu);
	local_irq_restore(flags);
}

/*
 * Put back our own bits only, and only those that we really changed. What
 * others did to the register meanwhile (the event stream's divider, say) is
 * theirs. Nobody else having touched it, it is exactly as it was found.
 */
static void put_back(const struct hvcounter_gate *gate, u32 found)
{
	gate->change(gate->clear & found, gate->set & ~found);
	if (gate->read() != found)
		pr_info("cpu%u: %s was changed by others: found %08x, left %08x\n",
			smp_processor_id(), gate->name, found, gate->read());
}

void hvcounter_close(void)
{
	struct hvcounter_cpu *cpu = this_cpu_ptr(&hvcounter_cpus);
	unsigned long flags;
	int i;

	local_irq_save(flags);
	for (i = HVCOUNTER_GATES - 1; cpu->open && i >= 0; i--)
		if (hvcounter_wants(i))
			put_back(&hvcounter_gates[i], cpu->found[i]);
	cpu->open = false;
	local_irq_restore(flags);
}
