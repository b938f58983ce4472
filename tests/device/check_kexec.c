// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reboot by kexec, which resets no device: one kernel leaves while a device
 * is open, its BAR mapped and imported, and the next finds the devices as they
 * were left.
 *
 * The machine "kexec" is made for it: its init runs this program twice, in the
 * old kernel with DVP_KEXEC=leave, and again, with all that the plan has, in the
 * new one.
 */
#include <errno.h>
#include <linux/reboot.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_witness.h"

#define KERNEL "/vmlinuz"
#define INITRD "/tmp/initrd"
#define FIRST "dvp_kexec=leave"
#define SECOND "dvp_kexec=check"

#define BAR 2
#define LEN DVT_MIB

static void read_cmdline(char *line, size_t size)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, line, size - 1);

	ck_assert_int_gt(len, 0);
	close(fd);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static void load_kernel(void)
{
	int kernel = open(KERNEL, O_RDONLY | O_CLOEXEC);
	int initrd = open(INITRD, O_RDONLY | O_CLOEXEC);
	char line[2048], *word;

	ck_assert_int_ge(kernel, 0);
	ck_assert_int_ge(initrd, 0);
	read_cmdline(line, sizeof(line));
	word = strstr(line, FIRST);
	ck_assert_ptr_nonnull(word);
	_Static_assert(sizeof(FIRST) == sizeof(SECOND), "");
	memcpy(word, SECOND, strlen(SECOND));
	ck_assert_msg(!syscall(SYS_kexec_file_load, kernel, initrd,
			       strlen(line) + 1, line, 0),
		      "kexec_file_load: %m");
	close(kernel);
	close(initrd);
}

/* In the old kernel. */
START_TEST(leave)
{
	struct dvt_import import;
	struct dvt_witness w;
	void *map;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_witness_start(&w, &import.dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&w);
	map = dvl_region_mmap(&import.dev, BAR, 0, LEN, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	dvt_peer_import(&import.peer, import.fd);
	load_kernel();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	ck_abort_msg("kexec: %m");
}
END_TEST

/* In the new one. */

static bool is_second_kernel(void)
{
	char line[2048];

	read_cmdline(line, sizeof(line));
	return strstr(line, SECOND);
}

#define second_or_skip()						\
	do {								\
		if (!is_second_kernel())				\
			dvt_skip("not the machine \"kexec\"");		\
	} while (0)

START_TEST(device_that_was_in_use_works_after_kexec)
{
	struct dvl_device dev;
	struct dvt_witness w;

	second_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&w);
	dvt_memory_off(&dev);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvl_device_close(&dev);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(importer_that_had_a_mapping_can_import_after_kexec)
{
	struct dvt_import import;

	second_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

int main(void)
{
	const struct dvt_test leaving[] = { { leave }, { NULL, 0 } };
	const struct dvt_test tests[] = {
		{ device_that_was_in_use_works_after_kexec },
		{ importer_that_had_a_mapping_can_import_after_kexec },
		{ NULL, 0 }
	};
	const char *mode = getenv("DVP_KEXEC");

	return dvt_main("kexec", mode && !strcmp(mode, "leave") ? leaving :
			tests);
}
