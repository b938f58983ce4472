/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_REVOKE_H
#define DVP_REVOKE_H

#include "core/dvp.h"

int dvp_revoke_buffer(struct dvp_buffer *buf);
void dvp_revoke_block(struct dvp_gate *gate, enum dvp_cause cause);
void dvp_revoke_block_nowait(struct dvp_gate *gate, enum dvp_cause cause);
void dvp_revoke_unblock(struct dvp_gate *gate, unsigned int causes);
void dvp_revoke_recovered(struct dvp_gate *gate);
int dvp_revoke_begin(struct dvp_gate *gate, unsigned int foreseen);
void dvp_revoke_end(struct dvp_gate *gate);
void dvp_revoke_open(struct dvp_gate *gate, struct vfio_pci_core_device *vdev);
void dvp_revoke_shut(struct dvp_gate *gate);

#endif /* DVP_REVOKE_H */
