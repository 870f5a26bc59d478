// SPDX-License-Identifier: GPL-2.0-only
/*
 * hvcounter - let user space read the CPU's counters.
 *
 * Linux lets user space read the generic timer's virtual counter at most. The
 * physical counter (CNTPCT) is what a hypervisor's own trace is stamped with,
 * and what no virtual offset bends, so measurements want it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpu_pm.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "hvcounter.h"

bool hvcounter_cntpct = true;
module_param_named(cntpct, hvcounter_cntpct, bool, 0444);
MODULE_PARM_DESC(cntpct, "open the physical counter CNTPCT (default: yes)");

bool hvcounter_pmccntr;
module_param_named(pmccntr, hvcounter_pmccntr, bool, 0444);
MODULE_PARM_DESC(pmccntr, "start and open the cycle counter PMCCNTR (default: no)");

static enum cpuhp_state hotplug_state;

/*
 * arch_timer closes CNTPCT again each time a CPU starts. It does so in a
 * STARTING callback, and a dynamic ONLINE state comes after all of those, yet
 * before the scheduler puts user tasks on the CPU (CPUHP_AP_ACTIVE): no task
 * ever runs there with the gates shut.
 */
static int cpu_online_now(unsigned int cpu)
{
	hvcounter_open();
	return 0;
}

static int cpu_going_offline(unsigned int cpu)
{
	hvcounter_close();
	return 0;
}

/*
 * Deep idle and suspend power a CPU's registers down. For CNTKCTL that needs
 * nothing from us: arch_timer saves it on CPU_PM_ENTER with our bit in it and
 * writes it back on CPU_PM_EXIT. Nobody saves the cycle counter's gates unless
 * perf counts events there, so those we open again.
 */
static int cpu_power_event(struct notifier_block *self, unsigned long action, void *unused)
{
	if (action == CPU_PM_EXIT || action == CPU_PM_ENTER_FAILED)
		hvcounter_reopen();
	return NOTIFY_OK;
}

static struct notifier_block power_notifier = {
	.notifier_call = cpu_power_event,
};

static int power_notifier_add(void)
{
	return hvcounter_pmccntr ? cpu_pm_register_notifier(&power_notifier) : 0;
}

static void power_notifier_remove(void)
{
	if (hvcounter_pmccntr)
		cpu_pm_unregister_notifier(&power_notifier);
}

static int check_hardware(void)
{
	if (!hvcounter_cntpct && !hvcounter_pmccntr) {
		pr_err("nothing to open: both cntpct and pmccntr are off\n");
		return -EINVAL;
	}
	/* Without a generic timer even reading CNTKCTL is undefined. */
	if (hvcounter_cntpct && !hvcounter_has_timer()) {
		pr_err("this CPU has no generic timer\n");
		return -ENODEV;
	}
	if (hvcounter_pmccntr && !hvcounter_has_pmu()) {
		pr_err("this CPU has no performance monitor, or it is hidden\n");
		return -ENODEV;
	}
	return 0;
}

/* A hypervisor may take a write and drop it; say so instead of pretending. */
static int check_open(void)
{
	unsigned int cpu;
	int err = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		u32 missing = READ_ONCE(per_cpu(hvcounter_cpus, cpu).missing);

		if (!missing)
			continue;
		pr_err("cpu%u: %s does not keep what is written: hidden by a hypervisor?\n",
		       cpu, hvcounter_gates[__ffs(missing)].name);
		err = -EIO;
	}
	cpus_read_unlock();
	return err;
}

static int __init hvcounter_init(void)
{
	int err;

	err = check_hardware();
	if (err)
		return err;
	err = power_notifier_add();
	if (err)
		return err;
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "hvcounter:online",
				cpu_online_now, cpu_going_offline);
	if (err < 0)
		goto remove_notifier;
	hotplug_state = err;
	err = check_open();
	if (err)
		goto remove_hotplug;
	err = hvcounter_sysfs_add();
	if (err)
		goto remove_hotplug;
	return 0;

remove_hotplug:
	cpuhp_remove_state(hotplug_state);	/* closes on each online CPU */
remove_notifier:
	power_notifier_remove();
	return err;
}

static void __exit hvcounter_exit(void)
{
	hvcounter_sysfs_remove();
	cpuhp_remove_state(hotplug_state);	/* closes on each online CPU */
	power_notifier_remove();
}

module_init(hvcounter_init);
module_exit(hvcounter_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("User-space access to the ARM counters CNTPCT and PMCCNTR");
MODULE_AUTHOR("The hvconsole authors");
MODULE_VERSION("0.1.0");
