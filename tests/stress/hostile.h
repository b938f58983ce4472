/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An unprivileged process that has a few buffers and makes random system calls on their
 * descriptors and mappings. It must never read the word that the owner writes to a
 * buffer's memory after REVOKE.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdatomic.h>

#include "chance.h"
#include "dvt.h"

#define HOSTILE_PAGE 0x1000UL
#define HOSTILE_LEN (16 * HOSTILE_PAGE)
/* Only the owner writes it. */
#define HOSTILE_SECRET 0xfeedc0deU

/* All mappings lie in this reserved area. Nothing else is ever mapped there. */
#define HOSTILE_ARENA ((char *)(1UL << 40))
#define HOSTILE_ROOM DVT_MIB

enum { HOSTILE_NR_ROOMS = 8, HOSTILE_NR_FDS = 6 };

/**
 * struct hostile - such a process
 * @rng: state of the random numbers
 * @sock: socket to the owner
 * @fds: buffers, -1 for none
 * @ring: an io_uring, -1 for none
 * @pipe: a non-blocking pipe
 * @secret_seen: whether it has read the secret
 * @stop: tells the reading thread to end
 */
struct hostile {
	uint64_t rng;
	int sock;
	int fds[HOSTILE_NR_FDS];
	int ring;
	int pipe[2];
	atomic_bool secret_seen;
	atomic_bool stop;
};

/* Exit status */
enum { HOSTILE_GOOD = 0, HOSTILE_BROKEN = 1, HOSTILE_SAW_SECRET = 2 };

/* hostile_run.c */
int hostile_run(int sock, void *nr_ops);
void hostile_look(struct hostile *h, const void *addr);
char *hostile_room(struct hostile *h);
char *hostile_page(struct hostile *h);
size_t hostile_len(struct hostile *h);
int hostile_any_fd(struct hostile *h);

/* hostile_memory.c: memory management calls */
extern void (* const hostile_memory_deeds[])(struct hostile *h);
extern const unsigned int hostile_nr_memory_deeds;

/* hostile_kernel.c: other subsystems */
extern void (* const hostile_kernel_deeds[])(struct hostile *h);
extern const unsigned int hostile_nr_kernel_deeds;

#endif /* HOSTILE_H */
