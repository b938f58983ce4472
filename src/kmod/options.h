/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_OPTIONS_H
#define DVP_OPTIONS_H

#include <linux/types.h>

/**
 * enum dvp_p2p - which importers may reach a BAR, by the administrator's word
 * @DVP_P2P_AUTO: those of which the kernel knows that they can
 * @DVP_P2P_FORCE: all; the administrator knows the platform
 * @DVP_P2P_OFF: none
 */
enum dvp_p2p {
	DVP_P2P_AUTO,
	DVP_P2P_FORCE,
	DVP_P2P_OFF,
};

bool dvp_options_huge(void);
enum dvp_p2p dvp_options_p2p(void);
bool dvp_options_core_exports(void);

#endif /* DVP_OPTIONS_H */
