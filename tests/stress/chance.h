/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers at random that a seed makes come again. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t chance_mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

/* Any 64 bits; @state is what makes the next ones. */
static inline uint64_t chance_any(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15;
	return chance_mix(*state);
}

/* One of 0 to @n - 1. */
static inline uint32_t chance_below(uint64_t *state, uint32_t n)
{
	return (chance_any(state) >> 32) % n;
}

/* True once in @n times. */
static inline bool chance_one_in(uint64_t *state, uint32_t n)
{
	return !chance_below(state, n);
}

#endif /* CHANCE_H */
