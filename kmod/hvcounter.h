/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HVCOUNTER_H
#define HVCOUNTER_H

#include <linux/percpu.h>
#include <linux/types.h>

/*
 * A gate is a CPU register with bits that stand between user space and a
 * counter. All are banked: each CPU has its own and must change it itself.
 */
struct hvcounter_gate {
	const char *name;
	u32 set;	/* bits that must be 1 for the counter to be readable */
	u32 clear;	/* bits that must be 0 */
	u32 (*read)(void);
	void (*change)(u32 set, u32 clear);
};

/* CNTPCT needs the first gate, PMCCNTR all the others. */
enum {
	HVCOUNTER_CNTKCTL,
	HVCOUNTER_PMCR,
	HVCOUNTER_PMCNTEN,
	HVCOUNTER_PMUSERENR,
	HVCOUNTER_GATES
};

/**
 * struct hvcounter_cpu - what was done on one CPU
 * @found: each gate as it was before we changed it
 * @missing: bit n: gate n did not keep what was written (hidden by a hypervisor)
 * @applied: how often the gates were opened here
 * @last_online_ns: CLOCK_MONOTONIC when they were opened last by a hotplug event
 * @open: ours to close again
 */
struct hvcounter_cpu {
	u32 found[HVCOUNTER_GATES];
	u32 missing;
	u32 applied;
	u64 last_online_ns;
	bool open;
};

DECLARE_PER_CPU(struct hvcounter_cpu, hvcounter_cpus);

/* gates_arm.c, gates_arm64.c */
extern const struct hvcounter_gate hvcounter_gates[HVCOUNTER_GATES];
bool hvcounter_has_timer(void);
bool hvcounter_has_pmu(void);

/* gate.c */
bool hvcounter_wants(unsigned int gate);
void hvcounter_open(void);
void hvcounter_reopen(void);
void hvcounter_close(void);

/* main.c */
extern bool hvcounter_cntpct;
extern bool hvcounter_pmccntr;

/* sysfs.c */
int hvcounter_sysfs_add(void);
void hvcounter_sysfs_remove(void);

#endif
