/* SPDX-License-Identifier: Apache-2.0 */
/* dot.h: a run as a graph for Graphviz: tasks, what they write and what they read. */
#ifndef KFPM_SHOW_DOT_H
#define KFPM_SHOW_DOT_H

#include "backends/base/text.h"
#include "migrate/show/run_tree.h"

/* Whatever names hold, they are labels and nothing else. False without memory. */
bool dot_add_run(kfpb_text *out, const run_tree *tree);

#endif
