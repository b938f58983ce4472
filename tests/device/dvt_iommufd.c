// SPDX-License-Identifier: GPL-2.0-only
/*
 * The iommufd and the engine of dvt_iommufd.h. QEMU's edu device has a buffer
 * of 4 KiB and moves bytes between that and an address: two moves are a copy.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "dvt_fault.h"
#include "dvt_iommufd.h"

#define EDU_ID 0x11e8
#define EDU_REGS 0x1000
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_DMA_RUN 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_BUFFER 0x40000

#define POLL_PAUSE_US 1000

/**
 * dvt_iommufd_lack() - what this machine lacks for a test of iommufd
 *
 * Return: the reason for a skip, or NULL.
 */
const char *dvt_iommufd_lack(void)
{
	if (access("/dev/iommu", F_OK))
		return "this kernel has no iommufd";
	if (access("/dev/vfio/devices", F_OK))
		return "VFIO devices have no nodes of their own here";
	return NULL;
}

/**
 * dvt_iommufd_file_lack() - what it lacks for buffers to be mapped by iommufd
 *
 * IOMMU_IOAS_MAP_FILE is younger than iommufd. The kernel looks at the descriptor
 * before it looks for the address space.
 *
 * Return: the reason for a skip, or NULL.
 */
const char *dvt_iommufd_file_lack(void)
{
	int fd = dvl_iommufd_open();
	int ret = dvl_ioas_map_file(fd, 0, -1, 0, 4096, 0);

	close(fd);
	return ret == -ENOTTY ? "iommufd of this kernel maps no files" : NULL;
}

/**
 * dvt_iommufd_open() - open an iommufd, and make an address space
 * @io: filled in
 */
void dvt_iommufd_open(struct dvt_iommufd *io)
{
	io->fd = dvl_iommufd_open();
	ck_assert_msg(io->fd >= 0, "opening iommufd: %s", strerror(-io->fd));
	ck_assert_int_eq(dvl_ioas_alloc(io->fd, &io->ioas), 0);
}

/**
 * dvt_iommufd_attach() - open a device by its node, and attach it
 * @io: the address space
 * @dev: filled in
 * @bdf: address of the device
 */
void dvt_iommufd_attach(const struct dvt_iommufd *io, struct dvl_device *dev,
			const char *bdf)
{
	int ret = dvl_cdev_open(dev, bdf, io->fd, io->ioas);

	ck_assert_msg(!ret, "attaching %s: %s", bdf, strerror(-ret));
}

/**
 * dvt_iommufd_memory() - memory that attached devices see too
 * @io: the address space
 * @iova: where they see it
 * @len: length in bytes, on the page grid
 *
 * Return: its address here; it holds zeroes.
 */
void *dvt_iommufd_memory(const struct dvt_iommufd *io, uint64_t iova,
			 size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ret = dvl_ioas_map(io->fd, io->ioas, memory, len, iova);
	ck_assert_msg(!ret, "mapping memory at %#lx: %s", iova,
		      strerror(-ret));
	return memory;
}

static void command_set(const struct dvl_device *dev, uint16_t bits)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	command |= bits;
	ck_assert_int_eq(dvl_config_write(dev, PCI_COMMAND, &command, 2), 0);
}

/**
 * dvt_engine_open() - open an edu device, and make it ready
 * @engine: filled in
 * @io: the address space that it is attached to
 * @bdf: its address
 */
void dvt_engine_open(struct dvt_engine *engine, const struct dvt_iommufd *io,
		     const char *bdf)
{
	uint16_t id;

	dvt_iommufd_attach(io, &engine->dev, bdf);
	ck_assert_int_eq(dvl_config_read(&engine->dev, PCI_DEVICE_ID, &id, 2),
			 0);
	ck_assert_uint_eq(id, EDU_ID);
	command_set(&engine->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	engine->regs = dvl_region_mmap(&engine->dev, 0, 0, EDU_REGS,
				       PROT_READ | PROT_WRITE);
	ck_assert_msg(engine->regs != MAP_FAILED, "mapping registers: %m");
}

static void reg_write(const struct dvt_engine *engine, unsigned int reg,
		      uint64_t value)
{
	*(volatile uint64_t *)(engine->regs + reg) = value;
}

static void move(const struct dvt_engine *engine, uint64_t src, uint64_t dst,
		 size_t len, uint64_t dir)
{
	reg_write(engine, EDU_DMA_SRC, src);
	reg_write(engine, EDU_DMA_DST, dst);
	reg_write(engine, EDU_DMA_COUNT, len);
	reg_write(engine, EDU_DMA_CMD, dir | EDU_DMA_RUN);
	while (*(volatile uint64_t *)(engine->regs + EDU_DMA_CMD) &
	       EDU_DMA_RUN)
		usleep(POLL_PAUSE_US);
}

/**
 * dvt_engine_copy() - copy by DMA
 * @engine: the engine
 * @from: address in its address space
 * @to: another one
 * @len: bytes, at most DVT_ENGINE_MAX
 */
void dvt_engine_copy(const struct dvt_engine *engine, uint64_t from,
		     uint64_t to, size_t len)
{
	ck_assert_uint_le(len, DVT_ENGINE_MAX);
	ck_assert_uint_le((from | to) >> DVT_ENGINE_BITS, 0);
	move(engine, from, EDU_BUFFER, len, 0);
	move(engine, EDU_BUFFER, to, len, EDU_DMA_TO_MEMORY);
}

/**
 * dvt_engine_copy_stopped() - copy by DMA that the IOMMU is going to stop
 * @engine: the engine
 * @from: address in its address space
 * @to: one that is not mapped
 * @len: bytes, at most DVT_ENGINE_MAX
 *
 * Returns when the kernel's log has the fault. Who judges that log is told
 * what it is about.
 */
void dvt_engine_copy_stopped(const struct dvt_engine *engine, uint64_t from,
			     uint64_t to, size_t len)
{
	int log = dvt_fault_expect(engine->dev.bdf);

	do {
		dvt_engine_copy(engine, from, to, len);
	} while (!dvt_fault_reported(log, engine->dev.bdf));
	dvt_fault_over(log);
}
