/*
 * Doubly linked lists, woven through the structures they hold: a member of type struct list is both
 * a list's head and a place in one. Named as Linux names its own; the caller locks.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
    struct list *next, *prev;       /* a ring: an empty list's head points to itself */
};

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Put `node`, which is in no list, behind `place`: behind a head, it becomes the first. */
static inline void list_add(struct list *node, struct list *place)
{
    node->next = place->next;
    node->prev = place;
    place->next->prev = node;
    place->next = node;
}

/* Put it before `place`: before a head, it becomes the last. */
static inline void list_add_tail(struct list *node, struct list *place)
{
    list_add(node, place->prev);
}

/* Take it out. It points to itself afterwards, so that taking it out again does no harm. */
static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The structure of `type` whose `member` is at `node`. */
#define list_entry(node, type, member) ((type *)((char *)(node) - __builtin_offsetof(type, member)))

/* Each node in order. The body must not take `node` out. */
#define list_for_each(node, head) \
    for (struct list *node = (head)->next; node != (head); node = node->next)

#endif
