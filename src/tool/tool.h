/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tool: a table of commands, one file each, over what they share. A command
 * gathers what it found in one JSON object; --json prints that, and the text for
 * people is made from it, so that neither knows more than the other.
 *
 * It changes nothing: it binds no device and loads no module.
 */
#ifndef TOOL_H
#define TOOL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dvl.h"

/* The version of what --json prints: it grows when something changes meaning. */
#define TOOL_FORMAT	2

/* What the directories of a bound device, in sysfs and debugfs, say they are. */
#define TOOL_KERNEL_FORMAT	2

/* Options that one command may have of each kind. */
#define TOOL_MAX_KERNELS	32
#define TOOL_MAX_RANGES		1024

/**
 * enum tool_exit - exit status of every command
 * @TOOL_OK: fine
 * @TOOL_PROBLEM: a problem was found
 * @TOOL_USAGE: wrong use
 * @TOOL_PERMISSION: only root, or an owner of the device, may do that
 * @TOOL_NOT_APPLICABLE: there is nothing that the question could be about
 */
enum tool_exit {
	TOOL_OK			= 0,
	TOOL_PROBLEM		= 1,
	TOOL_USAGE		= 2,
	TOOL_PERMISSION		= 3,
	TOOL_NOT_APPLICABLE	= 77,
};

/**
 * enum tool_takes - what a command takes
 * @TAKES_BDF: may have an address
 * @NEEDS_BDF: must have one
 * @TAKES_KERNEL: --kernel, any number of times
 * @NEEDS_BAR: --bar, which it must have
 * @TAKES_EXPORT: --range, --read-only, --wc, --huge, --cpu-only
 * @TAKES_WORDS: more words behind the address
 * @TAKES_FD: --fd instead of an address and a BAR
 * @TAKES_WIDTH: --width
 * @TAKES_OUTPUT: --output
 * @TAKES_JSON: --json
 */
enum tool_takes {
	TAKES_BDF	= 1 << 0,
	NEEDS_BDF	= 1 << 1,
	TAKES_KERNEL	= 1 << 2,
	NEEDS_BAR	= 1 << 3,
	TAKES_EXPORT	= 1 << 4,
	TAKES_WORDS	= 1 << 5,
	TAKES_FD	= 1 << 6,
	TAKES_WIDTH	= 1 << 7,
	TAKES_OUTPUT	= 1 << 8,
	TAKES_JSON	= 1 << 9,
};

/**
 * struct tool_options - the words behind a command
 * @bdf: the address, with its domain; "" if there is none
 * @json: print JSON
 * @bar: --bar, -1 if not given
 * @fd: --fd, -1 if not given
 * @width: --width in bytes
 * @read_only: --read-only
 * @wc: --wc
 * @export_flags: DMABUF_VFIO_PCI_EXPORT_*, from --huge and --cpu-only
 * @output: --output, or NULL
 * @kernels: --kernel
 * @nr_kernels: how many
 * @ranges: --range; a length of 0 means up to the end
 * @nr_ranges: how many
 * @words: the rest
 * @nr_words: how many
 */
struct tool_options {
	char bdf[16];
	bool json;
	int bar;
	int fd;
	unsigned int width;
	bool read_only;
	bool wc;
	uint32_t export_flags;
	const char *output;
	const char *kernels[TOOL_MAX_KERNELS];
	unsigned int nr_kernels;
	struct vfio_region_dma_range ranges[TOOL_MAX_RANGES];
	unsigned int nr_ranges;
	char **words;
	int nr_words;
};

/**
 * struct tool_command - an entry of the table
 * @name: its name
 * @synopsis: its words, one line for each form
 * @summary: one line
 * @help: what --help says behind that; of its exit status, too
 * @takes: set of &enum tool_takes
 * @run: does it; returns &enum tool_exit
 */
struct tool_command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *help;
	unsigned int takes;
	int (*run)(const struct tool_options *opts);
};

extern const struct tool_command tool_status, tool_doctor, tool_regions,
	tool_exports, tool_run, tool_peek, tool_poke, tool_dump;

/* options.c */
int tool_options_parse(struct tool_options *opts,
		       const struct tool_command *command, int argc,
		       char **argv);
void tool_command_help(const struct tool_command *command, FILE *to);
bool tool_parse_number(const char *text, uint64_t *value);
bool tool_parse_size(const char *text, uint64_t *value);
bool tool_parse_range(const char *text, struct vfio_region_dma_range *range);
bool tool_parse_bdf(const char *text, char *bdf, size_t size);

/* say.c */
extern const char *tool_name;

/* What is printed in colours, where there are any. */
enum tool_colour {
	COLOUR_OFF,
	COLOUR_GOOD,
	COLOUR_WARN,
	COLOUR_BAD,
	COLOUR_DIM,
	COLOUR_BOLD,
};

__attribute__((format(printf, 1, 2)))
void tool_error(const char *format, ...);
const char *tool_errors(void);
const char *tool_colour(enum tool_colour colour);
__attribute__((format(printf, 2, 3)))
void tool_print(enum tool_colour colour, const char *format, ...);
int tool_exit_of(int error);
const char *tool_size(uint64_t bytes, char *buf, size_t size);

/* json.c: NULL from any of them means no memory, which ends the program */
struct json_object *tool_json_new(const char *command);
struct json_object *tool_json_object(struct json_object *in, const char *key);
struct json_object *tool_json_array(struct json_object *in, const char *key);
struct json_object *tool_json_append(struct json_object *array);
__attribute__((format(printf, 2, 3)))
void tool_json_append_text(struct json_object *array, const char *format, ...);
__attribute__((format(printf, 3, 4)))
void tool_json_text(struct json_object *in, const char *key,
		    const char *format, ...);
void tool_json_maybe(struct json_object *in, const char *key,
		     const char *text);
void tool_json_number(struct json_object *in, const char *key, int64_t value);
void tool_json_bool(struct json_object *in, const char *key, bool value);
void tool_json_null(struct json_object *in, const char *key);
struct json_object *tool_json_get(struct json_object *in, const char *key);
const char *tool_json_get_text(struct json_object *in, const char *key);
int64_t tool_json_get_number(struct json_object *in, const char *key);
bool tool_json_get_bool(struct json_object *in, const char *key);
int tool_json_print(struct json_object *root, int status);
void tool_json_print_texts(struct json_object *array, const char *label);
void tool_json_split(struct json_object *in, const char *key, const char *text,
		     const char *separator);
void tool_json_print_words(struct json_object *words, const char *before);
void tool_json_print_errors(const char *command, int status);

/* files.c */
__attribute__((format(printf, 3, 4)))
int tool_read(char *buf, size_t size, const char *format, ...);
__attribute__((format(printf, 1, 2)))
char *tool_read_all(const char *format, ...);
__attribute__((format(printf, 1, 2)))
bool tool_exists(const char *format, ...);
__attribute__((format(printf, 3, 4)))
int tool_link_name(char *buf, size_t size, const char *format, ...);
typedef void (*tool_entry_fn)(const char *name, void *arg);
__attribute__((format(printf, 3, 4)))
int tool_each_entry(tool_entry_fn fn, void *arg, const char *format, ...);
const char *tool_path(char *buf, size_t size, const char *path);
bool tool_rooted(void);

/* device.c */

/**
 * struct tool_device - what sysfs says of a PCI device
 * @bdf: its address
 * @driver: its driver, "" if it has none
 * @override: driver_override, "" if there is none
 * @vendor: id of its vendor
 * @device: its id
 * @class: its class, three bytes
 * @group: number of its IOMMU group, or -1
 * @family: bound to a driver of this family
 * @live: the driver shows its state in sysfs
 */
struct tool_device {
	char bdf[16];
	char driver[64];
	char override[64];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	int group;
	bool family;
	bool live;
};

int tool_device_read(const char *bdf, struct tool_device *dev);
int tool_device_require(const char *bdf, struct tool_device *dev);
int tool_device_require_bound(const char *bdf, struct tool_device *dev);
bool tool_device_can_bind(const struct tool_device *dev);
bool tool_folds_to(const char *text, const char *name);
bool tool_device_is_meant(const struct tool_device *dev);
typedef void (*tool_device_fn)(const struct tool_device *dev, void *arg);
void tool_each_device(tool_device_fn fn, void *arg);
void tool_device_json(struct json_object *in, const struct tool_device *dev);
bool tool_device_state(struct json_object *in, const struct tool_device *dev);

/* live.c: what the driver shows in debugfs */
typedef void (*tool_live_fn)(struct json_object *line, void *arg);
int tool_live_parse(char *text, tool_live_fn fn, void *arg);
int tool_live_read(const struct tool_device *dev, const char *file,
		   tool_live_fn fn, void *arg);
void tool_live_unseen(struct json_object *unseen, const struct tool_device *dev,
		      const char *what, int error);

/* bar.c */

/**
 * struct tool_bar - a BAR as sysfs shows it
 * @start: where it begins
 * @size: its size, 0 if it is absent
 * @flags: of the resource
 */
struct tool_bar {
	uint64_t start;
	uint64_t size;
	uint64_t flags;
};

#define TOOL_NR_BARS	7	/* six, and the ROM */
#define TOOL_BAR_ROM	6

int tool_bars_read(const char *bdf, struct tool_bar *bars);
const char *tool_bar_kind(const struct tool_bar *bars, int bar);
const char *tool_bar_why_no_export(const struct tool_bar *bars, int bar);
const char *tool_bar_why_no_import(const struct tool_bar *bars, int bar);
const char *tool_bar_explain(const char *reason);

/* kernel.c */

/**
 * struct tool_kernel - a kernel below /lib/modules
 * @release: its release
 * @config: text of its configuration, or NULL
 * @config_path: where that is from
 */
struct tool_kernel {
	char release[128];
	char *config;
	char config_path[256];
};

void tool_kernel_running(char *buf, size_t size);
void tool_kernel_open(struct tool_kernel *kernel, const char *release);
void tool_kernel_close(struct tool_kernel *kernel);
char tool_kernel_option(const struct tool_kernel *kernel, const char *option);
bool tool_kernel_text(const struct tool_kernel *kernel, const char *option,
		      char *buf, size_t size);
bool tool_kernel_is_installed(const char *release);
int tool_kernels_installed(char releases[][128], int max);

/* access.c */
int tool_open(struct dvl_device *vfio, const struct tool_device *dev);
int tool_export(const struct dvl_device *vfio, int bar,
		const struct vfio_region_dma_range *ranges, unsigned int nr,
		uint32_t open_flags, uint32_t flags);
int tool_bar_size(const struct dvl_device *vfio, int bar, uint64_t *size);

/**
 * struct tool_window - a piece of a BAR, or of a buffer, that is mapped
 * @vfio: the device, if we opened one
 * @fd: the dma-buf
 * @map: where it is mapped
 * @map_len: how many bytes
 * @base: offset of @map in the BAR or buffer
 * @size: size of the BAR or buffer
 */
struct tool_window {
	struct dvl_device vfio;
	int fd;
	void *map;
	size_t map_len;
	uint64_t base;
	uint64_t size;
};

/* window.c */
int tool_window_open(struct tool_window *win, const struct tool_options *opts);
int tool_window_map(struct tool_window *win, const struct tool_options *opts,
		    uint64_t off, uint64_t len, bool writable);
int tool_window_read(const struct tool_window *win, uint64_t off,
		     unsigned int width, uint64_t *value);
int tool_window_write(const struct tool_window *win, uint64_t off,
		      unsigned int width, uint64_t value);
int tool_window_gone(const struct tool_options *opts, uint64_t off);
void tool_window_close(struct tool_window *win);

/* holders.c */

/**
 * struct tool_holder - a process that has a file
 * @pid: the process
 * @comm: what it calls itself
 * @inode: the file
 * @is_mapping: has it mapped, rather than open
 */
struct tool_holder {
	int pid;
	char comm[32];
	uint64_t inode;
	bool is_mapping;
};

typedef void (*tool_holder_fn)(const struct tool_holder *holder, void *arg);
void tool_each_holder(const char *link, tool_holder_fn fn, void *arg);

/* module.c */

/**
 * struct tool_module - a module file, or a module that is loaded
 * @name: name of the module and its driver, with dashes as in the file's name
 * @path: the file
 * @version: version
 * @srcversion: a checksum of its source
 * @vermagic: the kernel that it was built for, and more
 * @signer: who signed it, "" if nobody did
 * @sig_key: the key
 * @format: the family's format, "" if the file does not say
 */
struct tool_module {
	char name[64];
	char path[512];
	char version[64];
	char srcversion[64];
	char vermagic[128];
	char signer[128];
	char sig_key[192];
	char format[16];
};

#define TOOL_MAX_MODULES	16

int tool_modules_installed(const char *kernel, struct tool_module *modules,
			   int nr);
void tool_module_fold(char *buf, size_t size, const char *name);
bool tool_module_loaded(const char *name, struct tool_module *module);
const struct tool_module *tool_module_find(const struct tool_module *modules,
					   int nr, const char *name);

#endif /* TOOL_H */
