// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters that take one word of a few: which they take, when written and
 * when the module is loaded. What a word means is judged elsewhere.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvt_module.h"
#include "dvt_param.h"

/**
 * struct option - a parameter
 * @name: its name
 * @words: what it takes; the first is the default
 */
static const struct option {
	const char *name;
	const char *words[5];
} options[] = {
	{ "feature_dma_buf", { "auto", "own", "core" } },
	{ "p2p", { "auto", "strict", "force", "off" } },
};

/* No parameter takes any of these. */
static const char * const bad[] = {
	"\n", " own", " auto", "own core", "auto off", "OWN", "Auto", "cor",
	"cores", "forced", "stricter", "of", "both", "on", "0", "1", "y",
};

static void assert_bad(const struct option *option, const char *word)
{
	ck_assert_msg(dvt_param_write(option->name, word) == -EINVAL,
		      "%s takes \"%s\"", option->name, word);
}

START_TEST(option_reads_back_as_it_was_written)
{
	const struct option *option = &options[_i];
	const char * const *word;
	char line[32];

	for (word = option->words; *word; word++) {
		dvt_param_set(option->name, *word);
		dvt_param_assert(option->name, *word);
	}
	for (word = option->words; *word; word++) {
		snprintf(line, sizeof(line), "%s\n", *word);
		dvt_param_set(option->name, line);
		dvt_param_assert(option->name, *word);
	}
}
END_TEST

START_TEST(other_words_give_einval_and_change_nothing)
{
	const struct option *option = &options[_i];
	const struct option *other = &options[!_i];
	const char * const *word;
	size_t i;

	for (word = option->words; *word; word++) {
		dvt_param_set(option->name, *word);
		for (i = 0; i < DVT_ARRAY_SIZE(bad); i++)
			assert_bad(option, bad[i]);
		/* Both take "auto". */
		assert_bad(option, other->words[1]);
		assert_bad(option, other->words[2]);
		dvt_param_assert(option->name, *word);
	}
}
END_TEST

/**
 * struct load_row - loading the module
 * @params: what is added to its parameters
 * @ret: what that gives
 * @values: what the options hold then
 */
static const struct load_row {
	const char *params;
	int ret;
	const char *values[DVT_ARRAY_SIZE(options)];
} loads[] = {
	{ "", 0, { "auto", "auto" } },
	{ "feature_dma_buf=auto", 0, { "auto", "auto" } },
	{ "feature_dma_buf=own", 0, { "own", "auto" } },
	{ "feature_dma_buf=core", 0, { "core", "auto" } },
	{ "p2p=auto", 0, { "auto", "auto" } },
	{ "p2p=strict", 0, { "auto", "strict" } },
	{ "p2p=force", 0, { "auto", "force" } },
	{ "p2p=off feature_dma_buf=core", 0, { "core", "off" } },
	{ "feature_dma_buf=both", -EINVAL, { "", "" } },
	{ "feature_dma_buf=", -EINVAL, { "", "" } },
	{ "feature_dma_buf", -EINVAL, { "", "" } },
	{ "p2p=on", -EINVAL, { "", "" } },
	{ "p2p=", -EINVAL, { "", "" } },
	{ "p2p", -EINVAL, { "", "" } },
};

START_TEST(module_loads_with_words_that_it_knows_only)
{
	char params[256], all[512], values[DVT_ARRAY_SIZE(options)][32] = { "" };
	const struct load_row *row = &loads[_i];
	int unloaded, loaded, restored = 0;
	size_t i;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_module_params(params, sizeof(params));
	snprintf(all, sizeof(all), "%s%s", params, row->params);
	unloaded = dvt_module_unload();
	ck_assert_int_eq(unloaded, 0);
	loaded = dvt_module_load(DVL_DRIVER, all);
	/* The driver comes back as it was before anything is judged. */
	if (!loaded) {
		for (i = 0; i < DVT_ARRAY_SIZE(options); i++)
			dvt_param_read(options[i].name, values[i],
				       sizeof(values[i]));
		restored = dvt_module_unload();
	}
	if (!restored)
		restored = dvt_module_load(DVL_DRIVER, params);
	ck_assert_int_eq(restored, 0);
	ck_assert_int_eq(loaded, row->ret);
	for (i = 0; i < DVT_ARRAY_SIZE(options); i++)
		ck_assert_str_eq(values[i], row->values[i]);
}
END_TEST

DVT_MAIN_PARAM("options",
	       { option_reads_back_as_it_was_written,
		 DVT_ARRAY_SIZE(options) },
	       { other_words_give_einval_and_change_nothing,
		 DVT_ARRAY_SIZE(options) },
	       { module_loads_with_words_that_it_knows_only,
		 DVT_ARRAY_SIZE(loads) })
