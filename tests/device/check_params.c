// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter ids: which devices the driver takes without an override. Each
 * test loads the driver anew, and leaves it as it was before it judges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvt_module.h"

#define ROLE "DVP_BDF_EDU"

/**
 * struct row - a value of the parameter
 * @ids: the value
 * @binds: whether the device of vendor 1234 and id 11e8 is taken
 */
static const struct row {
	const char *ids;
	bool binds;
} rows[] = {
	{ "", false },
	{ "1234:11e8", true },
	{ "1234:11e9", false },
	{ "8086:1,1234:11e8", true },
	{ "1234:11e8:ffff:ffff", false },
};

/* Never asserts: the caller must first put everything back. */
static int load_with(const char *bdf, const char *params, const char *ids,
		     char *driver, size_t size)
{
	char all[512];
	int ret;

	ret = dvl_sysfs_unbind(bdf);
	if (ret)
		return ret;
	ret = dvl_sysfs_write(bdf, "driver_override", "\n");
	if (ret)
		return ret;
	ret = dvt_module_unload();
	if (ret)
		return ret;
	snprintf(all, sizeof(all), "%s%s%s", params, *ids ? "ids=" : "", ids);
	ret = dvt_module_load(DVL_DRIVER, all);
	return ret ? ret : dvl_sysfs_driver(bdf, driver, size);
}

/* As it was before load_with(), however far that got. */
static int restore(const char *bdf, const char *params)
{
	int ret;

	if (dvt_module_refs() >= 0) {
		ret = dvt_module_unload();
		if (ret)
			return ret;
	}
	ret = dvt_module_load(DVL_DRIVER, params);
	return ret ? ret : dvl_sysfs_bind(bdf, DVL_DRIVER);
}

START_TEST(device_without_an_override_comes_if_ids_names_it)
{
	const struct row *row = &rows[_i];
	char params[256], driver[64] = "";
	struct dvl_device dev;
	int loaded, restored;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_open_or_skip(&dev, ROLE);
	dvl_device_close(&dev);
	dvt_module_params(params, sizeof(params));
	loaded = load_with(dev.bdf, params, row->ids, driver, sizeof(driver));
	restored = restore(dev.bdf, params);
	ck_assert_int_eq(loaded, 0);
	ck_assert_int_eq(restored, 0);
	ck_assert_str_eq(driver, row->binds ? DVL_DRIVER : "");
}
END_TEST

DVT_MAIN("params",
	 { device_without_an_override_comes_if_ids_names_it,
	   DVT_ARRAY_SIZE(rows) })
