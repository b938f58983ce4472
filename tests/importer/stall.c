// SPDX-License-Identifier: GPL-2.0-only
/*
 * An MMU notifier that blocks, like that of a driver which has to stop its own device
 * first. It stalls tasks that zap pages of the process.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "dvp_importer.h"
#include "importer.h"

#ifdef CONFIG_MMU_NOTIFIER

/**
 * struct dvp_stall - a range of a process with a blocking notifier
 * @sub: the notifier
 * @file: its close removes the notifier
 * @node: in the list of all
 * @wait: stalled tasks
 * @nr_waiting: how many tasks are stalled
 * @go: set once tasks may pass
 */
struct dvp_stall {
	struct mmu_interval_notifier sub;
	struct file *file;
	struct list_head node;
	wait_queue_head_t wait;
	atomic_t nr_waiting;
	bool go;
};

static DEFINE_MUTEX(stalls_lock);	/* stalls */
static LIST_HEAD(stalls);

static void dvp_stall_let_go(struct dvp_stall *stall)
{
	WRITE_ONCE(stall->go, true);
	wake_up_all(&stall->wait);
}

/*
 * An exit of the process releases stalled tasks: they hold i_mmap_rwsem, which the exit
 * needs before it closes descriptors. TASK_IDLE, so that the kernel does not report a
 * hung task.
 */
static bool dvp_stall_invalidate(struct mmu_interval_notifier *sub,
				 const struct mmu_notifier_range *range,
				 unsigned long seq)
{
	struct dvp_stall *stall = container_of(sub, struct dvp_stall, sub);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mmu_interval_set_seq(sub, seq);
	if (range->event == MMU_NOTIFY_RELEASE)
		dvp_stall_let_go(stall);
	if (current->mm == sub->mm)
		return true;
	atomic_inc(&stall->nr_waiting);
	wait_event_idle(stall->wait, READ_ONCE(stall->go));
	atomic_dec(&stall->nr_waiting);
	return true;
}

static const struct mmu_interval_notifier_ops dvp_stall_ops = {
	.invalidate = dvp_stall_invalidate,
};

static struct dvp_stall *dvp_stall_find(struct file *file)
{
	struct dvp_stall *stall;

	lockdep_assert_held(&stalls_lock);

	list_for_each_entry(stall, &stalls, node) {
		if (stall->file == file)
			return stall;
	}
	return NULL;
}

static int dvp_stall_begin(struct dvp_stall *stall, struct file *file,
			   const struct dvp_importer_stall *arg)
{
	int ret = -EBUSY;

	stall->file = file;
	init_waitqueue_head(&stall->wait);
	mutex_lock(&stalls_lock);
	if (!dvp_stall_find(file))
		ret = mmu_interval_notifier_insert(&stall->sub, current->mm,
						   arg->addr, arg->len,
						   &dvp_stall_ops);
	if (!ret)
		list_add(&stall->node, &stalls);
	mutex_unlock(&stalls_lock);
	return ret;
}

/**
 * dvp_importer_stall() - stall tasks that zap a range of the calling process
 * @file: its close ends that
 * @arg: the range
 *
 * Return: 0, -EBUSY for a second one, -EOPNOTSUPP on a kernel without notifiers,
 * or a negative errno.
 */
int dvp_importer_stall(struct file *file,
		       const struct dvp_importer_stall *arg)
{
	struct dvp_stall *stall = kzalloc(sizeof(*stall), GFP_KERNEL);
	int ret;

	if (!stall)
		return -ENOMEM;
	ret = dvp_stall_begin(stall, file, arg);
	if (ret)
		kfree(stall);
	return ret;
}

/**
 * dvp_importer_go() - release stalled tasks, and stall no more
 * @file: of dvp_importer_stall()
 *
 * Return: 0, or -ENOTCONN where there is no range.
 */
int dvp_importer_go(struct file *file)
{
	struct dvp_stall *stall;

	mutex_lock(&stalls_lock);
	stall = dvp_stall_find(file);
	if (stall)
		dvp_stall_let_go(stall);
	mutex_unlock(&stalls_lock);
	return stall ? 0 : -ENOTCONN;
}

/**
 * dvp_importer_stalled() - count stalled tasks
 * @file: of dvp_importer_stall()
 *
 * Return: how many, or -ENOTCONN where there is no range.
 */
int dvp_importer_stalled(struct file *file)
{
	struct dvp_stall *stall;
	int ret = -ENOTCONN;

	mutex_lock(&stalls_lock);
	stall = dvp_stall_find(file);
	if (stall)
		ret = atomic_read(&stall->nr_waiting);
	mutex_unlock(&stalls_lock);
	return ret;
}

/**
 * dvp_importer_unstall() - remove the notifier of a file, if any
 * @file: of dvp_importer_stall()
 */
void dvp_importer_unstall(struct file *file)
{
	struct dvp_stall *stall;

	mutex_lock(&stalls_lock);
	stall = dvp_stall_find(file);
	if (stall)
		list_del(&stall->node);
	mutex_unlock(&stalls_lock);
	if (!stall)
		return;
	dvp_stall_let_go(stall);
	/* Waits for the end of invalidations that have begun. */
	mmu_interval_notifier_remove(&stall->sub);
	kfree(stall);
}

#else

int dvp_importer_stall(struct file *file,
		       const struct dvp_importer_stall *arg)
{
	return -EOPNOTSUPP;
}

int dvp_importer_go(struct file *file)
{
	return -ENOTCONN;
}

int dvp_importer_stalled(struct file *file)
{
	return -ENOTCONN;
}

void dvp_importer_unstall(struct file *file)
{
}

#endif
