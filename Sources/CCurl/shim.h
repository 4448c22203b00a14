#pragma once
#include <curl/curl.h>
#include <string.h>

// Wrappers for the variadic curl_easy_setopt and curl_easy_getinfo, which Swift does not import.
static inline CURLcode martlet_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline long martlet_curl_response_code(CURL *handle) {
    long code = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}
static inline CURLcode martlet_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// The content to upload, and how much of it has been read.
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
static inline CURLcode martlet_curl_set_source(CURL *handle, struct martlet_curl_source *source) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, martlet_curl_read);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_READDATA, source);
}
// The buffer must hold at least CURL_ERROR_SIZE bytes and outlive the handle.
static inline CURLcode martlet_curl_set_error_buffer(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
