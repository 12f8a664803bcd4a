/*
 * listener.c - see listener.h.
 */
#include "rest/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256

static bool cut_scheme(sl_str *url, sl_str scheme) {
    if (url->n < scheme.n || !sl_str_eq_nocase(sl_str_make(url->p, scheme.n), scheme)) {
        return false;
    }
    *url = sl_str_skip(*url, scheme.n);
    return true;
}

/* split_url takes http://host:port apart; the host may be in [] and empty. */
static bool split_url(sl_str url, sl_str *host, int *port, bool *https) {
    sl_str rest = sl_str_trim(url);
    int64_t n;
    size_t colon;
    *https = cut_scheme(&rest, SL_STR("https://"));
    if (!*https && !cut_scheme(&rest, SL_STR("http://"))) {
        return false;
    }
    if (rest.n && rest.p[rest.n - 1] == '/') {
        rest.n--;
    }
    for (colon = rest.n; colon > 0 && rest.p[colon - 1] != ':'; colon--) {
    }
    if (colon == 0 || !sl_str_to_i64(sl_str_skip(rest, colon), &n) || n < 0 || n > 65535) {
        return false;
    }
    *host = sl_str_make(rest.p, colon - 1);
    if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']') {
        *host = sl_str_make(host->p + 1, host->n - 2);
    }
    *port = (int)n;
    return true;
}

/* listen_on opens a socket for one address; -1 and errno when it cannot. */
static int listen_on(const struct addrinfo *a) {
    int one = 1, zero = 0;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* port_of gives the port that a socket has. */
static int port_of(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr = {.v6 = {.sin6_family = AF_UNSPEC}};
    socklen_t n = sizeof addr;
    if (getsockname(fd, &addr.any, &n) != 0) {
        return 0;
    }
    return ntohs(addr.any.sa_family == AF_INET6 ? addr.v6.sin6_port : addr.v4.sin_port);
}

static sl_error *open_addresses(const char *setting, sl__listener *l, const char *host, const char *port) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
                    *list = NULL;
    int rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%s: cannot look up '%s': %s", setting, host,
                            gai_strerror(rc));
    }
    int saved = 0;
    for (int pass = 0; pass < 2 && l->fd < 0;
         pass++) { /* IPv6 first when every address is meant: it takes IPv4 along */
        for (const struct addrinfo *a = list; a && l->fd < 0; a = a->ai_next) {
            if ((pass == 0) == (host[0] != '\0' || a->ai_family == AF_INET6)) {
                l->fd = listen_on(a);
                saved = l->fd < 0 && (saved == 0 || errno == EADDRINUSE) ? errno : saved;
            }
        }
        if (saved == EADDRINUSE) {
            break;
        }
    }
    freeaddrinfo(list);
    if (l->fd >= 0) {
        return NULL;
    }
    return sl_error_new(SL_E_IO, SL_USER, "%s: cannot listen on %s://%s:%s: %s%s", setting,
                        l->https ? "https" : "http", host, port, strerror(saved),
                        saved == EADDRINUSE ? "; end what listens there, or choose another port" : "");
}

sl_error *sl__listener_open(const char *setting, sl_str url, sl__listener *out) {
    char host[256], port[16];
    *out = (sl__listener){.fd = -1};
    if (!split_url(url, &out->host, &out->port, &out->https) || out->host.n >= sizeof host) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "%s: expected http://HOST:PORT or https://HOST:PORT, got '%.*s'", setting,
                            SL_STR_ARG(url));
    }
    snprintf(host, sizeof host, "%.*s", SL_STR_ARG(out->host));
    snprintf(port, sizeof port, "%d", out->port);
    SL_TRY(open_addresses(setting, out, host, port));
    out->port = port_of(out->fd);
    return NULL;
}

/* advertised writes host:port as others are told; a host with ':' in [] where it is part of a URL. */
static void advertised(const sl__listener *l, const sl__worker_settings *worker, bool url, char *out,
                       size_t size) {
    char machine[256] = "localhost";
    sl_str host = worker->advertised_host.n ? worker->advertised_host : l->host;
    int port = worker->advertised_port ? worker->advertised_port : l->port;
    if (!host.n || sl_str_eqz(host, "0.0.0.0") || sl_str_eqz(host, "::")) {
        (void)gethostname(machine, sizeof machine - 1);
        host = sl_str_of(machine);
    }
    bool brackets = url && sl_str_find(host, ':') < host.n;
    snprintf(out, size, "%s%.*s%s:%d", brackets ? "[" : "", SL_STR_ARG(host), brackets ? "]" : "", port);
}

void sl__listener_worker_id(const sl__listener *l, const sl__worker_settings *worker, char *out,
                            size_t size) {
    advertised(l, worker, false, out, size);
}

void sl__listener_url(const sl__listener *l, const sl__worker_settings *worker, char *out, size_t size) {
    char place[512];
    advertised(l, worker, true, place, sizeof place);
    snprintf(out, size, "%s://%s/", l->https ? "https" : "http", place);
}
