// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/hvcounter/cpuN/: what was found and done on each CPU.
 *
 *   REGISTER_found    as it was before we opened it
 *   REGISTER_current  as it is now; each read interrupts that CPU, so leave it
 *                     alone while measuring there
 *   applied           how often it was opened (load, hotplug, power-up)
 *   last_online_ns    CLOCK_MONOTONIC of the last load or hotplug
 *
 * REGISTER is cntkctl, and pmcr, pmcnten, pmuserenr where PMCCNTR was asked
 * for. A CPU that never was online has no values (ENODATA); one that is
 * offline has no current ones (ENXIO).
 */

#include <linux/cpu.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sysfs.h>

#include "hvcounter.h"

/* The directories are the kernel's own plain kobjects: none outlives us. */
static struct kobject *top;
static struct kobject **cpu_dirs;

struct gate_attribute {
	struct kobj_attribute attr;
	unsigned int gate;
};

static unsigned int cpu_of(const struct kobject *dir)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (cpu_dirs[cpu] == dir)
			break;
	return cpu;
}

static unsigned int gate_of(struct kobj_attribute *attr)
{
	return container_of(attr, struct gate_attribute, attr)->gate;
}

/* The lock keeps hotplug callbacks, which write these values, away. */
static bool copy_state(const struct kobject *dir, struct hvcounter_cpu *out)
{
	cpus_read_lock();
	*out = per_cpu(hvcounter_cpus, cpu_of(dir));
	cpus_read_unlock();
	return out->applied;
}

static ssize_t found_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct hvcounter_cpu state;

	if (!copy_state(dir, &state))
		return -ENODATA;
	return sysfs_emit(buf, "0x%08x\n", state.found[gate_of(attr)]);
}

struct reading {
	unsigned int gate;
	u32 value;
};

static void read_here(void *info)
{
	struct reading *reading = info;

	reading->value = hvcounter_gates[reading->gate].read();
}

static ssize_t current_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct reading reading = { .gate = gate_of(attr) };
	int err;

	err = smp_call_function_single(cpu_of(dir), read_here, &reading, true);
	if (err)
		return err;
	return sysfs_emit(buf, "0x%08x\n", reading.value);
}

static ssize_t applied_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct hvcounter_cpu state;

	copy_state(dir, &state);
	return sysfs_emit(buf, "%u\n", state.applied);
}

static ssize_t last_online_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct hvcounter_cpu state;

	if (!copy_state(dir, &state))
		return -ENODATA;
	return sysfs_emit(buf, "%llu\n", state.last_online_ns);
}

static struct kobj_attribute applied_attr = __ATTR_RO(applied);
static struct kobj_attribute last_online_ns_attr = __ATTR_RO(last_online_ns);

static struct attribute *general_attrs[] = {
	&applied_attr.attr,
	&last_online_ns_attr.attr,
	NULL
};

#define GATE_ATTRIBUTE(_register, _when, _gate)				\
static struct gate_attribute _register##_##_when = {			\
	.attr = __ATTR(_register##_##_when, 0444, _when##_show, NULL),	\
	.gate = _gate,							\
}

GATE_ATTRIBUTE(cntkctl, found, HVCOUNTER_CNTKCTL);
GATE_ATTRIBUTE(cntkctl, current, HVCOUNTER_CNTKCTL);
GATE_ATTRIBUTE(pmcr, found, HVCOUNTER_PMCR);
GATE_ATTRIBUTE(pmcr, current, HVCOUNTER_PMCR);
GATE_ATTRIBUTE(pmcnten, found, HVCOUNTER_PMCNTEN);
GATE_ATTRIBUTE(pmcnten, current, HVCOUNTER_PMCNTEN);
GATE_ATTRIBUTE(pmuserenr, found, HVCOUNTER_PMUSERENR);
GATE_ATTRIBUTE(pmuserenr, current, HVCOUNTER_PMUSERENR);

static struct attribute *gate_attrs[] = {
	&cntkctl_found.attr.attr,
	&cntkctl_current.attr.attr,
	&pmcr_found.attr.attr,
	&pmcr_current.attr.attr,
	&pmcnten_found.attr.attr,
	&pmcnten_current.attr.attr,
	&pmuserenr_found.attr.attr,
	&pmuserenr_current.attr.attr,
	NULL
};

/* Reading a monitor's register where there is no monitor would be undefined. */
static umode_t gate_visible(struct kobject *dir, struct attribute *attr, int index)
{
	unsigned int gate = gate_of(container_of(attr, struct kobj_attribute, attr));

	return hvcounter_wants(gate) ? attr->mode : 0;
}

static const struct attribute_group general_group = {
	.attrs = general_attrs,
};

static const struct attribute_group gate_group = {
	.attrs = gate_attrs,
	.is_visible = gate_visible,
};

static const struct attribute_group *groups[] = {
	&general_group,
	&gate_group,
	NULL
};

static int add_cpu_dir(unsigned int cpu)
{
	char name[16];

	snprintf(name, sizeof(name), "cpu%u", cpu);
	cpu_dirs[cpu] = kobject_create_and_add(name, top);
	if (!cpu_dirs[cpu])
		return -ENOMEM;
	return sysfs_create_groups(cpu_dirs[cpu], groups);
}

int hvcounter_sysfs_add(void)
{
	unsigned int cpu;
	int err = -ENOMEM;

	cpu_dirs = kcalloc(nr_cpu_ids, sizeof(*cpu_dirs), GFP_KERNEL);
	if (!cpu_dirs)
		return err;
	top = kobject_create_and_add(KBUILD_MODNAME, kernel_kobj);
	if (!top)
		goto remove;
	for_each_possible_cpu(cpu) {
		err = add_cpu_dir(cpu);
		if (err)
			goto remove;
	}
	return 0;

remove:
	hvcounter_sysfs_remove();
	return err;
}

void hvcounter_sysfs_remove(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		kobject_put(cpu_dirs[cpu]);
	kobject_put(top);
	kfree(cpu_dirs);
}
