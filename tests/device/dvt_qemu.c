// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts and asks QEMU: its monitor speaks JSON, one line a message; what stands
 * for the guest's processor is QEMU's own protocol for tests, one line a word.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "dvt_qemu.h"

#define PROGRAM "/usr/bin/qemu-system-x86_64"
#define MONITOR_FD 20
#define GUEST_FD 21
#define MAX_ARGS 40
#define ANSWER_LEN 65536

/* The ports of the PC's first way to config space. */
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc

static int inherit(int fd, int as)
{
	return dup2(fd, as) < 0 ? -1 : 0;
}

/* Only root of a mount namespace of its own can show QEMU the devices there. */
static int enter_root(void)
{
	static const char *const dirs[] = { "/dev", "/proc", "/sys", "/tmp" };
	char path[64];
	size_t i;

	if (unshare(CLONE_NEWNS))
		return -1;
	for (i = 0; i < DVT_ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), DVT_QEMU "%s", dirs[i]);
		if (mount(dirs[i], path, NULL, MS_BIND | MS_REC, NULL))
			return -1;
	}
	return chroot(DVT_QEMU) || chdir("/");
}

__attribute__((noreturn))
static void run(bool firmware, const char *const *devices, int monitor,
		int guest)
{
	static const char *const common[] = {
		PROGRAM, "-nodefaults", "-no-user-config", "-display", "none",
		"-machine", "pc", "-m", "32", "-L", "/usr/share/seabios",
		"-L", "/usr/share/qemu", "-chardev", "socket,id=monitor,fd=20",
		"-mon", "chardev=monitor,mode=control",
	};
	static const char *const with_firmware[] = { "-accel", "tcg" };
	/* The processor stays stopped; Debian leaves out an accelerator for that. */
	static const char *const without[] = {
		"-accel", "tcg", "-S", "-chardev", "socket,id=guest,fd=21",
		"-object", "qtest,id=qtest,chardev=guest,log=none",
	};
	const char *args[MAX_ARGS];
	size_t nr = 0;

	memcpy(args, common, sizeof(common));
	nr += DVT_ARRAY_SIZE(common);
	if (firmware) {
		memcpy(args + nr, with_firmware, sizeof(with_firmware));
		nr += DVT_ARRAY_SIZE(with_firmware);
	} else {
		memcpy(args + nr, without, sizeof(without));
		nr += DVT_ARRAY_SIZE(without);
	}
	for (; *devices && nr < MAX_ARGS - 2; devices++) {
		args[nr++] = "-device";
		args[nr++] = *devices;
	}
	args[nr] = NULL;
	/* A test that fails leaves; its device must not stay open. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!inherit(monitor, MONITOR_FD) && !inherit(guest, GUEST_FD) &&
	    !enter_root())
		execv(args[0], (char *const *)args);
	perror(PROGRAM);
	_exit(127);
}

/* One line; fails the test when QEMU ends instead. */
static void read_line(struct dvt_qemu *qemu, int sock, char *line, size_t size)
{
	size_t len = 0;
	int status = 0;

	while (len < size - 1) {
		if (read(sock, line + len, 1) != 1) {
			waitpid(qemu->pid, &status, 0);
			ck_abort_msg("QEMU ended with wait status %#x", status);
		}
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
}

static void say(int sock, const char *text)
{
	ck_assert_int_eq(send(sock, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

/* Sends a command, and reads until its answer; events and greeting are let by. */
static const char *monitor_call(struct dvt_qemu *qemu, const char *command)
{
	static char line[ANSWER_LEN];

	say(qemu->monitor, command);
	do {
		read_line(qemu, qemu->monitor, line, sizeof(line));
		ck_assert_msg(!strstr(line, "\"error\""), "%s: %s", command,
			      line);
	} while (strncmp(line, "{\"return\"", strlen("{\"return\"")));
	return line;
}

/**
 * dvt_qemu_start() - start QEMU with devices of this machine
 * @qemu: filled in
 * @firmware: whether its processor runs the firmware, or stays stopped
 * @devices: arguments of its -device, ended by NULL
 *
 * It ends with the test's process. "invalid accelerator qtest" on its standard
 * error is about the socket for the stopped processor, and no harm.
 */
void dvt_qemu_start(struct dvt_qemu *qemu, bool firmware,
		    const char *const *devices)
{
	int monitor[2], guest[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    monitor), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    guest), 0);
	qemu->pid = fork();
	ck_assert_int_ge(qemu->pid, 0);
	if (!qemu->pid)
		run(firmware, devices, monitor[1], guest[1]);
	close(monitor[1]);
	close(guest[1]);
	qemu->monitor = monitor[0];
	qemu->guest = guest[0];
	monitor_call(qemu, "{\"execute\":\"qmp_capabilities\"}\n");
}

/**
 * dvt_qemu_ask() - run a command of the monitor that people use
 * @qemu: where
 * @command: as people type it, without quotes
 *
 * Return: what the monitor prints; until the next call.
 */
const char *dvt_qemu_ask(struct dvt_qemu *qemu, const char *command)
{
	static char text[ANSWER_LEN];
	char call[256], *out = text;
	const char *in;

	snprintf(call, sizeof(call),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}\n",
		 command);
	/* The text is a JSON string, whose line ends are "\r\n". */
	in = monitor_call(qemu, call) + strlen("{\"return\": \"");
	for (; *in && *in != '"'; in++) {
		if (*in != '\\')
			*out++ = *in;
		else if (*++in == 'n')
			*out++ = '\n';
		else if (*in != 'r')
			*out++ = *in;
	}
	*out = '\0';
	return text;
}

static void wait_end(struct dvt_qemu *qemu, int *status)
{
	ck_assert_int_eq(waitpid(qemu->pid, status, 0), qemu->pid);
	close(qemu->monitor);
	close(qemu->guest);
}

/**
 * dvt_qemu_quit() - end QEMU as people do
 * @qemu: which
 */
void dvt_qemu_quit(struct dvt_qemu *qemu)
{
	int status;

	monitor_call(qemu, "{\"execute\":\"quit\"}\n");
	wait_end(qemu, &status);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "QEMU ended with wait status %#x", status);
}

/**
 * dvt_qemu_kill() - end QEMU without asking it
 * @qemu: which
 */
void dvt_qemu_kill(struct dvt_qemu *qemu)
{
	int status;

	ck_assert_int_eq(kill(qemu->pid, SIGKILL), 0);
	wait_end(qemu, &status);
	ck_assert(WIFSIGNALED(status));
}

/* The number after "OK", 0 if there is none. */
static uint64_t guest_call(struct dvt_qemu *qemu, const char *call)
{
	char line[128];

	say(qemu->guest, call);
	do {
		/* The guest's interrupts are told as they come. */
		read_line(qemu, qemu->guest, line, sizeof(line));
	} while (!strncmp(line, "IRQ", 3));
	ck_assert_msg(!strncmp(line, "OK", 2), "%s: %s", call, line);
	return strtoull(line + 2, NULL, 0);
}

static char size_letter(unsigned int size)
{
	return size == 8 ? 'q' : size == 4 ? 'l' : size == 2 ? 'w' : 'b';
}

/**
 * dvt_guest_read() - read in place of the guest's processor
 * @qemu: whose guest
 * @addr: physical address in the guest
 * @size: 1, 2, 4 or 8 bytes
 *
 * Return: the value.
 */
uint64_t dvt_guest_read(struct dvt_qemu *qemu, uint64_t addr, unsigned int size)
{
	char call[64];

	snprintf(call, sizeof(call), "read%c %#lx\n", size_letter(size), addr);
	return guest_call(qemu, call);
}

/**
 * dvt_guest_write() - write in place of the guest's processor
 * @qemu: whose guest
 * @addr: physical address in the guest
 * @size: 1, 2, 4 or 8 bytes
 * @value: what to write
 */
void dvt_guest_write(struct dvt_qemu *qemu, uint64_t addr, unsigned int size,
		     uint64_t value)
{
	char call[64];

	snprintf(call, sizeof(call), "write%c %#lx %#lx\n", size_letter(size),
		 addr, value);
	guest_call(qemu, call);
}

static void select_config(struct dvt_qemu *qemu, unsigned int slot,
			  unsigned int off)
{
	char call[64];

	snprintf(call, sizeof(call), "outl %#x %#x\n", CONFIG_ADDRESS,
		 1U << 31 | slot << 11 | (off & ~3U));
	guest_call(qemu, call);
}

/**
 * dvt_guest_config_read() - read a word of config space
 * @qemu: whose guest
 * @slot: the device on bus 0, function 0
 * @off: where
 *
 * Return: the word.
 */
uint32_t dvt_guest_config_read(struct dvt_qemu *qemu, unsigned int slot,
			       unsigned int off)
{
	char call[64];

	select_config(qemu, slot, off);
	snprintf(call, sizeof(call), "inl %#x\n", CONFIG_DATA);
	return guest_call(qemu, call);
}

/**
 * dvt_guest_config_write() - write a word of config space
 * @qemu: whose guest
 * @slot: the device on bus 0, function 0
 * @off: where
 * @value: what to write
 */
void dvt_guest_config_write(struct dvt_qemu *qemu, unsigned int slot,
			    unsigned int off, uint32_t value)
{
	char call[64];

	select_config(qemu, slot, off);
	snprintf(call, sizeof(call), "outl %#x %#x\n", CONFIG_DATA, value);
	guest_call(qemu, call);
}

/**
 * dvt_guest_find_cap() - find a capability
 * @qemu: whose guest
 * @slot: the device on bus 0, function 0
 * @id: PCI_CAP_ID_*
 *
 * Return: where it is in config space.
 */
unsigned int dvt_guest_find_cap(struct dvt_qemu *qemu, unsigned int slot,
				uint8_t id)
{
	uint32_t head, off;

	off = dvt_guest_config_read(qemu, slot, PCI_CAPABILITY_LIST) & 0xfc;
	for (; off; off = head >> 8 & 0xfc) {
		head = dvt_guest_config_read(qemu, slot, off);
		if ((head & 0xff) == id)
			return off;
	}
	ck_abort_msg("the guest's device has no capability %#x", id);
}

/**
 * dvt_guest_place_bar() - do what firmware does for one BAR
 * @qemu: whose guest
 * @slot: the device on bus 0, function 0
 * @bar: the BAR, of 32 bits
 * @addr: where it goes; the device decodes memory and may do DMA afterwards
 */
void dvt_guest_place_bar(struct dvt_qemu *qemu, unsigned int slot,
			 unsigned int bar, uint32_t addr)
{
	dvt_guest_config_write(qemu, slot, PCI_BASE_ADDRESS_0 + 4 * bar, addr);
	dvt_guest_config_write(qemu, slot, PCI_COMMAND,
			       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}
