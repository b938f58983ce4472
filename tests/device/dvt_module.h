/* SPDX-License-Identifier: GPL-2.0-only */
/* Modules: loading those of DVP_MODULES, and unloading the driver. */
#ifndef DVT_MODULE_H
#define DVT_MODULE_H

#include "dvt.h"

int dvt_module_load(const char *name, const char *params);
int dvt_module_unload(void);
void dvt_module_params(char *params, size_t size);
void dvt_module_reload(const char *bdf);

#endif /* DVT_MODULE_H */
