/*
 * http_stream.c - see http_stream.h. The socket does not block; waits are in poll.
 */
#include "base/http_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define CHUNK 16384

struct sl__http_stream {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    int64_t until_ms;
    char host[256];
};

static sl_error *network(const char *what, const char *why) {
    return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "%s: %s", what, why);
}

/* wait_for waits until the socket can be used. */
static sl_error *wait_for(const sl__http_stream *s, short events) {
    struct pollfd p = {.fd = s->fd, .events = events};
    int rc;
    do {
        int64_t left = s->until_ms - sl__now_ms();
        rc = left > 0 ? poll(&p, 1, left > 60000 ? 60000 : (int)left) : -2;
    } while (rc == 0 || (rc == -1 && errno == EINTR));
    if (rc == -2) {
        return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "no answer in time");
    }
    return rc < 0 ? network("poll", strerror(errno)) : NULL;
}

/* ---- the connection ---- */

static sl_error *connect_to(sl__http_stream *s, const struct addrinfo *a) {
    int problem = 0;
    socklen_t n = sizeof problem;
    s->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0) {
        return network("socket", strerror(errno));
    }
    if (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0) {
        return NULL;
    }
    if (errno != EINPROGRESS) {
        return network("cannot connect", strerror(errno));
    }
    SL_TRY(wait_for(s, POLLOUT));
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &problem, &n) != 0 || problem) {
        return network("cannot connect", strerror(problem ? problem : errno));
    }
    return NULL;
}

static sl_error *connect_any(sl__http_stream *s, int port) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *list = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    int rc = getaddrinfo(s->host, service, &hints, &list);
    if (rc != 0) {
        return network("cannot look the host up", gai_strerror(rc));
    }
    sl_error *err = NULL;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        sl_error_free(err);
        err = connect_to(s, a);
        if (!err || err->code == SL_E_TIMEOUT) {
            break;
        }
        if (s->fd >= 0) {
            close(s->fd);
            s->fd = -1;
        }
    }
    freeaddrinfo(list);
    return err;
}

/* ---- TLS ---- */

static sl_error *tls_error(const char *what) {
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return network(what, text);
}

/* retry says what an SSL call that gave rc waits for; an error when it is nothing. */
static sl_error *retry(sl__http_stream *s, int rc, const char *what, bool *closed) {
    int why = SSL_get_error(s->ssl, rc);
    switch (why) {
    case SSL_ERROR_WANT_READ:
        return wait_for(s, POLLIN);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(s, POLLOUT);
    case SSL_ERROR_ZERO_RETURN:
        *closed = true;
        return NULL;
    default:
        break;
    }
    long verify = SSL_get_verify_result(s->ssl);
    if (verify != X509_V_OK) {
        ERR_clear_error();
        return sl_error_new(SL_E_AUTH, SL_USER, "the server's certificate is not trusted: %s",
                            X509_verify_cert_error_string(verify));
    }
    return tls_error(what);
}

static X509 *next_cert(BIO *bio) {
    return bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static bool load_trust(SSL_CTX *ctx, sl_str pem) {
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    size_t n = 0;
    for (X509 *cert; (cert = next_cert(bio)); n++) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return n > 0;
}

static bool load_identity(SSL_CTX *ctx, const sl__http_tls *tls) {
    BIO *bio = BIO_new_mem_buf(tls->cert.p, (int)tls->cert.n);
    X509 *cert = next_cert(bio);
    bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;
    X509_free(cert);
    for (X509 *chain; ok && (chain = next_cert(bio));) {
        ok = SSL_CTX_add_extra_chain_cert(ctx, chain) == 1;
    }
    BIO_free(bio);
    ERR_clear_error();
    BIO *key_bio = BIO_new_mem_buf(tls->key.p, (int)tls->key.n);
    EVP_PKEY *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL) : NULL;
    ok = ok && key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(key_bio);
    return ok;
}

static sl_error *make_context(sl__http_stream *s, const sl__http_tls *tls) {
    s->ctx = SSL_CTX_new(TLS_client_method());
    if (!s->ctx) {
        return sl_error_nomem();
    }
    SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(s->ctx, tls && tls->any_cert ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (tls && tls->ca.p ? !load_trust(s->ctx, tls->ca) : SSL_CTX_set_default_verify_paths(s->ctx) != 1) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the trusted certificates hold none in PEM");
    }
    if (tls && tls->cert.p && !load_identity(s->ctx, tls)) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the client's certificate or key is not usable");
    }
    return NULL;
}

static bool set_host(sl__http_stream *s, const sl__http_tls *tls) {
    unsigned char ignored[16];
    X509_VERIFY_PARAM *param = SSL_get0_param(s->ssl);
    bool number = inet_pton(AF_INET, s->host, ignored) == 1 || inet_pton(AF_INET6, s->host, ignored) == 1;
    if (!number && SSL_set_tlsext_host_name(s->ssl, s->host) != 1) {
        return false;
    }
    if (tls && (tls->any_host || tls->any_cert)) {
        return true;
    }
    return (number ? X509_VERIFY_PARAM_set1_ip_asc(param, s->host)
                   : X509_VERIFY_PARAM_set1_host(param, s->host, 0)) == 1;
}

static sl_error *start_tls(sl__http_stream *s, const sl__http_tls *tls) {
    bool closed = false;
    SL_TRY(make_context(s, tls));
    s->ssl = SSL_new(s->ctx);
    if (!s->ssl || SSL_set_fd(s->ssl, s->fd) != 1 || !set_host(s, tls)) {
        return tls_error("TLS");
    }
    for (int rc; (rc = SSL_connect(s->ssl)) != 1;) {
        SL_TRY(retry(s, rc, "the TLS handshake failed", &closed));
        if (closed) {
            return network("the TLS handshake failed", "the server closed the connection");
        }
    }
    return NULL;
}

/* ---- public ---- */

void sl__http_stream_close(sl__http_stream *s) {
    if (!s) {
        return;
    }
    if (s->ssl) {
        (void)SSL_shutdown(s->ssl);
        SSL_free(s->ssl);
        ERR_clear_error();
    }
    SSL_CTX_free(s->ctx);
    if (s->fd >= 0) {
        close(s->fd);
    }
    sl_free(s);
}

sl_error *sl__http_stream_open(sl_str host, int port, const sl__http_tls *tls, bool secure, int64_t until_ms,
                               sl__http_stream **out) {
    sl__http_stream *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    s->fd = -1;
    s->until_ms = until_ms;
    snprintf(s->host, sizeof s->host, "%.*s", SL_STR_ARG(host));
    sl_error *err = connect_any(s, port);
    err = err || !secure ? err : start_tls(s, tls);
    if (err) {
        sl__http_stream_close(s);
        return err;
    }
    *out = s;
    return NULL;
}

/* write_some gives how much was written, 0 = wait. */
static sl_error *write_some(sl__http_stream *s, sl_str bytes, size_t *n) {
    bool closed = false;
    *n = 0;
    if (s->ssl) {
        int rc = SSL_write_ex(s->ssl, bytes.p, bytes.n, n);
        SL_TRY(rc == 1 ? NULL : retry(s, rc, "cannot send", &closed));
        return closed ? network("cannot send", "the server closed the connection") : NULL;
    }
    ssize_t sent = send(s->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    if (sent >= 0) {
        *n = (size_t)sent;
        return NULL;
    }
    return errno == EAGAIN || errno == EINTR ? wait_for(s, POLLOUT) : network("cannot send", strerror(errno));
}

sl_error *sl__http_stream_write(sl__http_stream *s, sl_str bytes) {
    while (bytes.n) {
        size_t n;
        SL_TRY(write_some(s, bytes, &n));
        bytes = sl_str_skip(bytes, n);
    }
    return NULL;
}

sl_error *sl__http_stream_read(sl__http_stream *s, sl_buf *out, bool *more) {
    char chunk[CHUNK];
    bool closed = false;
    size_t n = 0;
    while (!n && !closed) {
        if (s->ssl) {
            int rc = SSL_read_ex(s->ssl, chunk, sizeof chunk, &n);
            SL_TRY(rc == 1 ? NULL : retry(s, rc, "cannot read the answer", &closed));
            continue;
        }
        ssize_t got = recv(s->fd, chunk, sizeof chunk, 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            return network("cannot read the answer", strerror(errno));
        }
        SL_TRY(got < 0 ? wait_for(s, POLLIN) : NULL);
        n = got > 0 ? (size_t)got : 0;
        closed = got == 0;
    }
    sl_buf_add(out, chunk, n);
    *more = !closed;
    return out->failed ? sl_error_nomem() : NULL;
}
