// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's monitor; see dvt_monitor.h. What it says is one JSON object a line:
 * answers, which bear the number of their question, and events.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_monitor.h"
#include "dvt_port.h"

/* The next line; Check ends a test that waits for one that never comes. */
static void read_line(struct dvt_monitor *mon, char *line, size_t size)
{
	ck_assert_msg(fgets(line, size, mon->file), "the monitor is silent: %m");
}

/* The answer to the last question. Returns whether it says that all is well. */
static bool read_answer(struct dvt_monitor *mon, char *line, size_t size)
{
	char id[32];

	snprintf(id, sizeof(id), "\"id\": \"%d-%u\"", getpid(), mon->nr_asked);
	do {
		read_line(mon, line, size);
	} while (!strstr(line, id));
	return strstr(line, "\"return\"");
}

static void send_command(struct dvt_monitor *mon, const char *command,
			 const char *arguments)
{
	fprintf(mon->file,
		"{\"execute\": \"%s\", \"id\": \"%d-%u\", \"arguments\": {%s}}\n",
		command, getpid(), ++mon->nr_asked, arguments);
	ck_assert_msg(!fflush(mon->file), "writing to the monitor: %m");
}

/**
 * dvt_monitor_open() - talk to the monitor
 * @mon: filled in
 *
 * Return: false where DVP_MONITOR names no port.
 */
bool dvt_monitor_open(struct dvt_monitor *mon)
{
	const char *path = getenv("DVP_MONITOR");
	char line[4096];
	int fd;

	if (!path || !*path)
		return false;
	fd = dvt_port_open(path);
	ck_assert_msg(fd >= 0, "cannot open %s: %s", path, strerror(-fd));
	*mon = (struct dvt_monitor){ .file = fdopen(fd, "r+") };
	ck_assert_ptr_nonnull(mon->file);
	setvbuf(mon->file, NULL, _IONBF, 0);

	/*
	 * Until the port was raw it gave back what the monitor said: this byte
	 * makes the monitor forget what it has heard of that.
	 */
	fputc(0xff, mon->file);
	/* Every connection begins so; this one lasts as long as the machine. */
	send_command(mon, "qmp_capabilities", "");
	read_answer(mon, line, sizeof(line));
	return true;
}

/**
 * dvt_monitor_close() - hang up
 * @mon: the monitor
 */
void dvt_monitor_close(struct dvt_monitor *mon)
{
	fclose(mon->file);
}

/**
 * dvt_monitor_ask() - have something done
 * @mon: the monitor
 * @command: of QEMU's machine protocol
 * @arguments: its arguments, in JSON, without the braces
 */
void dvt_monitor_ask(struct dvt_monitor *mon, const char *command,
		     const char *arguments)
{
	char line[4096];

	send_command(mon, command, arguments);
	ck_assert_msg(read_answer(mon, line, sizeof(line)), "%s: %s", command,
		      line);
}

/**
 * dvt_monitor_wait() - wait for an event
 * @mon: the monitor; events that came before the last answer are forgotten
 * @event: its name
 * @text: what else its line has
 */
void dvt_monitor_wait(struct dvt_monitor *mon, const char *event,
		      const char *text)
{
	char line[4096];

	do {
		read_line(mon, line, sizeof(line));
	} while (!strstr(line, event) || !strstr(line, text));
}
