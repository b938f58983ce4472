// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binary contract: sizes, offsets and numbers, written out by hand. A
 * program built years ago has them inside, so none may ever move.
 *
 * Built against the system's <linux/vfio.h>, and against stand-ins for newer
 * ones (DVP_ABI_DRAFT: one with other layouts and numbers for names that this header
 * used to take from a draft; nothing of ours may follow them).
 */
#include <check.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdlib.h>

#ifdef VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE
#define SYSTEM_HAS_REVOKE
#endif
#ifdef VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR
#define SYSTEM_HAS_MEMATTR
#endif

#include "uapi/dmabuf_vfio_pci.h"

#ifndef DVP_ABI_WORLD
#define DVP_ABI_WORLD "system"
#endif

#define assert_field(type, field, where, len) do {			\
	ck_assert_uint_eq(offsetof(type, field), where);		\
	ck_assert_uint_eq(sizeof(((type *)0)->field), len);		\
} while (0)

START_TEST(range_is_two_64_bit_words)
{
	ck_assert_uint_eq(sizeof(struct vfio_region_dma_range), 16);
	assert_field(struct vfio_region_dma_range, offset, 0, 8);
	assert_field(struct vfio_region_dma_range, length, 8, 8);
}
END_TEST

START_TEST(export_is_four_words_and_the_ranges)
{
	ck_assert_uint_eq(sizeof(struct vfio_device_feature_dma_buf), 16);
	assert_field(struct vfio_device_feature_dma_buf, region_index, 0, 4);
	assert_field(struct vfio_device_feature_dma_buf, open_flags, 4, 4);
	assert_field(struct vfio_device_feature_dma_buf, flags, 8, 4);
	assert_field(struct vfio_device_feature_dma_buf, nr_ranges, 12, 4);
	ck_assert_uint_eq(offsetof(struct vfio_device_feature_dma_buf,
				   dma_ranges), 16);
}
END_TEST

START_TEST(revoke_is_one_signed_descriptor)
{
	struct dmabuf_vfio_pci_revoke revoke = { .dmabuf_fd = -1 };

	ck_assert_uint_eq(sizeof(revoke), 4);
	ck_assert_int_lt(revoke.dmabuf_fd, 0);
}
END_TEST

START_TEST(memattr_is_a_signed_descriptor_and_a_value)
{
	struct dmabuf_vfio_pci_memattr memattr = { .dmabuf_fd = -1 };

	ck_assert_uint_eq(sizeof(memattr), 8);
	ck_assert_int_lt(memattr.dmabuf_fd, 0);
	assert_field(struct dmabuf_vfio_pci_memattr, memattr, 4, 4);
}
END_TEST

START_TEST(event_is_two_signed_descriptors)
{
	struct dmabuf_vfio_pci_event event = { .event_fd = -1 };

	ck_assert_uint_eq(sizeof(event), 8);
	ck_assert_int_lt(event.event_fd, 0);
	assert_field(struct dmabuf_vfio_pci_event, dmabuf_fd, 0, 4);
	assert_field(struct dmabuf_vfio_pci_event, event_fd, 4, 4);
}
END_TEST

START_TEST(state_is_four_words)
{
	ck_assert_uint_eq(sizeof(struct dmabuf_vfio_pci_state), 16);
	assert_field(struct dmabuf_vfio_pci_state, dmabuf_fd, 0, 4);
	assert_field(struct dmabuf_vfio_pci_state, state, 4, 4);
	assert_field(struct dmabuf_vfio_pci_state, causes, 8, 4);
	assert_field(struct dmabuf_vfio_pci_state, reserved, 12, 4);
}
END_TEST

START_TEST(info_is_four_words)
{
	ck_assert_uint_eq(sizeof(struct dmabuf_vfio_pci_info), 16);
	assert_field(struct dmabuf_vfio_pci_info, abi_version, 0, 4);
	assert_field(struct dmabuf_vfio_pci_info, caps, 4, 4);
	assert_field(struct dmabuf_vfio_pci_info, max_ranges, 8, 4);
	assert_field(struct dmabuf_vfio_pci_info, reserved, 12, 4);
}
END_TEST

START_TEST(feature_numbers_are_the_contracts)
{
	ck_assert_uint_eq(VFIO_DEVICE_FEATURE_DMA_BUF, 11);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_EXPORT, 0xdb00);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_REVOKE, 0xdb01);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_MEMATTR, 0xdb02);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_INFO, 0xdb03);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_EVENT, 0xdb04);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_STATE, 0xdb05);
}
END_TEST

START_TEST(feature_numbers_fit_the_mask)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_FEATURE_STATE &
			  ~VFIO_DEVICE_FEATURE_MASK, 0);
}
END_TEST

/* Names of a draft belong to the system's header alone. */
START_TEST(header_takes_no_name_of_a_future_vfio)
{
#ifdef DVP_ABI_DRAFT
	ck_assert_uint_eq(VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE, 1013);
	ck_assert_uint_eq(sizeof(struct vfio_device_feature_dma_buf_revoke), 16);
	ck_assert_uint_eq(VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR, 1014);
	ck_assert_uint_eq(sizeof(struct vfio_device_feature_dma_buf_memattr), 16);
#endif
#if defined(VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE) && !defined(SYSTEM_HAS_REVOKE)
	ck_abort_msg("the header defines VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE");
#endif
#if defined(VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR) && !defined(SYSTEM_HAS_MEMATTR)
	ck_abort_msg("the header defines VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR");
#endif
}
END_TEST

START_TEST(export_flags_are_the_contracts)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_EXPORT_HUGE, 1);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_EXPORT_CPU_ONLY, 2);
}
END_TEST

START_TEST(states_and_causes_are_the_contracts)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_STATE_USABLE, 0);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_STATE_BLOCKED, 1);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_STATE_REVOKED, 2);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAUSE_RESET, 1);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAUSE_LINK_ERROR, 2);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAUSE_DECODE_OFF, 4);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAUSE_SLEEP, 8);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAUSE_LOW_POWER, 16);
}
END_TEST

START_TEST(capability_bits_are_the_contracts)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_MMAP, 1);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_HUGE, 2);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_REVOKE, 4);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_MEMATTR_WC, 8);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_DMA_IMPORT, 16);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_READ_ONLY, 32);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_CORE_EXPORTER, 64);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_EVENT, 128);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_CAP_CPU_ONLY, 256);
}
END_TEST

START_TEST(memory_attributes_are_the_contracts)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_MEMATTR_NC, 0);
	ck_assert_uint_eq(DMABUF_VFIO_PCI_MEMATTR_WC, 1);
}
END_TEST

START_TEST(abi_version_is_two)
{
	ck_assert_uint_eq(DMABUF_VFIO_PCI_ABI_VERSION, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uapi_" DVP_ABI_WORLD);
	TCase *tcase = tcase_create("uapi");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, range_is_two_64_bit_words);
	tcase_add_test(tcase, export_is_four_words_and_the_ranges);
	tcase_add_test(tcase, revoke_is_one_signed_descriptor);
	tcase_add_test(tcase, memattr_is_a_signed_descriptor_and_a_value);
	tcase_add_test(tcase, event_is_two_signed_descriptors);
	tcase_add_test(tcase, state_is_four_words);
	tcase_add_test(tcase, info_is_four_words);
	tcase_add_test(tcase, feature_numbers_are_the_contracts);
	tcase_add_test(tcase, feature_numbers_fit_the_mask);
	tcase_add_test(tcase, header_takes_no_name_of_a_future_vfio);
	tcase_add_test(tcase, export_flags_are_the_contracts);
	tcase_add_test(tcase, states_and_causes_are_the_contracts);
	tcase_add_test(tcase, capability_bits_are_the_contracts);
	tcase_add_test(tcase, memory_attributes_are_the_contracts);
	tcase_add_test(tcase, abi_version_is_two);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
