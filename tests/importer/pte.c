// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the page table entry behind an address of the calling process, and tells its
 * cache mode as the processor sees it: bits of the entry choose a field of a register,
 * PAT on x86 and MAIR on arm64.
 *
 * The driver's own book of what it mapped is not asked: the claim under test
 * is about the entries.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "dvp_importer.h"
#include "importer.h"

#ifdef CONFIG_ARM64
#include <asm/sysreg.h>

/* Attributes of MAIR: device memory, normal memory that is not cached, and other. */
static u32 dvp_importer_cache(u64 raw, u32 level)
{
	u64 mair = read_sysreg(mair_el1);
	u8 attr = mair >> (8 * ((raw & PTE_ATTRINDX_MASK) >> 2));

	if (!(attr & 0xf0))
		return DVP_CACHE_UC;
	return attr == 0x44 ? DVP_CACHE_WC : DVP_CACHE_WB;
}

static bool dvp_importer_is_writable(u64 raw)
{
	return raw & PTE_WRITE;
}

static bool dvp_importer_is_user(u64 raw)
{
	return raw & PTE_USER;
}
#else
#include <asm/msr.h>

static u32 dvp_importer_cache(u64 raw, u32 level)
{
	u64 pat_bit = level == DVP_PTE_4K ? _PAGE_PAT : _PAGE_PAT_LARGE;
	u32 low, high, index;
	u64 pat;

	rdmsr(MSR_IA32_CR_PAT, low, high);
	pat = (u64)high << 32 | low;

	index = (raw & pat_bit ? 4 : 0) | (raw & _PAGE_PCD ? 2 : 0) |
		(raw & _PAGE_PWT ? 1 : 0);
	return pat >> (8 * index) & 7;
}

static bool dvp_importer_is_writable(u64 raw)
{
	return raw & _PAGE_RW;
}

static bool dvp_importer_is_user(u64 raw)
{
	return raw & _PAGE_USER;
}
#endif

static void dvp_importer_fill(struct dvp_importer_pte *pte, u32 level, u64 raw,
			      u64 pfn)
{
	pte->level = level;
	pte->raw = raw;
	pte->pfn = pfn;
	pte->cache = dvp_importer_cache(raw, level);
	pte->flags = (dvp_importer_is_writable(raw) ? DVP_PTE_WRITABLE : 0) |
		     (dvp_importer_is_user(raw) ? DVP_PTE_USER : 0);
}

/*
 * Each level is read once into a local variable, whose address is what the
 * next step takes: entries may be zapped meanwhile.
 */
static void dvp_importer_walk(struct dvp_importer_pte *pte, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(current->mm, addr);
	p4d_t *p4d;
	pud_t pud;
	pmd_t pmd;
	pte_t entry;

	if (!pgd_present(*pgd))
		return;
	p4d = p4d_offset(pgd, addr);
	if (!p4d_present(*p4d))
		return;

	pud = READ_ONCE(*pud_offset(p4d, addr));
	if (!pud_present(pud))
		return;
	if (pud_leaf(pud)) {
		dvp_importer_fill(pte, DVP_PTE_1G, pud_val(pud), pud_pfn(pud) +
				  ((addr & ~PUD_MASK) >> PAGE_SHIFT));
		return;
	}

	pmd = READ_ONCE(*pmd_offset(&pud, addr));
	if (!pmd_present(pmd))
		return;
	if (pmd_leaf(pmd)) {
		dvp_importer_fill(pte, DVP_PTE_2M, pmd_val(pmd), pmd_pfn(pmd) +
				  ((addr & ~PMD_MASK) >> PAGE_SHIFT));
		return;
	}

	entry = READ_ONCE(*pte_offset_kernel(&pmd, addr));
	if (pte_present(entry))
		dvp_importer_fill(pte, DVP_PTE_4K, pte_val(entry),
				  pte_pfn(entry));
}

/**
 * dvp_importer_read_pte() - look up an address of the calling process
 * @pte: @pte->addr is the address; the rest is filled in
 *
 * Context: process context with a user address space.
 *
 * Return: 0, or -EFAULT where no mapping holds the address.
 */
int dvp_importer_read_pte(struct dvp_importer_pte *pte)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr = pte->addr;
	unsigned long flags;
	int ret = 0;

	*pte = (struct dvp_importer_pte){ .addr = addr };

	mmap_read_lock(mm);
	if (!vma_lookup(mm, addr)) {
		ret = -EFAULT;
	} else {
		/* Page tables are not freed under a processor that masks IRQs. */
		local_irq_save(flags);
		dvp_importer_walk(pte, addr);
		local_irq_restore(flags);
	}
	mmap_read_unlock(mm);
	return ret;
}
