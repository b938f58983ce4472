// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: of buffers that calls have made, and of other things.
 */
#include <errno.h>
#include <unistd.h>

#include "fuzz.h"

/**
 * fuzz_buffer_drop() - close a buffer's descriptor; its mappings stay
 * @fuzz: the round
 * @i: index of the buffer
 */
void fuzz_buffer_drop(struct fuzz *fuzz, unsigned int i)
{
	fuzz_map_forget(fuzz, i);
	fuzz_expect(fuzz, !close(fuzz->buffers[i].fd), "close");
	fuzz->buffers[i].fd = -1;
}

/**
 * fuzz_buffer_add() - there is one more buffer
 * @fuzz: the round
 * @fd: its descriptor
 * @nr_pages: its size
 * @mode: O_RDONLY, O_WRONLY or O_RDWR
 */
void fuzz_buffer_add(struct fuzz *fuzz, int fd, uint64_t nr_pages,
		     uint32_t mode)
{
	unsigned int i;

	if (fuzz->nr_buffers < FUZZ_NR_BUFFERS) {
		i = fuzz->nr_buffers++;
	} else {
		i = fuzz_below(fuzz, FUZZ_NR_BUFFERS);
		fuzz_buffer_drop(fuzz, i);
	}
	fuzz->buffers[i] = (struct fuzz_buffer){
		.fd = fd,
		.nr_pages = nr_pages,
		.mode = mode,
	};
}

/**
 * fuzz_others_add() - there is one more descriptor of something else
 * @fuzz: the round
 * @fd: the descriptor
 * @error: what a call that wants a buffer says of it
 */
void fuzz_others_add(struct fuzz *fuzz, int fd, int error)
{
	ck_assert_uint_lt(fuzz->nr_others, FUZZ_NR_OTHERS);
	fuzz->others[fuzz->nr_others++] = (struct fuzz_other){ fd, error };
}

/**
 * fuzz_any_fd() - a descriptor, mostly of a buffer
 * @fuzz: the round
 * @error: filled with what a call that wants a live buffer says of it, or 0
 * @buffer: filled with the index of the buffer, or -1
 *
 * Return: the descriptor.
 */
int fuzz_any_fd(struct fuzz *fuzz, int *error, int *buffer)
{
	struct fuzz_other *other;

	if (fuzz->nr_buffers && !fuzz_one_in(fuzz, 4)) {
		*buffer = fuzz_below(fuzz, fuzz->nr_buffers);
		*error = fuzz->buffers[*buffer].revoked ? EBADFD : 0;
		return fuzz->buffers[*buffer].fd;
	}
	other = &fuzz->others[fuzz_below(fuzz, fuzz->nr_others)];
	*buffer = -1;
	*error = other->error;
	return other->fd;
}
