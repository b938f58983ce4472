// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a device for its user: the last close, the exit of the process
 * that had it open, and taking it from the driver.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_request.h"
#include "dvt_witness.h"

#define BAR 2
#define LEN DVT_MIB

START_TEST(last_close_kills_buffers_everywhere)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&w);
	dvl_device_close(&dev);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(reopening_does_not_revive_buffers)
{
	struct dvl_device dev;
	struct dvt_witness old, new;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&old, &dev, BAR, 0, LEN);
	dvl_device_close(&dev);

	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	dvt_witness_assert_dead(&old);
	ck_assert_int_eq(dvl_revoke(dev.fd, old.fd), -ENODEV);
	ck_assert_int_eq(dvl_memattr(dev.fd, old.fd,
				     DMABUF_VFIO_PCI_MEMATTR_NC), -ENODEV);

	/* The same range can be had again, and the old one is none of it. */
	dvt_witness_start(&new, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&new);
	dvt_witness_assert_dead(&old);
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&new);
	dvt_witness_assert_dead(&old);
	dvt_witness_stop(&new);
	dvt_witness_stop(&old);
}
END_TEST

START_TEST(close_of_one_of_two_descriptors_is_not_the_last)
{
	struct dvl_device dev, copy;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	copy = dev;
	copy.fd = dup(dev.fd);
	ck_assert_int_ge(copy.fd, 0);
	close(dev.fd);
	dvt_witness_assert_usable(&w);
	dvl_device_close(&copy);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(second_open_of_a_device_keeps_buffers_of_the_first)
{
	struct dvl_device first, second;
	struct dvt_witness w;

	dvt_open_or_skip(&first, "DVP_BDF");
	dvt_witness_start(&w, &first, BAR, 0, LEN);
	dvt_open_in(&second, dvt_bdf("DVP_BDF"), &first);
	dvl_device_close(&first);
	dvt_witness_assert_usable(&w);
	ck_assert_int_eq(dvl_revoke(second.fd, w.fd), 0);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(close_of_a_paused_device_kills_its_buffers)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	dvt_memory_off(&dev);
	dvl_device_close(&dev);
	dvt_witness_assert_dead(&w);

	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	dvt_memory_on(&dev);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(bar_mapping_keeps_the_device_and_its_buffers)
{
	struct dvl_device dev;
	struct dvt_witness w;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	map = dvl_region_mmap(&dev, BAR, 0, LEN, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);

	dvl_device_close(&dev);
	dvt_assert_usable(map);
	dvt_witness_assert_usable(&w);

	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

/* A primary: exports, passes the buffer on, and waits for what comes. */
static int primary(int sock, void *arg)
{
	struct dvl_device dev;
	char byte;
	int fd;

	if (dvl_device_open(&dev, arg))
		return 1;
	fd = dvl_export_one(dev.fd, BAR, 0, LEN, O_RDWR);
	if (fd < 0 || dvl_send_fd(sock, fd))
		return 2;
	return read(sock, &byte, 1) < 0;
}

START_TEST(exit_of_the_exporter_kills_its_buffers)
{
	struct dvt_child child;
	char *bdf = (char *)dvt_bdf("DVP_BDF");
	void *map;
	int fd;

	if (!bdf)
		dvt_skip("no device for DVP_BDF");
	dvt_child_fork(&child, 0, primary, bdf);
	fd = dvl_recv_fd(child.sock);
	ck_assert_int_ge(fd, 0);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);

	if (_i)
		dvt_child_kill(&child);
	else
		dvt_child_stop(&child);
	dvt_assert_sigbus(map);
	ck_assert_ptr_eq(mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

/*
 * Unbinding. The kernel asks the user for the device, and waits.
 */

static int unbinder(int sock, void *arg)
{
	(void)sock;
	return dvl_sysfs_unbind(arg) ? 1 : 0;
}

static void assert_driver(const char *bdf, const char *expected)
{
	char driver[64];

	ck_assert_int_eq(dvl_sysfs_driver(bdf, driver, sizeof(driver)), 0);
	ck_assert_str_eq(driver, expected);
}

START_TEST(unbind_waits_for_the_close_and_kills_buffers)
{
	struct dvt_child child;
	struct dvl_device dev;
	struct dvt_witness w;
	eventfd_t count;
	char bdf[16];
	int event;

	dvt_open_or_skip(&dev, "DVP_BDF");
	strcpy(bdf, dev.bdf);
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	event = dvt_request_eventfd(&dev);
	dvt_child_fork(&child, 0, unbinder, bdf);
	ck_assert_int_eq(eventfd_read(event, &count), 0);

	/* It waits for us. */
	ck_assert_int_eq(waitpid(child.pid, NULL, WNOHANG), 0);

	dvl_device_close(&dev);
	dvt_child_stop(&child);
	assert_driver(bdf, "");
	dvt_witness_assert_dead(&w);

	dvt_bind(bdf, DVL_DRIVER);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(unbind_does_not_wait_for_buffers)
{
	struct dvl_device dev;
	struct dvt_witness old, new;
	char bdf[16];

	dvt_open_or_skip(&dev, "DVP_BDF");
	strcpy(bdf, dev.bdf);
	dvt_witness_start(&old, &dev, BAR, 0, LEN);
	dvl_device_close(&dev);
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	assert_driver(bdf, "");
	dvt_witness_assert_dead(&old);
	dvt_bind(bdf, DVL_DRIVER);

	/* Another life of the device: the old buffer has no part in it. */
	dvt_open(&dev, bdf);
	dvt_witness_start(&new, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&new);
	dvt_witness_assert_dead(&old);
	ck_assert_int_eq(dvl_revoke(dev.fd, old.fd), -ENODEV);
	dvt_witness_stop(&old);
	dvt_witness_assert_usable(&new);
	dvt_witness_stop(&new);
}
END_TEST

DVT_MAIN("close",
	 { last_close_kills_buffers_everywhere },
	 { reopening_does_not_revive_buffers },
	 { close_of_one_of_two_descriptors_is_not_the_last },
	 { second_open_of_a_device_keeps_buffers_of_the_first },
	 { close_of_a_paused_device_kills_its_buffers },
	 { bar_mapping_keeps_the_device_and_its_buffers },
	 { exit_of_the_exporter_kills_its_buffers, 2 },
	 { unbind_waits_for_the_close_and_kills_buffers },
	 { unbind_does_not_wait_for_buffers })
