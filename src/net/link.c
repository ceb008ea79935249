#include "net/link.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { NEAR = 1000 /* microseconds of round-trip time */ };

bool link_is_lossy(int fd) {
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_rtt >= NEAR &&
           info.tcpi_rcv_ooopack > 0;
}
