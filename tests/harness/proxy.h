/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy.h: stands between a test and its server's socket, passes everything on, and cuts the connection at a chosen
 * word: before the server has heard it, or after the server has answered and before the answer is passed on. It can
 * also fall silent, as a server that hangs, and let nobody in behind a cut, as one that is gone.
 */
#ifndef KFPT_PROXY_H
#define KFPT_PROXY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/harness/suite.h"

typedef enum proxy_cut { PROXY_PASS, PROXY_CUT_BEFORE, PROXY_CUT_BEHIND } proxy_cut;
enum { PROXY_PAIRS = 16, PROXY_POLL_MS = 20, PROXY_ANSWER_MS = 5000 };

typedef struct proxy {
    char dsn[512];
    char server[108];
    int listener;
    int pairs[PROXY_PAIRS][2]; /* client, server; -1: none */
    pthread_t thread;
    const char *_Atomic word; /* cut once when a client says it */
    _Atomic proxy_cut cut;
    atomic_int cuts;    /* made so far */
    atomic_bool closes; /* with the next cut: nobody is let in until `closed` is false again */
    atomic_bool closed;
    atomic_bool silent; /* nothing is passed on and nobody is let in until it is false again */
    atomic_bool stop;
} proxy;

static inline int proxy_socket(const char *path, bool listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (listening)
        unlink(path);
    const int result = listening ? bind(fd, (struct sockaddr *) &address, sizeof address)
                                 : connect(fd, (struct sockaddr *) &address, sizeof address);
    if (result == 0 && (!listening || listen(fd, PROXY_PAIRS) == 0))
        return fd;
    close(fd);
    return -1;
}

static inline void proxy_hang_up(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
    pair[0] = pair[1] = -1;
}

static inline void proxy_accept(proxy *p)
{
    const int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    const int server = p->closed ? -1 : proxy_socket(p->server, false);
    for (int i = 0; i < PROXY_PAIRS && server >= 0; i++) {
        if (p->pairs[i][0] >= 0)
            continue;
        p->pairs[i][0] = client;
        p->pairs[i][1] = server;
        return;
    }
    close(client);
    if (server >= 0)
        close(server);
}

/* A word of SQL, in capitals, not as a part of a longer one: COMMIT is not in COMMITTED. Behind a value anything may
 * stand. */
static inline bool proxy_says(const char *data, size_t length, const char *word)
{
    const char *end = data + length;
    const bool whole = word[0] >= 'A' && word[0] <= 'Z';
    for (const char *p = data; (p = memmem(p, (size_t) (end - p), word, strlen(word))) != NULL; p++) {
        const char *next = p + strlen(word);
        if (!whole || next == end || ((*next & 0xDF) < 'A' || (*next & 0xDF) > 'Z'))
            return true;
    }
    return false;
}

/* One piece of data, from side `from` of the pair to the other. */
static inline void proxy_move(proxy *p, int pair[2], int from)
{
    static _Thread_local char data[1 << 16];
    const ssize_t got = read(pair[from], data, sizeof data);
    const proxy_cut cut = p->cut;
    const char *word = p->word;
    const bool hit = got > 0 && from == 0 && cut != PROXY_PASS && proxy_says(data, (size_t) got, word);
    if (hit)
        p->cut = PROXY_PASS;
    const bool sent = got > 0 && !(hit && cut == PROXY_CUT_BEFORE) &&
                      send(pair[1 - from], data, (size_t) got, MSG_NOSIGNAL) == got;
    if (hit && sent) {
        struct pollfd answer = {.fd = pair[1], .events = POLLIN};
        poll(&answer, 1, PROXY_ANSWER_MS);
    }
    if (hit) {
        p->closed = atomic_exchange(&p->closes, false);
        p->cuts++;
    }
    if (!sent || hit)
        proxy_hang_up(pair);
}

static inline void *proxy_run(void *context)
{
    proxy *p = context;
    while (!p->stop) {
        if (p->silent) {
            usleep(PROXY_POLL_MS * 1000);
            continue;
        }
        struct pollfd fds[2 * PROXY_PAIRS + 1] = {{.fd = p->listener, .events = POLLIN}};
        for (int i = 0; i < 2 * PROXY_PAIRS; i++)
            fds[i + 1] = (struct pollfd){.fd = p->pairs[i / 2][i % 2], .events = POLLIN};
        if (poll(fds, 2 * PROXY_PAIRS + 1, PROXY_POLL_MS) <= 0)
            continue;
        for (int i = 0; i < 2 * PROXY_PAIRS; i++) {
            int *pair = p->pairs[i / 2];
            if (fds[i + 1].revents != 0 && pair[0] >= 0)
                proxy_move(p, pair, i % 2);
        }
        if (fds[0].revents != 0)
            proxy_accept(p);
    }
    return NULL;
}

/* Starts it; its dsn is the test's by way of the proxy. */
static inline void proxy_start(proxy *p)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    char path[108], folder[256] = "";
    const char *tmp = test_env("KFPSTORE_TEST_TMP");
    const bool pgsql = test_engine_is("pgsql");
    *p = (proxy){.word = ""};
    memset(p->pairs, -1, sizeof p->pairs);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    ck_assert_msg(strlen(tmp) < 80, "the folder's name is too long for a socket");
    if (pgsql) {
        for (const char *c = tmp; *c != '\0'; c++)
            snprintf(folder + strlen(folder), sizeof folder - strlen(folder), *c == '/' ? "%%2F" : "%c", *c);
        snprintf(path, sizeof path, "%.80s/.s.PGSQL.5432", tmp);
        snprintf(p->server, sizeof p->server, "%.80s/.s.PGSQL.5432", dsn.host);
        snprintf(p->dsn, sizeof p->dsn, "postgresql://%s@%s/%s", dsn.user, folder, dsn.database);
    } else {
        snprintf(path, sizeof path, "%.80s/sock", tmp);
        snprintf(p->server, sizeof p->server, "%s", dsn.socket);
        snprintf(p->dsn, sizeof p->dsn, "mysql://%s@localhost/%s?socket=%s", dsn.user, dsn.database, path);
    }
    kfpb_dsn_free(&dsn);
    p->listener = proxy_socket(path, true);
    ck_assert_msg(p->listener >= 0 && pthread_create(&p->thread, NULL, proxy_run, p) == 0, "no proxy at %s", path);
}

/* From now on, once. */
static inline void proxy_cut_at(proxy *p, proxy_cut cut, const char *word)
{
    p->word = word;
    p->cut = cut;
}

static inline void proxy_stop(proxy *p)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    for (int i = 0; i < PROXY_PAIRS; i++) {
        if (p->pairs[i][0] >= 0)
            proxy_hang_up(p->pairs[i]);
    }
    close(p->listener);
}

#endif
