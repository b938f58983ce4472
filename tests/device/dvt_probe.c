// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touching memory that may be gone. A signal in a probe leads back to the
 * probe; anywhere else it ends the process as it would have without us.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "dvt.h"

/* One of each for every thread: probes run in several at a time. */
static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t probing;

static void on_signal(int number)
{
	if (!probing) {
		/* Back in the faulting code, the signal comes again. */
		signal(number, SIG_DFL);
		return;
	}
	siglongjmp(back, number == SIGBUS ? DVT_SIGBUS : DVT_SIGSEGV);
}

/* In place before main(), so that threads and children have it too. */
__attribute__((constructor))
static void catch_signals(void)
{
	/* No mask to restore: jumping out of the handler stays cheap. */
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

/**
 * dvt_read32() - read a word that may be gone
 * @addr: its address
 *
 * Return: the word, DVT_SIGBUS or DVT_SIGSEGV.
 */
int64_t dvt_read32(const volatile void *addr)
{
	int64_t value = sigsetjmp(back, 0);

	if (!value) {
		probing = 1;
		value = *(const volatile uint32_t *)addr;
	}
	probing = 0;
	return value;
}

/**
 * dvt_write32() - write a word that may be gone
 * @addr: its address
 * @value: what to write
 *
 * Return: 0, DVT_SIGBUS or DVT_SIGSEGV.
 */
int dvt_write32(volatile void *addr, uint32_t value)
{
	int ret = sigsetjmp(back, 0);

	if (!ret) {
		probing = 1;
		*(volatile uint32_t *)addr = value;
	}
	probing = 0;
	return ret;
}

/**
 * dvt_copy() - memcpy() where either side may be gone
 * @dst: where to
 * @src: where from
 * @len: how many bytes
 *
 * Return: 0, DVT_SIGBUS or DVT_SIGSEGV.
 */
int dvt_copy(void *dst, const void *src, size_t len)
{
	int ret = sigsetjmp(back, 0);

	if (!ret) {
		probing = 1;
		memcpy(dst, src, len);
	}
	probing = 0;
	return ret;
}
