/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of a proof. CBMC takes the parameters of the function that it is asked
 * about for any values that their types can have, follows every path with all of
 * them at once, and looks for one that breaks an assertion, leaves an object, or
 * wraps around.
 */
#ifndef DVP_PROOF_H
#define DVP_PROOF_H

#include <stdbool.h>

/* From here on, only where this holds */
#define GIVEN(condition)	__CPROVER_assume(condition)

/* Each condition stands in the report as it is written. */
#define PROVE(condition)	__CPROVER_assert(condition, #condition)

/*
 * The end of a proof. That nothing fails says little where nothing gets here, so
 * with PROOF_CONTROL it must fail here.
 */
#ifdef PROOF_CONTROL
#define PROVED()	__CPROVER_assert(false, "the end is reached")
#else
#define PROVED()	((void)0)
#endif

void __CPROVER_assume(bool condition);
void __CPROVER_assert(bool condition, const char *text);

#endif /* DVP_PROOF_H */
