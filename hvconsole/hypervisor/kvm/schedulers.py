"""What Linux lets be set of a virtual machine's share of the CPUs.

Ranges: libvirt's for shares on cgroup v2 (``cpu.weight``, src/util/vircgroupv2.c) and cgroup v1,
Linux's for period and quota (kernel/sched/core.c: 1 ms to 1 s), sched(7) for nice and FIFO.
"""

from __future__ import annotations

from typing import Final

from hvconsole.hypervisor.kvm.text import NO_QUOTA
from hvconsole.model.hypervisor import Parameter, Scheduler

NAME: Final = "linux"
POOL: Final = "host"
PERIOD_US: Final = 100_000
LEAST_QUOTA_US: Final = 1_000

_SHARES: Final = Parameter(
    name="cpu_shares",
    low=1,
    high=262_144,
    default=100,
    about="its share of CPU time beside others; up to 10000 with cgroup v2",
)
_PERIOD: Final = Parameter(
    name="vcpu_period",
    unit="µs",
    low=1_000,
    high=1_000_000,
    default=PERIOD_US,
    about="how often each vCPU's quota is filled up",
)
_QUOTA: Final = Parameter(
    name="vcpu_quota",
    unit="µs",
    low=NO_QUOTA,
    high=999_999_999,
    default=NO_QUOTA,
    about="CPU time of each vCPU in each period, from 1000 on; -1: no limit",
)
_NICE: Final = Parameter(
    name="nice", low=-20, high=19, default=0, about="19 yields to everything, -20 to nothing"
)
_FIFO: Final = Parameter(
    name="fifo", low=0, high=99, default=0, about="SCHED_FIFO of this priority; 0: as usual"
)

CGROUP: Final = (_SHARES, _QUOTA, _PERIOD)
THREAD: Final = (_NICE, _FIFO)

SCHEDULERS: Final = (Scheduler(name=NAME, guest=CGROUP, vcpu=THREAD),)
