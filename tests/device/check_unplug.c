// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that leaves while it is in use: taken from the driver, forgotten by
 * the kernel, switched off, asked for at the computer, or pulled out. It comes
 * back as another device, and the module can go after each of them.
 *
 * All but the last wait for the user to close the device, who is asked for it;
 * until then it is the user's, as with vfio-pci.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_module.h"
#include "dvt_plug.h"
#include "dvt_request.h"
#include "dvt_witness.h"

#define ROLE "DVP_BDF_PLUG"
#define BAR 2
#define LEN DVT_MIB
#define PAUSE_US 1000

/**
 * struct user - a device in use, that is about to leave
 * @plug: the device
 * @dev: the device, open
 * @w: a buffer with mappings
 * @event: signalled when the device is wanted
 */
struct user {
	struct dvt_plug plug;
	struct dvl_device dev;
	struct dvt_witness w;
	int event;
};

#define user_or_skip(user, way)						\
	do {								\
		dvt_plug_or_skip(&(user)->plug, ROLE, way);		\
		dvt_open(&(user)->dev, (user)->plug.bdf);		\
		dvt_witness_start(&(user)->w, &(user)->dev, BAR, 0, LEN); \
		dvt_witness_assert_usable(&(user)->w);			\
		(user)->event = dvt_request_eventfd(&(user)->dev);	\
	} while (0)

static void assert_asked(const struct user *user)
{
	eventfd_t count;

	ck_assert_int_eq(eventfd_read(user->event, &count), 0);
}

/*
 * Until the kernel has done with what came in, its driver may not be ready, and it
 * cannot be reset for a user.
 */
static void open_new(struct dvl_device *dev, const char *bdf)
{
	int ret;

	do {
		ret = dvl_device_open(dev, bdf);
		usleep(PAUSE_US);
	} while (ret == -ENOENT || ret == -ENODEV || ret == -EAGAIN);
	ck_assert_msg(!ret, "opening %s: %s", bdf, strerror(-ret));
}

/* The device is another one now, and its buffers have nothing to do with old ones. */
static void assert_works_again(struct user *user)
{
	struct dvt_witness new;
	struct dvl_device dev;

	dvt_plug_in(&user->plug);
	open_new(&dev, user->plug.bdf);
	dvt_witness_start(&new, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&new);
	dvt_witness_assert_dead(&user->w);
	ck_assert_int_eq(dvl_revoke(dev.fd, user->w.fd), -ENODEV);
	dvt_witness_assert_usable(&new);
	dvt_witness_stop(&new);
	dvl_device_close(&dev);
}

/* What is left of the user, and of the old device, goes. */
static void end(struct user *user)
{
	dvt_witness_stop(&user->w);
	close(user->event);
	dvt_plug_end(&user->plug);
}

START_TEST(device_is_asked_for_and_leaves_when_it_is_closed)
{
	struct user user;

	user_or_skip(&user, _i);
	dvt_plug_out(&user.plug);
	assert_asked(&user);
	dvt_plug_assert_waits(&user.plug);
	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	dvt_witness_assert_dead(&user.w);
	assert_works_again(&user);
	end(&user);
}
END_TEST

START_TEST(device_that_is_wanted_is_still_the_users)
{
	struct user user;
	void *map;
	int fd;

	user_or_skip(&user, _i);
	dvt_plug_out(&user.plug);
	assert_asked(&user);

	/* All of it, also what is new. */
	dvt_witness_assert_usable(&user.w);
	dvt_witness_rearm(&user.w);
	dvt_memory_off(&user.dev);
	dvt_witness_assert_paused(&user.w);
	dvt_memory_on(&user.dev);
	dvt_witness_assert_usable(&user.w);
	fd = dvt_export(&user.dev, BAR, LEN, LEN, O_RDWR);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(user.dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	dvt_plug_assert_waits(&user.plug);

	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	dvt_witness_assert_dead(&user.w);
	dvt_assert_sigbus(map);
	close(fd);
	munmap(map, LEN);
	assert_works_again(&user);
	end(&user);
}
END_TEST

START_TEST(bar_mapping_keeps_a_device_that_is_wanted)
{
	struct user user;
	void *map;

	user_or_skip(&user, _i);
	map = dvl_region_mmap(&user.dev, BAR, 0, LEN, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	/* The process that waits for the device must not be one who has it. */
	ck_assert_int_eq(madvise(map, LEN, MADV_DONTFORK), 0);
	dvt_plug_out(&user.plug);
	assert_asked(&user);
	dvl_device_close(&user.dev);
	dvt_assert_usable(map);
	dvt_witness_assert_usable(&user.w);
	dvt_plug_assert_waits(&user.plug);

	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_plug_wait_out(&user.plug);
	dvt_witness_assert_dead(&user.w);
	assert_works_again(&user);
	end(&user);
}
END_TEST

/* Nobody has it open, but buffers are still there, in flight and by path too. */
START_TEST(device_that_nobody_has_open_leaves_at_once)
{
	struct dvt_traces before;
	int pair[2], path;
	struct user user;
	char name[64];

	dvt_traces_take(&before);
	user_or_skip(&user, _i);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(dvl_send_fd(pair[0], user.w.fd), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", user.w.fd);
	path = open(name, O_PATH | O_CLOEXEC);
	ck_assert_int_ge(path, 0);

	dvl_device_close(&user.dev);
	dvt_plug_out(&user.plug);
	dvt_plug_wait_out(&user.plug);
	dvt_witness_assert_dead(&user.w);
	assert_works_again(&user);

	close(pair[0]);
	close(pair[1]);
	end(&user);
	close(path);
	dvt_traces_assert_same(&before);
}
END_TEST

static void let_import(struct dvt_peer *peer, const struct user *user)
{
	dvt_peer_open(peer, dvt_bdf("DVP_BDF_PEER"));
	dvt_peer_import(peer, user->w.fd);
}

#define import_or_skip(peer, user)					\
	do {								\
		if (!dvt_bdf("DVP_BDF_PEER"))				\
			dvt_skip("no device for DVP_BDF_PEER");		\
		if (!(dvt_caps(&(user)->dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT)) \
			dvt_skip("nobody can import on this kernel");	\
		let_import(peer, user);					\
	} while (0)

/* It was told once, has let go, and can only detach. */
static void assert_importer_is_out(const struct dvt_peer *peer)
{
	dvt_peer_assert_state(peer, 0, 1);
	ck_assert_int_eq(dvt_peer_map(peer, DVP_PEER_BIDIRECTIONAL), -ENODEV);
	ck_assert_int_eq(dvt_peer_detach(peer), 0);
}

START_TEST(importer_is_told_when_a_device_leaves)
{
	struct dvt_peer peer;
	struct user user;

	user_or_skip(&user, _i);
	import_or_skip(&peer, &user);
	dvt_plug_out(&user.plug);
	assert_asked(&user);
	dvt_peer_assert_state(&peer, 1, 0);
	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	assert_importer_is_out(&peer);
	ck_assert_int_eq(dvt_peer_attach(&peer, user.w.fd), -ENODEV);
	assert_works_again(&user);
	dvt_peer_close(&peer);
	end(&user);
}
END_TEST

START_TEST(module_can_go_once_the_buffers_of_a_device_that_left_have)
{
	struct user user;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	user_or_skip(&user, _i);
	dvt_plug_out(&user.plug);
	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	ck_assert_int_eq(dvt_module_unload(), -EAGAIN);
	dvt_witness_assert_dead(&user.w);
	dvt_witness_stop(&user.w);
	dvt_module_reload(dvt_bdf("DVP_BDF"));

	dvt_plug_in(&user.plug);
	dvt_module_reload(user.plug.bdf);
	close(user.event);
	dvt_plug_end(&user.plug);
}
END_TEST

/*
 * Pulled out: nothing is there any more, so nothing is left for the user, who
 * may take all the time in the world to close it.
 */

static void pull(struct user *user)
{
	dvt_plug_out(&user->plug);
	/* The kernel hears of it by an interrupt, after the fact. */
	while (dvt_read32(user->w.here) != DVT_SIGBUS)
		usleep(PAUSE_US);
}

START_TEST(device_that_was_pulled_out_is_gone_for_its_user)
{
	struct user user;
	int fd;

	user_or_skip(&user, DVT_BY_PULL);
	fd = dvt_export(&user.dev, BAR, LEN, LEN, O_RDWR);
	pull(&user);
	dvt_witness_assert_dead(&user.w);
	ck_assert_int_eq(dvl_revoke(user.dev.fd, fd), -ENODEV);
	ck_assert_int_eq(dvl_memattr(user.dev.fd, fd,
				     DMABUF_VFIO_PCI_MEMATTR_NC), -ENODEV);
	ck_assert_int_eq(dvl_export_one(user.dev.fd, BAR, 0, LEN, O_RDWR),
			 -ENODEV);
	ck_assert_ptr_eq(dvl_region_mmap(&user.dev, BAR, 0, LEN, PROT_READ),
			 MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	assert_asked(&user);

	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	dvt_witness_assert_dead(&user.w);
	assert_works_again(&user);
	close(fd);
	end(&user);
}
END_TEST

START_TEST(bar_mapping_of_a_device_that_was_pulled_out_raises_sigbus)
{
	struct user user;
	void *map;

	user_or_skip(&user, DVT_BY_PULL);
	map = dvl_region_mmap(&user.dev, BAR, 0, LEN, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	pull(&user);
	dvt_assert_sigbus(map);

	/* It keeps the device open nevertheless. */
	dvl_device_close(&user.dev);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_plug_wait_out(&user.plug);
	assert_works_again(&user);
	end(&user);
}
END_TEST

START_TEST(importer_is_told_when_a_device_is_pulled_out)
{
	struct dvt_peer peer;
	struct user user;

	user_or_skip(&user, DVT_BY_PULL);
	import_or_skip(&peer, &user);
	pull(&user);
	dvt_peer_wait_notified(&peer, 1);
	assert_importer_is_out(&peer);
	ck_assert_int_eq(dvt_peer_attach(&peer, user.w.fd), -ENODEV);
	dvl_device_close(&user.dev);
	dvt_plug_wait_out(&user.plug);
	assert_works_again(&user);
	dvt_peer_close(&peer);
	end(&user);
}
END_TEST

DVT_MAIN("unplug",
	 { device_is_asked_for_and_leaves_when_it_is_closed,
	   DVT_NR_ASKING },
	 { device_that_is_wanted_is_still_the_users, DVT_NR_ASKING },
	 { bar_mapping_keeps_a_device_that_is_wanted, DVT_NR_ASKING },
	 { device_that_nobody_has_open_leaves_at_once, DVT_NR_WAYS },
	 { importer_is_told_when_a_device_leaves, DVT_NR_ASKING },
	 { module_can_go_once_the_buffers_of_a_device_that_left_have,
	   DVT_NR_WAYS },
	 { device_that_was_pulled_out_is_gone_for_its_user },
	 { bar_mapping_of_a_device_that_was_pulled_out_raises_sigbus },
	 { importer_is_told_when_a_device_is_pulled_out })
