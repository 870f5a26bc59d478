"""KVM: virtual machines of the board's own Linux, through libvirt's ``virsh``, or ``lkvm``."""
