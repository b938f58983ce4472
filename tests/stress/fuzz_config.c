// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: any place, any width, any value; and the way back to a device
 * that works, whatever was written.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define CONFIG_SIZE 4096U
#define EXT_CAPS 256U

/* A capability, or nothing: where the list of them leads, at random. */
static uint32_t any_cap(struct fuzz *fuzz)
{
	uint32_t steps = 1 + fuzz_below(fuzz, 12), value = 0;
	uint8_t pos = 0;

	if (fuzz_one_in(fuzz, 4))
		return EXT_CAPS + 4 * fuzz_below(fuzz, 64);
	if (dvl_config_read(&fuzz->dev, PCI_CAPABILITY_LIST, &pos, 1))
		return 0;
	while (--steps && pos) {
		if (dvl_config_read(&fuzz->dev, pos & ~3, &value, 2))
			return 0;
		if (!(value >> 8))
			break;
		pos = value >> 8;
	}
	return pos & ~3;
}

static uint64_t any_off(struct fuzz *fuzz)
{
	static const uint32_t places[] = {
		PCI_COMMAND, PCI_COMMAND, PCI_STATUS, PCI_CACHE_LINE_SIZE,
		PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_4,
		PCI_ROM_ADDRESS, PCI_CAPABILITY_LIST, PCI_INTERRUPT_LINE,
	};

	switch (fuzz_below(fuzz, 8)) {
	case 0:
	case 1:
		return places[fuzz_below(fuzz, DVT_ARRAY_SIZE(places))];
	case 2:
	case 3:
	case 4:
		return any_cap(fuzz) + fuzz_below(fuzz, 20);
	case 5:
		return CONFIG_SIZE - fuzz_below(fuzz, 80) + 16;
	case 6:
		return fuzz_below(fuzz, 256);
	default:
		return fuzz_below(fuzz, CONFIG_SIZE);
	}
}

static size_t any_len(struct fuzz *fuzz)
{
	if (fuzz_one_in(fuzz, 64))
		return fuzz_below(fuzz, 2 * CONFIG_SIZE);
	if (fuzz_one_in(fuzz, 4))
		return fuzz_below(fuzz, 64);
	return 1 << fuzz_below(fuzz, 4);
}

/* What is there, with some bits changed; or anything. */
static void make_bytes(struct fuzz *fuzz, uint64_t off, uint8_t *bytes,
		       size_t len)
{
	bool near = !fuzz_one_in(fuzz, 4);
	size_t i;

	if (near && len && off + len <= 256 &&
	    !dvl_config_read(&fuzz->dev, off, bytes, len)) {
		bytes[fuzz_below(fuzz, len)] ^= 1 << fuzz_below(fuzz, 8);
		return;
	}
	for (i = 0; i < len; i++)
		bytes[i] = chance_any(&fuzz->rng);
}

static uint64_t config_size(const struct fuzz *fuzz)
{
	struct vfio_region_info info;

	fuzz_expect(fuzz, !dvl_region_info(&fuzz->dev,
					   VFIO_PCI_CONFIG_REGION_INDEX, &info),
		    "no config space");
	return info.size;
}

/* What cannot be written at all takes a write without a look at it. */
static void judge(struct fuzz *fuzz, bool write, uint64_t off, size_t len,
		  const struct fuzz_place *place, ssize_t result)
{
	struct fuzz_verdict verdict = { .success = true };

	fuzz_allow(&verdict, EFAULT);
	fuzz_allow(&verdict, EINVAL);
	fuzz_allow(&verdict, EIO);
	fuzz_allow(&verdict, ENOMEM);
	if (len && (off + len > config_size(fuzz) ||
		    (!write && !place->readable)))
		verdict.success = false;
	fuzz_judge(fuzz, &verdict, result);
	fuzz_expect(fuzz, result <= (ssize_t)len, "more than there was");
}

/**
 * fuzz_config() - read from or write to config space
 * @fuzz: the round
 */
void fuzz_config(struct fuzz *fuzz)
{
	static uint8_t bytes[2 * CONFIG_SIZE];
	uint64_t off = any_off(fuzz);
	bool write = !fuzz_one_in(fuzz, 4);
	size_t len = any_len(fuzz);
	struct vfio_region_info info;
	struct fuzz_place place;
	ssize_t ret;

	make_bytes(fuzz, off, bytes, len);
	fuzz_place(fuzz, bytes, len, &place);
	fuzz_say(fuzz, "config %s at %#lx, %#zx bytes, %02x%02x%02x%02x, %#zx readable",
		 write ? "write" : "read", off, len, bytes[0], bytes[1],
		 bytes[2], bytes[3], place.readable);
	fuzz_expect(fuzz, !dvl_region_info(&fuzz->dev,
					   VFIO_PCI_CONFIG_REGION_INDEX, &info),
		    "no config space");
	if (write) {
		fuzz->usable = false;
		ret = pwrite(fuzz->dev.fd, place.ptr, len, info.offset + off);
	} else {
		ret = pread(fuzz->dev.fd, place.ptr, len, info.offset + off);
	}
	judge(fuzz, write, off, len, &place, ret < 0 ? -errno : ret);
}

/**
 * fuzz_reset() - reset the device
 * @fuzz: the round
 */
void fuzz_reset(struct fuzz *fuzz)
{
	int ret = dvl_device_reset(&fuzz->dev);

	fuzz_say(fuzz, "reset");
	fuzz->usable = false;
	fuzz_expect(fuzz, !ret || ret == -EINVAL || ret == -ENOTTY ||
		    ret == -EAGAIN, "it failed");
}

static void config_byte(struct fuzz *fuzz, unsigned int off, uint8_t value)
{
	fuzz_expect(fuzz, !dvl_config_write(&fuzz->dev, off, &value, 1),
		    "a config write failed");
}

static unsigned int first_bar(const struct fuzz *fuzz)
{
	unsigned int bar = 0;

	while (!fuzz->bars[bar].mmap)
		bar++;
	return bar;
}

/* A new buffer, and those that have come through it all. */
static void assert_works(struct fuzz *fuzz)
{
	int fd = dvl_export_one(fuzz->dev.fd, first_bar(fuzz), 0, FUZZ_PAGE,
				O_RDWR);
	void *addr;

	fuzz_expect(fuzz, fd >= 0, "no export");
	addr = mmap(NULL, FUZZ_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	fuzz_expect(fuzz, addr != MAP_FAILED, "no mmap");
	fuzz_expect(fuzz, dvt_read32(addr) >= 0, "no memory");
	munmap(addr, FUZZ_PAGE);
	close(fd);
}

/**
 * fuzz_settle() - bring the device back, and see that it works
 * @fuzz: the round
 *
 * What config writes have not ended must work; what they have ended must work
 * again.
 */
void fuzz_settle(struct fuzz *fuzz)
{
	int pm;

	fuzz_say(fuzz, "settling, after %.120s", fuzz->what);
	dvl_feature(fuzz->dev.fd, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
		    VFIO_DEVICE_FEATURE_SET, NULL, 0);
	pm = dvl_config_find_cap(&fuzz->dev, PCI_CAP_ID_PM);
	if (pm > 0)
		config_byte(fuzz, pm + PCI_PM_CTRL, 0);
	config_byte(fuzz, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	fuzz->usable = true;
	assert_works(fuzz);
	fuzz_map_touch_all(fuzz);
}
