// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mappings of dvt_witness.h. The other process answers one question at a
 * time and never judges.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_witness.h"

enum ask {
	ASK_FRESH,	/* map anew, and touch the old one */
	ASK_READ,
	ASK_WRITE,
	ASK_MAP,
	ASK_LEVEL,
};

struct question {
	enum ask ask;
	bool fresh;
	uint32_t value;
};

static const char * const where_names[DVT_NR_WHERE] = {
	[DVT_HERE] = "touched here",
	[DVT_HERE_FRESH] = "not yet touched here",
	[DVT_THERE] = "touched in another process",
	[DVT_THERE_FRESH] = "not yet touched in another process",
};

static void *map_all(const struct dvt_witness *w)
{
	return mmap(NULL, w->len, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
}

/* 0 or a negative errno. */
static int map_fresh(struct dvt_witness *w)
{
	if (w->fresh)
		munmap(w->fresh, w->len);
	w->fresh = map_all(w);
	if (w->fresh == MAP_FAILED) {
		w->fresh = NULL;
		return -errno;
	}
	return 0;
}

/* What both processes do, each with mappings of its own. */
static int64_t answer(struct dvt_witness *w, const struct question *q)
{
	void *addr = q->fresh ? w->fresh : w->here;
	struct dvp_importer_pte pte;
	int64_t ret;

	switch (q->ask) {
	case ASK_FRESH:
		ret = map_fresh(w);
		return ret ? ret : dvt_read32(w->here);
	case ASK_READ:
		return dvt_read32(addr);
	case ASK_WRITE:
		return dvt_write32(addr, q->value);
	case ASK_MAP:
		addr = map_all(w);
		if (addr == MAP_FAILED)
			return -errno;
		ret = dvt_read32(addr);
		munmap(addr, w->len);
		return ret;
	case ASK_LEVEL:
		ret = dvt_pte_try(w->importer, addr, &pte);
		return ret ? ret : pte.level;
	}
	return -EINVAL;
}

static int serve(int sock, void *arg)
{
	struct dvt_witness *w = arg;
	struct question q;
	int64_t ret;

	w->fd = dvl_recv_fd(sock);
	if (w->importer >= 0)
		w->importer = dvl_recv_fd(sock);
	w->fresh = NULL;
	w->here = map_all(w);
	if (w->fd < 0 || w->here == MAP_FAILED)
		return 1;

	while (recv(sock, &q, sizeof(q), 0) == sizeof(q)) {
		ret = answer(w, &q);
		if (send(sock, &ret, sizeof(ret), MSG_NOSIGNAL) != sizeof(ret))
			return 1;
	}
	return 0;
}

static bool is_fresh(enum dvt_where where)
{
	return where == DVT_HERE_FRESH || where == DVT_THERE_FRESH;
}

static int64_t ask(const struct dvt_witness *w, enum dvt_where where,
		   enum ask what, uint32_t value)
{
	struct question q = {
		.ask = what,
		.fresh = is_fresh(where),
		.value = value,
	};
	struct dvt_witness copy = *w;
	int64_t ret = 0;

	if (where == DVT_HERE || where == DVT_HERE_FRESH)
		return answer(&copy, &q);
	ck_assert_int_eq(send(w->child.sock, &q, sizeof(q), MSG_NOSIGNAL),
			 sizeof(q));
	ck_assert_msg(recv(w->child.sock, &ret, sizeof(ret), 0) == sizeof(ret),
		      "the other process died");
	return ret;
}

/* What was touched has an entry that can be taken away, the rest has none. */
static void assert_armed(const struct dvt_witness *w)
{
	enum dvt_where where;
	int64_t got;

	if (w->importer < 0)
		return;
	for (where = 0; where < DVT_NR_WHERE; where++) {
		got = ask(w, where, ASK_LEVEL, 0);
		ck_assert_int_ge(got, 0);
		ck_assert_msg((got == DVP_PTE_NONE) == is_fresh(where),
			      "%s: entry of level %ld", where_names[where],
			      got);
	}
}

/**
 * dvt_witness_start() - export a piece of a BAR and map it in all ways
 * @w: filled in
 * @dev: an open device whose memory is on
 * @bar: the BAR
 * @off: start in the BAR; the word there must keep what is written to it
 * @len: length in bytes
 */
void dvt_witness_start(struct dvt_witness *w, const struct dvl_device *dev,
		       unsigned int bar, uint64_t off, size_t len)
{
	int importer = dvt_importer_open();

	*w = (struct dvt_witness){
		.fd = dvt_export(dev, bar, off, len, O_RDWR | O_CLOEXEC),
		.importer = importer < 0 ? -1 : importer,
		.len = len,
	};
	dvt_child_fork(&w->child, DVT_NOBODY, serve, w);
	ck_assert_int_eq(dvl_send_fd(w->child.sock, w->fd), 0);
	if (w->importer >= 0)
		ck_assert_int_eq(dvl_send_fd(w->child.sock, w->importer), 0);
	w->here = dvt_map(w->fd, len, PROT_READ | PROT_WRITE);
	dvt_witness_rearm(w);
}

/**
 * dvt_witness_rearm() - make the fresh mappings fresh, and touch the others
 * @w: a buffer that is usable
 */
void dvt_witness_rearm(struct dvt_witness *w)
{
	ck_assert_int_eq(map_fresh(w), 0);
	ck_assert_int_ge(dvt_read32(w->here), 0);
	ck_assert_int_ge(ask(w, DVT_THERE, ASK_FRESH, 0), 0);
	assert_armed(w);
}

/**
 * dvt_witness_stop() - unmap, close, and end the other process
 * @w: the witness; the state of the buffer does not matter
 */
void dvt_witness_stop(struct dvt_witness *w)
{
	dvt_child_stop(&w->child);
	ck_assert_int_eq(munmap(w->here, w->len), 0);
	ck_assert_int_eq(munmap(w->fresh, w->len), 0);
	close(w->fd);
	if (w->importer >= 0)
		close(w->importer);
}

/**
 * dvt_witness_assert_usable() - all mappings lead to the same memory
 * @w: the witness
 */
void dvt_witness_assert_usable(const struct dvt_witness *w)
{
	enum dvt_where writer, reader;
	uint32_t value;
	int64_t got;

	for (writer = 0; writer < DVT_NR_WHERE; writer++) {
		value = 0x5eed0000 + writer;
		got = ask(w, writer, ASK_WRITE, value);
		ck_assert_msg(!got, "writing, %s: %ld", where_names[writer],
			      got);
		for (reader = 0; reader < DVT_NR_WHERE; reader++) {
			got = ask(w, reader, ASK_READ, 0);
			ck_assert_msg(got == value,
				      "reading, %s: %#lx, not %#x",
				      where_names[reader], got, value);
		}
	}
}

/**
 * dvt_witness_assert_sigbus() - no mapping leads anywhere
 * @w: the witness
 */
void dvt_witness_assert_sigbus(const struct dvt_witness *w)
{
	enum dvt_where where;
	int64_t got;

	for (where = 0; where < DVT_NR_WHERE; where++) {
		got = ask(w, where, ASK_READ, 0);
		ck_assert_msg(got == DVT_SIGBUS, "reading, %s: %#lx, no SIGBUS",
			      where_names[where], got);
		got = ask(w, where, ASK_WRITE, 0x0badc0de);
		ck_assert_msg(got == DVT_SIGBUS, "writing, %s: %ld, no SIGBUS",
			      where_names[where], got);
	}
}

static void assert_new_mmap(const struct dvt_witness *w, int64_t expected)
{
	int64_t got = ask(w, DVT_HERE, ASK_MAP, 0);

	ck_assert_msg(got == expected, "new mmap here: %ld, not %ld", got,
		      expected);
	got = ask(w, DVT_THERE, ASK_MAP, 0);
	ck_assert_msg(got == expected, "new mmap in another process: %ld, not %ld",
		      got, expected);
}

/**
 * dvt_witness_assert_paused() - the buffer is blocked
 * @w: the witness
 */
void dvt_witness_assert_paused(const struct dvt_witness *w)
{
	dvt_witness_assert_sigbus(w);
	assert_new_mmap(w, DVT_SIGBUS);
}

/**
 * dvt_witness_assert_dead() - the buffer is revoked
 * @w: the witness
 */
void dvt_witness_assert_dead(const struct dvt_witness *w)
{
	dvt_witness_assert_sigbus(w);
	assert_new_mmap(w, -ENODEV);
}

/**
 * dvt_witness_assert_zapped() - no touched mapping has a page table entry
 * @w: the witness, not touched since it was armed
 *
 * For triggers that are over when the call returns: the entries that the
 * touches made are gone, so nobody could reach the device meanwhile.
 *
 * Return: true; false where there is no test module to judge it with.
 */
bool dvt_witness_assert_zapped(const struct dvt_witness *w)
{
	enum dvt_where where;
	int64_t got;

	if (w->importer < 0)
		return false;
	for (where = 0; where < DVT_NR_WHERE; where++) {
		if (is_fresh(where))
			continue;
		got = ask(w, where, ASK_LEVEL, 0);
		ck_assert_msg(got == DVP_PTE_NONE, "%s: entry of level %ld left",
			      where_names[where], got);
	}
	return true;
}
