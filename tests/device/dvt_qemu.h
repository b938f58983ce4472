/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A QEMU as its distribution ships it, in /clients/qemu, which owns a device. Its
 * guest is either firmware that runs, or nothing: then the test itself does to
 * config space, ports and memory what a guest would. Functions assert that what
 * they do works.
 */
#ifndef DVT_QEMU_H
#define DVT_QEMU_H

#include "dvt.h"

#define DVT_QEMU "/clients/qemu"

/**
 * struct dvt_qemu - a running QEMU
 * @pid: its process
 * @monitor: socket that takes commands
 * @guest: socket that takes the place of a guest's processor, -1 if it has one
 */
struct dvt_qemu {
	pid_t pid;
	int monitor;
	int guest;
};

/* Starts it with one or more devices: "vfio-pci,host=..,addr=..,id=..". */
void dvt_qemu_start(struct dvt_qemu *qemu, bool firmware,
		    const char *const *devices);
/* The answer to a command of the monitor that people use; until the next call. */
const char *dvt_qemu_ask(struct dvt_qemu *qemu, const char *command);
/* "quit", and waits for an exit with status 0. */
void dvt_qemu_quit(struct dvt_qemu *qemu);
/* SIGKILL, and waits until it is gone. */
void dvt_qemu_kill(struct dvt_qemu *qemu);

/* dvt_qemu_view.c: what the monitor says. */
const char *dvt_qemu_wait_firmware(struct dvt_qemu *qemu);
void dvt_qemu_find_device(const char *answer, const char *id, char *part,
			  size_t size);
bool dvt_qemu_find_bar(const char *part, unsigned int bar, uint64_t *start,
		       uint64_t *last);
void dvt_qemu_assert_bars(const char *part, const char *bdf);
uint32_t dvt_qemu_examine(struct dvt_qemu *qemu, uint64_t addr);

/* In place of the guest's processor. */
uint64_t dvt_guest_read(struct dvt_qemu *qemu, uint64_t addr, unsigned int size);
void dvt_guest_write(struct dvt_qemu *qemu, uint64_t addr, unsigned int size,
		     uint64_t value);
uint32_t dvt_guest_config_read(struct dvt_qemu *qemu, unsigned int slot,
			       unsigned int off);
void dvt_guest_config_write(struct dvt_qemu *qemu, unsigned int slot,
			    unsigned int off, uint32_t value);
/* The place of a capability in config space. */
unsigned int dvt_guest_find_cap(struct dvt_qemu *qemu, unsigned int slot,
				uint8_t id);
/* Puts a 32 bit BAR at @addr, and lets the device decode memory and master. */
void dvt_guest_place_bar(struct dvt_qemu *qemu, unsigned int slot,
			 unsigned int bar, uint32_t addr);

#endif /* DVT_QEMU_H */
