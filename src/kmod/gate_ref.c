// SPDX-License-Identifier: GPL-2.0-only
/*
 * Birth and death of a gate: it lasts as long as the device is bound, and as any
 * buffer of it is there.
 */
#include <linux/pci.h>
#include <linux/slab.h>

#include "dvp.h"

static LIST_HEAD(dvp_gates);
static DEFINE_SPINLOCK(dvp_gates_lock);

/* What never changes while a driver is bound. */
static void dvp_gate_describe(struct dvp_gate *gate)
{
	struct pci_dev *pdev = gate->pdev;
	int bar;

	gate->label_len = scnprintf(gate->label, sizeof(gate->label),
				    "%s/bar0", pci_name(pdev));
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		gate->bus_offsets[bar] = pci_bus_address(pdev, bar) -
					 pci_resource_start(pdev, bar);
}

/**
 * dvp_gate_create() - make the gate of a device
 * @pdev: the device
 *
 * Context: process context, may sleep.
 *
 * Return: a closed gate with one reference, to be dropped by dvp_gate_put();
 * NULL without memory.
 */
struct dvp_gate *dvp_gate_create(struct pci_dev *pdev)
{
	struct dvp_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);

	if (!gate)
		return NULL;

	kref_init(&gate->kref);
	gate->pdev = pci_dev_get(pdev);
	dvp_gate_describe(gate);
	xa_init(&gate->told_pairs);
	init_waitqueue_head(&gate->idle);
	spin_lock_init(&gate->importers_lock);
	mutex_init(&gate->lock);
	INIT_LIST_HEAD(&gate->buffers);
	init_waitqueue_head(&gate->wait);

	spin_lock(&dvp_gates_lock);
	list_add_tail(&gate->node, &dvp_gates);
	spin_unlock(&dvp_gates_lock);
	return gate;
}

static void dvp_gate_free(struct kref *kref)
{
	struct dvp_gate *gate = container_of(kref, struct dvp_gate, kref);

	spin_lock(&dvp_gates_lock);
	list_del(&gate->node);
	spin_unlock(&dvp_gates_lock);

	mutex_destroy(&gate->lock);
	xa_destroy(&gate->told_pairs);
	pci_dev_put(gate->pdev);
	kfree(gate);
}

/**
 * dvp_gate_any_is_own() - is the calling task the reason of a transition
 *
 * Of any device. A task sees what it has stored itself, so the answer needs no
 * lock but that of the list.
 *
 * Context: process context, or a fault of it.
 *
 * Return: whether it is.
 */
bool dvp_gate_any_is_own(void)
{
	struct dvp_gate *gate;
	bool own = false;

	spin_lock(&dvp_gates_lock);
	list_for_each_entry(gate, &dvp_gates, node)
		own |= READ_ONCE(gate->owner) == current;
	spin_unlock(&dvp_gates_lock);
	return own;
}

/**
 * dvp_gate_get() - take a reference
 * @gate: the gate
 *
 * Context: any, with a reference held already.
 */
void dvp_gate_get(struct dvp_gate *gate)
{
	kref_get(&gate->kref);
}

/**
 * dvp_gate_put() - drop a reference
 * @gate: the gate
 *
 * Context: process context.
 */
void dvp_gate_put(struct dvp_gate *gate)
{
	kref_put(&gate->kref, dvp_gate_free);
}
