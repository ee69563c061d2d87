/* The macros of Xen's ring.h behind functions, for the differential test (src/xen/ring.rs). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define xen_mb() __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include <xen/xen.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>

struct ring_ops {
    uint32_t request_size, response_size;
    void *(*front)(void *page, size_t size, uint32_t index);
    void *(*back)(void *page, size_t size, uint32_t index);
    uint32_t (*slots)(const void *front);
    uint32_t (*free_requests)(const void *front);
    void (*push_request)(void *front, const void *request);
    int (*publish_requests)(void *front);
    int (*pop_response)(void *front, void *response);
    int (*check_responses)(void *front);
    int (*pop_request)(void *back, void *request);
    int (*check_requests)(void *back);
    void (*push_response)(void *back, const void *response);
    int (*publish_responses)(void *back);
};

#define RING(name, request_t, response_t)                                        \
    static void *name##_front(void *page, size_t size, uint32_t index)           \
    {                                                                            \
        name##_sring_t *shared = page;                                           \
        name##_front_ring_t *ring = malloc(sizeof(*ring));                       \
        SHARED_RING_INIT(shared);                                                \
        shared->req_prod = shared->rsp_prod = index;                             \
        shared->req_event = shared->rsp_event = index + 1;                       \
        FRONT_RING_ATTACH(ring, shared, index, size);                            \
        return ring;                                                             \
    }                                                                            \
    static void *name##_back(void *page, size_t size, uint32_t index)            \
    {                                                                            \
        name##_sring_t *shared = page;                                           \
        name##_back_ring_t *ring = malloc(sizeof(*ring));                        \
        BACK_RING_ATTACH(ring, shared, index, size);                             \
        return ring;                                                             \
    }                                                                            \
    static uint32_t name##_slots(const void *front)                              \
    {                                                                            \
        return RING_SIZE((const name##_front_ring_t *)front);                    \
    }                                                                            \
    static uint32_t name##_free(const void *front)                               \
    {                                                                            \
        return RING_FREE_REQUESTS((const name##_front_ring_t *)front);           \
    }                                                                            \
    static void name##_push_request(void *front, const void *request)            \
    {                                                                            \
        name##_front_ring_t *ring = front;                                       \
        memcpy(RING_GET_REQUEST(ring, ring->req_prod_pvt), request,              \
               sizeof(request_t));                                               \
        ring->req_prod_pvt++;                                                    \
    }                                                                            \
    static int name##_publish_requests(void *front)                              \
    {                                                                            \
        int notify;                                                              \
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY((name##_front_ring_t *)front, notify); \
        return notify;                                                           \
    }                                                                            \
    static int name##_pop_response(void *front, void *response)                  \
    {                                                                            \
        name##_front_ring_t *ring = front;                                       \
        if (!RING_HAS_UNCONSUMED_RESPONSES(ring))                                \
            return 0;                                                            \
        memcpy(response, RING_GET_RESPONSE(ring, ring->rsp_cons),                \
               sizeof(response_t));                                              \
        ring->rsp_cons++;                                                        \
        return 1;                                                                \
    }                                                                            \
    static int name##_check_responses(void *front)                               \
    {                                                                            \
        int work;                                                                \
        RING_FINAL_CHECK_FOR_RESPONSES((name##_front_ring_t *)front, work);      \
        return work != 0;                                                        \
    }                                                                            \
    static int name##_pop_request(void *back, void *request)                     \
    {                                                                            \
        name##_back_ring_t *ring = back;                                         \
        if (!RING_HAS_UNCONSUMED_REQUESTS(ring))                                 \
            return 0;                                                            \
        memcpy(request, RING_GET_REQUEST(ring, ring->req_cons),                  \
               sizeof(request_t));                                               \
        ring->req_cons++;                                                        \
        return 1;                                                                \
    }                                                                            \
    static int name##_check_requests(void *back)                                 \
    {                                                                            \
        int work;                                                                \
        RING_FINAL_CHECK_FOR_REQUESTS((name##_back_ring_t *)back, work);         \
        return work != 0;                                                        \
    }                                                                            \
    static void name##_push_response(void *back, const void *response)           \
    {                                                                            \
        name##_back_ring_t *ring = back;                                         \
        memcpy(RING_GET_RESPONSE(ring, ring->rsp_prod_pvt), response,            \
               sizeof(response_t));                                              \
        ring->rsp_prod_pvt++;                                                    \
    }                                                                            \
    static int name##_publish_responses(void *back)                              \
    {                                                                            \
        int notify;                                                              \
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY((name##_back_ring_t *)back, notify); \
        return notify;                                                           \
    }                                                                            \
    const struct ring_ops xen_ring_##name = {                                    \
        sizeof(request_t), sizeof(response_t),                                   \
        name##_front, name##_back, name##_slots, name##_free,                    \
        name##_push_request, name##_publish_requests, name##_pop_response,       \
        name##_check_responses, name##_pop_request, name##_check_requests,       \
        name##_push_response, name##_publish_responses,                          \
    }

RING(blkif, blkif_request_t, blkif_response_t);
RING(netif_tx, netif_tx_request_t, netif_tx_response_t);
RING(netif_rx, netif_rx_request_t, netif_rx_response_t);
RING(xen_netif_ctrl, struct xen_netif_ctrl_request, struct xen_netif_ctrl_response);
