/* SPDX-License-Identifier: Apache-2.0 */
/* What a load is: a name, an honest word on what it does, and a piece of work of some milliseconds. */
#ifndef HV_LOADS_H
#define HV_LOADS_H

extern const char load_name[];
extern const char load_description[];

/* Burn for a few milliseconds and return, so that the stop flag is seen in between. */
void load_burn(void);

#endif
