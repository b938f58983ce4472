/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the test module: one function for each ioctl, one file an area. */
#ifndef DVP_IMPORTER_INTERNAL_H
#define DVP_IMPORTER_INTERNAL_H

struct device;
struct dvp_importer_attach;
struct dvp_importer_claim;
struct dvp_importer_pte;
struct dvp_importer_stall;
struct file;

/* attach.c */
int dvp_importer_attach(struct device *dev,
			const struct dvp_importer_attach *attach);

/* claim.c */
int dvp_importer_claim(struct file *file,
		       const struct dvp_importer_claim *claim);
void dvp_importer_unclaim(struct file *file);

/* pte.c */
int dvp_importer_read_pte(struct dvp_importer_pte *pte);

/* stall.c */
int dvp_importer_stall(struct file *file,
		       const struct dvp_importer_stall *arg);
int dvp_importer_go(struct file *file);
int dvp_importer_stalled(struct file *file);
void dvp_importer_unstall(struct file *file);

#endif /* DVP_IMPORTER_INTERNAL_H */
