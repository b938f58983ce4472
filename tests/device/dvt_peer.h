/* SPDX-License-Identifier: GPL-2.0-only */
/* Importing devices: edu, bound to the test module. */
#ifndef DVT_PEER_H
#define DVT_PEER_H

#include "../importer/dvp_peer.h"
#include "dvt.h"

/**
 * struct dvt_peer - an importer
 * @bdf: address of its device
 * @fd: descriptor of the device's node; its close lets go of everything
 */
struct dvt_peer {
	char bdf[16];
	int fd;
};

void dvt_peer_open(struct dvt_peer *peer, const char *bdf);
void dvt_peer_close(struct dvt_peer *peer);

/* These return 0 or a negative errno. */
int dvt_peer_attach(const struct dvt_peer *peer, int fd);
int dvt_peer_attach_kind(const struct dvt_peer *peer, int fd,
			 unsigned int kind);
int dvt_peer_attach_slow(const struct dvt_peer *peer, int fd,
			 unsigned int reaction, unsigned int delay_ms);
int dvt_peer_map(const struct dvt_peer *peer, unsigned int dir);
int dvt_peer_unmap(const struct dvt_peer *peer);
int dvt_peer_detach(const struct dvt_peer *peer);
int dvt_peer_fence(const struct dvt_peer *peer, unsigned int delay_ms);
int dvt_peer_mask(const struct dvt_peer *peer, unsigned int bits);
int dvt_peer_lock(const struct dvt_peer *peer, unsigned int time_ms);
int dvt_peer_fence_write(const struct dvt_peer *peer, unsigned int delay_ms);
int dvt_peer_watch(const struct dvt_peer *peer, const char *bdf);

/* These assert that it works. */
void dvt_peer_import(const struct dvt_peer *peer, int fd);
struct dvp_peer_state_arg dvt_peer_state(const struct dvt_peer *peer);
void dvt_peer_wait_notified(const struct dvt_peer *peer, unsigned int nr);
unsigned int dvt_peer_entries(const struct dvt_peer *peer,
			      struct dvp_peer_entry **entries);
void dvt_peer_write(const struct dvt_peer *peer, uint64_t off,
		    const void *data, size_t len);
void dvt_peer_read(const struct dvt_peer *peer, uint64_t off, void *data,
		   size_t len);
void dvt_peer_write_stale(const struct dvt_peer *peer, uint64_t off,
			  const void *data, size_t len);

/* Where the importer stands: mapped or not, and how often it was told. */
#define dvt_peer_assert_state(peer, is_mapped, nr_notified)		\
	do {								\
		struct dvp_peer_state_arg state_ = dvt_peer_state(peer);	\
									\
		ck_assert_uint_eq(state_.mapped, is_mapped);		\
		ck_assert_uint_eq(state_.notified, nr_notified);	\
	} while (0)

#endif /* DVT_PEER_H */
