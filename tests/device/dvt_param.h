/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's parameters that can be changed at any time. A program that does
 * so ends with DVT_MAIN_PARAM(): each test then leaves them as they were.
 */
#ifndef DVT_PARAM_H
#define DVT_PARAM_H

#include "dvt.h"

int dvt_param_read(const char *name, char *value, size_t size);
int dvt_param_write(const char *name, const char *value);
void dvt_param_set(const char *name, const char *value);
void dvt_param_assert(const char *name, const char *value);

void dvt_param_save(void);
void dvt_param_restore(void);

/* As DVT_MAIN(). */
#define DVT_MAIN_PARAM(area, ...)					\
int main(void)								\
{									\
	return dvt_main_around(area, (const struct dvt_test[]){		\
			__VA_ARGS__, { NULL, 0 } },			\
			dvt_param_save, dvt_param_restore);		\
}

#endif /* DVT_PARAM_H */
