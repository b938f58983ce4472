// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own selftests of VFIO, in /clients/selftests, which were written
 * for vfio-pci: each program runs with the device bound to that, and again with
 * it bound here. Test by test, the outcome must be the same, and none may fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt.h"

#define DIR "/clients/selftests/"
#define PLAIN "vfio-pci"
#define PLAIN_SRIOV "/sys/module/vfio_pci/parameters/enable_sriov"
#define MAX_RESULTS 64
#define SKIPS_ITSELF 4

enum outcome { PASSED, SKIPPED, FAILED };

static const char *const words[] = { "passes", "skips", "fails" };

/**
 * struct result - what a program said of one of its tests
 * @name: the test's name
 * @outcome: what became of it
 */
struct result {
	char name[112];
	enum outcome outcome;
};

/**
 * struct run - one run of a program
 * @status: its exit status
 * @nr: how many tests it has told of
 * @results: what it told, in its order
 */
struct run {
	int status;
	unsigned int nr;
	struct result results[MAX_RESULTS];
};

/**
 * struct row - a program, and what it gets
 * @program: its name
 * @ours: what runs in its place with our driver, or NULL: the SR-IOV test
 *        compares the name of the VF's driver with "vfio-pci"; in this copy
 *        only that name is another
 * @role: the device
 * @options: which of its tests; "" for all
 */
static const struct row {
	const char *program;
	const char *ours;
	const char *role;
	const char *options;
} rows[] = {
	{ "vfio_pci_device_test", NULL, "DVP_BDF_IGB", "" },
	{ "vfio_pci_device_test", NULL, "DVP_BDF_FLR", "" },
	{ "vfio_iommufd_setup_test", NULL, "DVP_BDF_IGB", "" },
	{ "vfio_dma_mapping_mmio_test", NULL, "DVP_BDF_IGB", "" },
	{ "vfio_dma_mapping_test", NULL, "DVP_BDF_FLR", "" },
	{ "vfio_pci_device_init_perf_test", NULL, "DVP_BDF_FLR", "" },
	{ "vfio_pci_driver_test", NULL, "DVP_BDF_FLR", "" },
	{ "vfio_pci_sriov_uapi_test", "vfio_pci_sriov_uapi_test.named",
	  "DVP_BDF_PF", "-t override_token" },
};

/* Lets VFs of vfio-pci be made; our module was loaded so that it lets them. */
static void plain_sriov(const char *value)
{
	FILE *file = fopen(PLAIN_SRIOV, "w");

	if (file) {
		fputs(value, file);
		fclose(file);
	}
}

static void give_back(void)
{
	size_t i;

	plain_sriov("0");
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++)
		if (dvt_bdf(rows[i].role))
			dvl_sysfs_bind(dvt_bdf(rows[i].role), DVL_DRIVER);
}

/* "ok 3 NAME", "not ok 3 NAME", "ok 3 NAME # SKIP REASON"; nothing else counts. */
static void take_result(struct run *run, const char *line)
{
	struct result *result = &run->results[run->nr];
	char name[sizeof(result->name)];

	if (run->nr == MAX_RESULTS)
		ck_abort_msg("more than %d tests", MAX_RESULTS);
	if (sscanf(line, "not ok %*u %111s", name) == 1)
		result->outcome = FAILED;
	else if (sscanf(line, "ok %*u %111s", name) == 1)
		result->outcome = strstr(line, "# SKIP") ? SKIPPED : PASSED;
	else
		return;
	memcpy(result->name, name, sizeof(name));
	run->nr++;
}

/* What the program prints goes to the log, too, for whoever asks why. */
static void run_program(struct run *run, const char *program,
			const char *options, const char *bdf,
			const char *driver)
{
	char command[512], line[512];
	FILE *output;

	memset(run, 0, sizeof(*run));
	dvt_bind(bdf, driver);
	snprintf(command, sizeof(command), DIR "%s %s %s 2>&1", program,
		 options, bdf);
	fprintf(stderr, "%s, %s:\n", command, driver);
	output = popen(command, "re");
	ck_assert_ptr_nonnull(output);
	while (fgets(line, sizeof(line), output)) {
		fputs(line, stderr);
		take_result(run, line);
	}
	run->status = pclose(output);
	ck_assert(WIFEXITED(run->status));
	run->status = WEXITSTATUS(run->status);
}

static unsigned int compare(const struct row *row, const struct run *plain,
			    const struct run *ours)
{
	unsigned int i, nr_passed = 0;

	ck_assert_uint_eq(ours->nr, plain->nr);
	for (i = 0; i < ours->nr; i++) {
		const struct result *a = &plain->results[i];
		const struct result *b = &ours->results[i];

		ck_assert_str_eq(b->name, a->name);
		fprintf(stderr, "%s %s %s with " PLAIN ", %s with " DVL_DRIVER "\n",
			row->program, a->name, words[a->outcome],
			words[b->outcome]);
		ck_assert_msg(a->outcome == b->outcome && b->outcome != FAILED,
			      "%s %s with " PLAIN ", %s with " DVL_DRIVER,
			      a->name, words[a->outcome], words[b->outcome]);
		nr_passed += b->outcome == PASSED;
	}
	ck_assert_msg(ours->status == plain->status,
		      "%s: status %d, with " PLAIN " %d", row->program,
		      ours->status, plain->status);
	return nr_passed;
}

START_TEST(selftests_fare_as_with_vfio_pci)
{
	const struct row *row = &rows[_i];
	const char *bdf = dvt_bdf(row->role);
	static struct run plain, ours;
	unsigned int nr_passed;

	if (access(DIR, F_OK))
		dvt_skip("no selftests in " DIR);
	if (!bdf)
		dvt_skip("no device for %s", row->role);
	plain_sriov("1");
	run_program(&plain, row->program, row->options, bdf, PLAIN);
	run_program(&ours, row->ours ? row->ours : row->program, row->options,
		    bdf, DVL_DRIVER);
	nr_passed = compare(row, &plain, &ours);
	if (ours.status == SKIPS_ITSELF)
		dvt_skip("%s has nothing to do with %s, whatever its driver",
			 row->program, row->role);
	ck_assert_int_eq(ours.status, 0);
	ck_assert_uint_gt(nr_passed, 0);
}
END_TEST

int main(void)
{
	/* A row is a program with all its tests, twice. */
	setenv("CK_DEFAULT_TIMEOUT", "600", 1);
	return dvt_main_around("client_selftests", (const struct dvt_test[]){
		{ selftests_fare_as_with_vfio_pci, DVT_ARRAY_SIZE(rows) },
		{ NULL, 0 } }, NULL, give_back);
}
