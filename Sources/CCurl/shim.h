#pragma once
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

// The libcurl functions that Martlet uses. libcurl is loaded only if a mail server is configured, because it takes 4 MB of
// memory and some twenty other libraries (LDAP, Kerberos, GnuTLS), which servers that send no email do not need.
struct martlet_curl {
    CURLcode (*global_init)(long);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    CURLcode (*easy_perform)(CURL *);
    const char *(*easy_strerror)(CURLcode);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
};

// Loads and initializes libcurl. Returns false if it is not installed.
static inline bool martlet_curl_load(struct martlet_curl *curl) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return false;
    *(void **)&curl->global_init = dlsym(library, "curl_global_init");
    *(void **)&curl->easy_init = dlsym(library, "curl_easy_init");
    *(void **)&curl->easy_cleanup = dlsym(library, "curl_easy_cleanup");
    *(void **)&curl->easy_setopt = dlsym(library, "curl_easy_setopt");
    *(void **)&curl->easy_getinfo = dlsym(library, "curl_easy_getinfo");
    *(void **)&curl->easy_perform = dlsym(library, "curl_easy_perform");
    *(void **)&curl->easy_strerror = dlsym(library, "curl_easy_strerror");
    *(void **)&curl->slist_append = dlsym(library, "curl_slist_append");
    *(void **)&curl->slist_free_all = dlsym(library, "curl_slist_free_all");
    return curl->global_init && curl->easy_init && curl->easy_cleanup && curl->easy_setopt && curl->easy_getinfo
        && curl->easy_perform && curl->easy_strerror && curl->slist_append && curl->slist_free_all
        && curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

// Swift cannot call variadic functions.
static inline CURLcode martlet_curl_set_number(struct martlet_curl curl, CURL *handle, CURLoption option, long value) {
    return curl.easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_text(
    struct martlet_curl curl, CURL *handle, CURLoption option, const char *value) {
    return curl.easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_list(
    struct martlet_curl curl, CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl.easy_setopt(handle, option, value);
}
static inline long martlet_curl_response_code(struct martlet_curl curl, CURL *handle) {
    long code = 0;
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

// The bytes to upload, and the position of the next one.
struct martlet_curl_source {
    const char *bytes;
    size_t count;
    size_t position;
};
static inline size_t martlet_curl_read(char *buffer, size_t size, size_t items, void *context) {
    struct martlet_curl_source *source = (struct martlet_curl_source *)context;
    size_t rest = source->count - source->position;
    size_t count = rest < size * items ? rest : size * items;
    memcpy(buffer, source->bytes + source->position, count);
    source->position += count;
    return count;
}
static inline CURLcode martlet_curl_set_source(
    struct martlet_curl curl, CURL *handle, struct martlet_curl_source *source) {
    CURLcode code = curl.easy_setopt(handle, CURLOPT_READFUNCTION, martlet_curl_read);
    return code != CURLE_OK ? code : curl.easy_setopt(handle, CURLOPT_READDATA, source);
}
// `buffer` must hold at least CURL_ERROR_SIZE bytes and live as long as the handle.
static inline CURLcode martlet_curl_set_error_buffer(struct martlet_curl curl, CURL *handle, char *buffer) {
    return curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
