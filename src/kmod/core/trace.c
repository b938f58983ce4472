// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the trace events. Without CONFIG_TRACEPOINTS the kernel's macros
 * make it none.
 */
#define CREATE_TRACE_POINTS
#include "core/trace.h"
