// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else who changes CNTKCTL: opens the physical timer, closes CNTVCT;
 * when unloaded, tells what is left. With power_down=1: takes each CPU through
 * what idle states do, the loss of its registers included.
 */

#include <linux/cpu_pm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/arch_timer.h>
#ifdef CONFIG_ARM64
#include <asm/sysreg.h>
#endif

static bool power_down;
module_param(power_down, bool, 0444);
MODULE_PARM_DESC(power_down, "lose the registers as a power-down does, instead");

static void lose_registers(void)
{
	arch_timer_set_cntkctl(0);
#ifdef CONFIG_ARM64
	write_sysreg(0, pmuserenr_el0);
#else
	asm volatile("mcr p15, 0, %0, c9, c14, 0" : : "r" (0));
#endif
	isb();
}

static void change(void *unused)
{
	u32 value = arch_timer_get_cntkctl();

	if (!power_down) {
		arch_timer_set_cntkctl((value | ARCH_TIMER_USR_PT_ACCESS_EN) &
				       ~ARCH_TIMER_USR_VCT_ACCESS_EN);
	} else if (!cpu_pm_enter()) {
		lose_registers();
		cpu_pm_exit();
	}
}

static void tell(void *unused)
{
	pr_info("meddle: cpu%u: CNTKCTL %08x\n", smp_processor_id(), arch_timer_get_cntkctl());
}

static int __init meddle_init(void)
{
	on_each_cpu(change, NULL, 1);
	return 0;
}

static void __exit meddle_exit(void)
{
	if (!power_down)
		on_each_cpu(tell, NULL, 1);
}

module_init(meddle_init);
module_exit(meddle_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Changes CNTKCTL behind hvcounter's back, for its test");
